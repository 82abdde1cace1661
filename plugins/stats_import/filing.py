"""Puts files into ``stats_files`` and says which of them count now: one content for a name, one name for a content."""

import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from roundhook import FetchedFile
from roundhook.db import Transaction, columns_of
from roundhook.rounds import StatsFile as StatsFileTable
from roundhook.rounds import parse_stats_filename

from . import store
from .contents import StoredFile, choose, duplicates
from .endstats import names_near
from .prepare import Prepared

FileKey = tuple[str, str]
"""Name and sha256."""
FEW = 4
"""For so many files the endstats near them are read along; for more in a statement of their own."""

_COLUMNS = columns_of(StatsFileTable, without=("id",))
_UPDATE = "UPDATE stats_files SET state = ?, reason = ?, modified_at = ?, content_key = ? WHERE id = ?"


class Change(Struct, frozen=True):
    """What a name stands for, as sha256: before and after; None where it does not count."""

    filename: str
    kind: str
    before: str | None
    after: str | None


class Filing(Struct, frozen=True):
    """The files around what has arrived, as stored now, and the names that stand for something else than before."""

    files: dict[FileKey, StoredFile]
    changes: tuple[Change, ...]
    around: frozenset[str] = frozenset()
    """Names; all endstats files that count near them are among ``files``."""


async def file_away(
    transaction: Transaction, server: str, zone: ZoneInfo, arrived: Sequence[Prepared], again: Sequence[FetchedFile]
) -> Filing:
    """Store the files that have *arrived*; *again* are stored ones, known now to be older than was thought."""
    names = {one.file.filename for one in arrived} | {file.filename for file in again}
    cabinet = _Cabinet(server, zone)
    keys = {one.content_key for one in arrived if one.content_key}
    around = {one.filename: one for name in names if (one := parse_stats_filename(name))} if len(names) <= FEW else {}
    near = [names_near(one, 3) for one in around.values()]
    cabinet.take(await store.stored_files(transaction, server, names=names, keys=keys, near=near))
    cabinet.remember()
    touched = cabinet.add(arrived) | cabinet.date(again)
    await _weigh(transaction, cabinet, touched, arrived)
    cabinet.choose(touched)
    more = cabinet.chosen_keys(touched) - keys
    cabinet.take(await store.stored_files(transaction, server, keys=more))
    cabinet.remember()
    cabinet.tell_copies(keys | more)
    await _write(transaction, server, cabinet, arrived)
    return Filing(cabinet.files, cabinet.changes(), frozenset(around))


async def file_again(transaction: Transaction, server: str, zone: ZoneInfo, read: Sequence[Prepared]) -> Filing:
    """Judge all stored files of a server anew, as they have been *read* now; every file that counts is a change."""
    cabinet = _Cabinet(server, zone)
    cabinet.take(await store.all_files(transaction, server))
    cabinet.remember()
    keys = {file.content_key for file in cabinet.files.values() if file.content_key}
    for one in read:
        stored = cabinet.files[one.key]
        stored.content_key, stored.time = one.content_key, cabinet.time_of(one.file.filename)
        if one.state != "imported":
            stored.state, stored.reason = one.state, one.error or one.early
        elif not stored.complete:
            stored.state, stored.reason = "imported", None
    keys |= {file.content_key for file in cabinet.files.values() if file.content_key}
    names = {filename for filename, _ in cabinet.files}
    await _weigh(transaction, cabinet, names, ())
    cabinet.choose(names)
    cabinet.tell_copies(keys)
    await _write(transaction, server, cabinet, ())
    return Filing(cabinet.files, cabinet.changes(again=True))


