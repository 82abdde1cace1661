"""Upserts who was on which side in each round, who played together in each session, and which team won each map."""

import asyncio
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


class TeamCapture(Plugin):
    """Round → lua_round_teams, session_teams, session_players, matches.winner_team."""

    async def setup(self) -> None:
        self.failed: set[str] = set()
        """Keys of events that failed here once: what their retry changes is not seen by others of the same event."""
        self.batches: Batcher[tuple[int, bool], Sequence[RoundAmended]] = Batcher(self._capture)
        self.ctx.service(self.batches.run)
        self.ctx.spawn(self.fill())

    @hookimpl(tryfirst=True)
    async def on_round_imported(self, round: ImportedRound) -> None:
        """Store the teams."""
        await self._first_or_retry(round.key, round.round_id)

    @hookimpl(tryfirst=True)
    async def on_round_amended(self, amendment: RoundAmended) -> None:
        """Store them again: rosters or times may have changed, or which round of its map it was."""
        if "round_number" in amendment.changed:
            await self.ctx.db.execute(_FORGET, (amendment.round.round_id,))
        await self._first_or_retry(amendment.key, amendment.round.round_id)

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
            await asyncio.gather(*map(self.ctx.publish, amended))
        await self.ctx.store.set(_FILLED, True)

    async def _first_or_retry(self, key: str, round_id: int) -> None:
        again = key in self.failed
        self.failed.add(key)
        amended = await self.batches.do((round_id, again))
        self.failed.discard(key)
        await asyncio.gather(*map(self.ctx.publish, amended))

    async def _capture(self, asked: Sequence[tuple[int, bool]]) -> list[Sequence[RoundAmended]]:
        """Store the teams of these rounds; return what is to be told about others, with the first of them."""
        first_times = {round_id for round_id, again in asked if not again}
        dialect = self.ctx.db.dialect
        async with self.ctx.db.transaction(alone=True) as transaction:
            ids = {round_id for round_id, _ in asked}
            writes, rounds = await rosters(transaction, dialect, ids, self.ctx.clock.now())
            more, amended = await sessions(transaction, dialect, rounds, seen=first_times)
            await transaction.together([*writes, *more])
        return [amended, *[()] * (len(asked) - 1)]
