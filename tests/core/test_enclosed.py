"""What is published and what is done within a transaction shares its fate, and is told only after its commit."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core.db import Database
from core.db.riding import Riding
from core.errors import DatabaseAwayError, PluginError
from core.journal import Journal
from roundhook.testing import Stage
from tests.core.test_journal import append, event, journal, journal_on, open_for
from tests.plugin_maker import running, until, write_plugin
from tests.plugins.notices import notice

__all__ = ["journal"]  # the fixture


class Heard:
    """Publishes within a transaction and notes what is handed over."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.ids: list[int] = []

    async def publish(self, number: int, *plugins: str, again: tuple[str, ...] = ()) -> None:
        assert await self.journal.append(event(number), plugins, self.take, again=again) is None

    def take(self, event_id: int, plugins: Any) -> None:
        self.ids.append(event_id)

    def end(self, event_id: int, plugin: str) -> None:
        enclosed = self.journal.enclosed()
        assert enclosed is not None
        enclosed.end(event_id, plugin, 1, lambda: None)


async def states(database: Database) -> list[tuple[int, str, str]]:
    rows = await database.fetch("SELECT event_id, plugin, state FROM deliveries ORDER BY event_id, plugin")
    return [(row["event_id"], row["plugin"], row["state"]) for row in rows]


async def test_an_event_is_handed_over_after_the_commit(journal: Journal, database: Database) -> None:
    """Nobody sees it before; the same event twice, also in an inner block, is one."""
    heard = Heard(journal)
    async with database.transaction():
        await heard.publish(1, "a", "b")
        async with database.transaction():
            await heard.publish(1, "a", "b")
            await heard.publish(2, "a")
        assert heard.ids == []

    first, second = heard.ids
    assert await states(database) == [(first, "a", "pending"), (first, "b", "pending"), (second, "a", "pending")]


async def test_what_is_undone_leaves_no_event_and_ends_no_delivery(journal: Journal, database: Database) -> None:
    """What had waited for a commit, and went along, is recorded all the same."""
    heard, (ended, others) = Heard(journal), [await append(journal, event(number), "a") for number in (1, 2)]
    journal.record(others, "a", "done", 1)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction():
            await heard.publish(3, "a")
            heard.end(ended, "a")
            raise ZeroDivisionError
    with pytest.raises(Exception, match="nowhere"):
        async with database.transaction() as transaction:
            heard.end(ended, "a")
            await transaction.execute("INSERT INTO nowhere (x) VALUES (1)")
    await journal.flush()

    assert heard.ids == []
    assert await states(database) == [(ended, "a", "pending"), (others, "a", "done")]


async def test_an_outcome_needs_no_commit_of_its_own(journal: Journal, database: Database) -> None:
    """Neither one that belongs to the transaction nor one that waits; what has failed waits for the journal's own."""
    heard, ids = Heard(journal), [await append(journal, event(number), "a") for number in range(3)]
    journal.record(ids[1], "a", "done", 1)
    journal.record(ids[2], "a", "pending", 1, "ValueError: no")
    async with database.transaction():
        heard.end(ids[0], "a")

    rows = await database.fetch("SELECT event_id, state, attempts FROM deliveries ORDER BY event_id")
    assert [(row["state"], row["attempts"]) for row in rows] == [("done", 1), ("done", 1), ("pending", 0)]
    assert await open_for(journal, "a") == [(event(2).key, "a")]


async def test_what_was_there_before_is_only_for_those_who_lack_it(journal: Journal, database: Database) -> None:
    """As with any other publication."""
    heard, known = Heard(journal), await append(journal, event(1), "a")
    journal.record(known, "a", "done", 1)
    async with database.transaction():
        await heard.publish(1, "a", again=("a", "late"))
    await append(journal, event(2), "a")  # the journal's next batch

    assert heard.ids == [known]
    assert {(known, "a", "done"), (known, "late", "pending")} <= set(await states(database))


async def test_a_crash_after_the_commit_costs_nothing(database: Database, tmp_path: Path) -> None:
    """What was committed and not handed over is found by the next process, and nothing that was done."""
    async with journal_on(database, tmp_path) as dying:
        handled = await append(dying, event(1), "a")
        async with database.transaction():
            await Heard(dying).publish(2, "a")
            Heard(dying).end(handled, "a")

    async with journal_on(database, tmp_path) as living:
        await living.take_over()
        assert await open_for(living, "a") == [(event(2).key, "a")]


