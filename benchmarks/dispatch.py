"""What one event costs in the dispatcher: ``python -m benchmarks dispatch``, beside an older commit."""

import asyncio
import inspect
import itertools
import json
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from core.clock import Clock
from core.hookspecs import CONTRACTS
from core.kernel.contracts import Event
from core.kernel.dispatcher import Dispatcher
from core.kernel.generation import Generation
from core.kernel.kinds import envelope_of, event, kind_of
from core.kernel.loader import Source
from core.kernel.manifest import Manifest
from core.kernel.probe import Impl, Stage
from core.kernel.scope import Scope
from core.kernel.slot import Slot
from core.rounds.events import ImportedRound

BEFORE = "3d51f84"
EVENTS, ROUNDS = 2_000, 5
Made = Callable[[int, str], Any]
OnCommit = Callable[[int, Sequence[str]], None]


class NoJournal:
    """Takes events and outcomes and writes nothing: what is left is the dispatcher's own cost."""

    def __init__(self) -> None:
        self._ids = 0

    async def append(
        self, event: Event, plugins: Sequence[str], on_commit: OnCommit, *, again: Sequence[str] = ()
    ) -> int:
        self._ids += 1
        on_commit(self._ids, plugins)
        return self._ids

    def record(self, *_: object) -> None:
        pass

    async def flush(self) -> None:
        pass


@event(hook="on_mvp_chosen", key=("round_id",), about="round_id", server="server")
class MvpChosen:
    """An event of a plugin."""

    round_id: int
    guid: str
    server: str = ""


OURS = ("our event", lambda number, guid: ImportedRound(round_id=number, file_sha256=guid))
THEIRS = ("a plugin's", lambda number, guid: MvpChosen(round_id=number, guid=guid))


def slots_of(count: int) -> dict[str, Slot]:
    """Return *count* running plugins with a handler of each event that does nothing."""

    async def handle(event: Any) -> None:
        pass

    slots = {}
    for number in range(count):
        manifest = Manifest(f"plugin_{number}", "1", 1, Path(), scope="global")
        slot = Slot(manifest, Clock())
        given: Any = (manifest.name, Path(), {}, "")[: len(inspect.signature(Source).parameters)]  # older ones take all
        slot.generation = Generation(manifest, Source(*given), 1, _scope(slot))
        hooks = ("on_round_imported", "on_mvp_chosen")
        slot.generation.impls = {hook: Impl(hook, handle, True, Stage.ORDINARY, 10.0) for hook in hooks}
        slot.enabled = True
        slots[manifest.name] = slot
    return slots


async def dispatch_seconds(journal: Any, handlers: int, numbers: Iterable[int], made: Made = OURS[1]) -> float:
    """Publish events, a hundred at once, and wait until they are handled; return seconds of CPU for each."""
    dispatcher = Dispatcher(journal, Clock(), slots_of(handlers), lambda event, slot: True)
    events = [made(number, str(handlers)) for number in numbers]
    before = time.process_time()
    for start in range(0, len(events), 100):
        for one in events[start : start + 100]:
            await dispatcher.publish(envelope_of(one))
        await dispatcher.settled(10)
    return (time.process_time() - before) / len(events)


def codec_seconds(made: Made) -> float:
    """Return seconds of CPU for making an event what its readers will find, and its text."""
    contracts, one = CONTRACTS.fresh(), made(1, "a")
    kind = kind_of(one)
    contracts.replace(kind.owner, [kind] if kind.owner else ())
    before = time.process_time()
    for _ in range(EVENTS):
        contracts.encode(contracts.publishable(one))
    return (time.process_time() - before) / EVENTS


async def figures() -> dict[str, float]:
    """Return what ``main`` prints: the best of a few, for the machine has others to serve."""
    found: dict[str, float] = {}
    for handlers, (whose, made) in itertools.product((1, 5, 20), (OURS, THEIRS)):
        times = [await dispatch_seconds(NoJournal(), handlers, range(EVENTS), made) for _ in range(ROUNDS)]
        found[f"dispatch, {whose}, {handlers} handlers: µs of CPU"] = min(times) * 1e6
    for whose, made in (OURS, THEIRS):
        found[f"check, write and read, {whose}: µs of CPU"] = min(codec_seconds(made) for _ in range(ROUNDS)) * 1e6
    return found


def main() -> None:
    """Print the figures of then and now."""
    from benchmarks.before import compare

    compare("dispatch.py", BEFORE)


def _scope(slot: Slot) -> Scope:
    return Scope(slot.gate, Clock(), logging.getLogger(f"roundhook.{slot.name}"), lambda: None)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(figures())))
