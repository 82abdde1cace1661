"""R2 alone is R2 - R1."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plugins.stats_import.difference import PLAYER_COLUMNS, WEAPON_COLUMNS, rows_of
from plugins.stats_import.parser import StatsFile, parse_stats_file
from tests.plugins.stats_import.invented import CUMULATIVE, GRENADE, KNIFE, MP40, Line, name_of, named, stats_file

ONE = Line("AAAAAAA1", "one")


def first(*players: Line, count: int = 38) -> StatsFile:
    return parse_stats_file(stats_file(players=players, count=count), named(name_of("2025-10-19-220000")))


def second(*players: Line, count: int = 38) -> StatsFile:
    data = stats_file(number=2, players=players, limit="6:05", shown="6:05", winner=1, count=count)
    return parse_stats_file(data, named(name_of("2025-10-19-221000", number=2)))


def players_of(file: StatsFile, before: StatsFile | None = None) -> dict[str, dict[str, Any]]:
    rows = (dict(zip(PLAYER_COLUMNS, row, strict=True)) for row in rows_of(file, before).players)
    return {row["guid"]: row for row in rows}


def weapons_of(file: StatsFile, before: StatsFile | None = None) -> dict[str, dict[str, Any]]:
    rows = (dict(zip(WEAPON_COLUMNS, row, strict=True)) for row in rows_of(file, before).weapons)
    return {row["weapon"]: row for row in rows}


def test_first_round_as_written() -> None:
    """An R1's numbers are taken as they are."""
    row = players_of(first(ONE))["AAAAAAA1"]

    assert (row["hits"], row["shots"], row["kills"], row["deaths"], row["headshots"]) == (20, 50, 3, 2, 5)
    assert (row["damage_given"], row["team_gibs"], row["xp"], row["revives_given"]) == (100, 107, 109, 137)
    assert (row["time_played_seconds"], row["time_dead_seconds"]) == (360, 180)


def test_cumulative_columns_are_subtracted_the_others_are_not() -> None:
    """Damage, weapons and time are R2 - R1; XP, dynamites, revives and the like are R2's own."""
    row = players_of(second(ONE.later()), first(ONE))["AAAAAAA1"]

    assert (row["hits"], row["shots"], row["kills"], row["deaths"], row["headshots"]) == (20, 50, 3, 2, 5)
    assert [row[name] for name in ("damage_given", "gibs", "self_kills", "team_gibs")] == [100, 104, 105, 107]
    assert (row["xp"], row["dynamites_planted"], row["useful_kills"], row["constructions"]) == (109, 117, 127, 136)
    assert (row["time_played_seconds"], row["side"]) == (300, 2)
    assert (row["multikills_2"], row["multikills_6"], row["useless_kills"], row["full_self_kills"]) == (
        129, 133, 134, 135,
    )  # fmt: skip


def test_time_is_subtracted_in_tenths() -> None:
    """7.7 - 3.9 minutes are 228 seconds, not 227."""
    before = replace(ONE, tenths=39)

    assert players_of(second(before.later(tenths=38)), first(before))["AAAAAAA1"]["time_played_seconds"] == 228


def test_knife_shots_handed_back_are_clamped() -> None:
    """Knife shots may fall between the rounds, and a knife group may go; neither gives a negative number."""
    before = replace(ONE, weapons={KNIFE: (1, 5, 0, 0, 0), MP40: (20, 50, 3, 2, 5)})
    fewer = replace(before.later(), weapons={KNIFE: (1, 3, 0, 0, 0), MP40: (40, 100, 6, 4, 10)})
    none = replace(before.later(), weapons={MP40: (40, 100, 6, 4, 10)})

    for now in (fewer, none):
        assert players_of(second(now), first(before))["AAAAAAA1"]["shots"] == 50
        assert set(weapons_of(second(now), first(before))) == {"mp40"}


def test_weapons_only_in_one_round() -> None:
    """A weapon new in R2 counts as it is, one of R1 alone gives no row."""
    before = replace(ONE, weapons={GRENADE: (1, 2, 1, 0, 0)})
    now = replace(before.later(), weapons={GRENADE: (1, 2, 1, 0, 0), MP40: (4, 9, 1, 0, 0)})

    assert weapons_of(second(now), first(before)) == {
        "mp40": {"guid": "AAAAAAA1", "weapon": "mp40", "hits": 4, "shots": 9, "kills": 1, "deaths": 0, "headshots": 0}
    }


