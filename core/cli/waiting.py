"""Says on stderr which deliveries wait while a command runs plugins, why, and what to do about it."""

import asyncio
from collections.abc import Iterable

from core.cli.screen import complain
from core.db.database import Row
from core.journal import Journal
from core.kernel import dispatcher
from core.kernel.slot import Slot
from core.shown import one_line

LOOK_SECONDS, AGAIN_SECONDS = 0.5, 60.0
"""How often it is looked, and how often it is said again although nothing has changed."""
MOST_LETTERS = 300
"""Of an error."""
KEPT = "Ctrl-C ends this: what waits stays in the journal, and the bot or the next import goes on with it."


class Waiting:
    """Tells, as long as ``run`` runs, of what is tried again, and of what waits for a plugin that is off."""

    def __init__(self, journal: Journal, slots: Iterable[Slot]) -> None:
        self._journal, self._slots = journal, slots
        self._told: dict[str, tuple[str, float]] = {}

    async def run(self) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    async def look(self, *, again: bool = False) -> None:
        """Say what is new, or has not been said for long; *again*: only if something was said before."""
        if again and not self._told:
            return
        now, lines = asyncio.get_running_loop().time(), await self.lines()
        for plugin, line in lines.items():
            before, said_at = self._told.get(plugin, ("", 0.0))
            if line != before or now - said_at >= AGAIN_SECONDS:
                self._told[plugin] = line, now
                complain(f"{line} {KEPT}")
        for plugin in self._told.keys() - lines.keys():
            del self._told[plugin]
            complain(f"{plugin}: nothing waits any more.")

    async def lines(self) -> dict[str, str]:
        """Return what waits now, by plugin."""
        slots = {slot.name: slot for slot in self._slots}
        lines = {name: _off(name, len(slot.parked)) for name, slot in slots.items() if slot.parked}
        for row in await self._journal.tried_again():
            name = row["plugin"]
            if name in slots and name not in lines:
                lines[name] = _failing(row, held=bool(slots[name].closed_to()))
        return lines


def _failing(row: Row, *, held: bool) -> str:
    error, pauses = one_line(row["error"] or "")[:MOST_LETTERS].rstrip("."), dispatcher.RETRY_SECONDS
    pause = pauses[min(row["attempts"], len(pauses)) - 1]
    after = "it failed so often that it is tried only now and then" if held else f"the next one comes after {pause:g} s"
    return (
        f"{row['plugin']}: {_events(row['n'])}, attempt {row['attempts']} of {len(pauses) + 1} has failed ({error}); "
        f"{after}. Mend what the error says, or the plugin."
    )


def _off(plugin: str, count: int) -> str:
    return f"{plugin}: {_events(count)}, and it is off. Switch it on with `/plugin enable {plugin}`."


def _events(count: int) -> str:
    return "1 event waits" if count == 1 else f"{count} events wait"
