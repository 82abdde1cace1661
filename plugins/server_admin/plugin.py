"""Game servers, looked after from Discord."""

from typing import Any

import hikari

from roundhook import Plugin, RoundNotice, hookimpl

from .commands import loader
from .install import ACTION
from .service import ServerAdmin


class ServerAdminPlugin(Plugin):
    """/setup server and /server test."""

    async def setup(self) -> None:
        self.admin = ServerAdmin(self.ctx)
        self.ctx.add_commands(loader)
        self.ctx.on_component(ACTION, self.on_button)

    @hookimpl
    async def on_round_notice(self, notice: RoundNotice) -> None:
        """Look at the version of the script that has sent it."""
        await self.admin.look_at_sender(notice)

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
