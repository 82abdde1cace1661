"""Looks at Discord: the application, the guilds that are configured, and who is named in the settings."""

import functools
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import hikari

from core.cli.check_channels import ANNOUNCE, REPORT, look_at_channel
from core.cli.check_intents import looks_at_intents
from core.cli.check_machine import Stored
from core.cli.check_webhooks import look_at_room, looks_at_webhooks
from core.cli.looks import Look
from core.config import Config
from core.discord.asking import NOT_THERE, Asking, asking
from core.discord.scopes import GLOBAL
from core.errors import ConfigError

INVITED = ANNOUNCE | hikari.Permissions.MANAGE_WEBHOOKS
"""What the invitation asks for; the last one is only for making webhooks."""


async def looks_at_discord(config: Config, stored: Stored) -> AsyncIterator[Look]:
    """Give what there is to ask Discord; *stored* is what the database knows beyond the settings."""
    async with asking(config) as line:
        me = Me(line)
        yield "Discord", me.look
        if line.lost:
            return  # everything else would say the same
        async for one in looks_at_intents(config, stored.on, me.flags):
            yield one
        yield "Discord", me.look_at_invitation
        registered = {guild: one for (bot, guild), one in stored.commands.items() if bot == await me.id()}
        if GLOBAL in registered:
            yield "commands of all guilds", functools.partial(_look_at_global, line, me, registered[GLOBAL])
        for guild in config.guilds:
            look = Guild(line, me, config, guild, registered.get(guild))
            yield f"guild {guild}", look.look
            if look.is_there:
                for one in look.looks():
                    yield one
        for control in config.discord.control_channels:
            yield "discord.control_channel", functools.partial(look_at_room, line, control)
        for one in looks_at_webhooks(line, config, stored.webhooks):
            yield one


async def _look_at_global(line: Asking, me: "Me", registered: Sequence[str]) -> str:
    found = await line.get("/applications/{application}/commands", application=await me.id())
    _compare(registered, found)
    return f"those that the bot has registered: {len(found)}"


def _compare(registered: Sequence[str], found: Sequence[Mapping[str, Any]]) -> None:
    """Refuse (``ConfigError``) commands that are not those that the bot believes to be there."""
    if (names := sorted(one["name"] for one in found)) != registered:
        raise ConfigError(
            f"the commands there are {', '.join(names) or 'none'}, and the bot has registered "
            f"{', '.join(registered) or 'none'}: another program has its token, or somebody has changed them. Start it "
            "once with `roundhook run --register`."
        )


class Me:
    """The application: asked once, told in several lines."""

    def __init__(self, line: Asking) -> None:
        self._line = line
        self._answer: dict[str, Any] = {}

    async def look(self) -> str:
        """Say whose token it is."""
        try:
            self._answer = await self._line.get("/applications/@me")
        except hikari.NotFoundError:
            self._answer = await self._line.get("/oauth2/applications/@me")
        name = self._answer.get("name")
        return f"the token is {name}'s" if name else "the token is accepted"

    @property
    def flags(self) -> int | None:
        """The application's flags; None if it does not say."""
        flags = self._answer.get("flags")
        return None if flags is None else int(flags)

    async def look_at_invitation(self) -> str:
        """Say how the bot gets into a guild."""
        return f"it is invited by {await self.invitation()}"

    async def id(self) -> int:
        """Return the application's id, which is its user's too."""
        if "id" not in self._answer:
            self._answer = {**await self._line.get("/users/@me"), **self._answer}
        return int(self._answer["id"])

    async def invitation(self, guild: int = 0) -> str:
        """Return the address that invites the bot, with *guild* chosen already."""
        scopes = "scope=bot+applications.commands"
        chosen = f"&guild_id={guild}" if guild else ""
        client = f"client_id={await self.id()}"
        return f"https://discord.com/oauth2/authorize?{client}&{scopes}&permissions={int(INVITED)}{chosen}"


class Guild:
    """One guild of the settings."""

    def __init__(self, line: Asking, me: Me, config: Config, guild: int, registered: Sequence[str] | None) -> None:
        self._line, self._me, self._guild, self._registered = line, me, guild, registered
        self._settings = config.guilds[guild]
        self.is_there = True
        """False once Discord has said that the bot is not in it."""

    async def look(self) -> str:
        """Say its name."""
        try:
            found = await self._line.get("/guilds/{guild}", guild=self._guild)
        except NOT_THERE:
            self.is_there = False
            raise ConfigError(
                f"the bot is not in it, or there is none. Invite the bot by {await self._me.invitation(self._guild)}, "
                f"or correct or remove [guilds.{self._guild}]."
            ) from None
        return str(found.get("name") or "the bot is in it")

    def looks(self) -> Iterator[Look]:
        """Give what there is to look at in it."""
        place = f"guilds.{self._guild}"
        yield f"guild {self._guild}", self._look_at_commands
        for role in self._settings.admin_roles:
            yield f"{place}.admin_roles", functools.partial(self._look_at_role, role)
        for key, needed in (("stats_channel", ANNOUNCE), ("admin_channel", REPORT)):
            if channel := getattr(self._settings, key):
                yield f"{place}.{key}", functools.partial(look_at_channel, self._line, channel, needed, self._guild)

    async def _look_at_commands(self) -> str:
        path, application = "/applications/{application}/guilds/{guild}/commands", await self._me.id()
        try:
            found = await self._line.get(path, application=application, guild=self._guild)
        except NOT_THERE:
            raise ConfigError(
                "the bot may have no commands there: it was invited without the scope applications.commands. Open "
                f"{await self._me.invitation(self._guild)} ; nothing is lost by that."
            ) from None
        if self._registered is not None:
            _compare(self._registered, found)
        return "the bot may have commands there"

    async def _look_at_role(self, role: int) -> str:
        for found in await self._line.get("/guilds/{guild}/roles", guild=self._guild):
            if int(found["id"]) == role:
                return str(found.get("name") or role)
        raise ConfigError(f"there is no role {role} in this guild. Correct the id (Copy Role ID), or take it out.")
