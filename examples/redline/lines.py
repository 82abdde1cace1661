"""What the game says: JSON lines, each a race or a ruling of its stewards. What a line may say at most stands here."""

import json
import re
from dataclasses import dataclass
from typing import Any

from roundhook import BadInputError, clean_name

MOST_BYTES, MOST_LINES, MOST_DRIVERS = 256 * 1024, 500, 40
_YEAR_2100, _DAY_MS = 4_102_444_800, 24 * 3_600_000
_ID = re.compile(r"[\w.-]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Driver:
    """How a driver came in. Times are milliseconds; None is unknown."""

    driver: str
    name: str
    car: str
    grid: int
    laps: int
    time_ms: int | None
    best_ms: int | None
    out: str
    """Why the driver did not come in, "" if he did."""


@dataclass(frozen=True, slots=True)
class Race:
    """A race as the game saw it."""

    race: str
    server: str
    track: str
    laps: int
    ended_unix: int
    drivers: tuple[Driver, ...]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the stewards have decided afterwards; it may come before its race."""

    race: str
    ruling: int
    driver: str
    penalty_ms: int
    disqualified: bool
    reason: str


Line = Race | Ruling


def parse_lines(text: str) -> list[Line]:
    """Return what *text* says, line by line.

    Raises:
        BadInputError: one line is not to be understood; it names the line. Nothing of the text is to be taken then.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise BadInputError(f"There are {len(lines)} lines; at most {MOST_LINES} are taken at once.")
    return [_line(number, line) for number, line in lines]


def _line(number: int, line: str) -> Line:
    try:
        fields = _Fields(json.loads(line))
        return _ruling(fields) if "ruling" in fields.given else _race(fields)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, _WrongFieldError) else "it is no JSON"
        raise BadInputError(f"Line {number} is not to be understood: {reason}.") from error


def _race(fields: "_Fields") -> Race:
    given = fields.given.get("drivers")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_DRIVERS:
        raise _WrongFieldError(f"drivers must be a list of 1 to {MOST_DRIVERS}")
    drivers = tuple(_driver(_Fields(one, f"driver {number}: ")) for number, one in enumerate(given, 1))
    if len({one.driver for one in drivers}) < len(drivers):
        raise _WrongFieldError("a driver is named twice")
    laps, ended = fields.number("laps", 1000), fields.number("ended", _YEAR_2100)
    return Race(fields.id("race"), fields.id("server"), fields.text("track"), laps, ended, drivers)


def _driver(fields: "_Fields") -> Driver:
    out = fields.text("out", "")
    return Driver(
        fields.id("id"), fields.text("name"), fields.text("car", ""), fields.number("grid", MOST_DRIVERS),
        fields.number("laps", 1000), fields.number("time_ms", _DAY_MS) if not out else None,
        fields.number("best_ms", _DAY_MS) if fields.given.get("best_ms") is not None else None, out,
    )  # fmt: skip


def _ruling(fields: "_Fields") -> Ruling:
    disqualified = fields.given.get("disqualified", False)
    if not isinstance(disqualified, bool):
        raise _WrongFieldError("disqualified must be true or false")
    penalty = fields.number("penalty_ms", _DAY_MS) if "penalty_ms" in fields.given else 0
    number = fields.number("ruling", 1000)
    return Ruling(fields.id("race"), number, fields.id("driver"), penalty, disqualified, fields.text("reason", ""))


class _WrongFieldError(ValueError):
    """A field is missing or wrong; the text names it."""


class _Fields:
    """Reads the fields of one JSON object; *where* is put before what is wrong with it."""

    def __init__(self, given: Any, where: str = "") -> None:
        if not isinstance(given, dict):
            raise _WrongFieldError(f"{where}it is no JSON object")
        self.given: dict[str, Any] = given
        self._where = where

    def number(self, key: str, most: int) -> int:
        value = self.given.get(key)
        if type(value) is not int or not 0 <= value <= most:
            raise _WrongFieldError(f"{self._where}{key} must be a whole number from 0 to {most}")
        return value

    def id(self, key: str) -> str:
        value = self.given.get(key)
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise _WrongFieldError(f"{self._where}{key} must be 1 to 40 letters, digits, dots, _ or -")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        value = self.given.get(key, default)
        shown = clean_name(value)[:64] if isinstance(value, str) else ""
        if not isinstance(value, str) or (default is None and not shown):
            raise _WrongFieldError(f"{self._where}{key} must be a text")
        return shown.encode("utf-8", "replace").decode()
