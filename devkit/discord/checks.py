"""Small checks that are put together into the rules for messages and commands."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from devkit.discord.errors import RefusedError
from devkit.discord.shapes import Json, Payload

Path: TypeAlias = tuple[str | int, ...]


class Problems:
    """Collects what is wrong with one request body, as Discord's tree of errors.

    ``strict``: fields that Discord's documentation does not have are refused too.
    """

    def __init__(self, *, strict: bool = True) -> None:
        self.strict = strict
        self.tree: Payload = {}

    def add(self, path: Path, code: str, message: str) -> None:
        """Note that what stands at *path* is wrong."""
        branch = self.tree
        for step in path:
            branch = branch.setdefault(str(step), {})
        branch.setdefault("_errors", []).append({"code": code, "message": message})

    def refuse(self) -> None:
        """Raise 400 / 50035 with the tree if anything was noted."""
        if self.tree:
            raise RefusedError(400, 50035, "Invalid Form Body", errors=self.tree)


Check: TypeAlias = Callable[[Json, Path, Problems], None]


def text(most: int, least: int = 0, *, pattern: str | None = None) -> Check:
    """A string of *least* to *most* characters, matching *pattern* if there is one."""

    def check(value: Json, path: Path, problems: Problems) -> None:
        if not isinstance(value, str):
            problems.add(path, "STRING_TYPE_CONVERT", "Could not interpret value as string.")
        elif not least <= len(value) <= most:
            problems.add(path, *_length_error(least, most))
        elif pattern and not re.fullmatch(pattern, value):
            problems.add(path, "STRING_TYPE_REGEX", "String value did not match validation regex.")

    return check


def number(least: float | None = None, most: float | None = None, *, whole: bool = True) -> Check:
    """A number within limits; a string of digits counts as one, as Discord reads snowflakes."""

    def check(value: Json, path: Path, problems: Problems) -> None:
        found = _as_number(value, whole=whole)
        if found is None:
            problems.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not {"int" if whole else "float"}.')
        elif least is not None and found < least:
            problems.add(
                path,
                "NUMBER_TYPE_MIN",
                f"{'int' if whole else 'float'} value should be greater than or equal to {least}.",
            )
        elif most is not None and found > most:
            problems.add(
                path, "NUMBER_TYPE_MAX", f"{'int' if whole else 'float'} value should be less than or equal to {most}."
            )

    return check


def flag() -> Check:
    """True or false."""

    def check(value: Json, path: Path, problems: Problems) -> None:
        if not isinstance(value, bool):
            problems.add(path, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")

    return check


def one_of(*allowed: Json) -> Check:
    """One of a few values."""

    def check(value: Json, path: Path, problems: Problems) -> None:
        if isinstance(value, (dict, list)) or value not in allowed:
            listed = ", ".join(map(repr, allowed))
            problems.add(path, "BASE_TYPE_CHOICES", f"Value must be one of ({listed}).")

    return check


def anything(value: Json, path: Path, problems: Problems) -> None:
    """Whatever it is, it is not looked at here."""


def each(item: Check, most: int, least: int = 0) -> Check:
    """A list of *least* to *most* entries, each passing *item*."""

    def check(value: Json, path: Path, problems: Problems) -> None:
        if not isinstance(value, list):
            problems.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return
        if not least <= len(value) <= most:
            problems.add(path, *_length_error(least, most))
        for index, entry in enumerate(value):
            item(entry, (*path, index), problems)

    return check


def record(fields: Mapping[str, Check], *, required: Iterable[str] = ()) -> Check:
    """An object with *fields*; null counts as absent."""
    needed = tuple(required)

    def check(value: Json, path: Path, problems: Problems) -> None:
        if not isinstance(value, dict):
            problems.add(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
            return
        for name in needed:
            if value.get(name) is None:
                problems.add((*path, name), "BASE_TYPE_REQUIRED", "This field is required")
        for name, entry in value.items():
            if name in fields and entry is not None:
                fields[name](entry, (*path, name), problems)
            elif name not in fields and problems.strict:
                problems.add((*path, name), "UNKNOWN_FIELD", f"There is no field {name!r} here.")

    return check


def url(*schemes: str) -> Check:
    """An address with one of *schemes* (http and https when none is given)."""
    allowed = schemes or ("http", "https")

    def check(value: Json, path: Path, problems: Problems) -> None:
        scheme, found, rest = str(value).partition("://")
        if not isinstance(value, str) or scheme not in allowed or not found or not rest or " " in rest:
            problems.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        elif len(value) > 2048:
            problems.add(path, *_length_error(0, 2048))

    return check


def _length_error(least: int, most: int) -> tuple[str, str]:
    if least:
        return "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length."
    return "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length."


def _as_number(value: Json, *, whole: bool) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return int(value) if whole and not isinstance(value, float) else _float(value, whole=whole)
    except ValueError:
        return None


def _float(value: float | str, *, whole: bool) -> float:
    found = float(value)
    if whole and not found.is_integer():
        raise ValueError(value)
    return found
