"""The fetch loop of one server: awaits the files of notices, polls in between, never stops.

Which files are awaited is read from the stored notices that have no round yet, so a restart forgets nothing; what has
been fetched is read from the journal's and the import's tables. A file is taken when two looks show the same size and
it ends in a newline.
"""

import itertools
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from roundhook import (
    BadInputError,
    Clock,
    ConfigError,
    FetchedFile,
    Files,
    PeerUnavailableError,
    Server,
    Settings,
    one_line,
)
from roundhook.db import Database
from roundhook.rounds import Trigger

from .awaited import Awaited
from .client import RemoteFile, StatsFolder
from .zones import names_behind, question, remedy

FIRST_SLOWDOWN_SECONDS, MAX_SLOWDOWN_SECONDS = 1.0, 60.0
SETTLE_SECONDS = 2.0
"""SFTP gives whole seconds: a folder that has just changed may change again without a sign; it is listed once more."""
LIST_AWAITED_SECONDS = 1.0
TOLD_AT_ONCE = 400
"""Characters: so much of what was refused at one look is told, beside how much more there is."""
TRIED_AGAIN = "It is tried again; what is written meanwhile is fetched then."
MOVE_AWAY = "Move old stats files out of it: of what is not read, only the files of rounds whose notice came are found."
BY_NAME_SECONDS, FULL_SECONDS = 0.5, 10.0
"""A folder that is too full to be read is asked for awaited files this often at most, and listed that often."""
MOST_ASKED_FOR = 1000


AWAY, REFUSED, FULL, ZONE = "away", "refused", "full", "zone"
"""Troubles: the server does not answer; it is another one than the settings say, or takes another key; its folder
holds more than is read; its zone seems to be another."""


