"""Whatever one plugin's handlers do, the others handle each event once, at the first attempt, and soon."""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roundhook import ImportedRound, RoundAmended
from roundhook.testing import Stage
from tests.core.kernel.examples import examples, play
from tests.patience import PATIENCE
from tests.plugin_maker import write_plugin

PLANS: dict[tuple[str, str], str] = {}
"""How a plugin misbehaves when it comes to an event for the first time, by plugin and key."""
CALLS: Counter[tuple[str, str]] = Counter()
HANDLED: Counter[tuple[str, str]] = Counter()
RELEASED: list[bool] = []
"""Not empty: handlers that do not let themselves be cancelled may end."""

CODE = """
from roundhook import Plugin, hookimpl
from tests.core.kernel.test_isolation_invariant import handle

class Handling(Plugin):
    @hookimplMARK
    async def on_round_imported(self, round):
        await handle(self.ctx.name, round.key)

    @hookimplMARK
    async def on_round_amended(self, amendment):
        await handle(self.ctx.name, amendment.key)

    @hookimplMARK
    async def on_own(self, own):
        await handle(self.ctx.name, f"owner.Own:{own.number}:{own.turn}")
"""
OWNER = "from roundhook import Plugin\n\nclass Owner(Plugin): pass\n"
CONTRACT = """
from roundhook import event

@event(hook="on_own", argument="own", key=("number", "turn"), about="number")
class Own:
    number: int
    turn: int
"""
LIMIT_SECONDS = 0.05
LIMITS = (
    f"[limits]\non_round_imported = {LIMIT_SECONDS}\non_round_amended = {LIMIT_SECONDS}\non_own = {LIMIT_SECONDS}\n"
)
SOON_SECONDS = 5.0
"""Far more than the others may have to wait, and far less than the limit that a handler has by default."""
MARKS = ("(tryfirst=True)", "", "(trylast=True)")
GOOD = {f"good_{number}": mark for number, mark in enumerate(MARKS)}


class SilentError(Exception):
    """Cannot even be shown."""

    def __str__(self) -> str:
        raise ValueError("no text")


class OddError(BaseException):
    """Is not caught by ``except Exception``."""


async def raises() -> None:
    raise ValueError("no")


async def raises_what_cannot_be_shown() -> None:
    raise SilentError


async def raises_no_exception() -> None:
    raise OddError


async def exits() -> None:
    raise SystemExit(1)


async def hangs() -> None:
    await asyncio.Event().wait()


async def goes_on() -> None:
    """Swallow every cancellation."""
    while not RELEASED:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0.01)


async def seems_cancelled() -> None:
    raise asyncio.CancelledError


async def cancels_itself() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


MISBEHAVIOURS: dict[str, Callable[[], Awaitable[None]]] = {
    one.__name__: one
    for one in (
        raises,
        raises_what_cannot_be_shown,
        raises_no_exception,
        exits,
        hangs,
        goes_on,
        seems_cancelled,
        cancels_itself,
    )
}


async def handle(plugin: str, key: str) -> None:
    """What each handler does."""
    CALLS[plugin, key] += 1
    await asyncio.sleep(0)
    if CALLS[plugin, key] == 1 and (plugin, key) in PLANS:
        await MISBEHAVIOURS[PLANS[plugin, key]]()
    HANDLED[plugin, key] += 1


Plan = Mapping[int, str]
"""How a plugin misbehaves, by the number of the event."""
plans = st.dictionaries(st.integers(min_value=0, max_value=7), st.sampled_from(sorted(MISBEHAVIOURS)), min_size=1)
bad_plugins = st.lists(st.tuples(st.sampled_from(MARKS), plans), min_size=1, max_size=3)
rounds = st.lists(st.integers(min_value=1, max_value=4), min_size=1, max_size=8)
"""The rounds that the events are about: the first of a round is its import, the later ones are in turn amendments and
events of a plugin."""


@dataclass(frozen=True)
class Own:
    """Stands for the plugin's event, whose class is there while the plugin is."""

    number: int
    turn: int

    @property
    def key(self) -> str:
        return f"owner.Own:{self.number}:{self.turn}"


