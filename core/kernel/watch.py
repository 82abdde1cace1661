"""Reload on save: looks at the files of running plugins several times a second and reloads what has changed."""

import asyncio
import logging
from pathlib import Path

from core.kernel.kernel import Kernel
from core.kernel.loader import files_of

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1

Stamps = dict[Path, tuple[int, int]]


async def watch(kernel: Kernel) -> None:
    """Reload each plugin whose files have changed and then stayed the same for one look; goes on for ever."""
    loaded: dict[str, Stamps] = {}
    before: dict[str, Stamps] = {}
    while True:
        now = await asyncio.to_thread(_look, kernel)
        for name, stamps in now.items():
            if loaded.setdefault(name, stamps) != stamps and before.get(name) == stamps:
                loaded[name] = stamps
                await _reload(kernel, name)
        before = now
        await asyncio.sleep(LOOK_SECONDS)


async def _reload(kernel: Kernel, name: str) -> None:
    try:
        report = await kernel.reload(name)
    except Exception:
        log.exception("%s could not be reloaded; its next change is tried again", name)
        return
    if report.ok:
        log.info("%s reloaded in %.0f ms: generation %s", name, report.took_ms, report.generation)
    else:
        log.error("%s was not reloaded; generation %s goes on", name, report.generation)


def _look(kernel: Kernel) -> dict[str, Stamps]:
    running = [slot for slot in kernel.slots.values() if slot.enabled]
    return {slot.name: _stamps(slot.manifest.folder) for slot in running}


def _stamps(folder: Path) -> Stamps:
    stamps = {}
    for path in files_of(folder):
        try:
            stat = path.stat()
        except OSError:  # gone between listing and looking: the next look sees it
            continue
        stamps[path] = (stat.st_mtime_ns, stat.st_size)
    return stamps
