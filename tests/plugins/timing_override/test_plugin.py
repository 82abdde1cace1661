"""The times of stored rounds: late and implausible notices, attempts that fail first, reloads."""

from pathlib import Path
from typing import Any

import pytest

from roundhook.testing import Stage
from tests.plugin_maker import recorder, running, write_plugin
from tests.plugins.away import once_away
from tests.plugins.notices import notice
from tests.plugins.rounds import filename, play
from tests.plugins.stats_import.invented import Line, stats_file

PLUGINS = ["stats_import", "timing_override"]
HELD: dict[str, Any] = {"winner": 1, "shown": "12:00", "players": [Line("AAAAAAA1", tenths=84)]}
"""Axis held for what the header calls twelve minutes; the player's clock says 8:24."""


async def the_round(stage: Stage) -> dict[str, Any]:
    await stage.settled()
    return (await stage.db.fetch("SELECT * FROM rounds"))[0]


def about(row: dict[str, Any], **changes: Any) -> Any:
    """Return the notice of a stored round."""
    end = row["played_at"].timestamp() - 4
    return notice(map_name=row["map_name"], round_end_unix=end, round_start_unix=end - 549, **changes)


async def test_a_notice_gives_the_true_times(database_url: str) -> None:
    """A late notice fills the timing columns, also after a reload; an implausible one keeps the file's view."""
    async with Stage(PLUGINS, database=database_url) as stage:
        implausible = await play(stage, "radar", ago=300, **HELD)
        await stage.publish(about(implausible, actual_duration_seconds=9999))
        row = await play(stage, **HELD)
        report = await stage.plugins.reload("timing_override")
        await stage.publish(about(row, pause_count=1, total_pause_seconds=37))
        await stage.settled()
        kept, corrected = await stage.db.fetch("SELECT * FROM rounds ORDER BY id")

    end = round(row["played_at"].timestamp() - 4)
    assert report.ok, report.error
    assert (row["actual_duration_seconds"], row["duration_source"], row["end_reason"]) == (504, "players", None)
    assert (row["round_end_unix"], row["pause_count"], row["revision"]) == (None, None, 1)
    assert (corrected["actual_duration_seconds"], corrected["duration_source"]) == (512, "notice")
    assert (corrected["round_start_unix"], corrected["round_end_unix"]) == (end - 549, end)
    assert (corrected["pause_count"], corrected["total_pause_seconds"]) == (1, 37)
    assert (corrected["end_reason"], corrected["time_shown_seconds"]) == ("surrender", 720)
    assert (corrected["file_duration_seconds"], corrected["revision"]) == (504, 2)
    assert (kept["actual_duration_seconds"], kept["duration_source"]) == (504, "players")
    assert kept["round_start_unix"] is None
    assert "9999 s are more than the limit of 720 s" in kept["duration_note"]


async def test_the_others_see_the_corrected_time(tmp_path: Path) -> None:
    """Whoever hears of a round after it reads the notice's time already, and no amendment follows."""
    reads = "self.seen.append((await self.ctx.db.fetch('SELECT actual_duration_seconds AS n FROM rounds'))[0]['n'])"
    write_plugin(tmp_path, "listener", recorder(body=reads))
    async with Stage([*PLUGINS, "listener"], folders=[tmp_path]) as stage:
        await stage.publish(notice(round_end_unix=stage.clock.now().timestamp() - 64))
        row = await play(stage, **HELD)
        amendments = await stage.db.fetch("SELECT key FROM events WHERE type = 'RoundAmended'")

        assert running(stage, "listener").seen == [512, row["id"]]
        assert amendments == []
        assert row["revision"] == 1


LONG_PAUSE = 600.0
BREAK = {
    "sqlite": ["CREATE TRIGGER broken BEFORE UPDATE OF duration_source ON rounds BEGIN SELECT RAISE(ABORT, 'no'); END"],
    "postgres": [
        "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'no'; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER broken BEFORE UPDATE OF duration_source ON rounds FOR EACH ROW EXECUTE FUNCTION refuse()",
    ],
}
MEND = {"sqlite": "DROP TRIGGER broken", "postgres": "DROP TRIGGER broken ON rounds"}


