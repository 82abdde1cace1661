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
        self.ctx.on_component(ACTION, self.on_button, admins=True)

    @hookimpl
    async def on_round_notice(self, notice: RoundNotice) -> None:
        """Look at the version of the script that has sent it."""
        await self.admin.look_at_sender(notice)

    async def on_button(self, interaction: hikari.ComponentInteraction, args: str) -> None:
        """Write the cfg that /setup server has shown."""
        await interaction.create_initial_response(
            hikari.ResponseType.DEFERRED_MESSAGE_CREATE, flags=hikari.MessageFlag.EPHEMERAL
        )
        message = await self.admin.write_cfg(args, self.servers_of(interaction), int(interaction.user.id))
        await interaction.edit_initial_response(message.content)

    def servers_of(self, interaction: Any) -> list[str]:
        """Return the game servers that the user of a command or button may act on, at this moment."""
        return [key for key in sorted(self.ctx.servers) if self.ctx.may(interaction, "server", key)]
