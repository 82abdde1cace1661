"""Rounds on a stage: invented stats files, handed over as a plugin that fetches hands them over."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from roundhook.rounds import Trigger
from roundhook.testing import Stage
from tests.plugins.stats_import.invented import ENDSTATS, PLAYERS, Line, name_of, stats_file

AWKWARD = "@everyone**_`~~||<@7>[a](b)>#*_`~"
"""Markdown of every kind, and two mentions."""


def crowd(count: int) -> list[Line]:
    """Return so many players, half of them on each side, with names of 35 bytes full of Markdown."""
    return [
        Line(f"C{number:07X}", f"{AWKWARD}{number:02d}", side=1 + number % 2, tenths=50 + number % 20)
        for number in range(count)
    ]


def filename(stage: Stage, map_name: str = "supply", number: int = 1, *, ago: float = 60, end: str = "") -> str:
    """Return the name of a file that was written *ago* seconds before the stage's time."""
    return name_of(f"{stage.clock.now() - timedelta(seconds=ago):%Y-%m-%d-%H%M%S}", map_name, number, end)


async def hand_over(
    stage: Stage, name: str, data: bytes, *, server: str = "local", trigger: Trigger = "poll"
) -> dict[str, Any]:
    """Publish a fetched file, wait until everything about it is done, and return the row of its round, if any."""
    file = await stage.app.services.files.put(server, name, data, trigger=trigger)
    await stage.publish(file)
    await stage.settled()
    rows = await stage.db.fetch("SELECT * FROM rounds WHERE server = ? AND filename = ?", (server, name))
    return rows[0] if rows else {}


async def play(
    stage: Stage,
    map_name: str = "supply",
    *,
    ago: float = 60,
    players: Iterable[Line] = PLAYERS,
    server: str = "local",
    trigger: Trigger = "poll",
    **header: Any,
) -> dict[str, Any]:
    """Hand over a round 1 and return its row."""
    data = stats_file(map_name, players=players, **header)
    return await hand_over(stage, filename(stage, map_name, ago=ago), data, server=server, trigger=trigger)


async def play_match(
    stage: Stage, map_name: str = "supply", *, ago: float = 60, players: Sequence[Line] = PLAYERS, server: str = "local"
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Hand over both rounds of a map, ten minutes apart, and return their rows: the first is beaten, the second held.

    *ago* is when the second was written. The numbers are the map's own, so that no two maps are the same content.
    """
    people = [replace(player, fields={9: len(map_name), **player.fields}) for player in players]
    later = [player.later() for player in people]
    first = await play(stage, map_name, ago=ago + 600, players=people, server=server)
    data = stats_file(map_name, 2, later, limit="6:05", shown="6:05", winner=1)
    second = await hand_over(stage, filename(stage, map_name, 2, ago=ago), data, server=server)
    return first, second


async def give_awards(stage: Stage, map_name: str = "supply", number: int = 1, *, ago: float = 60) -> None:
    """Hand over the endstats file of a round that was written *ago* seconds before."""
    await hand_over(stage, filename(stage, map_name, number, ago=ago, end="-endstats"), ENDSTATS)
