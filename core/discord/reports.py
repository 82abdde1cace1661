"""Messages to admins: equal ones are merged, each is cut, and of many about one server only the first are told.

A flood costs no work but counting: what is not told stands in the log, and one line says how many there were.
"""

import asyncio
import contextvars
import hashlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from core.clock import Clock
from core.config import Config
from core.errors import PeerUnavailableError
from core.kernel.bounded import keep
from core.shown import cut_text, escape_markdown, report_text

log = logging.getLogger(__name__)

CORE = "roundhook"
"""Who says how many there were, and whose troubles the core's are."""
LONGEST = 500
"""Characters of one message."""
MOST, WITHIN = 10, 60.0
"""So many messages about one game server, or in one guild, within so many seconds."""

Say = Callable[[str, int, str, str], Awaitable[None]]
"""Wants a message: plugin, channel, text, subject."""


def message_of(plugin: str, text: str, sign: str = "", limit: int = LONGEST) -> str:
    """Return what admins read, within *limit* characters."""
    return cut_text(f"{sign}**{escape_markdown(plugin)}**: {report_text(text)}", limit)


class Stream:
    """What is said in one channel about one game server (or about none)."""

    def __init__(self, channel: int, server: str) -> None:
        self.channel, self.server = channel, server
        self.times: deque[float] = deque(maxlen=MOST)
        """When the last ones were told."""
        self.hour = ""
        self.subjects: set[str] = set()
        """What has been told in that hour."""
        self.left_out = 0

    def takes(self, subject: str, hour: str, now: float) -> bool:
        """Tell whether a message is to be said: it is new in this hour, and they are not too many."""
        if hour != self.hour:
            self.hour, self.subjects = hour, set()
        if subject in self.subjects:
            return False
        if len(self.times) == MOST and now - self.times[0] < WITHIN:
            self.left_out += 1
            return False
        self.times.append(now)
        self.subjects.add(subject)
        return True


class Reports:
    """Tells admins what plugins have to say. ``close`` before whatever *say* needs."""

    def __init__(self, config: Config, clock: Clock, say: Say) -> None:
        self._config, self._clock, self._say = config, clock, say
        self._streams: dict[tuple[int, str], Stream] = {}
        self._counting: dict[Stream, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def tell(self, plugin: str, text: str, guilds: Sequence[int] | None, server: str = "") -> None:
        """Log *text*, and want it in the admin channels of *guilds* (without them of those that see *server*).

        Raises:
            PeerUnavailableError: the database does not answer.
        """
        logging.getLogger(f"roundhook.{plugin}").warning("%s", text)
        seen = [one for one in self._config.guilds if not server or self._config.sees(one, server)]
        said, hour = message_of(plugin, text), f"{self._clock.now():%Y-%m-%dT%H}"
        digest = hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:16]
        for guild in seen if guilds is None else guilds:
            if channel := self._config.guilds[guild].admin_channel:
                stream = self._streams.setdefault((channel, server), Stream(channel, server))
                await self._tell_in(stream, plugin, said, f"{digest}:{hour}", hour)

    async def close(self) -> None:
        """Say now how many were left out: it is kept until the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for stream in self._counting:
            await self._tell_left_out(stream)

    async def _tell_in(self, stream: Stream, plugin: str, said: str, subject: str, hour: str) -> None:
        if stream.takes(f"{plugin} {subject}", hour, self._clock.monotonic()):
            try:
                await self._say(plugin, stream.channel, said, subject)
            except BaseException:
                stream.subjects.discard(f"{plugin} {subject}")
                raise
        elif stream.left_out and stream not in self._counting:
            self._counting[stream] = keep(self._tasks, self._count(stream), contextvars.Context())

    async def _count(self, stream: Stream) -> None:
        """Say how many were left out once they may be told again. No plugin waits for it: it is nobody's job."""
        await self._clock.sleep(WITHIN)
        del self._counting[stream]
        await self._tell_left_out(stream)

    async def _tell_left_out(self, stream: Stream) -> None:
        count, stream.left_out = stream.left_out, 0
        about = f" about {stream.server}" if stream.server else ""
        moment = self._clock.now()
        text = message_of(CORE, f"{count} more messages{about} came within a minute; they are in the log.")
        try:
            subject = f"more:{stream.server}:{int(moment.timestamp() * 1000)}"
            await self._say(CORE, stream.channel, text, subject)
        except PeerUnavailableError as error:
            log.warning("%s messages to admins were left out, which cannot be told: %s", count, error)
