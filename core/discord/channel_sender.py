"""One channel: posts, edits and deletes until what stands there is what is wanted; finds what was posted unanswered."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import hikari

from core.clock import Clock
from core.db import Database
from core.db.database import Row
from core.discord.announcements import ALARM
from core.discord.messages import Message, nonce_of
from core.discord.stored import (
    SINGLE,
    Payload,
    beginning_of,
    carries,
    digest_of,
    digest_of_sent,
    from_row,
    text_digest,
    token_of,
)
from core.errors import BadInputError
from core.kernel.bounded import text_of

log = logging.getLogger(__name__)

PAUSES = (0.5, 2.0, 5.0, 15.0, 60.0, 300.0)
"""Seconds between tries while Discord or the database does not answer; the last one goes on."""
REFUSED_SECONDS = 3600.0
"""When what Discord has refused is tried again, if nothing has changed before."""
MOST_PAGES = 20
"""Of a hundred messages each, in which a message is looked for."""
EPOCH = 1_420_070_400_000
"""Milliseconds: where Discord's ids begin."""
SKEW = timedelta(seconds=5)
"""By how much Discord's clock may be behind ours."""
UNKNOWN_MESSAGE = 10008
UNKNOWN_CHANNEL = 10003
NEVER = {
    UNKNOWN_MESSAGE: "somebody has deleted it, so it is not posted again", UNKNOWN_CHANNEL: "its channel is gone",
    50005: "another account has posted it",
}  # fmt: skip
"""Discord's codes for what can never be edited, whatever is mended."""
TOO_LARGE = 413
"""What Discord answers to files over its limit."""
TAKES_NO_MESSAGES = frozenset({50008, 50024, 50068, 50083, 160005})
"""Discord's codes for forums, categories, archived and locked threads."""

_NEXT = (  # alarms, then what is new, then what has changed; last what is not to be tried now
    "SELECT one.*, (next_at IS NULL OR next_at <= ?) AS due, EXISTS (SELECT 1 FROM announcements AS other "
    "WHERE other.channel_id = one.channel_id AND other.id <> one.id AND other.wanted > other.revision) AS more "
    "FROM announcements AS one WHERE id = (SELECT id FROM announcements WHERE channel_id = ? AND wanted > revision "
    f"ORDER BY {{due}}subject NOT LIKE '{SINGLE}{ALARM}%', message_id IS NOT NULL, id LIMIT 1)"
)
_DUE_FIRST = "next_at IS NOT NULL AND next_at > ?, "
_DONE = (
    "UPDATE announcements SET message_id = ?, revision = ?, files = CASE WHEN wanted = ? THEN NULL ELSE files END, "
    "tried = '', error = NULL, next_at = NULL WHERE id = ?"
)
_STANDS = "UPDATE announcements SET message_id = ? WHERE id = ?"
_FAILED = "UPDATE announcements SET attempts = attempts + 1, error = ? WHERE id = ?"
_OPEN = "UPDATE announcements SET next_at = NULL WHERE channel_id = ? AND wanted > revision"
_REFUSED = "UPDATE announcements SET attempts = attempts + 1, error = ?, next_at = ? WHERE id = ?"
_HELD = "UPDATE announcements SET error = ?, next_at = ? WHERE channel_id = ? AND wanted > revision"

Found = tuple[int, str]
"""A message's number, and the digest of its text."""


@dataclass(slots=True)
class Desk:
    """What all channels' senders share."""

    me: Callable[[], Awaitable[int]]
    """Returns the bot's own id."""
    read: Callable[..., Awaitable[list[dict[str, Any]]]]
    """Reads a page of a channel: ``read(channel, after=…)``, the oldest first."""
    database: Database
    clock: Clock
    on_refused: Callable[[int, int, str], Awaitable[None]]
    """Told of a channel in which Discord takes nothing, with its code and text."""
    on_taken: Callable[[int], Awaitable[None]]
    """Told of a channel that takes messages again."""
    place: Callable[[int], str]
    """Returns a channel's name and its guild's, for the log."""
    rest: Any = None
    """hikari's REST client. It makes no retries of its own: after each failure it is looked what stands."""
    last_id: int = 0
    """Rows up to this one were left by earlier processes: they may have been posted."""
    tried: set[int] = field(default_factory=set)
    """Later rows of which the same is true."""
    call: Callable[..., Awaitable[Any]] = field(init=False)
    note_change: Callable[[], None] = field(init=False)


