"""The files of one call, and what becomes of each."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from roundhook import Event, FetchedFile, RoundAmended

from .contents import StoredFile
from .filing import FileKey, Filing
from .prepare import Prepared
from .reconcile import Outcome
from .state import RoundState

State = Literal["imported", "duplicate", "superseded", "quarantined", "aside", "known"]


class Imported(Struct, frozen=True):
    """What has become of a file, and what is to be published about it, in this order."""

    file: FetchedFile
    state: State
    reason: str | None = None
    events: tuple[Event, ...] = ()
    unread: bool = False
    """Whether its bytes could not be had, and nothing of it is stored."""
    told: bool = False
    """Whether that was published with what is stored."""


class Batch:
    """Files on their way: known, left aside, or prepared to be stored."""

    def __init__(self, files: Sequence[FetchedFile]) -> None:
        self.files: dict[str, FetchedFile] = {}
        for file in sorted(files, key=_age, reverse=True):  # of a file that comes twice the older one counts
            self.files[file.key] = file
        self.files = {file.key: self.files[file.key] for file in files}
        self.stored: dict[str, dict[FileKey, StoredFile]] = {}
        """What is stored under the files' names, by server."""
        self.prepared: dict[str, Prepared] = {}
        self.unread: dict[str, str] = {}
        """Why files could not be read."""
        self.results: dict[str, Imported] = {}
        self.beside: dict[str, tuple[Event, ...]] = {}
        """What is told of rounds that are not the batch's own, by server."""

    def by_server(self) -> dict[str, list[FetchedFile]]:
        """Return the open files of each server."""
        servers: dict[str, list[FetchedFile]] = {}
        for file in self.open_files():
            servers.setdefault(file.server, []).append(file)
        return servers

    def open_files(self) -> list[FetchedFile]:
        """Return the files that nothing has become of yet."""
        return [file for key, file in self.files.items() if key not in self.results]

    def servers(self) -> list[str]:
        """Return the servers for which there is something to store."""
        arrived = {one.file.server for one in self.prepared.values()}
        return sorted(arrived | {server for server in self.stored if self.older(server)})

    def arrived(self, server: str) -> list[Prepared]:
        return [one for one in self.prepared.values() if one.file.server == server]

    def older(self, server: str) -> list[FetchedFile]:
        """Return the known files that are older than was thought."""
        stored = self.stored.get(server, {})
        return [
            file
            for file in self.files.values()
            if file.server == server and (one := stored.get((file.filename, file.sha256))) and _is_older(file, one)
        ]

    def leave(self, file: FetchedFile, reason: str) -> None:
        self.results[file.key] = Imported(file, "aside", reason, unread=file.key in self.unread)

    def leave_unread(self) -> None:
        """Leave aside what could not be read and is not stored either."""
        for file in self.open_files():
            self.leave(file, self.unread[file.key])

    def know(self, server: str, files: Sequence[FetchedFile], stored: Iterable[StoredFile]) -> list[FetchedFile]:
        """Take in what is *stored* under the names of *files*; return those that are stored themselves."""
        self.stored[server] = {(file.filename, file.sha256): file for file in stored}
        return [file for file in files if (file.filename, file.sha256) in self.stored[server]]

    def repeat(self, server: str, known: Sequence[FetchedFile], rounds: Mapping[str, RoundState]) -> None:
        """Return what was published about *known* files again: their own rounds, and changes of *rounds* near them."""
        told: set[str] = set()
        for file in known:
            own = rounds.get(file.filename)
            is_own = own is not None and own.key == (file.filename, file.sha256) and self._is_first(server, file)
            near = [one for one in rounds.values() if one.revision > 1 and one.filename not in told]
            told |= {one.filename for one in near}
            again = (RoundAmended(round=one.event(), revision=one.revision) for one in near)
            self.results[file.key] = Imported(
                file, "known", events=(*([own.event()] if own and is_own else ()), *again)
            )

    def settle(self, server: str, filing: Filing, outcome: Outcome) -> None:
        """Note what has become of a server's files; one that was stored before stays open."""
        new = {one.key: one.event() for one in outcome.imported}
        for one in self.arrived(server):
            stored = filing.files[one.key]
            if stored.id is None or stored.revived:
                own = [new.pop(one.key)] if one.key in new else []
                self.results[one.file.key] = Imported(one.file, stored.state, stored.reason, tuple(own))  # type: ignore[arg-type]
        self.beside[server] = (*new.values(), *amendments(outcome))

    def tell(self) -> list[Imported]:
        """Return what is to be published now, of all files; it is noted as published."""
        keys = dict.fromkeys((*self.files, *self.results))
        results = [replace(one, told=True) for one in self.finish([self.results[key].file for key in keys])]
        self.results = {one.file.key: one for one in results}
        return results

    def finish(self, files: Sequence[FetchedFile]) -> list[Imported]:
        """Return the results in the order of *files*; what changed beside them is told with a server's last one."""
        last = {file.server: file.key for file in files}
        for server, key in last.items():
            one = self.results[key]
            told = dict.fromkeys((*one.events, *self.beside.get(server, ())))
            self.results[key] = replace(one, events=tuple(told))
        return [self.results[file.key] for file in files]

    def _is_first(self, server: str, file: FetchedFile) -> bool:
        """Tell whether *file* is the content that its round was first imported from; later ones amended it."""
        same_name = [one for one in self.stored[server].values() if one.filename == file.filename and one.complete]
        return min(same_name, key=lambda one: one.id or 0).sha256 == file.sha256


def amendments(outcome: Outcome) -> list[Event]:
    """Return what is to be published about rounds that were stored before."""
    return [RoundAmended(round=one.event(), revision=one.revision, changed=changed) for one, changed in outcome.amended]


def _age(file: FetchedFile) -> datetime:
    return file.modified_at or datetime.max.replace(tzinfo=UTC)


def _is_older(file: FetchedFile, stored: StoredFile) -> bool:
    if file.modified_at is None:
        return False
    return stored.modified_at is None or file.modified_at < stored.modified_at
