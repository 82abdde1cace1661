"""Game servers, looked after from Discord."""

from roundhook import Plugin

from . import tables
from .commands import loader
from .service import ServerAdmin

__all__ = ["ServerAdminPlugin", "tables"]


class ServerAdminPlugin(Plugin):
    """/setup server and /server test."""

    async def setup(self) -> None:
        self.admin = ServerAdmin(self.ctx)
        self.ctx.add_commands(loader)
        await self.admin.load_webhooks()
