"""/ladder"""

import lightbulb

from roundhook import plugin_of
from roundhook.commands import pages

loader = lightbulb.Loader()


@loader.command
class LadderCommand(lightbulb.SlashCommand, name="ladder", description="The players by points"):
    """/ladder [days]"""

    days = lightbulb.integer("days", "how far to look back", default=30, min_value=1, max_value=3650)

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        """Answer with pages."""
        asked = {"days": self.days, "guild": int(context.guild_id or 0)}
        await pages(context, plugin_of(context).page, asked, anyone=True, empty="Nobody has points yet.")
