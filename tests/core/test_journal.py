"""The journal loses nothing: commits shared, crashes taken over, failures kept."""

import asyncio
import contextlib
import sys
import textwrap
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.clock import MovableClock
from core.db import Database
from core.db.owners import Owners
from core.errors import PeerUnavailableError
from core.hookspecs import CONTRACTS
from core.journal import Journal
from core.kernel.contracts import Event
from roundhook import FetchedFile, ImportedRound, Pause, PlayerRef, RoundNotice
from roundhook.testing import Stage
from tests.commits import Commits
from tests.patience import PATIENCE
from tests.plugin_maker import idle, recorder, running, write_plugin


@contextlib.asynccontextmanager
async def journal_on(database: Database, folder: Path, clock: MovableClock | None = None) -> AsyncIterator[Journal]:
    """A journal of a process of its own that lives as long as the block."""
    owners = Owners(folder)
    with owners.present():
        journal = Journal(database, owners, clock or MovableClock(), CONTRACTS)
        writing = asyncio.create_task(journal.run())
        try:
            yield journal
        finally:
            journal.close()
            await writing


@pytest.fixture
async def journal(database: Database, tmp_path: Path) -> AsyncIterator[Journal]:
    async with journal_on(database, tmp_path / "processes") as opened:
        yield opened


def event(number: int) -> ImportedRound:
    return ImportedRound(round_id=number, file_sha256="a")


async def append(journal: Journal, published: Event, *plugins: str) -> int:
    ids: list[int] = []
    result = await journal.append(published, plugins, lambda event_id, _: ids.append(event_id))
    assert ids == [result]
    return ids[0]


async def open_for(journal: Journal, *plugins: str) -> list[tuple[str, str]]:
    return [(one.event.key, one.plugin) for one in await journal.open_deliveries(plugins)]


