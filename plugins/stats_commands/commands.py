"""The slash commands: options → service → answer."""

from typing import Any

import lightbulb

from roundhook import plugin_of
from roundhook.commands import answer, pages

from .rankings import CATEGORIES

MAX_DAYS = 3650
LONGEST = 100
"""Characters of what is typed that are looked at: Discord lets thousands be typed, each word of which may be a day."""

loader = lightbulb.Loader()


async def rounds(context: lightbulb.AutocompleteContext[int]) -> None:
    """Offer rounds by number, map, R1 or R2, day, or several of these; the latest first."""
    await _offer_rounds(context, with_awards=False)


async def rounds_with_awards(context: lightbulb.AutocompleteContext[int]) -> None:
    """Offer the same, of rounds that have awards."""
    await _offer_rounds(context, with_awards=True)


async def _offer_rounds(context: lightbulb.AutocompleteContext[int], *, with_awards: bool) -> None:
    plugin = plugin_of(context)
    found = await plugin.answers.search.rounds(_typed(context), plugin.hidden(context), with_awards=with_awards)
    await context.respond(found)


async def players(context: lightbulb.AutocompleteContext[str]) -> None:
    """Offer players by any of their names, or something like it; who played last first."""
    plugin = plugin_of(context)
    await context.respond(await plugin.answers.search.players(_typed(context), plugin.hidden(context)))


async def servers(context: lightbulb.AutocompleteContext[str]) -> None:
    """Offer the servers that this guild sees; the one played on last first."""
    plugin = plugin_of(context)
    await context.respond(await plugin.answers.search.servers(_typed(context), plugin.hidden(context)))


def _typed(context: lightbulb.AutocompleteContext[Any]) -> str:
    return str(context.focused.value or "")[:LONGEST]


@loader.command
class Last(lightbulb.SlashCommand, name="last", description="The latest session: maps, results, top players"):
    """/last"""

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        plugin = plugin_of(context)
        await answer(context, await plugin.answers.last(plugin.hidden(context)))


async def dates(context: lightbulb.AutocompleteContext[str]) -> None:
    """Offer the days of evenings, the latest first."""
    plugin, server = plugin_of(context), context.get_option("server")
    chosen = str(server.value or "") if server else ""
    await context.respond(await plugin.answers.search.days(_typed(context), plugin.hidden(context), chosen))


@loader.command
class SessionCommand(lightbulb.SlashCommand, name="session", description="One evening; the latest without a date"):
    """/session [date] [server]"""

    date = lightbulb.string(
        "date", "a day: 2026-01-31, yesterday, friday, 31.1.", default=None, autocomplete=dates, max_length=32
    )
    server = lightbulb.string("server", "one game server", default=None, autocomplete=servers, max_length=32)

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        plugin = plugin_of(context)
        await context.defer()
        await answer(context, await plugin.answers.session(self.date, self.server, plugin.hidden(context)))


@loader.command
class SessionsCommand(lightbulb.SlashCommand, name="sessions", description="The evenings, the latest first"):
    """/sessions [server]"""

    server = lightbulb.string("server", "one game server", default=None, autocomplete=servers, max_length=32)

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        plugin = plugin_of(context)
        await plugin.answers.search.check_server(self.server, plugin.hidden(context))
        asked = {"guild": int(context.guild_id or 0), "server": self.server}
        await pages(context, plugin.sessions_page, asked, anyone=True, empty="No session is stored yet.")


@loader.command
class StatsCommand(lightbulb.SlashCommand, name="stats", description="A player's numbers, or the best players"):
    """/stats [player] [server] [days]"""

    player = lightbulb.string("player", "part of a name", default=None, autocomplete=players, max_length=64)
    server = lightbulb.string("server", "one game server", default=None, autocomplete=servers, max_length=32)
    days = lightbulb.integer("days", "how far to look back", default=None, min_value=1, max_value=MAX_DAYS)

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        plugin = plugin_of(context)
        hidden = plugin.hidden(context)
        if self.player:
            await answer(context, await plugin.answers.player(self.player, self.server, self.days, hidden))
        else:
            await _top(context, "dpm", self.server, self.days)


@loader.command
class RoundCommand(lightbulb.SlashCommand, name="round", description="One round as a picture; the latest without id"):
    """/round [id]"""

    round_id = lightbulb.integer("id", "which round", default=None, autocomplete=rounds)

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        plugin = plugin_of(context)
        await context.defer()
        await answer(context, await plugin.answers.round(self.round_id, plugin.hidden(context)))


@loader.command
class Timing(lightbulb.SlashCommand, name="timing", description="How long a round really lasted, and who says so"):
    """/timing [id]"""

    round_id = lightbulb.integer("id", "which round", default=None, autocomplete=rounds)

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        plugin = plugin_of(context)
        await answer(context, await plugin.answers.timing(self.round_id, plugin.hidden(context)))


@loader.command
class Top(lightbulb.SlashCommand, name="top", description="The best players"):
    """/top [category] [days] [server] [player]"""

    category = lightbulb.string(
        "category", "by what", default="dpm", choices=[lightbulb.Choice(name, name) for name in CATEGORIES]
    )
    days = lightbulb.integer("days", "how far to look back", default=None, min_value=1, max_value=MAX_DAYS)
    server = lightbulb.string("server", "one game server", default=None, autocomplete=servers, max_length=32)
    player = lightbulb.string("player", "you: shows your place", default=None, autocomplete=players, max_length=64)

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        await _top(context, self.category, self.server, self.days, self.player)


@loader.command
class Awards(lightbulb.SlashCommand, name="awards", description="The awards of a round; the latest without id"):
    """/awards [id]"""

    round_id = lightbulb.integer("id", "which round", default=None, autocomplete=rounds_with_awards)

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        plugin = plugin_of(context)
        row = await plugin.answers.awarded(self.round_id, plugin.hidden(context))
        asked = {"guild": int(context.guild_id or 0), "round": row["id"]}
        await pages(context, plugin.awards_page, asked, anyone=True)


async def _top(
    context: lightbulb.Context, category: str, server: str | None, days: int | None, player: str | None = None
) -> None:
    """Answer with the best players, to turn pages."""
    plugin = plugin_of(context)
    guid = (await plugin.answers.search.player(player, plugin.hidden(context))).guid if player else ""
    asked = {
        "guild": int(context.guild_id or 0), "category": category, "server": server, "days": days, "player": guid,
    }  # fmt: skip
    await pages(context, plugin.top_page, asked, anyone=True)