class FetchLoop:
    """Fetches one server's files. ``run`` goes on until it is cancelled; ``wake`` makes it look at once."""

    def __init__(
        self,
        server: Server,
        settings: Settings,
        *,
        db: Database,
        files: Files,
        clock: Clock,
        log: logging.Logger,
        publish: Callable[[FetchedFile], Awaitable[None]],
        tell_admins: Callable[[str], Awaitable[None]],
        trouble: Callable[[str, str, str], Awaitable[None]],
        well: Callable[[str], Awaitable[None]],
    ) -> None:
        self._server = server
        self._folder = StatsFolder(server)
        self._settings = settings
        self._db = db
        self._files = files
        self._clock = clock
        self._log = log
        self._publish = publish
        self._tell_admins = tell_admins
        self._trouble, self._well = trouble, well
        self._seen: dict[str, tuple[int, int]] = {}
        """Size and time of each file that was fetched."""
        self._growing: dict[str, tuple[int, int]] = {}
        """Size and time of files that were not whole at the look before."""
        self.told: set[str] = set()
        """Names of what was refused; each is told once."""
        self._to_tell: dict[str, str] = {}
        """Why names were refused at this look."""
        self._unread = False
        """Whether the server would not give the bytes of a file; nothing in the folder changes when it does again."""
        self._stored: dict[str, int] | None = None
        """Times of the files that are in the database already; read at the first look."""
        self._stamp: tuple[int, int] | None = None
        self._changed_at = self._listed_at = 0.0
        self._unsettled = False
        self._is_full = False
        """Whether the folder held more at the last listing than is read."""
        self._slowdown = 0.0

    def wake(self) -> None:
        """Look at once: a notice has come."""
        self._server.asked.set()

    async def run(self) -> None:
        """Look at the folder for ever; slower while the server is away, faster while a file is awaited."""
        while True:
            self._server.asked.clear()
            awaited = await self._awaited()
            try:
                await self._look(awaited)
                await self._back()
            except (PeerUnavailableError, ConfigError) as error:
                await self._gone(error)
            await self._pause(awaited=bool(awaited or self._growing))

    async def _look(self, awaited: Sequence[Awaited]) -> None:
        """Ask for the folder's time; list it only when that has changed (a listing costs 300 times as much)."""
        stamp, now, again = await self._folder.stamp(), time.monotonic(), bool(awaited or self._unread)
        by_name = self._is_full and bool(awaited)
        if self._is_full and now - self._listed_at < (
            BY_NAME_SECONDS if by_name else min(FULL_SECONDS, self._settings.poll_seconds)
        ):
            return
        if stamp != self._stamp:
            self._changed_at, self._unsettled = now, True
        elif not (self._growing or self._unsettled or (again and now - self._listed_at >= LIST_AWAITED_SECONDS)):
            return
        self._listed_at = now
        self._unsettled = now - self._changed_at <= SETTLE_SECONDS
        self._stamp = None  # only a look that has taken all that is listed lets the next one pass over the folder
        for file in await self._new_files(awaited if by_name else ()):
            await self._take(file, awaited)
            if self._server.asked.is_set():
                break  # something more urgent: look anew, the rest comes after it
        else:
            self._stamp = None if by_name else stamp
        await self._tell_refused()

    async def _new_files(self, by_name: Sequence[Awaited]) -> list[RemoteFile]:
        """Return what is to be fetched, the most urgent first: of all that is listed, or of those notices alone."""
        if self._stored is None:
            self._stored = await self._read_stored()
        there = await (self._named(by_name) if by_name else self._listed())
        self._unread = False
        if not by_name and await self._is_doubtful(there) and not self._stored:
            return []  # nothing of this server is stored yet: better late than all of it hours off
        return sorted((file for file in there if self._is_new(file, self._stored)), key=self._urgency)

    async def _listed(self) -> list[RemoteFile]:
        """List the folder, and forget what is gone; of one that is too full to be read, also ask for what was named."""
        listing = await self._folder.list_files()
        self._is_full = not listing.is_whole
        named = await self._named(()) if self._is_full else []
        there = {file.name.filename: file for file in (*listing.files, *named)}
        self._growing = {name: seen for name, seen in self._growing.items() if name in there}
        if self._is_full:
            await self._trouble(FULL, f"{self._folder.path('')} holds {listing.count} names.", MOVE_AWAY)
        else:
            self.told &= there.keys()
            await self._well(FULL)
        return list(there.values())

    async def _named(self, awaited: Sequence[Awaited]) -> list[RemoteFile]:
        """Ask for files by the names that they have, or can have: in a full folder they may not be listed."""
        zone = self._server.settings.zone
        names = {name for one in awaited for name in one.names(zone)}
        return await self._folder.look_for([*sorted(names), *sorted(self._server.asked_for - names)[-MOST_ASKED_FOR:]])

    async def _is_doubtful(self, files: Iterable[RemoteFile]) -> bool:
        """Tell whether the files' names and times disagree, which a person is asked about."""
        key, settings = self._server.key, self._server.settings
        behind = None if key in self._settings.trusted_names else names_behind(files, settings.zone)
        if not behind:
            await self._well(ZONE)
            return False
        await self._trouble(ZONE, question(key, behind, settings.timezone), remedy(key))
        return True

    def _urgency(self, file: RemoteFile) -> tuple[bool, str]:
        """Put what has just been played before what was played long ago, each in the order of its names."""
        recent = self._clock.now() - timedelta(hours=1)
        return max(self._times(file)) < recent, file.name.filename

    def _is_new(self, file: RemoteFile, stored: dict[str, int]) -> bool:
        """Tell whether a file is to be fetched: not known as it is now, and not from before the look-back."""
        name = file.name.filename
        if self._seen.get(name) == (file.size, file.modified_unix) or stored.get(name) == file.modified_unix:
            return False
        days: float = self._settings.backfill_days
        oldest = self._clock.now() - timedelta(days=days)
        return not days or name in self._server.asked_for or max(self._times(file)) >= oldest

    async def _take(self, file: RemoteFile, awaited: Sequence[Awaited]) -> None:
        """Fetch a file once it is whole: same size and time at two looks, and a final newline."""
        name = file.name.filename
        if not self._is_file(file):
            return
        data = await self._bytes_of(name)
        if data is None or not await self._is_whole(file, data):
            return
        trigger: Trigger = "notice" if self._is_awaited(file, awaited) else "poll"
        await self._hand_over(file, data, trigger)
        self._seen[name] = file.size, file.modified_unix
        self._growing.pop(name, None)
        self._server.asked_for.discard(name)

    def _is_file(self, file: RemoteFile) -> bool:
        """Tell whether what is listed can be a stats file; what cannot is refused without being opened."""
        name = file.name.filename
        try:
            self._files.check(name, file.mode)
            _check_limit(name, file.size, self._settings.max_file_bytes)
        except BadInputError as error:
            self._refuse(name, error)
            return False
        return True

    async def _bytes_of(self, name: str) -> bytes | None:
        """Read a file; None where the server does not give it, which is tried again, or it is gone."""
        try:
            return await self._folder.read(name, self._settings.max_file_bytes)
        except BadInputError as error:
            self._unread = True
            self._refuse(name, f"{error} It is tried again. Give the user of the bot the right to read it.")
            return None

    async def _is_whole(self, file: RemoteFile, data: bytes) -> bool:
        name, seen = file.name.filename, (file.size, file.modified_unix)
        again = await self._folder.look_at(name)
        stable = again is not None and (again.size, again.modified_unix) == seen and len(data) == file.size
        if stable and (data.endswith(b"\n") or self._growing.get(name) == seen):
            return True
        self._growing[name] = seen
        return False

    async def _hand_over(self, file: RemoteFile, data: bytes, trigger: Trigger) -> None:
        name = file.name.filename
        try:
            event = await self._files.put(
                self._server.key,
                name,
                data,
                trigger=trigger,
                path=self._folder.path(name),
                modified_at=file.modified_at,
            )
        except BadInputError as error:
            self._refuse(name, error)
            return
        self.told.discard(name)
        await self._publish(event)
        self._log.info("%s fetched from %s (%s, %d bytes)", name, self._server.key, trigger, len(data))

    def _refuse(self, name: str, reason: object) -> None:
        self._growing.pop(name, None)
        if name not in self.told:
            self._to_tell[name] = f"{self._server.key}: {one_line(str(reason))}"

    async def _tell_refused(self) -> None:
        """Tell the admins what was refused at this look; the rest of a whole folder of it is in the log only."""
        texts = list(self._to_tell.values())
        lengths = list(itertools.accumulate(len(text) + 1 for text in texts))
        fits = max(sum(length <= TOLD_AT_ONCE for length in lengths), 1)
        first, rest = texts[:fits], texts[fits:]
        for text in rest:
            self._log.warning("%s", text)
        if first:
            await self._tell_admins("\n".join([*first, *([f"{len(rest)} more are in the log."] if rest else [])]))
        self.told.update(self._to_tell)
        self._to_tell.clear()

    def _is_awaited(self, file: RemoteFile, awaited: Sequence[Awaited]) -> bool:
        if file.name.filename in self._server.asked_for:
            return True
        return any(one.fits(file, self._times(file)) for one in awaited)

    def _times(self, file: RemoteFile) -> tuple[datetime, ...]:
        return file.name.possible_times(self._server.settings.zone)

    async def _awaited(self) -> list[Awaited]:
        """Read the notices of the last seconds that have no round yet."""
        since = self._clock.now() - timedelta(seconds=self._settings.await_seconds)
        rows = await self._db.fetch(
            "SELECT map_name, round_number, round_end_unix, notice FROM round_notices "
            "WHERE server = ? AND round_id IS NULL AND received_at >= ?",
            (self._server.key, since),
        )
        return [
            Awaited(row["map_name"], row["round_number"], datetime.fromtimestamp(row["round_end_unix"], UTC))
            for row in rows
            if '"end_reason":"aborted"' not in row["notice"]
        ]

    async def _read_stored(self) -> dict[str, int]:
        rows = await self._db.fetch(
            "SELECT filename, modified_at FROM stats_files WHERE server = ? AND modified_at IS NOT NULL ORDER BY id",
            (self._server.key,),
        )
        return {row["filename"]: int(row["modified_at"].timestamp()) for row in rows}

    async def _pause(self, *, awaited: bool) -> None:
        """Wait until it is time for the next look, or until something is asked for."""
        seconds: float = self._settings.look_seconds if awaited else self._settings.poll_seconds
        if self._unsettled:
            seconds = min(seconds, SETTLE_SECONDS)
        jitter = random.uniform(0.8, 1.2)  # noqa: S311 - so that not all servers are tried at once
        await self._clock.wait(self._server.asked, self._slowdown * jitter or seconds)

    async def _gone(self, error: PeerUnavailableError | ConfigError) -> None:
        """Say that the server is away, then look less and less often."""
        self._slowdown = min(max(self._slowdown * 2, FIRST_SLOWDOWN_SECONDS), MAX_SLOWDOWN_SECONDS)
        key = AWAY if isinstance(error, PeerUnavailableError) else REFUSED
        await self._trouble(key, str(error), TRIED_AGAIN)

    async def _back(self) -> None:
        self._slowdown = 0.0
        for key in (AWAY, REFUSED):
            await self._well(key)


def _check_limit(name: str, size: int, limit: int) -> None:
    if size > limit:
        remedy = "Look at it there; raise max_file_bytes if it is right."
        raise BadInputError(f"{name} has {size:,} bytes and is left aside: at most {limit:,} are read. {remedy}")
