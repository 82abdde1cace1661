"""Writes whole invented evenings as a game server would: thousands of stats files in the real format, all different.

An evening is one line-up (3v3 to 6v6) on several maps; each map has R1 and R2, sides swapped, R2 counting on from R1.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from devkit.game.battle import Battle, Tally
from devkit.game.people import ALLIES, AXIS, Player, invent_players
from devkit.game.stats_file import Header, filename, lines

MAPS = ("supply", "te_escape2", "etl_adlernest", "sw_goldrush_te", "etl_sp_delivery", "et_brewdog", "etl_frostbite",
        "erdenberg_t2", "braundorf_b4", "etl_ice", "bremen_b3")  # fmt: skip
PEOPLE = 120
LIMIT_SECONDS = 12 * 60
FIRST_EVENING = datetime(2024, 1, 5, 20)  # noqa: DTZ001 - a game server's wall clock
HELD = 0.4
"""How often the defenders hold."""


@dataclass(frozen=True, slots=True)
class Half:
    """One round on its way into a file."""

    map_name: str
    number: int
    limit: float
    players: tuple[Player, ...]
    written: datetime


def write_corpus(folder: Path, count: int, *, seed: int = 1) -> list[Path]:
    """Write *count* files into *folder* (two for each map) and return their paths in the order of time."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in corpus(count, seed=seed):
        path = folder / name
        path.write_bytes(content)
        paths.append(path)
    return paths


def corpus(count: int, *, seed: int = 1) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of *count* files, evening after evening."""
    chance = random.Random(f"corpus {seed}")
    people = invent_players(PEOPLE, seed=seed)
    moment, left = FIRST_EVENING, count
    while left > 0:
        for file in _evening(chance, people, moment):
            if left > 0:
                yield file
                left -= 1
        moment += timedelta(days=chance.randint(1, 3))


def _evening(chance: random.Random, people: Sequence[Player], start: datetime) -> Iterator[tuple[str, bytes]]:
    size = chance.choice((3, 3, 3, 4, 4, 5, 6))
    chosen = chance.sample(people, 2 * size)
    line_up = tuple(replace(one, side=AXIS if place < size else ALLIES) for place, one in enumerate(chosen))
    moment = start + timedelta(minutes=chance.randint(0, 90))
    for _ in range(chance.randint(5, 11)):
        for half, content in _map(chance, line_up, moment):
            yield filename(half.written, half.map_name, half.number), content
            moment = half.written + timedelta(seconds=chance.randint(60, 240))
        line_up = tuple(_swapped(one) for one in line_up)


def _map(chance: random.Random, line_up: tuple[Player, ...], start: datetime) -> Iterator[tuple[Half, bytes]]:
    map_name, first = chance.choice(MAPS), dict[str, Tally]()
    limit: float = LIMIT_SECONDS
    for number in (1, 2):
        held = chance.random() < HELD
        seconds = limit if held else chance.uniform(min(120, limit / 2), limit - 1)
        written = start + timedelta(seconds=round(seconds) + 40)
        half = Half(map_name, number, limit, line_up, written)
        tallies = Battle(line_up, seconds, chance.getrandbits(48)).play()
        yield half, _content(half, seconds, tallies, first, held=held)
        first, limit, start = tallies, seconds, written + timedelta(seconds=60)
        line_up = tuple(_swapped(one) for one in line_up)


def _content(
    half: Half, seconds: float, tallies: dict[str, Tally], first: dict[str, Tally], *, held: bool
) -> bytes:  # fmt: skip
    header = Header(
        map_name=half.map_name, round_number=half.number, defender=AXIS, winner=AXIS if held else ALLIES,
        time_limit=half.limit, next_limit=half.limit if held else seconds,
    )  # fmt: skip
    return b"".join(lines(header, half.players, tallies, first))


def _swapped(player: Player) -> Player:
    return replace(player, side=AXIS + ALLIES - player.side)
