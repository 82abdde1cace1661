"""Which R2 belongs to which R1."""

from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from plugins.stats_import.pairing import Played, base_status, chains, pair, read_clock, result_of
from plugins.stats_import.parser import parse_stats_file
from tests.plugins.stats_import.invented import PLAYERS, name_of, named, stats_file

MINUTE = 60


def first(at: int, name: str = "", map_name: str = "supply", limit: int = 720, shown: int = 365) -> Played:
    return Played(name or f"first{at}", at * MINUTE, map_name, 1, False, limit, shown)


def second(at: int, name: str = "", map_name: str = "supply", limit: int = 365, shown: int = 365) -> Played:
    return Played(name or f"second{at}", at * MINUTE, map_name, 2, False, limit, shown)


@pytest.mark.parametrize(
    ("rounds", "pairs"),
    [
        ([first(0), second(10)], {"second10": "first0"}),
        ([first(0), second(45)], {"second45": "first0"}),
        ([first(0), second(46)], {}),
        ([second(0), first(10)], {}),
        ([first(0), second(10, map_name="radar")], {}),
        ([first(0), first(10), second(20)], {"second20": "first10"}),
        ([first(0), first(10, map_name="radar"), second(20)], {}),
        ([first(0), second(10), second(20)], {"second10": "first0"}),
        ([first(0), replace(first(5), aborted=True), second(10)], {"second10": "first0"}),
        ([first(0), replace(second(5), aborted=True), second(10)], {"second10": "first0"}),
        ([first(0, shown=300), second(10, limit=301)], {}),
        ([first(0, shown=300), second(10, limit=301), second(12, limit=300)], {"second12": "first0"}),
        ([first(0, shown=0), second(10, limit=301)], {"second10": "first0"}),
        ([first(0, shown=900), second(10, limit=301)], {"second10": "first0"}),
        ([first(0, "a"), second(0, "b")], {"b": "a"}),
    ],
)
def test_the_rule(rounds: list[Played], pairs: dict[str, str]) -> None:
    """The open R1 of the same map, at most 45 minutes before, with a fitting limit; used once; closed by the next."""
    assert pair(rounds) == pairs
    assert pair(reversed(rounds)) == pairs


def test_all_real_pairs(samples: Path) -> None:
    """The real files hold 66 pairs, and each one's limit is what its R1 left to beat."""
    played, files = [], {}
    for path in samples.glob("*-round-[12].txt"):
        name = named(path.name)
        file = files[path.name] = parse_stats_file(path.read_bytes(), name)
        time = int(name.played_at(ZoneInfo("Europe/Ljubljana")).timestamp())
        aborted = base_status(file) == "aborted"
        limits = file.time_limit_seconds, file.time_shown_seconds
        played.append(Played(path.name, time, file.map_name, file.round_number, aborted, *limits))

    pairs = pair(played)

    assert len(pairs) == 66
    assert all(files[two].time_limit_seconds == files[one].time_shown_seconds for two, one in pairs.items())


def test_a_repeated_hour_is_read_so_that_rounds_pair() -> None:
    """An R2 named before its R1 is taken an hour later, an R1 with its R2 too; without need nothing is moved."""
    shift = 60

    def either(one: Played) -> Played:
        return replace(one, other_time=one.time + shift * MINUTE)

    across = [either(first(50)), either(second(3))]
    beyond = [either(first(55)), second(65 + shift)]
    plain = [either(first(10)), either(second(20))]

    assert pair(read_clock(across)) == {"second3": "first50"}
    assert pair(read_clock(beyond)) == {"second125": "first55"}
    assert read_clock(plain) == plain


@pytest.mark.parametrize(
    ("header", "players", "number", "status"),
    [
        ({}, PLAYERS, 1, "ok"),
        ({}, (), 1, "empty"),
        ({"shown": "12:01"}, PLAYERS, 1, "aborted"),
        ({"ninth": "0"}, PLAYERS, 1, "aborted"),
        ({"ninth": "365000"}, PLAYERS, 1, "ok"),
        ({}, PLAYERS, 2, "unplayed"),
        ({}, [player.later() for player in PLAYERS], 2, "ok"),
        ({}, [PLAYERS[0].later(), *PLAYERS[1:]], 2, "ok"),
    ],
)
def test_status_by_itself(header: dict[str, str], players: object, number: int, status: str) -> None:
    """Empty, aborted, or to be paired."""
    data = stats_file(number=number, players=players, **header)  # type: ignore[arg-type]
    file = parse_stats_file(data, named(name_of("2025-10-19-220000", number=number)))

    assert base_status(file) == status
    assert base_status(file, aborted_notice=True) == ("empty" if status == "empty" else "aborted")


@pytest.mark.parametrize(
    ("one", "two", "result"),
    [
        ((2, 1), (2, 1), "second_attackers"),
        ((2, 1), (1, 1), "first_attackers"),
        ((1, 1), (2, 1), "second_attackers"),
        ((1, 1), (1, 1), "draw"),
        ((0, 1), (1, 1), None),
    ],
)
def test_result(one: tuple[int, int], two: tuple[int, int], result: str | None) -> None:
    """The stopwatch rule, from (winner, defender) of both rounds."""
    assert result_of(one, two) == result


def test_sessions_are_cut_at_gaps_above_an_hour() -> None:
    """Sixty minutes are one evening, sixty-one are two."""
    times = [0, 3600, 7200, 10801]

    assert chains(times) == [range(3), range(3, 4)]
    assert chains([]) == []
    assert all(b - a <= 3600 for chain in chains(times) for a, b in pairwise([times[i] for i in chain]))
