"""The kernel: what is loaded, and every change of it while the bot runs.

How a change is made stands in ``changes``, how one generation is put in place of another in ``replacement``; who gets
which event, in ``dispatcher``.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.errors import PluginError
from core.kernel.breaker import worst
from core.kernel.contract_file import declared, has_contract
from core.kernel.discovery import first_enabled
from core.kernel.generation import Generation
from core.kernel.report import Report, Status
from core.kernel.setting_changes import SettingChanges
from core.kernel.slot import Slot

log = logging.getLogger(__name__)


class Kernel(SettingChanges):
    """Loads plugins and keeps them changeable. Whoever starts it closes it, before Discord is closed."""

    async def start(self, names: Iterable[str] | None = None, *, without: Iterable[str] = ()) -> list[Report]:
        """Load what is to be on (exactly *names*, or by the toggles), then deliver what is left in the journal."""
        wanted = first_enabled(self._config) if names is None else tuple(names)
        everywhere, self._off = await self.toggles.load(wanted)
        self._hooks = await self.toggles.hooks()
        on = wanted if names is not None else [name for name, enabled in everywhere.items() if enabled]
        self._on = {name: None for name in on if name not in set(without)}
        await self.look_again()
        reports = await self._start_all()
        await self.journal.take_over()
        await self._retry(self._running())
        for generation in [slot.generation for slot in self._running()]:
            if generation is not None:  # only now: what the first one publishes must find the last one
                generation.scope.go_live()
        return reports

    async def reload(self, name: str, *, user: int | None = None) -> Report:
        """Replace a plugin by what its folder holds now; a broken one is told in the report, never raised."""
        return await self._change(name, "reload", None, user, self._join_reload)

    async def enable(self, name: str, guild: int | None = None, *, user: int | None = None) -> Report:
        """Switch a plugin on, everywhere or for one guild."""
        return await self._change(name, "enable", guild, user, lambda slot: self._reported(slot, self._enable, guild))

    async def disable(self, name: str, guild: int | None = None, *, user: int | None = None) -> Report:
        """Switch a plugin off, everywhere or for one guild. What is to be delivered to it waits."""
        return await self._change(name, "disable", guild, user, lambda slot: self._reported(slot, self._disable, guild))

    async def end(self, name: str, problem: str) -> Report:
        """End what runs of a plugin that cannot go on; it stays switched on, and *problem* says what to mend."""

        async def end(slot: Slot) -> float:
            if slot.generation is not None:
                await self._remove(slot, slot.generation)
            raise PluginError(problem)

        return await self._change(name, "end", None, None, lambda slot: self._reported(slot, end))

    def status(self, name: str) -> Status:
        """Return how a plugin stands (``PluginError`` if there is none of that name)."""
        if name in self._found.errors and name not in self.slots:
            return Status(name, "failed", self._found.errors[name])
        slot = self._slot(name)
        breaker, off = worst(one.state for one in slot.breakers.values()), tuple(sorted(slot.off_guilds))
        return Status(
            name, slot.state, slot.error, **slot.now(), breaker=breaker, breakers=slot.closed_to(),
            scope=slot.manifest.scope, summary=slot.manifest.summary, off_guilds=off,
            requires=tuple(map(str, slot.manifest.requires)), required_by=self.relations.named_by(name),
        )  # fmt: skip

    def statuses(self) -> list[Status]:
        """Return how every plugin stands, by name, those with an unusable manifest too."""
        return [self.status(name) for name in sorted({*self.slots, *self._found.errors})]

    def unusable(self) -> dict[Path, str]:
        """Return the folders whose manifests cannot be used and that nothing runs from, each with its error."""
        known = {slot.manifest.folder for slot in self.slots.values()}
        return {folder: error for folder, error in self._found.unusable.items() if folder not in known}

    def serves(self, generation: Generation) -> bool:
        """Tell whether *generation* is the one of its plugin that serves now."""
        slot = self.slots.get(generation.manifest.name)
        return slot is not None and slot.generation is generation

    def refusal(self, generation: Generation, guild: int | None) -> str:
        """Return why a command of *generation* may not run in a guild, "" if it may."""
        name = generation.manifest.name
        slot = self.slots.get(name)
        if slot is None or not slot.enabled or slot.generation is None:
            return f"The plugin {name} is switched off."
        if guild is not None and guild in slot.off_guilds:
            return f"The plugin {name} is switched off on this server. Admins can switch it on: /plugin enable {name}"
        return ""

    async def replay(self, event_ids: Sequence[int]) -> int:
        """Try deliveries again that failed for good; return how many there were."""
        count = await self.journal.replay(event_ids)
        await self._resume(self._running())
        return count

    async def take_over(self) -> None:
        """Deliver what an ended process (an import, an earlier run) has left, and what another has made open again."""
        await self.journal.take_over()
        await self._resume(self._running())

    async def waiting(self, name: str) -> str:
        """Return, in words, what waits for a plugin that is off, "" if nothing does."""
        slot, count = self._slot(name), await self.journal.waiting(name)
        if slot.enabled:
            return ""
        coming = "; what comes meanwhile is caught up with then" if slot.manifest.catch_up else ""
        return f"{count} events wait until it is on again{coming}." if count or coming else ""

    async def settled(self, timeout: float) -> None:
        """Return when the deliveries recorded until now, the jobs that are due, and what follows from them have ended.

        Raises:
            TimeoutError: names what is left.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        left = ["deliveries"]
        while left:
            await self.dispatcher.settled(max(deadline - loop.time(), 0.0))
            changes = self.dispatcher.changes
            if left := await self.jobs.left():
                try:
                    async with asyncio.timeout_at(deadline):
                        await self.dispatcher.change_after(changes)
                except TimeoutError:
                    raise TimeoutError(f"not settled after {timeout:g} s: {', '.join(left)}") from None

    async def close(self) -> None:
        """Stop delivering, then dispose every generation, the last loaded first."""
        self._closing = True
        await asyncio.gather(self.jobs.close(), self.dispatcher.close())
        for slot in [self.slots[name] for name in reversed(self.relations.in_order(self.slots))]:
            async with slot.lock:  # a reload that is under way is let end, and what it has made is disposed too
                generation, slot.generation = slot.generation, None
                self._replacement.withdraw(slot)
                if generation is not None:
                    await self._replacement.dispose(generation)
        if self._changes:
            await asyncio.wait(self._changes)
        self.reader.shutdown(wait=False)

    async def _start_all(self) -> list[Report]:
        """Load what is to be on."""
        wanted = [self.slots[name] for name in self._on if name in self.slots]
        async with declared([one.manifest for one in wanted if has_contract(one.manifest)], self._contracts):
            reports = [await self._start_one(name) for name in self.relations.in_order(self._on)]
        for slot in wanted:
            if slot.generation is None:
                self._replacement.withdraw(slot)
        self._edition = self._contracts.edition
        return reports

    async def _start_one(self, name: str) -> Report:
        if name not in self.slots:
            report = self._absent(name, "Correct plugins.enabled, or add its folder.")
            log.error("%s", report.error)
            return report
        self.slots[name].enabled = True
        return await self._reported(self.slots[name], self._load, False)
