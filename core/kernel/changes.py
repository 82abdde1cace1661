"""Every change of what is loaded: whom it concerns, one at a time for each plugin, told in a report."""

import asyncio
import contextvars
import dataclasses
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from core.errors import PluginError, RoundhookError
from core.kernel.bounded import keep, text_of
from core.kernel.calls import Calls
from core.kernel.discovery import Catalogue, discover
from core.kernel.dispatcher import Dispatcher
from core.kernel.generation import Generation
from core.kernel.host import Host
from core.kernel.jobs import Jobs
from core.kernel.kinds import Envelope
from core.kernel.logbook import Logbook
from core.kernel.manifest import Manifest
from core.kernel.probe import awaits_contract
from core.kernel.relations import Relations
from core.kernel.replacement import Replacement
from core.kernel.report import Report
from core.kernel.setting_rows import SettingRows
from core.kernel.slot import Slot
from core.kernel.toggles import Toggles
from core.likeness import did_you_mean
from core.shown import without_tokens

Change = Callable[[Slot], Awaitable[Report]]


class Changes:
    """Finds plugins, and switches, loads and reloads them. What of it is for others is offered by the kernel."""

    def __init__(self, host: Host) -> None:
        self.slots: dict[str, Slot] = {}
        self.toggles = Toggles(host.database, host.clock)
        self.logbook = Logbook()
        """The last lines that each plugin has logged, once it is attached."""
        self.settings = SettingRows(host.database, host.clock)
        """What people have set of the plugins."""
        self.dispatcher = Dispatcher(host.journal, host.clock, self.slots, self._wanted)
        self.relations = Relations(self.slots, lambda name: self._found.absence(name))
        self.calls = Calls(self.slots, self.relations.absence)
        self.jobs = Jobs(host.database, host.clock, self.slots, self.dispatcher.note_change)
        self.journal = host.journal
        self._config, self._contracts, self._clock = host.config, host.contracts, host.clock
        self.reader = ThreadPoolExecutor(1, thread_name_prefix="plugins")
        """Reads plugins' folders, beside the loop; one thread, so that reloads never take another."""
        self._replacement = Replacement(
            host, self.reader, self.settings, self.dispatcher.note_change, self.slots, self.relations.check
        )
        self._changes: set[asyncio.Task[Report]] = set()
        self._found = Catalogue()
        """What lay in the folders at the last look."""
        self._on: dict[str, None] = {}
        """Names of the plugins that are to run from the start, in order; one may be found or mended later."""
        self._off: dict[str, set[int]] = {}
        self._hooks: dict[str, frozenset[str]] = {}
        self._edition = 0
        """That of the contracts whose consequences are seen to."""
        self._closing = False

    async def look_again(self) -> None:
        """Look for plugins, beside the loop; new folders appear. Not any more when the bot stops."""
        if self._closing:
            return
        loop = asyncio.get_running_loop()
        self._found = found = await loop.run_in_executor(self.reader, discover, self._config.plugin_places)
        for name, manifest in found.manifests.items():
            if name not in self.slots:
                self.slots[name] = self._new_slot(manifest)
            elif self.slots[name].generation is None:
                self.slots[name].manifest = manifest
        for slot in [one for one in self.slots.values() if one.name not in found.manifests and one.is_idle]:
            if slot.name not in found.errors:
                del self.slots[slot.name]
                slot.renew()  # what its breakers hold back is left to the journal
                self._on.pop(slot.name, None)

    def guilds(self, name: str, about: Envelope | str) -> list[int]:
        """Return the guilds that see an event's server, or a server given by its key, and have the plugin on."""
        slot, config = self.slots.get(name), self._config
        server = about if isinstance(about, str) else about.origin
        return [guild for guild in config.guilds if slot and config.sees(guild, server) and slot.on_in(guild)]

    async def _change(self, name: str, action: str, guild: int | None, user: int | None, change: Change) -> Report:
        """Make a change and note who asked for it; it is finished also if whoever asked is gone meanwhile."""
        return await asyncio.shield(self._apart(self._noted(name, action, guild, user, change)))

    def _apart(self, work: Coroutine[Any, Any, Report]) -> "asyncio.Task[Report]":
        """Run *work* apart from the caller: neither its cancellation nor its context reaches the change."""
        return keep(self._changes, work, contextvars.Context())

    async def _noted(self, name: str, action: str, guild: int | None, user: int | None, change: Change) -> Report:
        await self.look_again()
        if name not in self.slots:
            report = self._absent(name, "/plugin list shows those that were found.")
        else:
            report = await self._with_requirers(name, change)
            await self._follow_contracts()
        runs = f"version {report.version}, source {report.source_hash}, generation {report.generation}"
        detail = ": ".join(filter(None, (report.done, report.error))) or ". ".join((runs, *report.notes))
        await self.toggles.record(name, action, guild=guild, user=user, ok=report.ok, detail=detail)
        return report

    async def _with_requirers(self, name: str, change: Change) -> Report:
        """Make a change; then load who requires the plugin and has waited for it. The report says who went and came."""
        running = self.relations.all_requirers(name)
        report = await change(self.slots[name])
        fallen = [one for one in running if self.slots[one].generation is None]
        risen = await self._rise() if report.ok and report.generation is not None else []
        told = {"does not run any more, since it requires this": fallen, "runs again": risen}
        notes = [f"{', '.join(names)}: {what}." for what, names in told.items() if names]
        return dataclasses.replace(report, notes=(*report.notes, *notes))

    async def _rise(self) -> list[str]:
        """Load who has waited for a plugin that runs now, and who waits for those; return their names."""
        risen: list[str] = []
        while came := [slot.name for slot in self.relations.waiting() if await self._come_back(slot)]:
            risen += came
        return risen

    async def _come_back(self, slot: Slot) -> bool:
        """Load a plugin that waits for others, if all of them are there now; tell whether it runs by that."""
        if slot.generation is not None:
            return False
        try:
            self.relations.check(slot, slot.manifest)
        except PluginError as problem:
            slot.error = str(problem)
            return False
        report = await self._reported(slot, self._load_waiting)
        return report.ok and report.generation is not None

    async def _load_waiting(self, slot: Slot) -> None:
        if slot.enabled and slot.generation is None:
            await self._load(slot)

    async def _join_reload(self, slot: Slot) -> Report:
        """Take part in the reload that waits for its turn, if one does: it will find the same on the disk."""
        if slot.waiting_reload is None or slot.waiting_reload.done():
            slot.waiting_reload = self._apart(self._reported(slot, self._reload))
        return await slot.waiting_reload

    async def _reported(self, slot: Slot, work: Callable[..., Awaitable[float | None]], *args: Any) -> Report:
        """Do *work* (which returns the pause, if any, in ms) alone, and say what came of it and what runs now."""
        error, pause, started = "", 0.0, time.perf_counter()
        async with slot.lock:
            try:
                if self._closing:
                    raise PluginError(f"{slot.name}: roundhook is stopping; nothing is changed any more.")
                pause = await work(slot, *args) or 0.0
                slot.error, slot.awaits = "", False
            except RoundhookError as problem:
                error = slot.error = without_tokens(str(problem))
                slot.awaits = awaits_contract(problem)
                _log_of(slot).error("%s", problem, exc_info=problem.__cause__)
            except Exception as problem:  # noqa: BLE001 - the boundary: said in the report, and logged
                error = slot.error = f"{slot.name}: {text_of(problem)}."
                _log_of(slot).error("%s could not be changed", slot.name, exc_info=problem)
            self.jobs.wake()
            note = await self._replacement.retire(slot)
        took = (time.perf_counter() - started) * 1000
        ours = (slot.generation.note, *slot.generation.layers.notes()) if slot.generation and not error else ()
        notes = tuple(one for one in (*ours, note) if one)
        return Report(slot.name, not error, error, **slot.now(), pause_ms=pause, took_ms=took, notes=notes)

    async def _enable(self, slot: Slot, guild: int | None) -> None:
        self._check_scope(slot, guild)
        if guild is not None:
            await self._enable_in(slot, guild)
            if slot.enabled:
                return
        slot.enabled = True
        await self.toggles.set(slot.name, None, enabled=True)
        if slot.generation is None:
            await self._load(slot)

    async def _enable_in(self, slot: Slot, guild: int) -> None:
        """Switch a plugin on for one guild; one that is off everywhere goes on there and nowhere else."""
        others = [] if slot.enabled else [one for one in self._config.guilds if one != guild]
        await self.toggles.set_all(slot.name, {**dict.fromkeys(others, False), guild: True})
        slot.off_guilds.update(others)
        slot.off_guilds.discard(guild)

    async def _disable(self, slot: Slot, guild: int | None) -> float:
        self._check_scope(slot, guild)
        await self.toggles.set(slot.name, guild, enabled=False)
        if guild is not None:
            slot.off_guilds.add(guild)
            return 0.0
        slot.enabled = False
        if slot.generation is None:
            return 0.0
        return await self._remove(slot, slot.generation)

    async def _remove(self, slot: Slot, generation: Generation) -> float:
        """Empty a slot, those that require it first."""
        with self.relations.leaving(slot.name):
            for other in self.relations.requirers(slot.name):
                await self._fall(other)
            pause = await self._replacement.remove(slot, generation)
        self.dispatcher.note_change()
        return pause

    async def _fall(self, slot: Slot) -> None:
        """Empty the slot of a plugin that lacks what it requires; it stays on, and comes back with that."""
        async with slot.lock:
            if slot.generation is None:
                return
            try:
                self.relations.check(slot, slot.manifest)
            except PluginError as problem:
                slot.error = str(problem)
                _log_of(slot).warning("%s", problem)
                await self._remove(slot, slot.generation)
                await self._replacement.retire(slot)

    async def _load(self, slot: Slot, live: bool = True) -> None:
        """Load a plugin that does not run, and deliver what has waited for it; when the bot starts, later."""
        await self._replacement.load(slot, live=live)
        if not live:
            await self._remember_hooks(slot)
            return
        with self.dispatcher.behind(slot.name):
            self.dispatcher.unpark(slot.name)
            await self._remember_hooks(slot)
            await self._retry([slot])

    async def _reload(self, slot: Slot) -> float:
        """Put what the folder holds in place of what runs; what could not start is loaded."""
        slot.waiting_reload = None  # who asks from now on wants what is on the disk later
        if not slot.enabled:
            raise PluginError(f"{slot.name} is switched off. Switch it on with /plugin enable {slot.name}.")
        if slot.generation is None:
            await self._load(slot)
            return 0.0
        before = slot.generation.source_hash
        pause = await self._replacement.replace(slot, slot.generation)
        self.dispatcher.unpark(slot.name)
        await self._remember_hooks(slot)
        if slot.now()["source_hash"] != before:
            failed = await self.journal.retry_failed(slot.name)
            if failed or slot.manifest.catch_up:  # else there is nothing in the journal that does not come by itself
                await self._resume([slot])
        return pause

    async def _follow_contracts(self) -> None:
        """See to what another contract brings: handlers that it calls, events that can be read, plugins that waited."""
        while self._edition != self._contracts.edition:
            self._edition = self._contracts.edition
            for slot in self._running():
                await self._remember_hooks(slot)
                self.dispatcher.unpark(slot.name)
            await self._resume(self._running())
            for slot in [one for one in self.slots.values() if one.enabled and one.awaits]:
                await self._reported(slot, self._load_awaited)

    async def _load_awaited(self, slot: Slot) -> None:
        if slot.generation is None:
            await self._load(slot)

    async def _remember_hooks(self, slot: Slot) -> None:
        """Keep which hooks the plugin handles: while it cannot be loaded, its events are recorded by that."""
        hooks = frozenset(slot.impls)
        if hooks != slot.hooks:
            slot.hooks = hooks
            await self.toggles.remember_hooks(slot.name, hooks)

    def _check_scope(self, slot: Slot, guild: int | None) -> None:
        if guild is not None and slot.manifest.scope == "global":
            raise PluginError(
                f"{slot.name} is global: its rows are everybody's, so it is on or off everywhere. "
                "Leave the guild out (bot owner), or switch off the plugins that show its data here."
            )

    def _wanted(self, event: Envelope, slot: Slot) -> bool:
        """Tell whether an event is for a plugin at all: one of guild scope needs a guild that sees it and has it on."""
        return slot.manifest.scope == "global" or bool(self.guilds(slot.name, event))

    def _slot(self, name: str) -> Slot:
        if name not in self.slots:
            hint = did_you_mean(name, self.slots)
            raise PluginError(f"There is no plugin '{name}'. {hint}Known: {', '.join(sorted(self.slots))}.")
        return self.slots[name]

    def _new_slot(self, manifest: Manifest) -> Slot:
        """Make a place for a plugin that has been found, with what was remembered of it."""
        slot, name = Slot(manifest, self._clock), manifest.name
        slot.enabled, slot.off_guilds = name in self._on, set(self._off.get(name, ()))
        slot.hooks = self._hooks.get(name, frozenset())
        return slot

    async def _retry(self, slots: Sequence[Slot]) -> None:
        """Resume, with what failed for good under other code."""
        for slot in slots:
            await self.journal.retry_failed(slot.name)
        await self._resume(slots)

    async def _resume(self, slots: Sequence[Slot]) -> None:
        """Deliver what the journal holds for these plugins and is not being delivered yet."""
        for slot in slots:
            if slot.manifest.catch_up:
                types = tuple(self._contracts.types_of(slot.impls))
                after = slot.caught_up_to(types)
                slot.caught_up = (slot.generations, types, await self.journal.catch_up(slot.name, types, after))
        self.dispatcher.resume(await self.journal.open_deliveries([slot.name for slot in slots]))

    def _running(self) -> list[Slot]:
        return [slot for slot in self.slots.values() if slot.generation is not None]

    def _absent(self, name: str, remedy: str) -> Report:
        problem = f"There is no plugin '{name}'. {did_you_mean(name, self.slots)}{remedy}"
        return Report(name, ok=False, error=self._found.errors.get(name) or problem)


def _log_of(slot: Slot) -> logging.Logger:
    """Return the plugin's own log, which its author reads on Discord."""
    return logging.getLogger(f"roundhook.{slot.name}")
