"""Which earlier numbers are in a stats file: asked of the whole file, and of the clock (docs/decisions/0015). Pure.

The engine's counters do not always follow R1 and R2: a reset lets them begin anew, an old server carries a whole match
into the next one on the same map. A reading that the round's length does not allow is not taken; of two that it allows
neither is.
"""

import operator
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from .fields import CUMULATIVE_FIELDS, DAMAGE_GIVEN, DAMAGE_RECEIVED, TIME_PLAYED
from .lines import FIGHT
from .parser import PlayerLine, StatsFile
from .room import NOTHING_TOLD, Room, Told, room_of

SPECTATOR = 3
ENOUGH_COUNTERS = 10
"""Where so many counters have grown and none has fallen, they count on."""
MANY_COUNTERS = 60
"""So many are wanted where the longest clock shows just the limit, as in a round held to the end."""
AT_ONCE = 200
"""Damage that a player can do within one step of the clock."""

How = Literal["on", "alone", "either"]
Pair = tuple[PlayerLine, PlayerLine]
"""A player's line now and in the file before."""

BEGAN_ANEW = "the counters began anew after R1, for everybody: the numbers are taken as written"
TWO_READINGS = "two readings fit, counted on from R1 or begun anew: neither is taken, the counters are unknown"
EARLIER = "numbers of earlier rounds are in it: those of the file before are subtracted where that can be"
_JOINED = "is not in the file of R1: the numbers are taken as written"
_WATCHED = "is a spectator for whom nothing was added since R1: no row"
_RECONNECTED = "has counters that began anew after R1 (reconnected): the numbers are taken as written"
_ANEW = "has counters that began anew after the round before (reconnected): the numbers are taken as written"
_BOTH = "has numbers that fit with those of the round before in them and without: the counters are unknown"


class Share(Struct, frozen=True):
    """A player's part of a round: ``line`` less ``before``; ``known`` is false where more would be needed."""

    line: PlayerLine
    before: PlayerLine | None = None
    known: bool = True
    remark: str | None = None
    is_row: bool = True
    """Whether the player has a row; who watched has none."""


class Reading(Struct, frozen=True):
    """A file, read: each player's share, and how the whole was decided where that was not as usual."""

    shares: tuple[Share, ...]
    room: Room
    remark: str | None = None


def read(
    file: StatsFile, first: StatsFile | None = None, earlier: StatsFile | None = None, told: Told = NOTHING_TOLD
) -> Reading:
    """Decide what of *file* is the round's own.

    Args:
        file: the round's file.
        first: the R1 of an R2.
        earlier: where there is no R1, the file of the round before on this map.
        told: what the round's notice says.
    """
    room = room_of(file, told)
    if first is not None:
        return _second(file, first, room)
    if told.number is None and not counts_alone(file):
        unknown = (Share(line, known=False, is_row=line.side != SPECTATOR) for line in file.players)
        return Reading(tuple(unknown), room)
    return _single(file, earlier, room)


def wants_earlier(file: StatsFile, told: Told = NOTHING_TOLD) -> bool:
    """Tell whether a file without an R1 holds more than its round allows, so that the file before is needed."""
    if told.number is None and not counts_alone(file):
        return False
    room = room_of(file, told)
    return not room.holds_all(file.players)


def counts_alone(file: StatsFile) -> bool:
    """Tell whether the numbers of *file* are of this round alone: an R1, or an R1 written as "round-2"."""
    return file.round_number == 1 or all(player.rounds == 0 for player in file.players)


def _second(file: StatsFile, first: StatsFile, room: Room) -> Reading:
    lines = {line.guid: line for line in first.players}
    pairs = [(now, before) for now in file.players if (before := lines.get(now.guid)) and not _watched(now, before)]
    carried = [(now, before) for now, before in pairs if not room.holds(now.tenths)]
    how, rounds_grew = _how(pairs, room), _rounds_grew(carried or pairs)
    shares = tuple(_in_second(now, lines.get(now.guid), how, rounds_grew, room) for now in file.players)
    return Reading(shares, room, {"on": None, "alone": BEGAN_ANEW, "either": TWO_READINGS}[how])


def _in_second(now: PlayerLine, before: PlayerLine | None, how: How, rounds_grew: bool, room: Room) -> Share:
    if before is None:
        return Share(now, remark=_JOINED) if room.holds(now.tenths) else _too_long(now, room)
    if _watched(now, before):
        return Share(now, remark=_WATCHED, is_row=False)
    if how == "either":
        return Share(now, before) if _is_blank(before) else Share(now, known=False)
    if how == "alone":
        return Share(now)
    if _is_reset(now, before, rounds_grew):
        return Share(now, remark=_RECONNECTED) if room.holds(now.tenths) else _too_long(now, room)
    return Share(now, before) if room.holds(_added(now, before)) else _too_long(now, room)


