"""What the bot says of its own accord: the wanted messages, their senders, and the troubles that it tells."""

import logging

import hikari

from core.clock import Clock
from core.config import Config
from core.db import Database
from core.discord.announcements import Announcements
from core.discord.channel_sender import TAKES_NO_MESSAGES, UNKNOWN_CHANNEL, Desk
from core.discord.following import Channels
from core.discord.reports import CORE, Reports
from core.discord.rest import use_ours
from core.discord.sender import Sender
from core.discord.troubles import Troubles
from core.discord.wire import dumps, tls
from core.shown import one_line

log = logging.getLogger(__name__)

_RIGHTS = "'View Channel', 'Send Messages', 'Embed Links', 'Attach Files' and 'Read Message History'"
_CHANNEL_CHANGES = frozenset({"CHANNEL_UPDATE", "THREAD_UPDATE"})
_GUILD_CHANGES = frozenset(
    {"CHANNEL_CREATE", "GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_MEMBER_UPDATE", "GUILD_CREATE"}
)
"""After these a channel may take what it has refused. (A bot gets updates of itself as a member without an intent.)"""


class Speech:
    """Posts for plugins and for the core. ``start`` before the first plugin, ``close`` after the last."""

    def __init__(
        self, app: hikari.GatewayBot, channels: Channels, config: Config, database: Database, clock: Clock,
        troubles: Troubles,
    ) -> None:  # fmt: skip
        self._app, self._config, self._clock, self._troubles = app, config, clock, troubles
        self._database = database
        kept = hikari.impl.HTTPSettings(ssl=tls(), force_close_transports=False)  # hikari connects for each call anew
        self._http = hikari.RESTApp(max_retries=0, url=config.discord.rest_url, http_settings=kept, dumps=dumps)
        self._desk = Desk(self._me, channels.read, database, clock, self._on_refused, self._on_taken, self._place)
        self.sender = Sender(self._desk)
        self.announcements = Announcements(config, database, clock, self.sender.wake, self.sender.come_near)
        self.reports = Reports(config, clock, self.announcements.say)
        self._owner = self._owner_channel = 0

    async def start(self, owner: int) -> None:
        """Begin to post; *owner* is the user who is told what concerns no guild that is configured."""
        self._owner = owner
        await self._http.start()
        self._desk.rest = self._http.acquire(self._config.token().reveal(), hikari.TokenType.BOT)
        use_ours(self._desk.rest)
        self._desk.rest.start()
        self._app.subscribe(hikari.ShardPayloadEvent, self._on_payload)
        guilds = self._config.guilds.items()
        await self.sender.start({guild: one.stats_channel for guild, one in guilds})
        self._troubles.tell, self._troubles.owner_channel = self.announcements.say, self._direct_channel
        await self._troubles.tell_untold()
        await self.end_troubles_of_empty_channels()

    async def end_troubles_of_empty_channels(self) -> None:
        """Let troubles of channels be over for which nothing waits any more: the settings name others now."""
        rows = await self._database.fetch("SELECT DISTINCT channel_id FROM announcements WHERE wanted > revision")
        waiting = {_key_of(row["channel_id"]) for row in rows}
        for row in await self._troubles.open():
            if row["plugin"] == CORE and row["key"].startswith(_key_of("")) and row["key"] not in waiting:
                await self._troubles.all_well(CORE, row["key"])

    async def close(self) -> None:
        """Wait for the calls that are under way, and let go of the connection."""
        self._troubles.tell = None
        await self.reports.close()
        await self.sender.close()
        if self._desk.rest is not None:
            await self._http.close()

    async def _me(self) -> int:
        me = self._app.get_me() or await self._app.rest.fetch_my_user()
        return int(me.id)

    async def _direct_channel(self) -> int | None:
        """Return the channel of direct messages to the owner, 0 if Discord gives none, None if it does not answer."""
        if not self._owner_channel and self._owner:
            try:
                self._owner_channel = int((await self._app.rest.create_dm_channel(self._owner)).id)
            except (hikari.ForbiddenError, hikari.BadRequestError) as error:
                log.warning("the owner cannot be told by direct message: %s", error)
            except hikari.HikariError:
                return None
        return self._owner_channel

    async def _on_refused(self, channel: int, code: int, text: str) -> None:
        if channel == self._owner_channel:
            return
        if code == UNKNOWN_CHANNEL:
            remedy = "Correct its number in the settings, or remove it there."
        elif code in TAKES_NO_MESSAGES:
            remedy = "Name a text channel, an announcement channel or an open thread in the settings, or unlock it."
        else:
            remedy = f"Give the bot {_RIGHTS} there."
        await self._troubles.trouble(
            CORE, _key_of(channel), f"Discord takes no message in <#{channel}>: {text} ({code}).",
            f"{remedy} What is to stand there is kept, and posted then.", guild=self.guild_of(channel),
        )  # fmt: skip

    async def _on_taken(self, channel: int) -> None:
        await self._troubles.all_well(CORE, _key_of(channel))  # whose it is may not have been known

    def guild_of(self, channel: int) -> int:
        """Return the guild of a channel, 0 where that is not known."""
        for guild, settings in self._config.guilds.items():
            if channel in (settings.stats_channel, settings.admin_channel):
                return guild
        found = self._app.cache.get_guild_channel(channel)
        return int(found.guild_id) if found else 0

    def _place(self, channel: int) -> str:
        """Return where a channel is, as people call it."""
        found = self._app.cache.get_guild_channel(channel)
        guild = self._app.cache.get_guild(found.guild_id) if found else None
        return f"#{found.name} of {guild.name} ({channel})" if found and guild else f"channel {channel}"

    async def _on_payload(self, event: hikari.ShardPayloadEvent) -> None:
        payload = event.payload
        if event.name == "MESSAGE_CREATE" and int(payload["channel_id"]) in self._config.discord.control_channels:
            self.sender.come_near()  # what comes there is told in other channels soon
        if event.name in _CHANNEL_CHANGES:
            await self.sender.retry([int(payload["id"])])
        elif event.name in _GUILD_CHANGES:
            guild = int(payload.get("guild_id") or payload["id"])
            await self.sender.retry([one for one in self.sender.refused() if self.guild_of(one) == guild])
        if event.name == "GUILD_CREATE":
            await self._on_guild(int(payload["id"]), str(payload.get("name", "")))
        elif event.name == "GUILD_DELETE" and not payload.get("unavailable"):
            await self._troubles.well(CORE, f"guild:{payload['id']}", guild=int(payload["id"]))

    async def _on_guild(self, guild: int, name: str) -> None:
        """Tell the owner of a guild that the bot is in and knows nothing of."""
        if guild in self._config.guilds:
            await self._troubles.well(CORE, f"guild:{guild}", guild=guild)
            return
        lines = f"[guilds.{guild}]\nstats_channel = 0  # where rounds are announced\nadmin_channel = 0"
        await self._troubles.trouble(
            CORE, f"guild:{guild}", f"The bot is in the guild {one_line(name)}, which is not in the settings.",
            f"Nothing is said or offered there. Remove the bot from it, or add:\n```toml\n{lines}\n```", guild=guild,
        )  # fmt: skip


def _key_of(channel: object) -> str:
    """Return what the trouble of a channel is called."""
    return f"channel:{channel}"
