"""Tests of redline, with everything real but the two ends."""

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from roundhook.__main__ import main
from roundhook.testing import Stage

FOLDER = Path(__file__).parents[1]
SAMPLES = FOLDER / "samples"
NOW = 1795777300
SIZE = "SELECT (SELECT count(*) FROM redline_races) AS races, (SELECT count(*) FROM redline_results) AS results"


@asynccontextmanager
async def redline(**options: Any) -> AsyncIterator[Stage]:
    """A stage on which redline hears of results that the webhook ``redline`` posts, at the time of the samples."""
    async with Stage(plugins=["redline"], folders=[FOLDER], **options) as stage:
        await stage.clock.advance(NOW - stage.clock.now().timestamp())
        channel = stage.discord.add_channel("results")
        webhook = stage.discord.add_webhook("redline", channel)
        for key, value in (("webhook_ids", str(webhook.id)), ("channel", str(channel))):
            asked = {"name": "redline", "key": key, "value": value, "everywhere": True}
            await stage.discord.invoke("plugin settings", user=stage.discord.owner_id, admin=True, options=asked)
        await stage.settled()
        yield stage


async def post(stage: Stage, *lines: dict[str, Any] | str) -> None:
    """Let the game post, in a message of its own."""
    text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
    await stage.discord.post_webhook("redline", content=text)


def race(number: int, *, ended: int = 1795777200) -> dict[str, Any]:
    """Return a race of two, which ``a`` wins."""
    drivers = [
        {"id": name, "name": name.upper(), "grid": place, "laps": 3, "time_ms": 1000 * place}
        for place, name in enumerate("ab", 1)
    ]
    return {"race": f"R-{number}", "server": "eu-1", "track": "Oval", "laps": 3, "ended": ended, "drivers": drivers}


async def test_a_race_is_posted_and_a_late_ruling_edits_it() -> None:
    """One message with a picture; the same line again is nothing; points follow the order of now."""
    async with redline() as stage:
        channel = stage.discord.stats_channel
        await stage.discord.post_webhook("redline", files={"race.jsonl": (SAMPLES / "summit.jsonl").read_bytes()})
        first = (await stage.discord.wait_for_message(channel)).snapshot()
        ruling = {"race": "R-1042", "ruling": 1, "driver": "bex", "penalty_ms": 5000, "reason": "cut the chicane"}
        await post(stage, ruling, ruling)
        await stage.discord.wait_for_message(channel, lambda message: "Nika wins" in message.text)
        await stage.settled()

        (edited,) = stage.discord.messages(channel)
        assert first.text.startswith("Summit Road: Bex wins")
        assert edited.text == "Summit Road: Nika wins\nR-1042 · rulings: 1"
        assert edited.id == first.id
        (picture,) = edited.files.values()
        assert picture.startswith(b"\x89PNG")
        assert picture not in first.files.values()

        assert (await stage.discord.invoke("race", user=7)).text == edited.text
        lost = await stage.discord.invoke("race", user=7, options={"id": "R-9"})
        assert lost.text == "There is no race R-9. Leave the id out for the latest one."
        assert (await stage.discord.autocomplete("race", "id", "summ"))[0]["value"] == "R-1042"
        drivers = (await stage.discord.invoke("drivers", user=7)).text.splitlines()
        assert drivers[:2] == ["1. **Nika** 11 points · 1 wins in 1", "2. **Bex** 8 points · 0 wins in 1"]


async def test_what_is_bad_is_refused_as_a_whole_and_told() -> None:
    """A message of somebody else is nothing; what comes after a bad one is taken; a ruling may come first."""
    async with redline() as stage:
        await stage.discord.post_message(json.dumps(race(1)))
        await post(stage, race(2), "{")
        await post(stage, "[]")
        await post(stage, race(3) | {"drivers": []})
        await post(stage, "[" * 1500)
        await post(stage, {"race": "R-4", "ruling": 1, "driver": "a", "disqualified": True})
        await post(stage, race(4))
        await post(stage, race(4) | {"laps": 4})
        await stage.discord.wait_for_message(stage.discord.stats_channel, lambda m: "Oval: B wins" in m.text)
        await stage.discord.wait_for_message(stage.discord.admin_channel, lambda m: "is a ruling" in m.text)

        assert await stage.db.fetch(SIZE) == [{"races": 1, "results": 2}]
        said = "\n".join(one.text for one in stage.discord.messages(stage.discord.admin_channel))
        for text in ("Line 2 is not to be understood: it is no JSON.", "it is no JSON object", "a list of 1 to 40"):
            assert text in said


