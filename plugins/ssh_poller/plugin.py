"""One fetch loop for each server that has an ``ssh`` setting; a notice wakes its server's loop."""

import functools
from typing import Any

from roundhook import Plugin, RoundNotice, hookimpl

from .awaited import stored_delays
from .pace import Pace
from .service import FetchLoop


class SshPoller(Plugin):
    """File on the game server → FetchedFile."""

    async def setup(self) -> None:
        ctx, pace = self.ctx, Pace(self.ctx.clock)
        self.loops = {
            key: FetchLoop(
                server,
                ctx.config,
                db=ctx.db,
                files=ctx.files,
                clock=ctx.clock,
                pace=pace,
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
        ctx.spawn(self._remember())

    def export_state(self) -> dict[str, Any]:
        return {
            key: {"told": loop.refusals.export(), "delays": loop.delays.export()} for key, loop in self.loops.items()
        }

    def import_state(self, state: dict[str, Any], from_version: str) -> None:
        for key in self.loops.keys() & state.keys():
            self.loops[key].refusals.restore(state[key]["told"])
            for after, by in state[key].get("delays", ()):
                self.loops[key].delays.learn(after, by)

    async def _remember(self) -> None:
        """Let loops that know nothing learn from what is stored how long files have taken."""
        new = {key: loop.delays for key, loop in self.loops.items() if not loop.delays.export()}
        for server, seconds in await stored_delays(self.ctx.db, self.ctx.config.await_seconds):
            if server in new:
                new[server].learn(seconds - self.ctx.config.look_seconds, seconds)

    async def _tell_admins(self, server: str, text: str) -> None:
        await self.ctx.tell_admins(text, server=server)

    @hookimpl(trylast=True)
    async def on_round_notice(self, notice: RoundNotice) -> None:
        """Look at once, and await the file; the notice is stored by now, for the next start."""
        if notice.server in self.loops and notice.end_reason != "aborted":
            self.loops[notice.server].expect(notice)
