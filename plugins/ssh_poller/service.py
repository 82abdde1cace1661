"""The fetch loop of one server: awaits the files of notices, polls in between, never stops.

Which files are awaited is read once from the stored notices that have no round yet, so a restart forgets nothing; what
has been fetched is read from the import's tables. A file is taken when it is the same before and after it was
read, and ends in a newline.
"""

import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime, timedelta

from roundhook import (
    BadInputError,
    Clock,
    ConfigError,
    FetchedFile,
    Files,
    PeerUnavailableError,
    RoundNotice,
    Server,
    Settings,
)  # fmt: skip
from roundhook.db import Database
from roundhook.rounds import Trigger

from .awaited import Awaited, Notices
from .client import RemoteFile, StatsFolder, beside
from .delays import Delays
from .pace import PATIENCE_SECONDS, Pace, at_once
from .refusals import Refusals
from .stored import Stored
from .zones import names_behind, question, remedy

FIRST_SLOWDOWN_SECONDS, MAX_SLOWDOWN_SECONDS = 1.0, 60.0
SETTLE_SECONDS = 2.0
"""SFTP gives whole seconds: a folder that has just changed may change again without a sign; it is listed once more."""
LIST_AGAIN_SECONDS = 1.0
"""A folder without a sign of change is listed once more when a file is that late, or could not be read."""
TRIED_AGAIN = "It is tried again; what is written meanwhile is fetched then."
MOVE_AWAY = "Move old stats files out of it: of what is not read, only the files of rounds whose notice came are found."
ALLOW = "Give the user of the bot the right to read it."
BY_NAME_SECONDS, FULL_SECONDS = 0.5, 10.0
"""A folder that is too full to be read is asked for awaited files this often at most, and listed that often."""
AWAY, REFUSED, FULL, ZONE = "away", "refused", "full", "zone"
"""Troubles: the server does not answer; it is another one than the settings say, or takes another key; its folder
holds more than is read; its zone seems to be another."""


