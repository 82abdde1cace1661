"""The slash commands: options → service → answer."""

from typing import Any

import lightbulb

from roundhook import plugin_of
from roundhook.commands import answer, pages

from .queries import CATEGORIES

MAX_CHOICES = 25
MAX_NAME = 80
"""Of a player in a choice, which has room for 100 characters."""
MAX_DAYS = 3650

loader = lightbulb.Loader()


async def rounds(context: lightbulb.AutocompleteContext[int]) -> None:
    """Offer the latest rounds that fit what is typed."""
    plugin = plugin_of(context)
    found = await plugin.answers.stats.recent_rounds(str(context.focused.value or ""), plugin.hidden(context))
    await context.respond([(_label(row), row["id"]) for row in found[:MAX_CHOICES]])


async def players(context: lightbulb.AutocompleteContext[str]) -> None:
    """Offer players by any of their names."""
    plugin = plugin_of(context)
    found = await plugin.answers.stats.find_players(str(context.focused.value or ""), plugin.hidden(context))
    await context.respond([(f"{row['name'][:MAX_NAME]} · {row['guid']}", row["guid"]) for row in found[:MAX_CHOICES]])


async def servers(context: lightbulb.AutocompleteContext[str]) -> None:
    """Offer the servers that this guild sees."""
    plugin, typed = plugin_of(context), str(context.focused.value or "").lower()
    found = await plugin.answers.stats.server_status(plugin.hidden(context))
    await context.respond([row["server"] for row in found if typed in row["server"].lower()][:MAX_CHOICES])


@loader.command
class Last(lightbulb.SlashCommand, name="last", description="The latest session: maps, results, top players"):
    """/last"""

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        plugin = plugin_of(context)
        await answer(context, await plugin.answers.last(plugin.hidden(context)))


async def dates(context: lightbulb.AutocompleteContext[str]) -> None:
    """Offer the days of the latest evenings."""
    plugin, typed = plugin_of(context), str(context.focused.value or "")
    days = await plugin.answers.days(plugin.hidden(context))
    await context.respond([(label, day) for day, label in days if typed.lower() in label.lower()][:MAX_CHOICES])


@loader.command
class SessionCommand(lightbulb.SlashCommand, name="session", description="One evening; the latest without a date"):
    """/session [date] [server]"""

    date = lightbulb.string("date", "a day, as in 2026-01-31", default=None, autocomplete=dates, max_length=32)
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
        await plugin.answers.check_server(self.server, plugin.hidden(context))
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
            await answer(context, await plugin.answers.top("dpm", self.days, hidden, self.server))


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
    """/top [category] [days]"""

    category = lightbulb.string(
        "category", "by what", default="dpm", choices=[lightbulb.Choice(name, name) for name in CATEGORIES]
    )
    days = lightbulb.integer("days", "how far to look back", default=None, min_value=1, max_value=MAX_DAYS)

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        plugin = plugin_of(context)
        await answer(context, await plugin.answers.top(self.category, self.days, plugin.hidden(context)))


@loader.command
class Awards(lightbulb.SlashCommand, name="awards", description="The awards of a round; the latest without id"):
    """/awards [id]"""

    round_id = lightbulb.integer("id", "which round", default=None, autocomplete=rounds)

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        plugin = plugin_of(context)
        await answer(context, await plugin.answers.awards(self.round_id, plugin.hidden(context)))


def _label(row: dict[str, Any]) -> str:
    return f"{row['id']} · {row['map_name']} R{row['round_number']} · {row['played_at']:%d %b %H:%M} UTC"[:100]
