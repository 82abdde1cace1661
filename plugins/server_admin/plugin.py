"""Game servers, looked after from Discord."""

from typing import Any

import hikari

from roundhook import Plugin

from . import tables
from .commands import loader
from .install import ACTION
from .service import ServerAdmin

__all__ = ["ServerAdminPlugin", "tables"]

LOOK_SECONDS = 30.0
"""How often it is looked for webhooks that `roundhook lua deploy` has made beside the bot."""


class ServerAdminPlugin(Plugin):
    """/setup server and /server test."""

    async def setup(self) -> None:
        self.admin = ServerAdmin(self.ctx)
        self.ctx.add_commands(loader)
        self.ctx.on_component(ACTION, self.on_button)
        self.ctx.every(LOOK_SECONDS, self.admin.load_webhooks)
        await self.admin.load_webhooks()

    async def on_button(self, interaction: hikari.ComponentInteraction, args: str) -> None:
        """Write the cfg that /setup server has shown."""
        await interaction.create_initial_response(
            hikari.ResponseType.DEFERRED_MESSAGE_CREATE, flags=hikari.MessageFlag.EPHEMERAL
        )
        hidden = self.ctx.hidden_servers(int(interaction.guild_id or 0))
        message = await self.admin.write_cfg(args, hidden, int(interaction.user.id))
        await interaction.edit_initial_response(message.content)

    def hidden(self, context: Any) -> list[str]:
        """Return the servers that the guild of a command does not see."""
        return self.ctx.hidden_servers(int(context.interaction.guild_id or 0))
