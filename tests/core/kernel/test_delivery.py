"""What came while nobody listened comes later; a failure counts only against what failed; what is live goes first."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.db import Database, Transaction
from core.db.database import Row
from core.errors import DatabaseAwayError, PeerUnavailableError
from core.kernel.slot import Places
from roundhook import ImportedRound, RoundAmended
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugin_maker import idle, recorder, running, until, write_plugin

CATCHES_UP = "catch_up = true\n"
BAD_SERVER = "if round.server == 'bad': raise ValueError('bad numbers')"


def imported(number: int, **values: Any) -> ImportedRound:
    return ImportedRound(round_id=number, file_sha256="a", **values)


async def states(stage: Stage, plugin: str) -> list[str]:
    rows = await stage.db.fetch("SELECT state FROM deliveries WHERE plugin = ? ORDER BY event_id", (plugin,))
    return [row["state"] for row in rows]


async def test_who_catches_up_gets_what_came_while_it_was_off(tmp_path: Path, database_url: str) -> None:
    """With ``catch_up = true`` each event, once; without it, only what comes from now on."""
    write_plugin(tmp_path, "late", recorder(), manifest=CATCHES_UP)
    write_plugin(tmp_path, "plain", recorder())
    async with Stage(["late", "plain"], folders=[tmp_path], database=database_url) as stage:
        for name in ("late", "plain"):
            await stage.plugins.disable(name)
        await stage.publish(imported(1))

        for name in ("late", "plain"):
            await stage.plugins.enable(name)
        await stage.publish(imported(2))

        await stage.settled()
        assert sorted(running(stage, "late").seen) == [1, 2]
        assert running(stage, "plain").seen == [2]


async def test_what_comes_while_it_catches_up_comes_after_what_it_has_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    """It is on and looks through the journal: the amendment of a round that it has missed does not overtake that."""
    write_plugin(tmp_path, "late", recorder(), manifest=CATCHES_UP)
    async with Stage(["late"], folders=[tmp_path], database=database_url) as stage:
        assert (await stage.plugins.disable("late")).ok
        await stage.publish(imported(1))
        journal = stage.app.services.journal
        catch_up = journal.catch_up

        async def amended_meanwhile(plugin: str, types: Sequence[str], after: int) -> int:
            await stage.publish(RoundAmended(round=imported(1), changed=(), revision=1))
            await stage.publish(imported(2))
            await idle()
            return await catch_up(plugin, types, after)

        monkeypatch.setattr(journal, "catch_up", amended_meanwhile)
        assert (await stage.plugins.enable("late")).ok
        await stage.settled()

        seen = running(stage, "late").seen
        assert [one for one in seen if one != 2] == [1, ("amended", 1, 1)]
        assert len(seen) == 3


async def test_the_same_event_again_is_for_who_has_not_had_it(tmp_path: Path, database_url: str) -> None:
    """Of the plugins that catch up, and are on; nobody gets it twice."""
    for name, manifest in (("had", CATCHES_UP), ("missed", CATCHES_UP), ("plain", "")):
        write_plugin(tmp_path, name, recorder(), manifest=manifest)
    async with Stage(["had", "missed", "plain"], folders=[tmp_path], database=database_url) as stage:
        await stage.publish(imported(1))
        await stage.settled()
        await stage.db.execute("DELETE FROM deliveries WHERE plugin IN ('missed', 'plain')")

        await asyncio.gather(*(stage.publish(imported(1)) for _ in range(3)))

        await stage.settled()
        assert {name: running(stage, name).seen for name in ("had", "missed", "plain")} == {
            "had": [1], "missed": [1, 1], "plain": [1],
        }  # fmt: skip
        assert (await states(stage, "missed"), await states(stage, "plain")) == (["done"], [])


async def test_what_failed_for_good_is_tried_again_by_other_code(tmp_path: Path, database_url: str) -> None:
    """Not by a reload of the same code."""
    refuses = "from roundhook import BadInputError\nraise BadInputError('no')"
    write_plugin(tmp_path, "strict", recorder(body=refuses))
    async with Stage(["strict"], folders=[tmp_path], database=database_url) as stage:
        await stage.publish(imported(1))
        await stage.settled()
        await stage.plugins.reload("strict")
        await stage.settled()
        assert await states(stage, "strict") == ["failed"]
        write_plugin(tmp_path, "strict", recorder())

        await stage.plugins.reload("strict")

        await stage.settled()
        assert running(stage, "strict").seen == [1]
        assert await states(stage, "strict") == ["done"]


async def test_what_has_ended_just_now_is_known_before_it_is_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    """A handler that a reload waits for and that refuses is tried by the new code; one that has ended waits no more."""
    monkeypatch.setattr("core.journal.OUTCOME_SECONDS", 10 * PATIENCE)
    waits = "import asyncio\nself.go = asyncio.Event()\nawait self.go.wait()\n"
    write_plugin(tmp_path, "strict", recorder(body=f"{waits}from roundhook import BadInputError\nraise BadInputError"))
    async with Stage(["strict"], folders=[tmp_path], database=database_url) as stage:
        await stage.publish(imported(1))
        await _changed_while_it_runs(stage, lambda: write_plugin(tmp_path, "strict", recorder(body=waits)))
        assert await stage.app.kernel.waiting("strict") == ""
        await stage.settled(PATIENCE)
        assert await states(stage, "strict") == ["done"]


async def test_what_was_committed_when_the_answer_was_lost_is_delivered_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    """Its publisher is told that the database is away and tries again: the event is there, and nobody had it."""
    write_plugin(tmp_path, "plain", recorder())
    async with Stage(["plain"], folders=[tmp_path], database=database_url) as stage:
        _lose_the_next_answer(stage.db, monkeypatch)
        with pytest.raises(PeerUnavailableError):
            await stage.publish(imported(1))

        await stage.publish(imported(1))

        await stage.settled()
        assert running(stage, "plain").seen == [1]
        assert await states(stage, "plain") == ["done"]


def _lose_the_next_answer(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the journal's next batch be committed, and its connection break before that is told."""
    left = [DatabaseAwayError("The connection broke.")]
    write, transaction = database.write, database.transaction

    async def written(sql: str, args: Sequence[Any] = ()) -> list[Row]:
        rows = await write(sql, args)
        if left:
            raise left.pop()
        return rows

    @contextlib.asynccontextmanager
    async def ended() -> AsyncIterator[Transaction]:
        async with transaction() as given:
            yield given
        if left:
            raise left.pop()

    monkeypatch.setattr(database, "write", written)
    monkeypatch.setattr(database, "transaction", ended)


