"""Reads a player's line of a stats file. A line that is whole is taken: one odd value in it costs that value.

Odd is a number that cannot be: negative, of more than 12 digits, `nan`, a side that is none. A line is not whole where
numbers are missing, or where something that is no number stands in the place of one.
"""

import functools
import re
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from roundhook import BadInputError, clean_name
from roundhook.rounds import is_no_guid

from .fields import GENERATIONS, NEWEST, RATIOS, SECONDS_OF_TENTH, TENTHS, TIME_PLAYED
from .weapons import WEAPONS

MAX_NAME = 200
"""Characters; the game allows 35 bytes. What is longer does not fit into an index of PostgreSQL."""
SIDE, FIGHT = -1, -2
"""Stand in ``PlayerLine.odd`` for the side and for the weapon groups."""

_NUMBER = "[0-9]{1,12}"
_ODD = r"-?(?:[0-9]{1,40}|nan|inf)"
_COUNTER = re.compile(f"-?{_NUMBER}")
_SIDES = {"1": 1, "2": 2, "3": 3}
_GROUPS = re.compile(f"({_NUMBER})((?: {_NUMBER})*) ")
_ODD_GROUPS = re.compile(f"{_NUMBER}(?: {_ODD})* ")
_ODD_VALUES = re.compile(_ODD), re.compile(r"-?(?:[0-9]{1,40}\.[0-9]|nan|inf)")
"""Of a whole number, and of one with a decimal."""
_GUID = re.compile(r"[0-9A-F]{8}|OMNIBOT.")

Weapon = tuple[int, int, int, int, int]
"""Hits, shots, kills, deaths, headshots."""