class TestCommits:
    """What waits at the same time is one commit."""

    async def test_many_publishes_and_records_share_a_commit(
        self, journal: Journal, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A hundred events and a hundred outcomes cost two commits."""
        commits = Commits(database, monkeypatch)

        ids = await asyncio.gather(*(append(journal, event(number), "a", "b") for number in range(100)))
        for event_id in ids:
            journal.record(event_id, "a", "done", 1)
        await journal.flush()

        assert commits.count == 2
        assert ids == sorted(ids)
        rows = await database.fetch("SELECT plugin, state, count(*) AS n FROM deliveries GROUP BY 1, 2 ORDER BY 1")
        assert [(row["plugin"], row["state"], row["n"]) for row in rows] == [("a", "done", 100), ("b", "pending", 100)]

    async def test_a_commits_statements_do_not_grow_with_events_and_plugins(
        self, journal: Journal, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Events and deliveries are one each; so are the outcomes of all that have ended alike."""
        commits = Commits(database, monkeypatch)
        plugins = [f"plugin_{number}" for number in range(50)]
        ids = await asyncio.gather(*(append(journal, event(number), *plugins) for number in range(100)))
        published = len(commits.statements)
        for event_id in ids:
            for plugin in reversed(plugins):
                journal.record(event_id, plugin, "pending", 1, "ValueError: no")
                journal.record(event_id, plugin, "done", 2)
        journal.record(ids[0], "plugin_7", "failed", 6, "ValueError: no \0")
        await journal.flush()

        assert published == {"sqlite": 2, "postgres": 1}[database.dialect]
        assert len(commits.statements) - published == {"sqlite": 3, "postgres": 1}[database.dialect]
        rows = await database.fetch("SELECT state, attempts, error, count(*) AS n FROM deliveries GROUP BY 1, 2, 3")
        assert sorted((row["state"], row["attempts"], row["error"], row["n"]) for row in rows) == [
            ("done", 2, None, 4999), ("failed", 6, "ValueError: no \N{REPLACEMENT CHARACTER}", 1)
        ]  # fmt: skip

    async def test_more_than_one_insert_holds_are_all_written(self, journal: Journal, database: Database) -> None:
        """A burst is cut into batches."""
        await asyncio.gather(*(append(journal, event(number)) for number in range(700)))

        assert (await database.fetch("SELECT count(*) AS n FROM events"))[0]["n"] == 700

    async def test_the_same_key_twice_is_known(self, journal: Journal) -> None:
        """Whether one after the other or at once, the second publisher is told that it was there."""
        first, second = await asyncio.gather(
            journal.append(event(1), ["a"], lambda *_: None), journal.append(event(1), ["a"], lambda *_: None)
        )
        third = await journal.append(event(1), ["a"], lambda *_: None)

        assert first is not None
        assert (second, third) == (None, None)

    async def test_a_second_publisher_shares_the_fate_of_the_first(
        self, journal: Journal, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nobody is told that an event is committed whose commit then fails."""
        commits = Commits(database, monkeypatch)
        commits.error = PeerUnavailableError("away")

        results = await asyncio.gather(
            *(journal.append(event(1), ["a"], lambda *_: None) for _ in range(2)), return_exceptions=True
        )

        assert [type(result) for result in results] == [PeerUnavailableError] * 2

    async def test_a_failing_commit_reaches_the_publisher_and_keeps_the_records(
        self, journal: Journal, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing of the event is stored; outcomes are written when the database is back."""
        event_id = await append(journal, event(1), "a")
        commits = Commits(database, monkeypatch)
        commits.error = PeerUnavailableError("away")
        journal.record(event_id, "a", "done", 1)
        with pytest.raises(PeerUnavailableError, match="away"):
            await journal.append(event(2), ["a"], lambda *_: None)
        assert await open_for(journal, "a") == []
        commits.error = None

        await journal.flush()

        rows = await database.fetch("SELECT event_id, state FROM deliveries")
        assert [(row["event_id"], row["state"]) for row in rows] == [(event_id, "done")]
        assert len(await database.fetch("SELECT id FROM events")) == 1

    async def test_it_ends_when_the_database_is_away(
        self, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Stopping does not hang; what is not recorded is delivered again by the next process."""
        async with asyncio.timeout(PATIENCE):
            async with journal_on(database, tmp_path) as journal:
                event_id = await append(journal, event(1), "a")
                Commits(database, monkeypatch).error = PeerUnavailableError("away")
                journal.record(event_id, "a", "done", 1)
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(journal.flush(), 0.01)

        assert (await database.fetch("SELECT state FROM deliveries"))[0]["state"] == "pending"

    async def test_outcomes_count_before_they_are_committed(self, journal: Journal) -> None:
        """Reading what is open right after an outcome was recorded does not give the delivery again."""
        ids = [await append(journal, event(number), "a") for number in range(5)]
        for event_id in ids[:3]:
            journal.record(event_id, "a", "done", 1)

        assert await open_for(journal, "a") == [("round:3:a", "a"), ("round:4:a", "a")]

    async def test_who_looks_and_is_cancelled_takes_nothing_of_others_along(self, journal: Journal) -> None:
        """What he had begun to write for all is written: an event that somebody publishes, an outcome."""
        done, waiting = await append(journal, event(1), "a"), await append(journal, event(2), "a")
        journal.record(done, "a", "done", 1)
        publishing = asyncio.create_task(append(journal, event(3), "a"))
        looking = asyncio.create_task(journal.waiting("a"))
        for _ in range(3):
            await asyncio.sleep(0)
        looking.cancel()

        async with asyncio.timeout(PATIENCE):
            new = await publishing
        await journal.flush()

        rows = await journal.open_deliveries(["a"])
        assert [row.event_id for row in rows] == [waiting, new]

    async def test_an_event_that_this_version_cannot_read_is_left_aside(
        self, journal: Journal, database: Database
    ) -> None:
        """One odd row does not keep the others, or the bot's start, from going on."""
        first = await append(journal, event(1), "a")
        await append(journal, event(2), "a")
        await database.execute("UPDATE events SET type = 'FromTheFuture' WHERE id = ?", (first,))

        assert await open_for(journal, "a") == [("round:2:a", "a")]


class TestOwners:
    """A delivery belongs to the process that published it until that ends."""

    async def test_a_living_owners_deliveries_are_not_taken_and_an_ended_ones_are(
        self, database: Database, tmp_path: Path
    ) -> None:
        """They are taken over as soon as its lock is gone."""
        async with journal_on(database, tmp_path) as mine:
            async with journal_on(database, tmp_path) as others:
                await append(others, event(1), "a")
                assert await mine.take_over() == 0
                assert await open_for(mine, "a") == []

            assert await mine.take_over() == 1

            assert await open_for(mine, "a") == [("round:1:a", "a")]

    async def test_a_process_with_another_storage_counts_as_ended_after_an_hour(
        self, database: Database, tmp_path: Path
    ) -> None:
        """Its lock cannot be seen from here."""
        clock = MovableClock()
        async with journal_on(database, tmp_path / "there", clock) as others:
            await append(others, event(1), "a")
        async with journal_on(database, tmp_path / "here", clock) as mine:
            assert await mine.take_over() == 0
            await clock.advance(3700)

            assert await mine.take_over() == 1

    async def test_catching_up_does_not_take_what_a_living_process_delivers(
        self, database: Database, tmp_path: Path
    ) -> None:
        """A new plugin gets old events; those that an import still delivers to others wait until it has ended."""
        async with journal_on(database, tmp_path) as mine:
            async with journal_on(database, tmp_path) as others:
                busy, quiet = await append(others, event(1), "a"), await append(others, event(2), "a")
                others.record(quiet, "a", "done", 1)
                await others.flush()
                await append(mine, event(3), "a")
                await append(mine, RoundNotice(server="x", map_name="m", round_number=1, round_end_unix=1.0), "a")

                await mine.catch_up("new", ["ImportedRound"])
                await mine.catch_up("new", ["ImportedRound"])

                assert await open_for(mine, "new") == [("round:2:a", "new"), ("round:3:a", "new")]
                assert await open_for(others, "a") == [("round:1:a", "a")]
            await mine.take_over()
            assert len(await open_for(mine, "new")) == 3
            assert busy < quiet

    async def test_catching_up_leaves_what_a_living_process_delivers_to_the_same_plugin(
        self, database: Database, tmp_path: Path
    ) -> None:
        """The bot looks every half minute; what an import has under way for a plugin of both is handled once."""
        async with journal_on(database, tmp_path) as mine, journal_on(database, tmp_path) as others:
            failed, _ = await append(others, event(1), "a"), await append(others, event(2), "a")
            others.record(failed, "a", "failed", 6, "ValueError: no")
            await others.flush()

            await mine.catch_up("a", ["ImportedRound"])
            await mine.retry_failed("a")

            assert await open_for(mine, "a") == [("round:1:a", "a")]
            assert await open_for(others, "a") == [("round:2:a", "a")]

    async def test_replay_makes_failed_deliveries_pending(self, database: Database, tmp_path: Path) -> None:
        """Only failed ones; an event that a living process still delivers stays that one's."""
        async with journal_on(database, tmp_path) as mine, journal_on(database, tmp_path) as others:
            mixed, failed = await append(others, event(1), "a", "b"), await append(others, event(2), "a", "b")
            for event_id, plugin, state in ((mixed, "a", "failed"), (failed, "a", "failed"), (failed, "b", "done")):
                others.record(event_id, plugin, state, 6, "ValueError: no")  # type: ignore[arg-type]
            await others.flush()
            assert [row["id"] for row in await mine.failed(10)] == [failed, mixed]

            count = await mine.replay([mixed, failed, 999])

            assert count == 2
            assert await mine.failed(10) == []
            assert await open_for(mine, "a", "b") == [("round:2:a", "a")]
            assert await open_for(others, "a", "b") == [("round:1:a", "a"), ("round:1:a", "b")]
            assert (await mine.open_deliveries(["a"]))[0].attempts == 0
            assert await mine.replay([]) == 0

    async def test_a_killed_process_leaves_its_deliveries_to_the_next(self, tmp_path: Path, database_url: str) -> None:
        """SIGKILL in a handler: the next start delivers what was committed, once, and counts attempts on."""
        write_plugin(tmp_path, "plain", recorder())
        home = tmp_path / "home"
        home.mkdir()
        async with Stage(plugins=["plain"], folders=[tmp_path], database=database_url, folder=home):
            pass
        await _publish_and_be_killed(database_url, home / "data" / "processes")

        async with Stage(plugins=["plain"], folders=[tmp_path], database=database_url, folder=home) as stage:
            await stage.settled()

            assert running(stage, "plain").seen == [1, 2]
            rows = await stage.db.fetch("SELECT state, attempts FROM deliveries ORDER BY event_id")
            assert [(row["state"], row["attempts"]) for row in rows] == [("done", 1), ("done", 4)]

    async def test_the_bot_takes_over_while_it_runs(self, tmp_path: Path, database_url: str) -> None:
        """What an import that has ended left pending is delivered within half a minute."""
        write_plugin(tmp_path, "plain", recorder())
        home = tmp_path / "home"
        home.mkdir()
        async with Stage(plugins=["plain"], folders=[tmp_path], database=database_url, folder=home) as stage:
            async with journal_on(stage.db, home / "data" / "processes") as importing:
                await append(importing, event(7), "plain")
                await stage.clock.advance(31)
                await stage.settled()
                assert running(stage, "plain").seen == []

            async with asyncio.timeout(PATIENCE):
                while running(stage, "plain").seen != [7]:
                    await stage.clock.advance(31)
                    await idle()
                    await stage.db.fetch("SELECT 1")


async def test_events_come_back_as_they_were(journal: Journal) -> None:
    """Every field survives the journal on both databases."""
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    published = [
        RoundNotice(
            server="puran",
            map_name="süpply \U0001f600 \"'",
            round_number=2,
            round_end_unix=1.5,
            pauses=(Pause(1.0, None), Pause(2.0, 3.0)),
            axis_players=(PlayerRef("0123456789abcdef0123456789abcdef", "^1a"),),
            received_at=moment,
            message_id=2**62,
        ),
        FetchedFile(
            server="puran", filename="2026-01-02-030405-supply-round-1.txt", sha256="0" * 64, modified_at=moment
        ),
    ]
    for one in published:
        await append(journal, one, "a")

    assert [found.event for found in await journal.open_deliveries(["a"])] == published


async def _publish_and_be_killed(url: str, processes: Path) -> None:
    """Run a process that commits two events, has failed the second three times, and is killed."""
    code = f"""
        import asyncio, os, signal
        from pathlib import Path
        from core.clock import Clock
        from core.db import open_database
        from core.hookspecs import CONTRACTS
        from core.journal import Journal
        from core.db.owners import Owners
        from roundhook import ImportedRound

        async def main():
            async with open_database({url!r}) as database:
                owners = Owners(Path({str(processes)!r}))
                with owners.present():
                    journal = Journal(database, owners, Clock(), CONTRACTS)
                    writing = asyncio.create_task(journal.run())
                    for number in (1, 2):
                        event = ImportedRound(round_id=number, file_sha256="a")
                        last = await journal.append(event, ["plain"], lambda *_: None)
                    journal.record(last, "plain", "pending", 3, "ValueError: no")
                    await journal.flush()
                    os.kill(os.getpid(), signal.SIGKILL)

        asyncio.run(main())
    """
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", textwrap.dedent(code), cwd=_ROOT)
    assert await process.wait() == -9


_ROOT = Path(__file__).parents[2]
