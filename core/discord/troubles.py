"""What a person has to mend: told once when it begins and once when it is over, kept over restarts (``troubles``)."""

import logging
from collections.abc import Awaitable, Callable, Iterable

from core.clock import Clock
from core.config import Config
from core.db import Database
from core.db.database import Row, utc
from core.discord.announcements import ALARM
from core.discord.reports import LONGEST, Say, message_of
from core.shown import cut_text, message_text, report_text

log = logging.getLogger(__name__)

Key = tuple[str, str, str, int]
"""Plugin, key, server and guild."""
REMEDY = 300
"""Of the characters of a message, those that the remedy may take."""

_BEGIN = (
    "INSERT INTO troubles (plugin, key, server, guild_id, text, remedy, since) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (plugin, key, server, guild_id) DO UPDATE SET text = excluded.text, remedy = excluded.remedy, "
    "since = CASE WHEN troubles.over_at IS NULL THEN troubles.since ELSE excluded.since END, "
    "told_at = CASE WHEN troubles.over_at IS NULL THEN troubles.told_at END, "
    "times = CASE WHEN troubles.over_at IS NULL THEN troubles.times + 1 ELSE 1 END, over_at = NULL"
)
_OVER = "UPDATE troubles SET over_at = ? WHERE plugin = ? AND key = ? AND server = ? AND guild_id = ?"
_TOLD = "UPDATE troubles SET told_at = ? WHERE plugin = ? AND key = ? AND server = ? AND guild_id = ?"
_UNTOLD = "SELECT * FROM troubles WHERE over_at IS NULL AND told_at IS NULL ORDER BY since"


class Troubles:
    """Keeps troubles. Without ``tell`` (a process without Discord) they wait until the bot tells them."""

    def __init__(self, config: Config, database: Database, clock: Clock) -> None:
        self._config, self._database, self._clock = config, database, clock
        self._open: set[Key] | None = None
        self.tell: Say | None = None
        self.owner_channel: Callable[[], Awaitable[int | None]] | None = None
        """Returns the channel of direct messages to the owner, 0 if there is none, None if Discord does not answer."""

    async def trouble(
        self, plugin: str, key: str, text: str, remedy: str = "", *, server: str = "", guild: int = 0
    ) -> None:
        """Note a trouble, or that it goes on; it is told when it begins, however its text changes.

        Raises:
            PeerUnavailableError: the database does not answer.
        """
        where = (plugin, key, server, guild)
        text, remedy = message_text(text), message_text(remedy)  # what a database takes, and what is seen
        if where not in await self._known():
            log.warning("%s: %s %s", plugin, text, remedy)
        self._remember(where)
        await self._database.execute(_BEGIN, (*where, text, remedy, self._clock.now()))
        await self.tell_untold()

    async def well(self, plugin: str, key: str, *, server: str = "", guild: int = 0) -> None:
        """Note that a trouble is over, and say so if it was told; without one nothing happens, and costs nothing.

        Raises:
            PeerUnavailableError: the database does not answer.
        """
        where = (plugin, key, server, guild)
        if where not in await self._known():
            return
        (row,) = await self._database.fetch(
            "SELECT * FROM troubles WHERE plugin = ? AND key = ? AND server = ? AND guild_id = ?", where
        )
        await self._database.execute(_OVER, (self._clock.now(), *where))
        (self._open or set()).discard(where)
        log.info("%s: over: %s", plugin, row["text"])
        if row["told_at"] is not None:
            over = f"that is over: {row['text']}"
            await self._say(row, message_of(plugin, over, "\N{WHITE HEAVY CHECK MARK} "))

    async def all_well(self, plugin: str, key: str) -> None:
        """Note that a trouble is over whatever server and guild it was noted for."""
        for *_, server, guild in [one for one in await self._known() if one[:2] == (plugin, key)]:
            await self.well(plugin, key, server=server, guild=guild)

    async def tell_untold(self) -> None:
        """Tell what has not been told, also what a process without Discord has noted."""
        if self.tell is None:
            return
        for row in await self._database.fetch(_UNTOLD):
            self._remember(_key_of(row))
            if await self._say(row, _text_of(row)):
                await self._database.execute(_TOLD, (self._clock.now(), *_key_of(row)))

    async def open(self) -> list[Row]:
        """Return the troubles that are not over, the oldest first."""
        return await self._database.fetch("SELECT * FROM troubles WHERE over_at IS NULL ORDER BY since, plugin, key")

    async def _say(self, row: Row, text: str) -> bool:
        """Say something in the admin channels of the guilds concerned, or to the owner where there is none.

        False: it cannot be said now, and is tried again.
        """
        channels = await self._channels_for(row)
        if self.tell is None or channels is None:
            return False
        begun = utc(row["since"])
        subject = f"{ALARM}{row['key']}:{row['server']}:{row['guild_id']}:{begun and int(begun.timestamp())}:{text[0]}"
        for channel in channels:
            await self.tell(row["plugin"], channel, text, subject)
        return True

    async def _channels_for(self, row: Row) -> list[int] | None:
        concerned = self._concerned(row["server"], row["guild_id"])
        channels = [self._config.guilds[one].admin_channel for one in concerned]
        usable = [one for one in channels if one and row["key"] != f"channel:{one}"]  # what is refused tells nobody
        if usable or self.owner_channel is None:
            return usable
        owner = await self.owner_channel()
        return None if owner is None else [owner] if owner else []

    def _concerned(self, server: str, guild: int) -> Iterable[int]:
        """Return the guilds that a trouble is about; one of the bot as a whole is its owner's, or the only guild's."""
        if guild:
            return [guild] if guild in self._config.guilds else []
        if server:
            return [one for one in self._config.guilds if self._config.sees(one, server)]
        return list(self._config.guilds) if len(self._config.guilds) == 1 else []

    async def _known(self) -> set[Key]:
        if self._open is None:
            self._open = {_key_of(row) for row in await self.open()}
        return self._open

    def _remember(self, key: Key) -> None:
        if self._open is not None:
            self._open.add(key)


def _text_of(row: Row) -> str:
    """Return how a trouble is told: the remedy is whole, where it can be, whatever the text is."""
    remedy = cut_text(f"\n{report_text(row['remedy'])}" if row["remedy"] else "", REMEDY)
    return message_of(row["plugin"], row["text"], "\N{WARNING SIGN} ", LONGEST - len(remedy)) + remedy


def _key_of(row: Row) -> Key:
    return row["plugin"], row["key"], row["server"], row["guild_id"]