@pytest.fixture
def _long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """No retry comes by itself while a test runs: the clock goes on in real time, too."""
    monkeypatch.setattr("core.kernel.dispatcher.RETRY_SECONDS", (LONG_PAUSE,))


async def _fail_first(stage: Stage) -> None:
    """Play a round of which the correction cannot be written, wait until that has failed, and mend the database."""
    for statement in BREAK[stage.db.dialect]:
        await stage.db.execute(statement)
    await stage.publish(notice(round_end_unix=stage.clock.now().timestamp() - 64))
    await stage.settled()  # stored before the file comes: else it changes the round once more
    await stage.publish(await stage.app.services.files.put("local", filename(stage), stats_file(**HELD)))
    await stage.until(lambda: _is_told(stage))
    await stage.db.execute(MEND[stage.db.dialect])


async def _is_told(stage: Stage) -> bool:
    """Tell whether the listener, which comes after it, has heard of the round."""
    return len(running(stage, "listener").seen) == 1


@pytest.mark.usefixtures("_long_pauses")
async def test_a_retry_that_changes_a_round_says_so(database_url: str, tmp_path: Path) -> None:
    """Its first attempt fails: the others go on with the file's time, and hear of the correction by an amendment."""
    write_plugin(tmp_path, "listener", recorder())
    async with Stage([*PLUGINS, "listener"], folders=[tmp_path], database=database_url) as stage:
        await _fail_first(stage)
        before = (await stage.db.fetch("SELECT * FROM rounds"))[0]
        await stage.clock.advance(LONG_PAUSE)
        after = await the_round(stage)
        heard = list(running(stage, "listener").seen)

    assert before["duration_source"] == "players"
    assert (after["actual_duration_seconds"], after["duration_source"], after["revision"]) == (512, "notice", 2)
    assert heard == [after["id"], ("amended", after["id"], 2)]


async def test_a_retry_that_could_not_say_so_is_tried_again(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database goes away before the amendment is published: the correction comes with it or not at all."""
    monkeypatch.setattr("core.kernel.dispatcher.RETRY_SECONDS", (LONG_PAUSE, 0.0))
    write_plugin(tmp_path, "listener", recorder())
    async with Stage([*PLUGINS, "listener"], folders=[tmp_path], database=database_url) as stage:
        await _fail_first(stage)
        failed = once_away(stage, "timing_override", monkeypatch)
        await stage.clock.advance(LONG_PAUSE)
        row = await the_round(stage)

        assert failed
        assert (row["actual_duration_seconds"], row["revision"]) == (512, 2)
        assert running(stage, "listener").seen == [row["id"], ("amended", row["id"], 2)]


@pytest.mark.usefixtures("_long_pauses")
async def test_a_reload_before_the_retry_forgets_nothing(tmp_path: Path) -> None:
    """The next generation knows that the first attempt failed in the one before."""
    write_plugin(tmp_path, "listener", recorder())
    async with Stage([*PLUGINS, "listener"], folders=[tmp_path]) as stage:
        await _fail_first(stage)
        report = await stage.plugins.reload("timing_override")
        await stage.clock.advance(LONG_PAUSE)
        row = await the_round(stage)

        assert report.ok, report.error
        assert running(stage, "listener").seen == [row["id"], ("amended", row["id"], 2)]


@pytest.mark.usefixtures("_long_pauses")
async def test_a_restart_before_the_retry_forgets_nothing(database_url: str, tmp_path: Path) -> None:
    """The next process makes the retry of the one before, and tells the others."""
    write_plugin(tmp_path, "listener", recorder())
    options: dict[str, Any] = {"folders": [tmp_path], "database": database_url, "folder": tmp_path / "stage"}
    (tmp_path / "stage").mkdir()
    async with Stage([*PLUGINS, "listener"], **options) as stage:
        await _fail_first(stage)
    async with Stage([*PLUGINS, "listener"], **options) as stage:
        row = await the_round(stage)

        assert (row["actual_duration_seconds"], row["revision"]) == (512, 2)
        assert running(stage, "listener").seen == [("amended", row["id"], 2)]
