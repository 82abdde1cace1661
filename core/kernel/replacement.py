"""Puts one generation in place of another: prepare beside the old, hold, drain, move the state, swap, dispose.

Until the swap nothing that is served changes; a failure at any step, the swap included, leaves the old one as it was.
"""

import asyncio
import functools
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, TypeVar

from msgspec import structs

from core.config import Config
from core.db.migrate import Due
from core.errors import PluginError
from core.kernel import loader, names
from core.kernel.bounded import GRACE_SECONDS
from core.kernel.declaring import Declaring
from core.kernel.generation import Generation
from core.kernel.host import Host
from core.kernel.jobs import LIMIT_SECONDS
from core.kernel.layers import Layers, plugin_table
from core.kernel.manifest import Manifest, read_manifest
from core.kernel.migrating import Migrating, told_with
from core.kernel.options import Settings
from core.kernel.reliance import check_installed
from core.kernel.scope import Scope
from core.kernel.setting_rows import Rows, SettingRows
from core.kernel.slot import Slot
from core.kernel.source import ENTRIES
from core.kernel.upgrades import Installed

DRAIN_GRACE_SECONDS = 1.0
"""How much longer than the longest handler's limit a drain may take."""
SPAWNED_SECONDS = 2.0
"""How long what a generation has spawned may go on after its handlers have ended; its events go to the next one."""
INTERACTION_SECONDS = 10.0
"""How long commands that are being answered may hold up the disposal of their generation."""

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Replacement:
    """Changes what a slot holds. Whoever calls it holds the slot's lock."""

    def __init__(
        self,
        host: Host,
        reader: Executor,
        settings: SettingRows,
        on_job_end: Callable[[], None],
        slots: Mapping[str, Slot],
        check: Callable[[Slot, Manifest], None],
    ) -> None:
        self._host, self._reader, self._settings, self._on_job_end = host, reader, settings, on_job_end
        self._check = check
        self._installed = Installed()
        self._declaring = Declaring(host.contracts, slots)
        self._migrating = Migrating(host, functools.partial(self._drain, force=False))

    async def load(self, slot: Slot, *, live: bool = True) -> None:
        """Fill an empty slot, or raise and leave it as it was; without *live* the plugin begins nothing yet."""
        new = await self._prepare(slot)
        try:
            self._swap(slot, None, new, live=live)
        except BaseException:
            await self.dispose(new)
            raise

    async def replace(self, slot: Slot, old: Generation, new: Generation | None = None) -> float:
        """Put a new generation in place of *old*, or raise and let it go on; return how many ms events were held.

        Without *new* it is made of what the folder holds now.
        """
        new = new or await self._prepare(slot)
        started = time.perf_counter()
        try:
            with slot.gate.hold():
                await self._hand_over(slot, old, new)
        finally:
            pause = (time.perf_counter() - started) * 1000
            if slot.generation is not new:
                await self.dispose(new)
        return pause + new.held_ms

    async def remove(self, slot: Slot, old: Generation) -> float:
        """Empty a slot; return for how many milliseconds events were held."""
        started = time.perf_counter()
        with slot.gate.hold():
            await self._drain(old, force=True)
            self._swap(slot, old, None)
        return (time.perf_counter() - started) * 1000

    async def retire(self, slot: Slot) -> str:
        """Dispose what is leaving *slot*; return what of it had to be cancelled, for the report."""
        if (old := slot.leaving) is None:
            return ""
        try:
            names = await old.scope.end_spawned(SPAWNED_SECONDS)
        finally:
            slot.leaving = None
            await self.dispose(old)
        if not names:
            return ""
        note = f"{', '.join(names)} had not ended {SPAWNED_SECONDS:g} s after the handlers and was cancelled."
        old.log.warning("%s What takes longer belongs into self.ctx.service or self.ctx.at.", note)
        return note

    def withdraw(self, slot: Slot) -> None:
        """Let go of what a plugin declares: the bot stops."""
        self._declaring.put(slot.name, None)

    async def dispose(self, generation: Generation) -> None:
        """End what *generation* has opened and forget its code, once it answers no command any more."""
        try:
            if generation.interactions.count:
                async with asyncio.timeout(INTERACTION_SECONDS):
                    await generation.interactions.idle()
        except TimeoutError:
            _log.warning("%s still answers a command; its old code goes all the same", generation.manifest.name)
        self._host.surface.forget(generation)
        await generation.dispose()

    async def prepare_same(self, slot: Slot, old: Generation, rows: Rows) -> Generation:
        """Make a new generation of the same code, with other settings. If that fails no trace of it is left."""
        layers = structs.replace(old.layers, rows=rows)
        return await self._make(slot, old.source, layers, await self._reading(layers.everywhere))

    async def _prepare(self, slot: Slot) -> Generation:
        """Make a new generation, ready for the swap. If that fails no trace of it is left."""
        manifest, source, table = await self._reading(_read, slot, self._host.config)
        self._check(slot, manifest)
        rows = await self._settings.load(manifest.name)
        layers = Layers(manifest, table, rows, Path(self._host.config.folder))
        settings = await self._reading(layers.everywhere)
        return await self._make(slot, source, layers, settings, await self._migrating.due(manifest))

    async def _reading(self, function: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reader, function, *args)

    async def _make(
        self, slot: Slot, source: loader.Source, layers: Layers, settings: Settings, due: Due | None = None
    ) -> Generation:
        manifest = layers.manifest
        slot.generations += 1
        log = logging.getLogger(f"roundhook.{manifest.name}")
        scope = Scope(slot.gate, self._host.clock, log, self._on_job_end)
        generation = Generation(manifest, source, slot.generations, scope)
        generation.layers = layers
        generation.note = note = await self._reading(self._installed.upgraded, source)
        try:
            ready = functools.partial(self._migrating.ready, slot, generation, due)
            await generation.load(self._host.context(generation, settings), self._host.contracts, ready)
            self._declaring.check(generation)
            with names.asking(generation.package):
                await self._host.surface.check(generation)
        except BaseException as error:
            await self.dispose(generation)
            if isinstance(error, PluginError):
                raise told_with(error, generation) from error.__cause__
            raise
        if note:
            log.warning("%s", note)
        return generation

    async def _hand_over(self, slot: Slot, old: Generation, new: Generation) -> None:
        """While events are held: drain the old one, move its state, swap. On failure the old one goes on."""
        await self._drain(old, force=False)
        try:
            await old.scope.stop_services()
            await self._drain(old, force=False)  # what a service has spawned meanwhile
            new.import_state(await old.export_state(), old.manifest.version)
            self._swap(slot, old, new)
        except BaseException:
            old.scope.restart_services()
            raise

    def _swap(self, slot: Slot, old: Generation | None, new: Generation | None, *, live: bool = True) -> None:
        """Replace *old* by *new* everywhere in one step, without ``await``; if a part of it fails, all is as before."""
        manifest = slot.manifest
        if new is not None:
            self._check(slot, new.manifest)  # other plugins may have changed while it was made
            new.check(self._host.contracts)  # another contract may have come since it was prepared
            self._declaring.check(new)
        try:
            self._host.surface.replace(old, new)
            slot.generation, slot.manifest = new, new.manifest if new else manifest
            self._declaring.put(slot.name, new)
            names.serve(slot.name, new.package if new else "")
            if new is not None and live:
                new.scope.go_live()
        except BaseException:
            slot.generation, slot.manifest = old, manifest
            self._declaring.put(slot.name, old)
            names.serve(slot.name, old.package if old else "")
            self._host.surface.replace(new, old)
            raise
        if old is not None:
            slot.leaving = old
        if new is not None and (old is None or (old.source.sha256, old.layers) != (new.source.sha256, new.layers)):
            slot.renew()

    async def _drain(self, generation: Generation, *, force: bool) -> None:
        """Wait until no handler of *generation* runs; a timer's call that takes longer than a handler may is cancelled.

        What goes on then is a ``PluginError``, with *force* an error in the log.
        """
        if not generation.scope.activity.count:
            return
        limits = [LIMIT_SECONDS, *(impl.limit for impl in generation.impls.values())]
        limits += [offer.limit for offer in generation.offers.values()]
        seconds = max(limits) + DRAIN_GRACE_SECONDS
        if await _idle(generation, seconds):
            return
        if names := generation.scope.cancel_calls():
            late = f"{', '.join(names)} had not ended after {seconds:g} s and was cancelled"
            generation.log.error("%s. What takes longer belongs into self.ctx.service.", late)
            if await _idle(generation, GRACE_SECONDS):
                return
        name, count = generation.manifest.name, generation.scope.activity.count
        if not force:
            left = f"{count} of its handlers or timers' calls still run beyond their limit"
            raise PluginError(f"{name}: not reloaded, {left}. Try again, or disable and enable it.")
        _log.error("%s is switched off although a handler of it still runs", name)


async def _idle(generation: Generation, seconds: float) -> bool:
    """Return whether nothing of *generation* runs within *seconds*."""
    try:
        async with asyncio.timeout(seconds):
            await generation.scope.activity.idle()
    except TimeoutError:
        return False
    return True


def _read(slot: Slot, config: Config) -> tuple[Manifest, loader.Source, Mapping[str, Any]]:
    """Read and check what the plugin's folder, and its table in the file of settings, hold now."""
    slot.tried = source = loader.Source(slot.name, slot.manifest.folder)
    manifest = read_manifest(slot.manifest.folder)
    if manifest.name != slot.name:
        where = f"{manifest.folder}/{manifest.place('plugin', 'name')}"
        remedy = f"Change it back, or disable {slot.name} and enable {manifest.name}."
        raise PluginError(f"{slot.name}: {where}: its manifest now says the name is '{manifest.name}'. {remedy}")
    check_installed(manifest)
    source.read(*ENTRIES)
    return manifest, source, plugin_table(config, manifest.name)