async def _changed_while_it_runs(stage: Stage, write: Callable[[], object]) -> None:
    """Reload *strict* while it refuses an event; then switch it off while the new code handles that."""
    for change in ("reload", "disable"):
        await until(lambda: hasattr(running(stage, "strict"), "go"), PATIENCE)
        plugin = running(stage, "strict")
        write()
        task = asyncio.create_task(getattr(stage.plugins, change)("strict"))
        await until(lambda: stage.app.kernel.slots["strict"].gate.closed, PATIENCE)
        plugin.go.set()
        assert (await task).ok


async def test_what_failed_for_good_is_tried_again_at_the_next_start(tmp_path: Path, database_url: str) -> None:
    """Its cause may have been outside; and it is not thinned before."""
    refuses = "from roundhook import BadInputError\nimport os\nif not os.path.exists(GATE): raise BadInputError('no')"
    gate = tmp_path / "mended"
    write_plugin(tmp_path, "strict", recorder(body=refuses.replace("GATE", repr(str(gate)))))
    async with Stage(["strict"], folders=[tmp_path], database=database_url) as stage:
        await stage.publish(imported(1))
        await stage.settled()
        await stage.app.services.journal.thin(timedelta(seconds=-1))
        assert await states(stage, "strict") == ["failed"]
    gate.touch()

    async with Stage(["strict"], folders=[tmp_path], database=database_url) as stage:
        await stage.settled()

        assert running(stage, "strict").seen == [1]


async def test_one_servers_failures_are_nobody_elses(tmp_path: Path) -> None:
    """The breaker opens for the server whose events fail; the others' are handled, and it is said for whom."""
    write_plugin(tmp_path, "counting", recorder(body=BAD_SERVER))
    async with Stage(["counting"], folders=[tmp_path]) as stage:
        for number in range(8):
            await stage.publish(imported(number, server="bad"))
        await until(lambda: stage.plugins.status("counting").breaker == "open")

        await stage.publish(imported(100, server="good"))

        await until(lambda: running(stage, "counting").seen == [100])
        assert stage.app.kernel.status("counting").breakers == {"on_round_imported for bad": "open"}


@pytest.mark.parametrize("old", [{"trigger": "import"}, {"played_at": datetime(2025, 1, 1, tzinfo=UTC)}])
async def test_what_is_live_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: dict[str, Any]) -> None:
    """Imported and old events wait for a place behind those of now."""
    monkeypatch.setattr("core.kernel.slot.CONCURRENT", 1)
    wait = "if not self.seen: await self.gate.wait()"
    code = recorder(body=wait).replace(
        "self.seen = []", "self.seen = []\n        import asyncio; self.gate = asyncio.Event()"
    )
    write_plugin(tmp_path, "slow", code)
    async with Stage(["slow"], folders=[tmp_path]) as stage:
        await stage.publish(imported(1))
        await until(lambda: running(stage, "slow").ctx._generation.scope.activity.count == 1)
        for number in (2, 3):
            await stage.publish(imported(number, **old))
        await stage.publish(imported(4, played_at=stage.clock.now()))

        running(stage, "slow").gate.set()

        await stage.settled()
        assert running(stage, "slow").seen == [1, 4, 2, 3]


async def test_a_place_is_handed_over_in_order() -> None:
    """First come, first served, within those that go first and within the others."""
    places, order = Places(1), list[str]()
    await places.take()

    async def take(name: str, *, first: bool) -> None:
        await places.take(first=first)
        order.append(name)
        places.give_back()

    names = [("a", False), ("b", True), ("c", False), ("d", True)]
    waiting = [asyncio.create_task(take(name, first=first)) for name, first in names]
    await asyncio.sleep(0)
    places.give_back()
    await asyncio.gather(*waiting)

    assert order == ["b", "d", "a", "c"]
