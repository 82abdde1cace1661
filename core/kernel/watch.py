"""Reload on save: looks several times a second at what the generations were made from, and at nothing else."""

import asyncio
import logging
import os
from pathlib import Path

from core.kernel.folders import MANIFEST
from core.kernel.kernel import Kernel
from core.kernel.source import Stamp, stamp_of

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.03
QUIET_LOOKS = 2
"""A change of several files is taken when so many looks after it find the same: files saved at once are one reload.

That of a single file is taken one look earlier: somebody waits for it.
"""

Stamps = dict[Path, Stamp]


async def watch(kernel: Kernel) -> None:
    """Reload each plugin whose files have changed and then stayed the same for a moment; goes on for ever."""
    watching = Watching(kernel)
    while True:
        try:
            await watching.look()
        except Exception:  # whatever it was: who saves next must find a watch
            log.exception("a look at the plugins' files failed; the next one tries again")
        await asyncio.sleep(LOOK_SECONDS)


class Watching:
    """What was seen at the last looks."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._seen: dict[str, tuple[Stamps, int]] = {}
        """What differs from what was loaded, and for how many looks it has stayed so."""
        self._unusable: Stamps = {}
        """The manifests that could not be used, as they were."""
        self._named: dict[str, int] = {}
        """The system's error, by plugin."""

    async def look(self) -> None:
        """Look once, and reload what has settled."""
        slots = [slot for slot in self._kernel.slots.values() if slot.enabled and slot.tried is not None]
        wanted = {slot.name: dict(slot.tried.stamps) for slot in slots if slot.tried is not None}
        manifests = [folder / MANIFEST for folder in self._kernel.unusable()]
        found = await asyncio.to_thread(_stamps, {path for stamps in (*wanted.values(), manifests) for path in stamps})
        self._seen = {name: self._counted(name, stamps, found) for name, stamps in wanted.items()}
        for name, (changed, looks) in list(self._seen.items()):
            self._name(name, changed)
            if changed and looks >= min(QUIET_LOOKS, len(changed)):
                await self._reload(name)
        await self._retry({path: found[path] for path in manifests})

    def _counted(self, name: str, loaded: Stamps, found: Stamps) -> tuple[Stamps, int]:
        changed = {path: found[path] for path, stamp in loaded.items() if found[path] != stamp}
        before, looks = self._seen.get(name, ({}, 0))
        return changed, looks + 1 if changed == before else 0

    async def _retry(self, manifests: Stamps) -> None:
        """Load the plugins whose manifests could not be used and have been saved."""
        saved = [path for path, stamp in manifests.items() if self._unusable.get(path, stamp) != stamp]
        self._unusable = manifests
        if saved:
            await self._kernel.look_again()
            for slot in [one for one in self._kernel.slots.values() if one.enabled and one.tried is None]:
                await self._reload(slot.name)
            for folder, error in self._kernel.unusable().items():
                if folder / MANIFEST in saved:
                    log.error("%s", error)

    async def _reload(self, name: str) -> None:
        try:
            report = await self._kernel.reload(name)
            if report.ok:
                log.info("%s reloaded in %.0f ms: generation %s", name, report.took_ms, report.generation)
            elif report.generation is None:
                log.error("%s was not loaded; its next change is tried again", name)
            else:
                log.error("%s was not reloaded; generation %s goes on", name, report.generation)
        except Exception:
            log.exception("%s could not be reloaded; its next change is tried again", name)

    def _name(self, name: str, changed: Stamps) -> None:
        """Name what of a plugin cannot be looked at, once as long as it stays so."""
        path, error = next(((path, stamp) for path, stamp in changed.items() if isinstance(stamp, int)), (None, 0))
        if path is not None and self._named.get(name) != error:
            log.warning("%s: %s cannot be watched (%s). Make it readable.", name, path, os.strerror(error))
        self._named[name] = error


def _stamps(paths: set[Path]) -> Stamps:
    return {path: stamp_of(path) for path in paths}
