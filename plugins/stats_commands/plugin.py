"""Announces rounds as pictures, keeps the announcements right, and offers the commands."""

from typing import Any

from roundhook import Content, ImportedRound, Plugin, RoundAmended, hookimpl
from roundhook.db import Batcher

from .commands import loader
from .missed import Missed
from .service import Answers


class StatsCommands(Plugin):
    """Rounds on Discord."""

    async def setup(self) -> None:
        zones = {key: server.settings.zone for key, server in self.ctx.servers.items()}
        self.answers = Answers(self.ctx.db, self.ctx.clock, zones)
        self.missed = Missed(self.ctx)
        self.sessions: Batcher[int, None] = Batcher(self.missed.tell)
        self.ctx.service(self.sessions.run)
        self.ctx.add_commands(loader)

    @hookimpl
    async def on_round_imported(self, round: ImportedRound) -> None:
        """Post the round's picture, unless it was played too long ago, or not to its end.

        What has only come now and is not being played any more is told by session, not one by one.
        """
        if self._is_missed(round):
            await self.sessions.do(round.round_id)
        else:
            await self._announce(round, lambda: self.answers.news(round.round_id))

    @hookimpl
    async def on_round_amended(self, amendment: RoundAmended) -> None:
        """Draw the posted picture anew; post it if the round is news only now, as when its file came in pieces."""
        round_id = amendment.round.round_id
        await self._announce(amendment, lambda: self.answers.picture(round_id))
        if self._is_missed(amendment.round) or await self.missed.is_told(round_id):
            await self.sessions.do(round_id)
        else:
            await self._announce(amendment.round, lambda: self.answers.news(round_id))

    def hidden(self, context: Any) -> list[str]:
        """Return the servers that the guild of a command does not see."""
        return self.ctx.hidden_servers(int(context.interaction.guild_id or 0))

    def _is_missed(self, round: ImportedRound) -> bool:
        """Tell whether a round is one to be told of, and not of what is being played."""
        now = self.ctx.clock.now()
        if round.quiet or round.is_live(now) or round.at is None:
            return False
        return any(now - round.at <= self.missed.within(guild) for guild in self.ctx.guilds(round))

    async def _announce(self, event: ImportedRound | RoundAmended, message: Content) -> None:
        await self.ctx.send_to_guilds(
            event, message, announce_within=lambda guild: self.missed.within(guild).total_seconds()
        )
