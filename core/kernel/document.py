"""A manifest's text and data, and the line of each key: what is wrong in it is told with its place."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from msgspec import Struct

from core.errors import ManifestError
from core.kernel.folders import MANIFEST, manifest_text
from core.likeness import did_you_mean

FILE = MANIFEST
DEEPEST = 8
"""Tables and lists within each other; a setting's default is the fourth."""
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
KeyPath = tuple[str, ...]
"""Of a key: its table's keys, then its own."""

_MOST_READ = 4 * 1024 * 1024
"""Characters that are read to find a line, all tries together."""
_ENDS = ("]", '"""', "'''")
"""What is open over a line's end is a list or a text: where it ends, one of these stands."""
_LONGEST = 500
"""Characters of what is said about a mistake: a value in it may have any number."""
_PLACE_IN_TOML = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)")


class Document(Struct, frozen=True):
    """A manifest's text and data. What is wrong in it is told with its place."""

    file: Path
    text: str
    data: Mapping[str, Any]

    def wrong(self, path: KeyPath, problem: str) -> ManifestError:
        """Return the error for the key at *path*: its dotted name, then *problem*."""
        return self.error(path, f"{'.'.join(path)} {problem}")

    def error(self, path: KeyPath, text: str) -> ManifestError:
        """Return the error *text* for the key at *path*."""
        plugin = self.data.get("plugin")
        name = plugin.get("name") if isinstance(plugin, Mapping) else None
        shown_name = name if isinstance(name, str) and NAME.fullmatch(name) else self.file.parent.name
        return ManifestError(f"{shown_name}: {self.file}:{line_of(self.text, path)}: {text[:_LONGEST]}")

    def table(self, *path: str, known: Set[str] | None = None) -> Mapping[str, Any]:
        """Return a table, empty where it is missing; with *known*, it holds no other keys."""
        table: Any = self.data
        for key in path:
            table = table.get(key, {})
        if not isinstance(table, Mapping):
            raise self.wrong(path, f"is {table!r}. It is a table: write [{'.'.join(path)}].")
        for key in table:
            if known is not None and key not in known:
                hint = did_you_mean(key, known)
                raise self.wrong((*path, key), f"is not a key here. {hint}Known: {', '.join(sorted(known))}.")
        return table

    def value(self, path: KeyPath, kind: type, default: Any = None) -> Any:
        """Return a value of type *kind*; without *default* it must be there."""
        value = self.table(*path[:-1]).get(path[-1], default)
        if value is None:
            raise self.wrong(path, f"is missing. Add it, as in {path[-1]} = {kind()!r}.")
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.wrong(path, f"is {value!r}. It must be of type {kind.__name__}.")
        return value


def read_document(folder: Path) -> Document:
    """Read ``manifest.toml`` in *folder*; a ``ManifestError`` names plugin, file and line."""
    file, text = folder / FILE, ""
    try:
        text = manifest_text(folder)
        data = tomllib.loads(text)
        _check_depth(data)
    except OSError as error:
        problem = f"{file} cannot be read ({error.strerror}). Every plugin folder has one."
        raise ManifestError(f"{folder.name}: {FILE}:1: {problem}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ManifestError(f"{folder.name}: {file}:{line}: it is not valid TOML: {error}. Write UTF-8.") from error
    except RecursionError as error:
        raise ManifestError(f"{folder.name}: {file}:1: it is nested too deep. Write plain tables.") from error
    except tomllib.TOMLDecodeError as error:
        place, problem = _PLACE_IN_TOML.search(str(error)), _PLACE_IN_TOML.sub("", str(error))
        line = int(place["line"]) if place and place["line"] else max(len(text.splitlines()), 1)  # else it is the end
        remedy = "Correct that line."
        raise ManifestError(f"{folder.name}: {file}:{line}: it is not valid TOML: {problem}. {remedy}") from error
    except ValueError as error:
        problem = f"{file} cannot be read: {error}. A manifest has some hundred bytes."
        raise ManifestError(f"{folder.name}: {FILE}:1: {problem}") from error
    return Document(file, text, data)


def line_of(text: str, path: Sequence[str]) -> int:
    """Return the line of the key at *path* in TOML; where it is missing, of its table; where that is, 1."""
    lines: dict[KeyPath, int] = {}
    for found, line in _statements(text):
        lines.setdefault(found, line)
    return next((lines[key] for size in range(len(path), 0, -1) if (key := tuple(path[:size])) in lines), 1)


def _check_depth(value: Any, depth: int = 0) -> None:
    """Refuse (``RecursionError``) what is nested deeper than any manifest."""
    if depth > DEEPEST:
        raise RecursionError
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        _check_depth(inner, depth + 1)


def _statements(text: str) -> Iterator[tuple[KeyPath, int]]:
    """Give each key and table of valid TOML with its line: a statement is so many lines as can be read alone."""
    table: KeyPath = ()
    pending, first, read = "", 1, 0
    for number, line in enumerate(text.split("\n"), 1):
        goes_on, first = bool(pending), first if pending else number
        pending += f"{line}\n"
        if goes_on and not any(end in line for end in _ENDS):
            continue
        if (read := read + len(pending)) > _MOST_READ:
            return
        try:
            found = list(_keys(tomllib.loads(pending)))
        except tomllib.TOMLDecodeError:
            continue
        is_table = pending.lstrip().startswith("[")
        yield from (((*(() if is_table else table), *key), first) for key in found)
        table, pending = (found[-1] if is_table else table), ""


def _keys(data: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Give the path of each key in *data*, a table's before those in it."""
    for key, value in data.items():
        yield (key,)
        if isinstance(value, Mapping):
            yield from ((key, *inner) for inner in _keys(value))
