"""Game servers, looked after from Discord."""

from typing import Any

from roundhook import Plugin, RoundNotice, hookimpl

from .commands import loader
from .install import Offer
from .service import ServerAdmin


class ServerAdminPlugin(Plugin):
    """/setup server and /server test."""

    async def setup(self) -> None:
        self.admin = ServerAdmin(self.ctx)
        self.ctx.add_commands(loader)

    @hookimpl
    async def on_round_notice(self, notice: RoundNotice) -> None:
        """Look at the version of the script that has sent it."""
        await self.admin.look_at_sender(notice)

    async def write_cfg(self, interaction: Any, offer: Offer) -> str:
        """Write the cfg that /setup server has shown and asked about."""
        return await self.admin.write_cfg(offer, self.servers_of(interaction))

    def servers_of(self, interaction: Any) -> list[str]:
        """Return the game servers that the user of a command or button may act on, at this moment."""
        return [key for key in sorted(self.ctx.servers) if self.ctx.may(interaction, "server", key)]
