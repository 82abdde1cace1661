"""Gives points to the three best players of each round, /ladder."""

from datetime import timedelta
from typing import Any

from roundhook import Plugin, escape_markdown, hookimpl
from roundhook.db import marks

from . import tables
from .commands import loader

__all__ = ["Ladder", "tables"]

POINTS = (3, 2, 1)
PAGE, PORTION = 10, 100
SCORE = f"""
    INSERT INTO ladder_points (round_id, guid, points, server, played_unix) VALUES ({marks(5)})
    ON CONFLICT (round_id, guid) DO UPDATE SET points = excluded.points"""


class Ladder(Plugin):
    """MvpChosen → points."""

    async def setup(self) -> None:
        """Offer the command; begin with what was stored before."""
        self.ctx.add_commands(loader)
        self.ctx.spawn(self.score_stored())

    @hookimpl
    async def on_mvp_chosen(self, event: Any) -> None:
        """Score the round as it stands now: again is the same, and of two changes the later counts."""
        for found in await self.ctx.call("mvp.tops", after=event.round_id - 1, limit=1):
            if found["round_id"] == event.round_id:
                await self.score(found)

    async def score_stored(self) -> None:
        """Score what the journal does not keep any more, in portions: a reload in the middle costs nothing."""
        until = await self.ctx.store.get("scored until", 0)
        while rounds := await self.ctx.call("mvp.tops", after=until, limit=PORTION):
            for found in rounds:
                await self.score(found)
            until = rounds[-1]["round_id"]
            await self.ctx.store.set("scored until", until)

    async def score(self, found: dict[str, Any]) -> None:
        """Give the points of one round in place of those that it had."""
        about = (found["server"], found["played_unix"])
        given = zip(found["players"], POINTS, strict=False)
        rows = [(found["round_id"], one["guid"], points, *about) for one, points in given]
        async with self.ctx.db.transaction() as transaction:
            await transaction.execute("DELETE FROM ladder_points WHERE round_id = ?", (found["round_id"],))
            await transaction.execute_many(SCORE, rows)

    async def page(self, asked: dict[str, Any], number: int) -> str | None:
        """Return one page of /ladder."""
        hidden = self.ctx.hidden_servers(asked["guild"])
        seen = f"AND l.server NOT IN ({marks(len(hidden))})" if hidden else ""
        query = f"""SELECT l.guid, MAX(p.name) AS name, SUM(l.points) AS points, COUNT(*) AS rounds
            FROM ladder_points l JOIN players p ON p.guid = l.guid WHERE l.played_unix >= ? {seen}
            GROUP BY l.guid ORDER BY points DESC, l.guid LIMIT ? OFFSET ?"""
        since = self.ctx.clock.now() - timedelta(days=asked["days"])
        rows = await self.ctx.db.fetch(query, (int(since.timestamp()), *hidden, PAGE, number * PAGE))
        lines = [
            f"{place}. **{escape_markdown(row['name'])}** {row['points']} points in {row['rounds']} rounds"
            for place, row in enumerate(rows, number * PAGE + 1)
        ]
        return "\n".join(lines) if lines else None
