"""Upserts who was on which side in each round, who played together in each session, and which team won each map."""

from collections.abc import Sequence

from roundhook import ImportedRound, Plugin, RoundAmended, hookimpl
from roundhook.db import Batcher

from . import tables
from .rosters import rosters
from .sessions import all_sessions, sessions

__all__ = ["TeamCapture", "tables"]

_FORGET = "DELETE FROM lua_round_teams WHERE round_id = ?"
_FILLED = "sessions of earlier versions"
_AT_ONCE = 20
"""Sessions that are filled in one transaction."""
Asked = tuple[ImportedRound | RoundAmended, int, bool]
"""An event, the id of its round, and whether an attempt has failed before."""


class TeamCapture(Plugin):
    """Round → lua_round_teams, session_teams, session_players, matches.winner_team."""

    async def setup(self) -> None:
        self.failed: set[str] = set()
        """Keys of events that failed here once: what their retry changes is not seen by others of the same event."""
        self.batches: Batcher[Asked, None] = Batcher(self._capture)
        self.ctx.service(self.batches.run)
        self.ctx.spawn(self.fill())

    @hookimpl(tryfirst=True)
    async def on_round_imported(self, round: ImportedRound) -> None:
        """Store the teams."""
        await self._first_or_retry(round, round.round_id)

    @hookimpl(tryfirst=True)
    async def on_round_amended(self, amendment: RoundAmended) -> None:
        """Store them again: rosters or times may have changed, or which round of its map it was."""
        if "round_number" in amendment.changed:
            await self.ctx.db.execute(_FORGET, (amendment.round.round_id,))
        await self._first_or_retry(amendment, amendment.round.round_id)

    async def fill(self) -> None:
        """Work out, once, the sessions that earlier versions have stored."""
        if await self.ctx.store.get(_FILLED):
            return
        async with self.ctx.db.transaction() as transaction:
            rounds = await all_sessions(transaction)
        for start in range(0, len(rounds), _AT_ONCE):
            async with self.ctx.db.transaction(alone=True) as transaction:
                writes, amended = await sessions(transaction, self.ctx.db.dialect, rounds[start : start + _AT_ONCE])
                await transaction.together(writes)
                for one in amended:
                    await self.ctx.publish(one)
        await self.ctx.store.set(_FILLED, True)

    async def _first_or_retry(self, event: ImportedRound | RoundAmended, round_id: int) -> None:
        again = event.key in self.failed
        self.failed.add(event.key)
        await self.batches.do((event, round_id, again))
        self.failed.discard(event.key)

    async def _capture(self, asked: Sequence[Asked]) -> list[None]:
        """Store the teams of these rounds and tell about others that it changes; that is all there is to do."""
        first_times = {round_id for _, round_id, again in asked if not again}
        dialect = self.ctx.db.dialect
        async with self.ctx.db.transaction(alone=True) as transaction:
            ids = {round_id for _, round_id, _ in asked}
            writes, rounds = await rosters(transaction, dialect, ids, self.ctx.clock.now())
            more, amended = await sessions(transaction, dialect, rounds, seen=first_times)
            await transaction.together([*writes, *more])
            for one in amended:
                await self.ctx.publish(one, follows=asked[0][0])
            for event, *_ in asked:
                self.ctx.handled(event)
        return [None] * len(asked)