AnyEvent = ImportedRound | RoundAmended | Own


def events_about(numbers: Sequence[int]) -> list[AnyEvent]:
    events: list[AnyEvent] = []
    for revision, number in enumerate(numbers, 1):
        about = ImportedRound(round_id=number, file_sha256="a")
        known = number in numbers[: revision - 1]
        later = Own(number, revision) if revision % 2 else RoundAmended(round=about, revision=revision)
        events.append(later if known else about)
    return events


def write_all(folder: Path, bad: Mapping[str, str]) -> None:
    """Write the good ones, whose limits are the usual, and the bad ones, whose limits are small."""
    for name, mark in {**GOOD, **bad}.items():
        write_plugin(folder, name, CODE.replace("MARK", mark), manifest=LIMITS if name in bad else "")
    write_plugin(folder, "owner", OWNER, files={"contract.py": CONTRACT})


async def deliveries(stage: Stage) -> dict[tuple[str, str], tuple[str, int]]:
    """Return state and attempts of each delivery."""
    rows = await stage.db.fetch(
        "SELECT d.plugin, e.key, d.state, d.attempts FROM deliveries d JOIN events e ON e.id = d.event_id"
    )
    return {(row["plugin"], row["key"]): (row["state"], row["attempts"]) for row in rows}


async def finished(stage: Stage) -> None:
    """Let every retry and every probe of a breaker come."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await stage.settled(0.05)
            except TimeoutError:
                await stage.clock.advance(700)
            else:
                return


async def publish_all(folder: Path, bad: Mapping[str, str], events: Sequence[AnyEvent]) -> None:
    """Publish to good and bad plugins, and see what becomes of it: at once for the good ones, else later."""
    keys = [event.key for event in events]
    good = set(itertools.product(GOOD, keys))
    async with Stage(plugins=[*bad, *GOOD, "owner"], folders=[folder]) as stage:

        async def good_ones_are_done() -> bool:
            return good <= HANDLED.keys()

        try:
            from roundhook.contracts import owner

            for event in events:
                its = owner.Own(number=event.number, turn=event.turn) if isinstance(event, Own) else event
                await stage.publish(its)
            await stage.until(good_ones_are_done, SOON_SECONDS)
            await stage.app.services.journal.flush()
            soon = await deliveries(stage)
            assert {one: soon[one] for one in good} == dict.fromkeys(good, ("done", 1))
        finally:
            RELEASED.append(True)
        await finished(stage)
        assert {one: count for one, count in HANDLED.items() if one in good} == dict.fromkeys(good, 1)
        for one, (state, attempts) in (await deliveries(stage)).items():
            assert (one, state) == (one, "done")
            assert attempts <= (2 if one in PLANS else 1)


def play_bad(bad: Sequence[tuple[str, Plan]], numbers: Sequence[int]) -> None:
    """Run one bot with the good plugins and these bad ones."""
    for kept in (PLANS, CALLS, HANDLED, RELEASED):
        kept.clear()
    events = events_about(numbers)
    named = {f"bad_{number}": plan for number, plan in enumerate(bad)}
    for name, (_, plan) in named.items():
        PLANS.update({(name, events[number].key): how for number, how in plan.items() if number < len(events)})

    async def run(folder: Path) -> None:
        marks = {name: mark for name, (mark, _) in named.items()}
        write_all(folder / "plugins", marks)
        await publish_all(folder / "plugins", marks, events)

    play(run)


@given(bad_plugins, rounds)
@examples(8)
def test_a_bad_handler_changes_nothing_for_the_others(bad: list[tuple[str, Plan]], numbers: list[int]) -> None:
    """One that raises, hangs, exits or is cancelled, in any stage; and it gets the event again itself."""
    play_bad(bad, numbers)


@pytest.mark.full
@given(bad_plugins, rounds)
@examples(150)
def test_a_bad_handler_changes_nothing_for_the_others_at_length(
    bad: list[tuple[str, Plan]], numbers: list[int]
) -> None:
    """The same with many more bad plugins."""
    play_bad(bad, numbers)