def _how(pairs: Sequence[Pair], room: Room) -> How:
    """Return how the file of an R2 goes on from its R1, for all."""
    if not pairs or not room.holds_all(now for now, _ in pairs):
        return "on"
    if not any(_goes_on(now, before, room) for now, before in pairs):
        return "alone"
    near_on = room.is_near(max((_added(now, before) or 0 for now, before in pairs), default=0))
    near_alone = room.is_near(max((now.tenths or 0 for now, _ in pairs), default=0))
    if room.exact and near_on != near_alone:
        return "on" if near_on else "alone"
    wanted = MANY_COUNTERS if near_alone and not near_on else ENOUGH_COUNTERS
    return "on" if _rounds_grew(pairs) and _grown(pairs) >= wanted else "either"


def _grown(pairs: Sequence[Pair]) -> int:
    """Return how many counters have not fallen; 0 where one has of somebody who did not reconnect."""
    if any(now.rounds > before.rounds and _falls(now, before) for now, before in pairs):
        return 0
    return sum(_counters(before) for now, before in pairs if not _falls(now, before))


def _single(file: StatsFile, earlier: StatsFile | None, room: Room) -> Reading:
    """Read a file that should hold one round alone."""
    if room.holds_all(file.players):
        return Reading(tuple(map(Share, file.players)), room)
    lines = {line.guid: line for line in earlier.players} if earlier is not None else {}
    return Reading(tuple(_in_single(now, lines.get(now.guid), room) for now in file.players), room, EARLIER)


def _in_single(now: PlayerLine, before: PlayerLine | None, room: Room) -> Share:
    on = before is not None and _goes_on(now, before, room)
    alone = room.holds(now.tenths)
    if on and before is not None and _watched(now, before):
        return Share(now, remark=_WATCHED, is_row=False)
    if on and before is not None and (not alone or _is_blank(before)):
        return Share(now, before)
    if on:
        return Share(now, known=False, remark=_BOTH)
    if alone:
        return Share(now, remark=_ANEW if before is not None else None)
    return _too_long(now, room)


def _too_long(line: PlayerLine, room: Room) -> Share:
    played = f"played {line.seconds} s, says the file, in a round of {room.text}"
    return Share(line, known=False, remark=f"{played}: earlier numbers are in it that are not known")


def _goes_on(now: PlayerLine, before: PlayerLine, room: Room) -> bool:
    """Tell whether a player's counters can be those of *before* and some more."""
    if _falls(now, before):
        return False
    added = _added(now, before)
    return room.holds(added) and (added != 0 or not _did_much(now, before))


def _falls(now: PlayerLine, before: PlayerLine) -> bool:
    """Tell whether something is smaller that only counts up. Shots are not looked at: the game hands them back."""
    odd = {*now.odd, *before.odd}
    fields = (field for field in (*CUMULATIVE_FIELDS.values(), TIME_PLAYED) if field not in odd)
    if any(now.fields[field] < before.fields[field] for field in fields):
        return True
    return not (now.odd or before.odd) and (now.kills < before.kills or now.deaths < before.deaths)


def _is_reset(now: PlayerLine, before: PlayerLine, rounds_grew: bool) -> bool:
    """Tell whether one player's counters began anew in R2: reconnected, so there is nothing to subtract."""
    return (rounds_grew and now.rounds <= before.rounds) or any(
        new < old
        for field, new, old in (
            (TIME_PLAYED, now.fields[TIME_PLAYED], before.fields[TIME_PLAYED]),
            (DAMAGE_RECEIVED, now.fields[DAMAGE_RECEIVED], before.fields[DAMAGE_RECEIVED]),
            (FIGHT, now.deaths, before.deaths),
        )
        if field not in now.odd
    )


def _did_much(now: PlayerLine, before: PlayerLine) -> bool:
    return now.kills - before.kills > 1 or now.fields[DAMAGE_GIVEN] - before.fields[DAMAGE_GIVEN] > AT_ONCE


def _watched(now: PlayerLine, before: PlayerLine) -> bool:
    return now.side == SPECTATOR and stood_still(now, before)


def stood_still(now: PlayerLine, before: PlayerLine) -> bool:
    """Tell whether nothing has been added since the file before: the player watched."""
    if any(now.fields[field] > before.fields[field] for field in (*CUMULATIVE_FIELDS.values(), TIME_PLAYED)):
        return False
    nothing = (0,) * 5
    weapons = now.weapons.items()
    return not any(any(map(operator.gt, group, before.weapons.get(weapon, nothing))) for weapon, group in weapons)


def _added(now: PlayerLine, before: PlayerLine) -> int | None:
    """Return the time played since *before*, in tenths of a minute; None where a clock is odd."""
    if now.tenths is None or before.tenths is None:
        return None
    return now.tenths - before.tenths


def _rounds_grew(pairs: Sequence[Pair]) -> bool:
    """Tell whether the engine has counted a round for most; by itself that proves nothing."""
    return 2 * sum(now.rounds > before.rounds for now, before in pairs) > len(pairs)


def _counters(line: PlayerLine) -> int:
    """Return how many counters of a line stand above 0."""
    fields = sum(line.fields[field] > 0 for field in (*CUMULATIVE_FIELDS.values(), TIME_PLAYED))
    return fields + sum(number > 0 for group in line.weapons.values() for number in group)


def _is_blank(line: PlayerLine) -> bool:
    return not line.odd and _counters(line) == 0