class ChannelSender:
    """Sends one channel's messages in order. ``run`` ends when there is nothing more to do."""

    def __init__(self, desk: Desk, channel: int) -> None:
        self._desk, self._channel = desk, channel
        self._woken = asyncio.Event()
        self._stopping = False
        self._failures = 0
        self.at_rest = False
        """Nothing is to be done, or not before something changes."""
        self.refused = False
        """Discord takes nothing in this channel at present."""

    def wake(self) -> None:
        """Something is wanted, or what was refused may be tried again."""
        self.at_rest = False
        self._woken.set()

    def stop(self) -> None:
        """Begin nothing new."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Work off what is wanted; wait where Discord does not answer or refuses."""
        while not self._stopping:
            self._woken.clear()
            try:
                pause = await self._work_off()
            except Exception as error:  # noqa: BLE001 - whatever it is costs this channel a pause, and is said
                pause = self._pause_after(error)
            if not self._woken.is_set():
                self.at_rest = pause is None or pause >= REFUSED_SECONDS
                self._desk.note_change()
                if pause is None:
                    return
                await self._desk.clock.wait(self._woken, pause)

    async def _work_off(self) -> float | None:
        """Send row after row; return the seconds after which to go on, None when nothing is left."""
        while not self._stopping:
            rows = await self._next()
            if not rows:
                return None
            if not rows[0]["due"] and not self.refused:
                break
            try:
                await self._send(rows[0])
            except (hikari.ForbiddenError, hikari.NotFoundError, hikari.BadRequestError, BadInputError) as error:
                if await self._is_held(rows[0], error):
                    return REFUSED_SECONDS
            except (hikari.HikariError, TimeoutError, OSError) as error:
                await self._desk.database.execute(_FAILED, (str(error)[:500], rows[0]["id"]))
                return self._pause_after(error)
            else:
                self._failures = 0
                if self.refused:
                    self.refused = False
                    await self._desk.database.execute(_OPEN, (self._channel,))
                await self._desk.on_taken(self._channel)
                if not rows[0]["more"]:  # what has come since has woken us
                    return None
        return REFUSED_SECONDS

    async def _next(self) -> list[Row]:
        """Return what is to be sent next, if anything is left; in a channel that refuses what is oldest, due or not."""
        now = self._desk.clock.now()
        if self.refused:
            return await self._desk.database.fetch(_NEXT.format(due=""), (now, self._channel))
        return await self._desk.database.fetch(_NEXT.format(due=_DUE_FIRST), (now, self._channel, now))

    async def _send(self, row: Row) -> None:
        if row["content"] is None:
            await self._delete(row)
        elif row["message_id"] is None:
            await self._post(row, from_row(row["content"], row["files"] or b""))
        else:
            await self._edit(row, from_row(row["content"], row["files"] or b""))

    async def _post(self, row: Row, part: Message) -> None:
        """Post a message, unless Discord has it already: by its nonce, or as one that stands in the channel."""
        found = None if self._is_new(row) else await self._find(row, part)
        if found is None:
            self._desk.tried.add(row["id"])
            nonce = nonce_of(row["id"], row["created_at"], row["plugin"], row["subject"], self._channel, row["part"])
            found = await self._created(part, nonce)
        number, digest = found
        if row["tried"] and (part.files or digest != text_digest(row["content"])):  # it may be an earlier one
            await self._desk.database.execute(_STANDS, (number, row["id"]))
            self._woken.set()  # it is to be edited
        else:
            await self._done(row, number, "posted")

    async def _created(self, part: Message, nonce: str) -> Found:
        try:
            create, options = self._desk.rest.create_message, _options_of(part)
            sent = await self._called(create(self._channel, nonce=nonce, **options))
        except hikari.NotFoundError as error:
            if error.code != UNKNOWN_MESSAGE:
                raise
            return 0, ""  # it was posted under this nonce, and has been deleted since
        return int(sent.id), digest_of_sent(sent)

    async def _edit(self, row: Row, part: Message) -> None:
        edit, number, options = self._desk.rest.edit_message, row["message_id"], _options_of(part, empty=None)
        try:
            await self._called(edit(self._channel, number, **options))
            what = "edited"
        except (hikari.NotFoundError, hikari.ForbiddenError) as error:
            if error.code not in NEVER:
                raise
            what = f"not edited ({NEVER[error.code]})"
        await self._done(row, number, what)

    async def _called(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Call Discord; files that are too large are refused for good (``BadInputError``)."""
        try:
            return await self._desk.call(work)
        except hikari.ClientHTTPResponseError as error:
            if error.status != TOO_LARGE:
                raise
            raise BadInputError("The files are too large: Discord takes 10 MiB for each.") from error

    async def _delete(self, row: Row) -> None:
        try:
            if row["message_id"]:
                await self._desk.call(self._desk.rest.delete_message(self._channel, row["message_id"]))
        except hikari.NotFoundError as error:
            if error.code not in NEVER:
                raise
        await self._done(row, None, "deleted")

    async def _done(self, row: Row, number: int | None, what: str) -> None:
        await self._desk.database.execute(_DONE, (number, row["wanted"], row["wanted"], row["id"]))
        self._desk.tried.discard(row["id"])
        about, place = _about(row), self._desk.place(self._channel)
        _log_of(row).info("%s in %s: %s (message %s)", what, place, about, number or row["message_id"])

    def _is_new(self, row: Row) -> bool:
        """Tell whether a row cannot have been posted: this process has made it, and tries it for the first time."""
        return bool(row["id"] > self._desk.last_id and row["id"] not in self._desk.tried)

    async def _find(self, row: Row, part: Message) -> Found | None:
        """Look for a message that was posted while its answer was lost; one that is found counts for one row."""
        token = token_of(row["plugin"], row["subject"], self._channel, row["part"])
        texts = {*row["tried"].split(), *([] if part.files else [text_digest(row["content"])])}
        after = snowflake_of(row["created_at"] - SKEW)
        sql = "SELECT message_id FROM announcements WHERE channel_id = ? AND message_id > ?"
        known = {one["message_id"] for one in await self._desk.database.fetch(sql, (self._channel, after))}
        for payload in await self._said_since(after):
            number, digest = int(payload["id"]), digest_of(payload)
            if number not in known and (carries(payload, token) or digest in texts):
                return number, digest
        return None

    async def _said_since(self, after: int) -> list[Payload]:
        """Return what the bot has said in the channel of its own accord; nothing where it may not read."""
        found: list[Payload] = []
        try:
            for _ in range(MOST_PAGES):
                page = await self._desk.call(self._desk.read(self._channel, after=after))
                found += page
                if not page:
                    break
                after = int(page[-1]["id"])
        except (hikari.ForbiddenError, hikari.NotFoundError) as error:
            log.warning("channel %s cannot be read to see what was posted: %s", self._channel, error.message)
        me = str(await self._desk.me()) if found else ""
        return [one for one in found if one["author"]["id"] == me and not one.get("interaction_metadata")]

    async def _is_held(self, row: Row, error: hikari.HTTPResponseError | BadInputError) -> bool:
        """Note what Discord has refused: the whole channel, or only (False) this message."""
        code, text = getattr(error, "code", 0), getattr(error, "message", "") or str(error)
        next_at = self._desk.clock.now() + timedelta(seconds=REFUSED_SECONDS)
        whole = isinstance(error, (hikari.ForbiddenError, hikari.NotFoundError))
        self.refused = whole or code in TAKES_NO_MESSAGES
        about, place = _about(row), self._desk.place(self._channel)
        _log_of(row).warning("refused by Discord in %s: %s: %s (%s)", place, about, text, code)
        if self.refused:
            await self._desk.database.execute(_HELD, (text[:500], next_at, self._channel))
            await self._desk.on_refused(self._channel, code, text)
        else:
            await self._desk.database.execute(_REFUSED, (str(error)[:500], next_at, row["id"]))
        return self.refused

    def _pause_after(self, error: Exception) -> float:
        if not self._failures:
            log.warning("channel %s: %s; tried again, later each time", self._channel, text_of(error))
        pause = PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1
        if isinstance(error, hikari.RateLimitTooLongError):
            pause = error.retry_after
        return pause * random.uniform(1.0, 1.2)  # noqa: S311 - so that not all channels try at once


def snowflake_of(moment: datetime) -> int:
    """Return the first id that Discord may give at a time."""
    return max(int(moment.timestamp() * 1000) - EPOCH, 0) << 22


def _options_of(part: Message, **how: Any) -> dict[str, Any]:
    """Return what hikari is given; a part that it cannot make is refused for good (``BadInputError``)."""
    try:
        return part.options(**how)
    except Exception as error:
        raise BadInputError(f"It cannot be made: {text_of(error)}") from error


def _about(row: Row) -> str:
    """Return what a message is about, for the log: its round, what its plugin calls it, else how it begins."""
    subject = row["subject"]
    if row["round_id"]:
        subject = f"round {row['round_id']}"
    elif subject.startswith(SINGLE) and row["content"]:
        subject = f"'{beginning_of(row['content'])}'"
    part = f", part {row['part'] + 1}" if row["part"] else ""
    return " ".join(subject.split()) + part


def _log_of(row: Row) -> logging.Logger:
    return logging.getLogger(f"roundhook.{row['plugin']}")
