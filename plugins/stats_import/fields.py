"""The extended fields of a player line: which number stands where, in each generation of the script.

A generation is known by its number of fields. A line with 33 fields is not a short one of 38: from field 28 on
it means something else.
"""

from collections.abc import Mapping

COMMON: Mapping[str, int] = {
    "damage_given": 0, "damage_received": 1, "team_damage_given": 2, "team_damage_received": 3, "gibs": 4,
    "self_kills": 5, "team_kills": 6, "team_gibs": 7, "xp": 9, "killing_spree": 10, "death_spree": 11,
    "kill_assists": 12, "kill_steals": 13, "headshot_kills": 14, "objectives_stolen": 15, "objectives_returned": 16,
    "dynamites_planted": 17, "dynamites_defused": 18, "times_revived": 19, "useful_kills": 27,
}  # fmt: skip
_SINCE_36 = {
    **COMMON, "multikills_2": 29, "multikills_3": 30, "multikills_4": 31, "multikills_5": 32, "multikills_6": 33,
    "useless_kills": 34, "full_self_kills": 35,
}  # fmt: skip
_SINCE_37 = {**_SINCE_36, "denied_playtime_seconds": 28, "constructions": 36}

GENERATIONS: Mapping[int, Mapping[str, int]] = {
    33: {**COMMON, **{f"multikills_{kills}": 26 + kills for kills in range(2, 7)}},
    36: _SINCE_36,
    37: _SINCE_37,
    38: {**_SINCE_37, "revives_given": 37},
}
"""Column -> field, by number of fields. In 36 fields the denied time (28) is unusable and left out."""
NEWEST = max(GENERATIONS)

CUMULATIVE = frozenset(
    {"damage_given", "damage_received", "team_damage_given", "team_damage_received", "gibs", "self_kills", "team_kills",
     "team_gibs"}
)  # fmt: skip
"""Columns whose field holds R1 + R2 in the file of an R2; so do the weapon groups and the time played."""

CUMULATIVE_FIELDS: Mapping[str, int] = {column: GENERATIONS[NEWEST][column] for column in sorted(CUMULATIVE)}
"""Each of those columns, and its field."""

DAMAGE_GIVEN, DAMAGE_RECEIVED, TIME_PLAYED, TIME_DEAD = 0, 1, 22, 25
SECONDS_OF_TENTH = 6
"""A tenth of a minute."""
TENTHS = frozenset({8, 21, 22, 23, 24, 25, 26})
"""Fields with one decimal; they are read as whole tenths."""
RATIOS = frozenset({8, 21, 23, 24, 26})
"""Those of them that are never used, since a ratio is computed when read; they may be 'nan' or 'inf'."""