@pytest.mark.parametrize(
    "now",
    [
        replace(ONE.later(), rounds=0, tenths=55),
        replace(ONE.later(), tenths=55),
        replace(ONE.later(tenths=2), fields={1: 50}),
        replace(ONE.later(tenths=2), weapons={MP40: (20, 50, 3, 1, 5)}),
    ],
)
def test_reset_counters_are_taken_as_they_are(now: Line) -> None:
    """A player who reconnected counts from nothing: the counter of rounds, the time, damage or deaths say so."""
    row = players_of(second(now), first(ONE))["AAAAAAA1"]

    assert row["time_played_seconds"] == now.tenths * 6
    assert row["kills"] == now.weapons[MP40][2]


def test_joined_in_the_second_round() -> None:
    """Who has no line in R1 is taken as he is."""
    row = players_of(second(ONE.later(), Line("AAAAAAA2", tenths=20)), first(ONE))["AAAAAAA2"]

    assert (row["kills"], row["time_played_seconds"]) == (3, 120)


def test_spectators_of_the_second_round_have_no_row() -> None:
    """Who left his team after R1 has no row, whether his rounds count on or stand still; who played has one."""
    frozen = replace(ONE, side=3, fields={index: 100 + index for index in CUMULATIVE})
    played = replace(ONE.later(), side=3)

    assert players_of(second(replace(frozen, rounds=1)), first(ONE)) == {}
    assert players_of(second(frozen), first(ONE)) == {}
    assert players_of(second(played), first(ONE))["AAAAAAA1"]["kills"] == 3
    assert players_of(second(replace(frozen, rounds=1))) == {}


def test_second_round_alone_does_not_know_its_share() -> None:
    """Without its R1 an R2's cumulative columns are unknown, its own ones known, and there are no weapons."""
    file = second(ONE.later())
    row = players_of(file)["AAAAAAA1"]

    unknown = {column for column in PLAYER_COLUMNS if row[column] is None}
    assert unknown == {
        "kills", "deaths", "headshots", "hits", "shots", "damage_given", "damage_received", "team_damage_given",
        "team_damage_received", "gibs", "self_kills", "team_kills", "team_gibs", "time_played_seconds",
    }  # fmt: skip
    assert row["xp"] == 109
    assert weapons_of(file) == {}
    assert rows_of(file).longest_seconds is None


def test_first_round_under_the_wrong_number() -> None:
    """A file called round-2 in which nobody has played a round is an aborted R1: its numbers are its own."""
    row = players_of(second(replace(ONE, side=2)))["AAAAAAA1"]

    assert (row["kills"], row["time_played_seconds"]) == (3, 360)


def test_time_dead_is_at_most_time_played() -> None:
    """The script counts an ongoing death again and again; nobody is dead longer than he played."""
    before = replace(ONE, fields={25: 2207})

    assert players_of(first(before))["AAAAAAA1"]["time_dead_seconds"] == 360
    assert players_of(second(before.later(tenths=10)), first(before))["AAAAAAA1"]["time_dead_seconds"] == 60


@pytest.mark.parametrize(
    ("count", "unknown"),
    [
        (33, {"denied_playtime_seconds", "useless_kills", "full_self_kills", "constructions", "revives_given"}),
        (36, {"denied_playtime_seconds", "constructions", "revives_given"}),
        (37, {"revives_given"}),
        (38, set()),
    ],
)
def test_what_a_generation_cannot_say_is_unknown(count: int, unknown: set[str]) -> None:
    """Columns that a script did not write are NULL; 33 fields end with the multikills."""
    row = players_of(first(ONE, count=count))["AAAAAAA1"]

    assert {column for column in PLAYER_COLUMNS if row[column] is None} == unknown
    assert row["multikills_2"] == (128 if count == 33 else 129)


def test_the_real_reset_and_the_real_spectators(samples: Path) -> None:
    """C74FB315 reconnected and is taken as he is; the three who watched R2 have no row."""
    rows = _real(samples, "2025-10-26-203013-etl_sp_delivery-round-2", "2025-10-26-201727-etl_sp_delivery-round-1")
    assert (rows["C74FB315"]["kills"], rows["C74FB315"]["deaths"], rows["C74FB315"]["damage_given"]) == (14, 9, 1449)

    rows = _real(samples, "2025-10-23-221355-etl_sp_delivery-round-2", "2025-10-23-220633-etl_sp_delivery-round-1")
    assert not {"D8423F90", "0A26D447"} & set(rows)

    rows = _real(samples, "2025-10-25-161002-supply-round-2", "2025-10-25-155900-supply-round-1")
    assert "BF52721D" not in rows
    assert len(rows) == 6


def _real(samples: Path, now: str, before: str) -> dict[str, dict[str, Any]]:
    file, old = (
        parse_stats_file((samples / f"{name}.txt").read_bytes(), named(f"{name}.txt")) for name in (now, before)
    )
    return players_of(file, old)