class StatsFileError(BadInputError):
    """A file that is not taken. ``line`` counts from 1; 0 is the file as a whole."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.line = line
        self.reason = reason


class PlayerLine(Struct, frozen=True):
    """A player as the file says; of an R2 most numbers are still R1 + R2."""

    guid: str
    raw_name: str
    name: str
    rounds: int
    side: int
    """1 Axis, 2 Allies, 3 spectator; 0 where the file says something else."""
    weapons: Mapping[int, Weapon]
    fields: tuple[int, ...]
    """Whole numbers; those with a decimal in tenths. An odd one is 0 here."""
    odd: Mapping[int, str] = field(default_factory=dict)
    """What cannot be, as written: by field, ``SIDE`` (then 0) or ``FIGHT`` (then there are no weapons)."""

    @property
    def tenths(self) -> int | None:
        """The time played, in tenths of a minute; None where it is odd."""
        return None if TIME_PLAYED in self.odd else self.fields[TIME_PLAYED]

    @property
    def seconds(self) -> int:
        return self.fields[TIME_PLAYED] * SECONDS_OF_TENTH

    @property
    def kills(self) -> int:
        return sum(group[2] for group in self.weapons.values())

    @property
    def deaths(self) -> int:
        return sum(group[3] for group in self.weapons.values())


def player_line(line: str, number: int) -> PlayerLine:
    """Read the *line* with this *number*.

    Raises:
        StatsFileError: it is not whole.
    """
    who = line.rsplit("\\", 3)
    guid, mark, name = who[0].partition("\\")
    if len(who) != 4 or not mark:
        raise StatsFileError("a player line has GUID, name, rounds, side and numbers, split by backslashes", number)
    if _GUID.fullmatch(guid.upper()) is None and not is_no_guid(guid):
        raise StatsFileError(f"{guid[:16]!r} is no GUID of 8 hex digits", number)
    rounds, side = who[1:3]
    if _COUNTER.fullmatch(rounds) is None or (side not in _SIDES and _COUNTER.fullmatch(side) is None):
        raise StatsFileError(f"rounds and side are {rounds[:16]!r} and {side[:16]!r}", number)
    if len(name) > MAX_NAME:
        raise StatsFileError(f"a name of {len(name):,} characters; at most {MAX_NAME} can be real", number)
    groups, mark, fields = who[3].partition("\t")
    if not mark:
        groups, fields = _split_by_blanks(who[3], number)
    odd: dict[int, str] = {} if side in _SIDES else {SIDE: side}
    weapons, numbers = _weapons(groups, number, odd), _fields(fields, number, odd)
    counted, on_side = max(0, int(rounds)), _SIDES.get(side, 0)
    return PlayerLine(guid.upper(), name, clean_name(name), counted, on_side, weapons, numbers, odd)


def _split_by_blanks(text: str, number: int) -> tuple[str, str]:
    """Return the weapon groups and the extended fields as the oldest script writes them, without tabs."""
    values = text.split()
    mask = values[0] if values and re.fullmatch(_NUMBER, values[0]) else "0"
    end = 1 + 5 * int(mask).bit_count()
    if len(values) <= end:
        raise StatsFileError("no extended fields: the line is cut off", number)
    if len(values) - end < NEWEST and len(values) - end not in GENERATIONS:
        raise StatsFileError(
            f"blanks in place of tabs: the oldest script, here with {len(values) - end} extended fields; "
            f"known are {_known()}. Put a newer stats script on the game server", number,
        )  # fmt: skip
    return " ".join(values[:end]) + " ", "\t".join(values[end:])


def _weapons(text: str, number: int, odd: dict[int, str]) -> dict[int, Weapon]:
    if (match := _GROUPS.fullmatch(text)) is None:
        odd[FIGHT] = _odd_number(text, number)
        return {}
    mask, values = int(match[1]), list(map(int, match[2].split()))
    _check_count(mask, len(values), number)
    each = iter(values)
    groups = zip(_bits(mask), zip(each, each, each, each, each, strict=True), strict=True)
    return {bit: group for bit, group in groups if bit < len(WEAPONS)}


@functools.lru_cache(maxsize=1024)
def _bits(mask: int) -> tuple[int, ...]:
    return tuple(bit for bit in range(mask.bit_length()) if mask >> bit & 1)


def _odd_number(text: str, number: int) -> str:
    """Return what cannot be in weapon groups that are whole, as many as their mask says."""
    parts = text.removesuffix(" ").split(" ")
    wrong = next((part for part in parts if re.fullmatch(_NUMBER, part) is None), None)
    if wrong is None or _ODD_GROUPS.fullmatch(text) is None:
        wanted = "whole numbers are wanted, 0 or more, of at most 12 digits, each followed by one blank"
        what = "no blank at the end" if wrong is None else repr(wrong[:24])
        raise StatsFileError(f"{what} in the weapon groups; {wanted}", number)
    _check_count(int(parts[0]), len(parts) - 1, number)
    return wrong


def _check_count(mask: int, found: int, number: int) -> None:
    if found != 5 * mask.bit_count():
        wanted = f"the mask {mask} asks for {mask.bit_count()} weapon groups of 5 numbers"
        raise StatsFileError(f"{wanted}, there are {found} numbers", number)


def _fields(text: str, number: int, odd: dict[int, str]) -> tuple[int, ...]:
    count = text.count("\t") + 1
    if count < NEWEST and count not in GENERATIONS:
        raise StatsFileError(f"{count} extended fields; known are {_known()}", number)
    if count > NEWEST:
        text = "\t".join(text.split("\t", NEWEST)[:NEWEST])
    if _shape(min(count, NEWEST)).fullmatch(text) is None:
        text = "\t".join(_mended(text.split("\t"), number, odd))
    if "n" in text:
        text = "\t".join("0.0" if "n" in value else value for value in text.split("\t"))
    return tuple(map(int, text.replace(".", "").split("\t")))


def _mended(values: Sequence[str], number: int, odd: dict[int, str]) -> list[str]:
    """Put 0 in the place of each value that cannot be, and note it in *odd*."""
    mended = list(values)
    for index, value in enumerate(values):
        if re.fullmatch(_value(index), value):
            continue
        if _ODD_VALUES[index in TENTHS].fullmatch(value) is None:
            wanted = "a number with one decimal" if index in TENTHS else "a whole number"
            raise StatsFileError(f"extended field {index} is {value[:24]!r}; {wanted} is wanted", number)
        mended[index] = "0.0" if index in TENTHS else "0"
        if index not in RATIOS:
            odd[index] = value
    return mended


def _known() -> str:
    return ", ".join(map(str, sorted(GENERATIONS))) + " and more"


@functools.cache
def _shape(count: int) -> re.Pattern[str]:
    return re.compile("\t".join(_value(index) for index in range(count)))


def _value(index: int) -> str:
    decimal = rf"{_NUMBER}\.[0-9]"
    if index in RATIOS:
        return rf"(?:{decimal}|-?(?:nan|inf))"
    return decimal if index in TENTHS else _NUMBER
