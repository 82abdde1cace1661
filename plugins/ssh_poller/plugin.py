"""One fetch loop for each server that has an ``ssh`` setting; a notice wakes its server's loop."""

import functools
from typing import Any

from roundhook import Plugin, RoundNotice, hookimpl

from .service import FetchLoop


class SshPoller(Plugin):
    """File on the game server → FetchedFile."""

    async def setup(self) -> None:
        ctx = self.ctx
        self.loops = {
            key: FetchLoop(
                server,
                ctx.config,
                db=ctx.db,
                files=ctx.files,
                clock=ctx.clock,
                log=ctx.log,
                publish=ctx.publish,
                tell_admins=functools.partial(self._tell_admins, key),
                trouble=functools.partial(ctx.trouble, server=key),
                well=functools.partial(ctx.well, server=key),
            )
            for key, server in ctx.servers.items()
            if server.settings.ssh is not None
        }
        for loop in self.loops.values():
            ctx.service(loop.run)

    def export_state(self) -> dict[str, Any]:
        return {key: {"told": sorted(loop.told)} for key, loop in self.loops.items()}

    def import_state(self, state: dict[str, Any], from_version: str) -> None:
        for key, loop in self.loops.items():
            if key in state:
                loop.told = set(state[key]["told"])

    async def _tell_admins(self, server: str, text: str) -> None:
        await self.ctx.tell_admins(text, server=server)

    @hookimpl(trylast=True)
    async def on_round_notice(self, notice: RoundNotice) -> None:
        """Look at once: the notice is stored by now, and the loop reads there what to await."""
        if notice.server in self.loops and notice.end_reason != "aborted":
            self.loops[notice.server].wake()
