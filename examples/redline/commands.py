"""/race and /drivers."""

from datetime import UTC, datetime

import lightbulb

from roundhook import UserFacingError, plugin_of
from roundhook.commands import answer, pages

loader = lightbulb.Loader()


async def races(context: lightbulb.AutocompleteContext[str]) -> None:
    """Offer the latest races."""
    typed = str(context.focused.value or "").lower()
    plugin = plugin_of(context)
    rows = await plugin.latest(plugin.ctx.hidden_servers(int(context.interaction.guild_id or 0)))
    named = [(f"{row['track']} {_time_text(row['ended_unix'])} {row['race']}", row["race"]) for row in rows]
    await context.respond([(text[:100], race) for text, race in named if typed in text.lower()])


def _time_text(unix: int) -> str:
    return f"{datetime.fromtimestamp(unix, UTC):%d %b %H:%M} UTC"


@loader.command
class RaceCommand(lightbulb.SlashCommand, name="race", description="A race of Redline"):
    """/race [id]"""

    id = lightbulb.string("id", "which one; the latest by default", default="", autocomplete=races)

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        """Answer with the picture."""
        plugin = plugin_of(context)
        hidden = plugin.ctx.hidden_servers(int(context.guild_id or 0))
        race = self.id or next((row["race"] for row in await plugin.latest(hidden)), "")
        if not race:
            raise UserFacingError("No race is stored yet.")
        await answer(context, await plugin.message_about(race, tuple(hidden)))


@loader.command
class DriversCommand(lightbulb.SlashCommand, name="drivers", description="The drivers of Redline by points"):
    """/drivers [days]"""

    days = lightbulb.integer("days", "how far to look back", default=90, min_value=1, max_value=3650)

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        """Answer with pages."""
        asked = {"days": self.days, "guild": int(context.guild_id or 0)}
        await pages(context, plugin_of(context).page, asked, anyone=True, empty="No race is stored yet.")
