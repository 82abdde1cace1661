"""Reload on save: looks at the files of running plugins several times a second and reloads what has changed."""

import asyncio
import contextlib
import logging
from pathlib import Path

from core.errors import PluginError
from core.kernel.kernel import Kernel
from core.kernel.loader import files_of, read_source

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.04
"""A look takes about a millisecond; a change is taken when it is the same at two of them."""

Stamps = dict[Path, tuple[int, int]]


async def watch(kernel: Kernel) -> None:
    """Reload each plugin whose files have changed and then stayed the same for one look; goes on for ever."""
    loaded: dict[str, Stamps] = {}
    before: dict[str, Stamps] = {}
    while True:
        now = await asyncio.to_thread(_look, kernel)
        for name, stamps in now.items():
            if name not in loaded:
                loaded[name] = stamps if await asyncio.to_thread(_runs, kernel, name) else {}
            if loaded[name] != stamps and before.get(name) == stamps:
                loaded[name] = stamps
                await _reload(kernel, name)
        before = now
        await asyncio.sleep(LOOK_SECONDS)


async def _reload(kernel: Kernel, name: str) -> None:
    try:
        report = await kernel.reload(name)
        if report.ok:
            log.info("%s reloaded in %.0f ms: generation %s", name, report.took_ms, report.generation)
        else:
            log.error("%s was not reloaded; generation %s goes on", name, report.generation)
    except Exception:
        log.exception("%s could not be reloaded; its next change is tried again", name)


def _look(kernel: Kernel) -> dict[str, Stamps]:
    return {slot.name: _stamps(slot.manifest.folder) for slot in list(kernel.slots.values()) if slot.enabled}


def _runs(kernel: Kernel, name: str) -> bool:
    """Tell whether what a plugin's folder holds is what runs (or cannot be read at all)."""
    slot = kernel.slots[name]
    try:
        source = read_source(name, slot.manifest.folder)
    except PluginError:
        return True
    return slot.generation is None or slot.generation.source.sha256 == source.sha256


def _stamps(folder: Path) -> Stamps:
    stamps = {}
    for path in files_of(folder):
        with contextlib.suppress(OSError):  # gone between listing and looking: the next look sees it
            stat = path.stat()
            stamps[path] = (stat.st_mtime_ns, stat.st_size)
    return stamps