class _Cabinet:
    """The files in question: as stored, and as decided."""

    def __init__(self, server: str, zone: ZoneInfo) -> None:
        self.server = server
        self.zone = zone
        self.files: dict[FileKey, StoredFile] = {}
        self._named: dict[str, list[StoredFile]] = {}
        """The same ones by their names."""
        self._before: dict[FileKey, tuple[str, str | None, datetime | None, str | None]] = {}

    def take(self, files: Iterable[StoredFile]) -> None:
        """Lay stored files in; those that are in stay."""
        for file in files:
            if (file.filename, file.sha256) not in self.files:
                self._lay_in(file)

    def remember(self) -> None:
        """Keep what is stored of the files laid in so far."""
        for key, file in self.files.items():
            if file.id is not None:
                self._before.setdefault(key, _row_of(file))

    def add(self, arrived: Iterable[Prepared]) -> set[str]:
        """Lay new files in; return the names whose choice is open."""
        touched = set()
        for one in arrived:
            stored = self.files.get(one.key)
            if stored is None:
                self._lay_in(_new_file(one))
            else:
                touched |= self.date([one.file])
                _revive(stored, one)
            if one.state == "imported" and (stored is None or stored.revived):
                touched.add(one.file.filename)
        return touched

    def date(self, again: Iterable[FetchedFile]) -> set[str]:
        """Take the earliest time at which a content is known to have been there; return the names that it moves."""
        touched = set()
        for file in again:
            stored, seen = self.files[file.filename, file.sha256], file.modified_at
            if seen is not None and (stored.modified_at is None or seen < stored.modified_at):
                stored.modified_at = seen
                touched.add(file.filename)
        return touched

    def contents_of(self, name: str) -> list[StoredFile]:
        return self._named.get(name, [])

    def chosen_keys(self, names: Iterable[str]) -> set[str]:
        """Return the keys of the contents that *names* stand for, and stood for before."""
        files = (file for name in names for file in self.contents_of(name))
        return {file.content_key for file in files if file.content_key and (file.chosen or self._was_chosen(file))}

    def _was_chosen(self, file: StoredFile) -> bool:
        before = self._before.get((file.filename, file.sha256))
        return before is not None and before[0] in ("imported", "duplicate")

    def choose(self, names: Iterable[str]) -> None:
        """Choose one content for each of the *names*."""
        for name in names:
            best = choose(self.contents_of(name))
            for content in self.contents_of(name):
                if content is best:
                    content.state, content.reason = "imported", None
                elif content.complete:
                    content.state, content.reason = "superseded", "another content of this name counts"

    def tell_copies(self, keys: set[str]) -> None:
        """Choose one name for each of the contents with these *keys*, of all names that stand for it."""
        rounds = [file for file in self.files.values() if file.chosen and file.content_key in keys]
        for file in rounds:
            file.time = self.time_of(file.filename)
        repeats = duplicates(rounds)
        for file in rounds:
            earlier = repeats.get(file.filename)
            file.state = "duplicate" if earlier else "imported"
            file.reason = f"same content as {earlier}" if earlier else None

    def changes(self, *, again: bool = False) -> tuple[Change, ...]:
        """Return which names stand for something else than before; *again*: also those that stand for the same."""
        before = {key[0]: key[1] for key, (state, *_) in self._before.items() if state == "imported"}
        after = {file.filename: file for file in self.files.values() if file.state == "imported"}
        kinds = {file.filename: file.kind for file in self.files.values()}
        changes = (
            Change(name, kinds[name], before.get(name), after[name].sha256 if name in after else None)
            for name in sorted({*before, *after})
        )
        return tuple(change for change in changes if again or change.before != change.after)

    def amended(self) -> list[StoredFile]:
        """Return the stored files whose row has to change."""
        return [self.files[key] for key, row in self._before.items() if row != _row_of(self.files[key])]

    def time_of(self, filename: str) -> int:
        name = parse_stats_filename(filename)
        return int(name.played_at(self.zone).timestamp()) if name else 0

    def _lay_in(self, file: StoredFile) -> None:
        self.files[file.filename, file.sha256] = file
        self._named.setdefault(file.filename, []).append(file)


def _row_of(file: StoredFile) -> tuple[str, str | None, datetime | None, str | None]:
    """Return what of a stored file can change."""
    return file.state, file.reason, file.modified_at, file.content_key


def _revive(stored: StoredFile, one: Prepared) -> None:
    """Take in a file that can be read now, as the parser has learned, or whose time has come."""
    if not stored.complete and one.state == "imported":
        stored.state, stored.reason, stored.content_key, stored.revived = "imported", None, one.content_key, True


def _new_file(one: Prepared) -> StoredFile:
    return StoredFile(
        one.file.filename, one.file.sha256, one.name.kind, one.state, one.error or one.early,
        one.content_key, one.file.trigger, one.file.modified_at, fetched_at=one.file.fetched_at, size=one.size,
    )  # fmt: skip


async def _weigh(
    transaction: Transaction, cabinet: _Cabinet, names: Iterable[str], arrived: Sequence[Prepared]
) -> None:
    """Find out the sizes of contents that share a name, and which is the beginning of another: they may decide."""
    several = [whole for name in names if len(whole := [one for one in cabinet.contents_of(name) if one.complete]) > 1]
    if not several:
        return
    keys = {(file.filename, file.sha256) for whole in several for file in whole}
    data = await store.contents(transaction, cabinet.server, keys)
    data |= {one.key: zlib.decompress(one.packed) for one in arrived if one.key in keys and one.packed}
    for whole in several:
        texts = {file.sha256: data.get((file.filename, file.sha256), b"") for file in whole}
        for file in whole:
            file.size = len(texts[file.sha256])
            file.beginning = _goes_on(texts[file.sha256], texts.values())


def _goes_on(text: bytes, others: Iterable[bytes]) -> bool:
    """Tell whether one of the *others* begins with *text* and has more; kinds of line ends do not matter."""
    plain = text.replace(b"\r\n", b"\n")
    plainly = (other.replace(b"\r\n", b"\n") for other in others)
    return any(len(other) > len(plain) and other.startswith(plain) for other in plainly)


async def _write(transaction: Transaction, server: str, cabinet: _Cabinet, arrived: Sequence[Prepared]) -> None:
    new = {one.key: one for one in arrived if cabinet.files[one.key].id is None}
    rows = (_row(server, cabinet.files[key], one) for key, one in new.items())
    await transaction.insert(StatsFileTable, _COLUMNS, rows)
    amended = [(file.state, file.reason, file.modified_at, file.content_key, file.id) for file in cabinet.amended()]
    await transaction.execute_many(_UPDATE, amended)


def _row(server: str, file: StoredFile, one: Prepared) -> tuple[object, ...]:
    values = {
        "server": server, "filename": file.filename, "sha256": file.sha256, "kind": file.kind, "content": one.packed,
        "content_key": file.content_key, "state": file.state, "reason": file.reason, "trigger": file.trigger,
        "modified_at": file.modified_at, "fetched_at": one.file.fetched_at,
    }  # fmt: skip
    return tuple(values[column] for column in _COLUMNS)
