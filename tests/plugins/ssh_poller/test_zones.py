"""A time zone that is valid and wrong: told at the first file, and nothing is stored hours off."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.ssh_poller.client import RemoteFile
from plugins.ssh_poller.zones import names_behind, words
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugins.stats_import.invented import PLAYERS, name_of, named, stats_file

PLUGINS = ["ssh_poller", "stats_import"]
OFTEN = {"poll_seconds": 0.05, "look_seconds": 0.02}
NOW = datetime(2026, 1, 10, 21, tzinfo=UTC)


def config(zone: str, **more: Any) -> dict[str, Any]:
    return {"servers": {"local": {"timezone": zone}}, "plugin": {"ssh_poller": {**OFTEN, **more}}}


async def told(stage: Stage, text: str) -> str:
    message = await stage.discord.wait_for_message(
        stage.discord.admin_channel, lambda one: text in one.text, timeout=PATIENCE
    )
    return str(message.text)


async def stored(stage: Stage, count: int) -> None:
    async def enough() -> bool:
        return await stage.count("stats_files") >= count

    await stage.until(enough, timeout=PATIENCE)
    await stage.settled()


async def test_the_first_backfill_waits_for_the_right_zone(database_url: str, tmp_path: Path) -> None:
    """One trouble that names server and zone, nothing stored; put right, all is taken and the trouble is over."""
    async with Stage(PLUGINS, config=config("Asia/Tokyo"), database=database_url, folder=tmp_path) as stage:
        game = stage.games["local"]
        for number in range(3):
            await game.play_round(map_name=f"map{number}", send_notice=False)
        said = await told(stage, "is the zone")
        await game.play_round(map_name="later", send_notice=False)
        await stage.clock.advance(120)
        await stage.settled()
        assert await stage.count("stats_files") == 0
        assert sum("is the zone" in str(one.text) for one in stage.discord.messages(stage.discord.admin_channel)) == 1

    async with Stage(PLUGINS, config=config("UTC"), database=database_url, folder=tmp_path) as stage:
        await stored(stage, 4)
        assert "that is over" in await told(stage, "that is over")

    assert "local: names are 9 h behind the files' times: is the zone Asia/Tokyo right?" in said
    assert "servers.local.timezone" in said
    assert "roundhook import --reread --server local" in said


async def test_who_knows_better_says_so(database_url: str) -> None:
    """A server among the trusted ones is fetched, and nobody is asked."""
    settings = config("America/New_York", trusted_names=["local"])
    async with Stage(PLUGINS, config=settings, database=database_url) as stage:
        await stage.games["local"].play_round(map_name="supply", send_notice=False)
        await stored(stage, 1)
        assert stage.discord.messages(stage.discord.admin_channel) == []


async def test_a_server_that_is_known_goes_on(database_url: str, tmp_path: Path) -> None:
    """Where rounds are stored already the question is asked, and what is played is stored all the same."""
    async with Stage(PLUGINS, config=config("UTC"), database=database_url, folder=tmp_path) as stage:
        await stage.games["local"].play_round(map_name="supply", send_notice=False)
        await stored(stage, 1)

    async with Stage(PLUGINS, config=config("Asia/Kolkata"), database=database_url, folder=tmp_path) as stage:
        await stage.games["local"].play_round(map_name="radar", send_notice=False)
        await stored(stage, 2)
        assert "names are 5 h 30 min behind the files' times" in await told(stage, "is the zone")


async def test_a_folder_whose_times_were_lost_is_fetched(database_url: str) -> None:
    """Copied files have the time of the copy, for all of them: that is no reason to wait."""
    async with Stage(PLUGINS, config=config("UTC"), database=database_url) as stage:
        root = stage.games["local"].root
        names = [name_of(f"{stage.clock.now() - timedelta(hours=number):%Y-%m-%d-%H%M%S}") for number in range(1, 6)]
        for number, name in enumerate(names, 1):
            (root / name).write_bytes(stats_file(shown=f"{number}:00", players=PLAYERS))
        now = stage.clock.now().timestamp()
        for name in names:
            os.utime(root / name, (now, now))
        await stored(stage, 5)
        assert stage.discord.messages(stage.discord.admin_channel) == []


def listed(hours: float, *, off: float = 0.0, seconds: float = 1) -> RemoteFile:
    """Return a file of *hours* ago whose name is in a zone that is *off* by so many hours, written in UTC."""
    moment = NOW - timedelta(hours=hours)
    name = named(name_of(f"{moment - timedelta(hours=off):%Y-%m-%d-%H%M%S}"))
    return RemoteFile(name, 10, int((moment + timedelta(seconds=seconds)).timestamp()))


@pytest.mark.parametrize(
    ("files", "behind"),
    [
        ([], None),
        ([listed(0)], 0),
        ([listed(0, off=8)], 8 * 3600),
        ([listed(0, off=-5.75)], -20700),
        ([listed(0, off=25)], None),
        ([listed(0, off=8.1)], None),
        ([listed(number, seconds=3600 * 24 * 40) for number in range(9)], None),
        ([*(listed(number, off=8) for number in range(9)), listed(11, seconds=5000)], 8 * 3600),
        ([*(listed(500 + number, off=1) for number in range(90)), *(listed(number) for number in range(90))], 3600),
        ([*(listed(500 + number, off=1) for number in range(9)), *(listed(number) for number in range(90))], 0),
        ([*(listed(500 + number) for number in range(900)), *(listed(number, off=1) for number in range(30))], 3600),
    ],
)
def test_what_shows_a_wrong_zone(files: list[RemoteFile], behind: int | None) -> None:
    """Whole quarters of an hour, at most a day; how it is now counts, and a part of the year that is wrong."""
    assert names_behind(files, ZoneInfo("UTC")) == behind


@given(st.sets(st.integers(1, 4000), min_size=1, max_size=30), st.integers(0, 3))
def test_the_right_zone_is_never_doubted(hours: set[int], seconds: int) -> None:
    """Whatever was played when, also in the hours of a clock change."""
    zone = ZoneInfo("Europe/Ljubljana")
    files = [
        RemoteFile(named(name_of(f"{(moment := NOW - timedelta(hours=one)).astimezone(zone):%Y-%m-%d-%H%M%S}")), 10,
                   int(moment.timestamp()) + seconds)
        for one in hours
    ]  # fmt: skip
    assert names_behind(files, zone) == 0


def test_differences_in_words() -> None:
    assert (words(28800), words(-2700)) == ("8 h behind", "45 min ahead of")