async def test_nothing_is_lost_or_doubled_while_it_is_reloaded() -> None:
    """Sixty races, each with a ruling, in messages of their own, and ten reloads meanwhile; two are of now."""
    async with redline() as stage:

        async def come() -> None:
            for number in range(60):
                await post(stage, race(number, ended=NOW - (60 if number in (20, 40) else 7200)))
                await post(stage, {"race": f"R-{number}", "ruling": 1, "driver": "a", "penalty_ms": 5000})

        coming = asyncio.create_task(come())
        reports = [await stage.plugins.reload("redline") for _ in range(10)]
        await coming
        await stage.until(lambda: _told_of(stage, 120))
        await stage.settled()

        assert all(report.ok for report in reports)
        assert await stage.db.fetch(SIZE) == [{"races": 60, "results": 120}]
        won = "SELECT driver, count(*) AS n FROM redline_results WHERE place = 1 GROUP BY driver"
        assert await stage.db.fetch(won) == [{"driver": "b", "n": 60}]
        done = "SELECT state, attempts, count(*) AS n FROM deliveries GROUP BY state, attempts"
        assert await stage.db.fetch(done) == [{"state": "done", "attempts": 1, "n": 120}]
        said = sorted(message.text for message in stage.discord.messages(stage.discord.stats_channel))
        assert said == [f"Oval: B wins\nR-{number} · rulings: 1" for number in (20, 40)]


async def _told_of(stage: Stage, count: int) -> bool:
    return await stage.count("events") == count


def test_the_terminal_stores_files_in_any_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The tables follow from the lines alone; again changes nothing; a bad file is named, and the rest is stored."""
    lines = [line for file in sorted(SAMPLES.iterdir()) for line in file.read_text("utf-8").splitlines()]
    files = []
    for number, line in enumerate(lines):
        files.append(tmp_path / f"{number}.jsonl")
        files[-1].write_text(line, "utf-8")
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"race": "R-1"}', "utf-8")

    whole = imported(tmp_path / "whole", *sorted(SAMPLES.iterdir()))
    turned = imported(tmp_path / "turned", *reversed(files), *files)
    assert whole == turned
    assert whole["R-1043"] == [("tomo", 1, 10, 752655), ("nika", 2, 9, 749800), ("bex", None, 0, 760031)]
    assert (len(whole["R-1041"]), len(whole["R-1042"])) == (4, 3)
    capsys.readouterr()
    assert imported(tmp_path / "whole", bad, files[0], code=1) == whole
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"refused: {bad}: Line 1 is not to be understood: drivers must be a list")
    assert said[1] == "R-1041: Harbour Loop, 4 drivers, rulings: 0"


def imported(place: Path, *files: Path, code: int = 0) -> dict[str, list[tuple[Any, ...]]]:
    """Import *files* into the database in *place*; return driver, place, points and time by race."""
    place.mkdir(exist_ok=True)
    config = place / "roundhook.toml"
    config.write_text(f'[plugins]\npaths = ["{FOLDER.as_posix()}"]\nenabled = ["redline"]\n', "utf-8")
    mask = os.umask(0o077)
    try:
        assert main(["redline", "import", *map(str, files), "--config", str(config)]) == code
    finally:
        os.umask(mask)
    with closing(sqlite3.connect(place / "roundhook.db")) as database:
        rows = database.execute(
            "SELECT race, driver, place, points, time_ms FROM redline_results ORDER BY race, place IS NULL, place"
        ).fetchall()
    return {race: [row[1:] for row in rows if row[0] == race] for race in {row[0] for row in rows}}