async def test_what_is_open_is_read_while_something_is_committed(
    journal: Journal, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the transaction hands over itself is not found as left behind, whichever comes first."""
    heard, inner = Heard(journal), database.fetch

    async def fetch(sql: str, args: Any = ()) -> list[dict[str, Any]]:
        async with database.transaction():
            await heard.publish(1, "a")
        return await inner(sql, args)

    monkeypatch.setattr(database, "fetch", fetch)

    assert await open_for(journal, "a") == []
    assert len(heard.ids) == 1


async def test_a_flush_waits_for_what_goes_along(
    journal: Journal, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until that is committed it is not recorded."""
    ids = [await append(journal, event(number), "a") for number in (1, 2)]
    journal.record(ids[1], "a", "done", 1)
    commit, flushed = Riding.commit, list[asyncio.Future[None]]()

    async def committing(riding: Riding) -> None:
        if riding.rider is not None:
            flushed.append(asyncio.ensure_future(journal.flush()))
            await asyncio.wait(flushed, timeout=0.05)
            assert not flushed[0].done()
        await commit(riding)

    monkeypatch.setattr(Riding, "commit", committing)
    async with database.transaction():
        Heard(journal).end(ids[0], "a")
    await flushed[0]

    assert {state for *_, state in await states(database)} == {"done"}


PUBLISHES = """
from roundhook import FetchedFile, ImportedRound, Plugin, hookimpl

class Inside(Plugin):
    async def setup(self):
        self.handled, self.imported = [], []

    @hookimpl
    async def on_round_notice(self, notice):
        self.handled.append(notice.map_name)
        async with self.ctx.db.transaction():
            await self.ctx.publish(ImportedRound(round_id=1, file_sha256=notice.map_name))
            self.ctx.handled(notice)
        if notice.map_name == "fails" and len(self.handled) == 1:
            raise ValueError("afterwards")

    @hookimpl
    async def on_round_imported(self, round):
        self.imported.append(round.file_sha256)

    @hookimpl
    async def on_file_fetched(self, file):
        self.ctx.handled(file)
"""


async def test_a_plugin_publishes_and_ends_within_its_transaction(database_url: str, tmp_path: Path) -> None:
    """It is delivered, and waited for; a handler that fails after its commit is called again."""
    write_plugin(tmp_path, "inside", PUBLISHES)
    async with Stage(["inside"], folders=[tmp_path], database=database_url) as stage:
        plugin = running(stage, "inside")
        await stage.publish(notice(map_name="supply"))
        await stage.settled()
        assert (plugin.handled, plugin.imported) == (["supply"], ["supply"])
        assert {state for *_, state in await states(stage.db)} == {"done"}

        plugin.handled.clear()
        await stage.publish(notice(map_name="fails"))
        await until(lambda: len(plugin.handled) == 1)
        await stage.clock.advance(2)
        await stage.settled()
        assert (plugin.handled, plugin.imported) == (["fails"] * 2, ["supply", "fails"])


async def test_nobody_knows_whether_it_was_committed(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection broke, or the handler was cancelled, at the commit: what is there is delivered once."""
    write_plugin(tmp_path, "inside", PUBLISHES)
    commit, broken = Riding.commit, list[bool]()

    async def breaking(riding: Riding) -> None:
        if riding.rider is None or broken:
            await commit(riding)
            return
        broken.append(True)
        await commit(riding)
        riding.committed = None
        raise DatabaseAwayError("the connection broke")

    async with Stage(["inside"], folders=[tmp_path], database=database_url) as stage:
        plugin = running(stage, "inside")
        monkeypatch.setattr(Riding, "commit", breaking)
        await stage.publish(notice(map_name="supply"))
        await until(lambda: plugin.imported)
        await stage.clock.advance(2)
        await stage.settled()

        assert (plugin.handled, plugin.imported) == (["supply"] * 2, ["supply"])
        assert {state for *_, state in await states(stage.db)} == {"done"}


async def test_piccolos_own_transaction_takes_nothing_along(journal: Journal, database: Database) -> None:
    """On PostgreSQL it is another one; the message says which to open. And without one nothing can be handled in it."""
    if database.dialect == "postgres":
        async with database.engine.transaction():
            with pytest.raises(PluginError, match="opened by Piccolo"):
                await journal.append(event(1), ["a"], lambda *_: None)
    assert journal.enclosed() is None