class FetchLoop:
    """Fetches one server's files. ``run`` goes on until it is cancelled; ``expect`` makes it look at once."""

    def __init__(
        self,
        server: Server,
        settings: Settings,
        *,
        db: Database,
        files: Files,
        clock: Clock,
        pace: Pace,
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
        self._pace = pace
        self._log = log
        self._publish = publish
        self._trouble, self._well = trouble, well
        self._notices = Notices(server.key, server.settings.zone, settings.await_seconds, clock)
        self.delays = Delays(settings.look_seconds)
        """How long after their notices files come."""
        self._looked_at = self._asked_at = self._looked_before = clock.now()
        """When the folder's time was last known, and asked for before that: what is new came in between."""
        self._seen: dict[str, tuple[int, int]] = {}
        """Size and time of each file that was fetched."""
        self._growing: dict[str, tuple[int, int]] = {}
        """Size and time of files that were not whole at the look before."""
        self.refusals = Refusals(server.key, log, tell_admins)
        self._unread = False
        """Whether the server would not give the bytes of a file; nothing in the folder changes when it does again."""
        self._stored = Stored(db, server.key)
        self._stamp: tuple[int, int] | None = None
        self._changed_at = self._listed_at = 0.0
        self._has_changed = self._unsettled = False
        self._is_full = False
        """Whether the folder held more at the last listing than is read."""
        self._slowdown = 0.0

    def expect(self, notice: RoundNotice) -> None:
        """Look at once, and await the file of a notice."""
        self._notices.add(notice)
        self._server.asked.set()

    async def run(self) -> None:
        """Look at the folder for ever; slower while the server is away, faster while a file is awaited."""
        await self._notices.read(self._db)
        while True:
            await self._pace.turn(patience=0.0 if self._is_urgent() else PATIENCE_SECONDS)
            self._server.asked.clear()
            awaited = self._notices.now()
            try:
                await self._look(awaited)
                await self._back()
            except (PeerUnavailableError, ConfigError) as error:
                await self._gone(error)
            await self._pause()

    async def _look(self, awaited: Sequence[Awaited]) -> None:
        """Ask for the folder's time; list it only when that has changed (a listing costs 300 times as much)."""
        asked_at = self._clock.now()
        stamp, now = await self._folder.stamp(), time.monotonic()
        self._looked_before, self._asked_at, self._looked_at = self._asked_at, asked_at, self._clock.now()
        by_name = self._is_full and bool(awaited)
        if self._is_full and now - self._listed_at < (
            BY_NAME_SECONDS if by_name else min(FULL_SECONDS, self._settings.poll_seconds)
        ):
            return
        self._has_changed = self._stamp not in (None, stamp)
        if stamp != self._stamp:
            self._changed_at, self._unsettled = now, True
        elif not self._is_due(now):
            return
        self._listed_at = now
        self._unsettled = now - self._changed_at <= SETTLE_SECONDS
        self._stamp = None  # only a look that has taken all that is listed lets the next one pass over the folder
        for file in await self._new_files(stamp[0], awaited if by_name else ()):
            await self._take(file, awaited)
            if self._server.asked.is_set():
                break  # something more urgent: look anew, the rest comes after it
        else:
            self._stamp = None if by_name else stamp
        await self.refusals.tell()

    def _is_due(self, now: float) -> bool:
        """Tell whether to list a folder that shows no change: soon after the last one, then less and less often."""
        since = now - self._listed_at
        if self._growing or (self._unread and since >= LIST_AGAIN_SECONDS):
            return True
        if not (elapsed := self._notices.elapsed()):
            return self._unsettled
        if self._unsettled:
            return since >= max(float(self._settings.look_seconds), (now - self._changed_at) / 2)
        overdue = max(map(self.delays.overdue, elapsed))
        return overdue >= LIST_AGAIN_SECONDS and since >= max(LIST_AGAIN_SECONDS, overdue / 2)

    async def _new_files(self, changed_unix: int, by_name: Sequence[Awaited]) -> list[RemoteFile]:
        """Return what is to be fetched, the most urgent first: of all that is listed, or of those notices alone.

        A listing of thousands takes long: what is awaited is asked for first, by the name that it is likely to have.
        """
        for names in self._guesses(changed_unix, by_name):
            if found := await self._new(await self._named(names)):
                self._unsettled = True  # it is listed later, for what else there may be
                return found
        there = [] if by_name else await self._listed()
        self._unread = False
        if not by_name and await self._is_doubtful(there) and not await self._stored.has_any():
            return []  # nothing of this server is stored yet: better late than all of it hours off
        return await self._new(there)

    def _guesses(self, changed_unix: int, by_name: Sequence[Awaited]) -> Iterator[Sequence[str]]:
        """Give names to ask for, the likeliest first: of those notices all that their files can have."""
        yield from self._notices.likely_names(changed_unix)
        if by_name:
            names = [name for one in by_name for name in one.names(self._server.settings.zone)]
            yield from at_once(names)
            yield self._asked_for()

    async def _listed(self) -> list[RemoteFile]:
        """List the folder, and forget what is gone; of one that is too full to be read, also ask for what was named."""
        await self._pace.turn(patience=0.0 if self._is_urgent() else PATIENCE_SECONDS)
        listing = await self._folder.list_files()
        self._is_full = not listing.is_whole
        named = await self._named(self._asked_for()) if self._is_full else []
        there = {file.name.filename: file for file in (*listing.files, *named)}
        self._growing = {name: seen for name, seen in self._growing.items() if name in there}
        if self._is_full:
            await self._trouble(FULL, f"{self._folder.path('')} holds {listing.count} names.", MOVE_AWAY)
        else:
            self.refusals.keep(there.keys())
            self._seen = {name: seen for name, seen in self._seen.items() if name in there}
            self._stored.keep(there.keys())
            await self._well(FULL)
        return list(there.values())

    async def _named(self, names: Sequence[str]) -> list[RemoteFile]:
        """Ask for files by the names that they have, or can have: in a full folder they may not be listed."""
        found: list[RemoteFile] = []
        for some in at_once(names):
            await self._pace.turn(len(some))
            found += await self._folder.look_for(some)
        return found

    def _is_urgent(self) -> bool:
        return bool(self._notices.now()) or self._server.asked.is_set()

    def _asked_for(self) -> list[str]:
        return sorted(self._server.asked_for)

    async def _is_doubtful(self, files: Sequence[RemoteFile]) -> bool:
        """Tell whether the files' names and times disagree, which a person is asked about."""
        key, settings = self._server.key, self._server.settings
        trusted = key in self._settings.trusted_names
        behind = None if trusted else await beside(len(files), lambda: names_behind(files, settings.zone))
        if not behind:
            await self._well(ZONE)
            return False
        await self._trouble(ZONE, question(key, behind, settings.timezone), remedy(key))
        return True

    def _urgency(self, file: RemoteFile) -> tuple[bool, str]:
        """Put what has just been played before what was played long ago, each in the order of its names."""
        recent = self._clock.now() - timedelta(hours=1)
        return max(self._times(file)) < recent, file.name.filename

    async def _new(self, files: Sequence[RemoteFile]) -> list[RemoteFile]:
        """Return those that are to be fetched: not known as they are now, and not from before the look-back."""
        maybe = await beside(len(files), lambda: list(filter(self._may_be_new, files)))
        changed = [file for file in maybe if file.name.filename in self._seen]
        others = [file for file in maybe if file.name.filename not in self._seen]
        return sorted([*changed, *await self._stored.others(others)], key=self._urgency)

    def _may_be_new(self, file: RemoteFile) -> bool:
        name = file.name.filename
        if self._seen.get(name) == (file.size, file.modified_unix):
            return False
        days: float = self._settings.backfill_days
        oldest = self._clock.now() - timedelta(days=days)
        return not days or name in self._server.asked_for or max(self._times(file)) >= oldest

    async def _take(self, file: RemoteFile, awaited: Sequence[Awaited]) -> None:
        """Fetch a file once it is whole: same size and time before and after it was read, and a final newline."""
        name = file.name.filename
        if not self._is_file(file):
            return
        if name not in self._growing:
            self._learn(file)
        found = await self._read(file)
        if found is None or not self._is_whole(file, *found):
            return
        trigger: Trigger = "notice" if self._is_awaited(file, awaited) else "poll"
        await self._hand_over(file, found[0], trigger)
        self._notices.came(file)
        self._seen[name] = file.size, file.modified_unix
        self._growing.pop(name, None)
        self._server.asked_for.discard(name)

    def _learn(self, file: RemoteFile) -> None:
        """Remember how long after its notice a file came, if the folder's time has shown it."""
        if self._has_changed and (notice := self._notices.of(file)):
            after, by = (moment - notice.received_at for moment in (self._looked_before, self._looked_at))
            self.delays.learn(after.total_seconds(), by.total_seconds())

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

    async def _read(self, file: RemoteFile) -> tuple[bytes, RemoteFile] | None:
        """Read as much of a file as was there; None where the server does not give it (tried again), or it is gone."""
        try:
            return await self._folder.read(file.name, file.size or self._settings.max_file_bytes)
        except BadInputError as error:
            self._unread = True
            self._refuse(
                file.name.filename, f"{error} It is tried again. Give the user of the bot the right to read it."
            )
            return None

    def _is_whole(self, file: RemoteFile, data: bytes, again: RemoteFile) -> bool:
        name, seen = file.name.filename, (file.size, file.modified_unix)
        stable = (again.size, again.modified_unix) == seen and len(data) == file.size
        if stable and (data.endswith(b"\n") or self._growing.get(name) == seen):
            return True
        self._growing[name] = seen
        return False

    async def _hand_over(self, file: RemoteFile, data: bytes, trigger: Trigger) -> None:
        name = file.name.filename
        if (name in self._seen or name in self._stored) and await self._stored.has(name, data):
            return  # only its time is another: nobody would take what is kept of it
        try:
            path = self._folder.path(name)
            event = await self._files.put(
                self._server.key, name, data, trigger=trigger, path=path, modified_at=file.modified_at
            )
        except BadInputError as error:
            self._refuse(name, error)
            return
        self.refusals.forget(name)
        await self._publish(event)
        self._log.info("%s fetched from %s (%s, %d bytes)", name, self._server.key, trigger, len(data))

    def _refuse(self, name: str, reason: object) -> None:
        self._growing.pop(name, None)
        self.refusals.add(name, reason)

    def _is_awaited(self, file: RemoteFile, awaited: Sequence[Awaited]) -> bool:
        if file.name.filename in self._server.asked_for:
            return True
        return any(one.fits(file, self._times(file)) for one in awaited)

    def _times(self, file: RemoteFile) -> tuple[datetime, ...]:
        return file.name.possible_times(self._server.settings.zone)

    async def _pause(self) -> None:
        """Wait until it is time for the next look, or until something is asked for."""
        seconds = min(map(self.delays.pause, self._notices.elapsed()), default=self._settings.poll_seconds)
        if self._growing:
            seconds = self._settings.look_seconds
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
