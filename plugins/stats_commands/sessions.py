"""One message a session: what was missed of it while it goes on, and when it is over, who won it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from roundhook import Context, Embed, Message
from roundhook.db import Row, marks, utc
from roundhook.rounds import LIVE

from . import views
from .figures import counted
from .posts import first_line
from .service import NO_NEWS, Answers

_ROUNDS = f"""
    SELECT r.*, m.result, m.round1_id, m.round2_id FROM rounds r LEFT JOIN matches m ON m.id = r.match_id
    WHERE r.session_id = ? AND r.played_at BETWEEN ? AND ? AND r.status NOT IN ({marks(len(NO_NEWS))})
    AND NOT EXISTS (SELECT 1 FROM announcements a WHERE a.plugin = ? AND a.channel_id = ? AND a.content IS NOT NULL
                    AND (a.subject IN ('round:' || r.id, 'match:' || r.match_id)
                         OR ? = 'maps' AND a.subject IN ('round:' || m.round1_id, 'round:' || m.round2_id)))
    ORDER BY r.played_at, r.filename"""
_SESSIONS = f"""
    SELECT server, session_id, sum(CASE WHEN status IN ({marks(len(NO_NEWS))}) THEN 0 ELSE 1 END) AS news
    FROM rounds WHERE id IN ({{rounds}}) GROUP BY server, session_id"""
_STANDING = """
    SELECT channel_id, created_at, message_id, content FROM announcements
    WHERE plugin = ? AND subject = ? AND part = 0 AND content IS NOT NULL"""
_LEFT_OVER = """
    SELECT a.subject, a.channel_id FROM announcements a
    WHERE a.plugin = ? AND a.subject LIKE 'session:%' AND a.part = 0 AND a.content IS NOT NULL AND a.created_at > ?
    AND NOT EXISTS (SELECT 1 FROM sessions s WHERE 'session:' || s.id = a.subject)"""

GAP = timedelta(minutes=60)
"""When a session is over: so long after its last round."""
LEAST_ROUNDS = 2
"""An evening of fewer rounds is not worth a message of its own."""
MERGED_WITHIN = timedelta(days=2)
"""How long ago a message may have been begun whose session has become part of another."""
GATHER_SECONDS = 0.3
"""How long rounds that come one after another are gathered before the message is changed."""
MOST_LINES = 30
"""Rounds in one message."""


class Sessions:
    """Tells of missed rounds and of evenings, and keeps what it has told right; *ctx* is the plugin's."""

    def __init__(self, ctx: Context, answers: Answers) -> None:
        self._ctx, self._answers = ctx, answers

    async def tell(self, round_ids: Sequence[int]) -> list[None]:
        """Have one message for each session of these rounds stand where that server's rounds are announced."""
        await self._ctx.clock.sleep(GATHER_SECONDS)
        sql = _SESSIONS.format(rounds=marks(len(round_ids)))
        for row in await self._ctx.db.fetch(sql, (*NO_NEWS, *round_ids)):
            for guild in self._ctx.guilds(row["server"]):
                if channel := self._ctx.guild(guild).stats_channel:
                    await self._tell_in(guild, channel, row["session_id"], is_news=bool(row["news"]))
        await self._take_back()
        return [None] * len(round_ids)

    def within(self, guild: int) -> timedelta:
        """Return how long ago a round may have been played that is news in a guild."""
        return timedelta(minutes=self._ctx.guild(guild).settings.announce_within)

    async def end(self, server: str) -> datetime | None:
        """Tell who has won the latest session of a server; when it is not over yet, return when it may be."""
        found = await self._answers.evenings.latest((), server=server)
        ended = utc(found[0]["ended_at"]) if found else None
        if ended is None:
            return None
        now = self._ctx.clock.now()
        if now < ended + GAP:
            return ended + GAP
        for guild in self._ctx.guilds(server) if found[0]["rounds"] >= LEAST_ROUNDS else ():
            channel = self._ctx.guild(guild).stats_channel
            if channel and now - ended <= GAP + self.within(guild):
                await self._tell_evening(channel, found[0])
        return None

    async def is_told(self, round_id: int) -> bool:
        """Tell whether a message about the session of a round stands somewhere."""
        rows = await self._ctx.db.fetch("SELECT session_id FROM rounds WHERE id = ?", (round_id,))
        return any([await self._standing(f"session:{row['session_id']}") for row in rows])

    async def _tell_in(self, guild: int, channel: int, session: int, *, is_news: bool) -> None:
        subject, now = f"session:{session}", self._ctx.clock.now()
        begun = [utc(one["created_at"]) for one in await self._standing(subject) if one["channel_id"] == channel]
        since = (begun[0] if begun else None) or now
        span = (since - self.within(guild), now - LIVE)
        posts = self._ctx.guild(guild).settings.posts
        rounds = await self._ctx.db.fetch(_ROUNDS, (session, *span, *NO_NEWS, self._ctx.name, channel, posts))
        is_told = bool(begun) or (bool(rounds) and is_news)
        over = await self._over(session)
        if over and is_told:
            await self._tell_evening(channel, over)
        elif begun or (is_told and posts != "evening"):
            await self._ctx.send(channel, message_of(rounds) if rounds else None, once=subject)

    async def _over(self, session: int) -> Row | None:
        """Return a session that is over and was more than a round."""
        row = await self._answers.evenings.session(session, ())
        ended = utc(row["ended_at"]) if row else None
        is_over = row is not None and ended is not None and self._ctx.clock.now() >= ended + GAP
        return row if row is not None and is_over and row["rounds"] >= LEAST_ROUNDS else None

    async def _tell_evening(self, channel: int, session: Row) -> None:
        subject = f"session:{session['id']}"
        before = [first_line(row) for row in await self._standing(subject) if row["message_id"] is not None]
        message = await self._answers.evening(session, before[0] if before else "")
        await self._ctx.send(channel, message, once=subject)

    async def _take_back(self) -> None:
        """Delete what was told of sessions that have become part of others."""
        since = self._ctx.clock.now() - MERGED_WITHIN
        for one in await self._ctx.db.fetch(_LEFT_OVER, (self._ctx.name, since)):
            await self._ctx.send(one["channel_id"], None, once=one["subject"])

    async def _standing(self, subject: str) -> list[Row]:
        return await self._ctx.db.fetch(_STANDING, (self._ctx.name, subject))


def message_of(rounds: Sequence[Row]) -> Message:
    """Return what is told of rounds that came late, in one message; at least one is given."""
    lines = [f"{views.stamp(row['played_at'], 't')} {views.round_line(row)}" for row in rounds[-MOST_LINES:]]
    if len(rounds) > MOST_LINES:
        lines.insert(0, f"… and {counted(len(rounds) - MOST_LINES, 'earlier round')}")
    played = counted(len(rounds), "round")
    title = f"{views.place(rounds[0]['server'])}: {played} played before this could be told"
    return Message(embeds=(Embed(title=title, description="\n".join(lines), color=views.BLUE),))
