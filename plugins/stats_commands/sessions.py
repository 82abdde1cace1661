"""One message a session: what was missed of it while it goes on, and when it is over, who won it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from roundhook import Context, Embed, Message
from roundhook.db import Row, marks, utc
from roundhook.rounds import LIVE

from . import views
from .figures import counted
from .posts import first_line
from .service import NO_NEWS, Answers

_OF_SESSION = f"""
    FROM rounds r LEFT JOIN matches m ON m.id = r.match_id
    WHERE r.session_id = ? AND r.played_at BETWEEN ? AND ? AND r.status NOT IN ({marks(len(NO_NEWS))})"""
_ROUNDS = f"SELECT r.*, m.result, m.round1_id, m.round2_id {_OF_SESSION} ORDER BY r.played_at, r.filename"
_TOLD = f"""
    SELECT a.channel_id, a.subject FROM announcements a WHERE a.plugin = ? AND a.content IS NOT NULL AND a.subject IN (
        SELECT 'round:' || r.id {_OF_SESSION} UNION SELECT 'match:' || r.match_id {_OF_SESSION}
        UNION SELECT 'round:' || m.round1_id {_OF_SESSION} UNION SELECT 'round:' || m.round2_id {_OF_SESSION})"""
_SESSIONS = f"""
    SELECT server, session_id, sum(CASE WHEN status IN ({marks(len(NO_NEWS))}) THEN 0 ELSE 1 END) AS news
    FROM rounds WHERE id IN ({{rounds}}) GROUP BY server, session_id"""
_STANDING = """
    SELECT channel_id, created_at, message_id, content FROM announcements
    WHERE plugin = ? AND subject = ? AND part = 0 AND content IS NOT NULL"""
_LEFT_OVER = """
    SELECT a.subject, a.channel_id FROM announcements a
    WHERE a.plugin = ? AND a.subject LIKE 'session:%' AND a.part = 0 AND a.content IS NOT NULL AND a.created_at > ?
    AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = CAST(substr(a.subject, 9) AS BIGINT))"""

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


@dataclass(frozen=True, slots=True)
class Missed:
    """Rounds of a session that came late, and what is told of them by themselves: channels and subjects."""

    rounds: Sequence[Row]
    told: frozenset[tuple[int, str]]

    def of(self, channel: int, since: datetime, posts: str) -> list[Row]:
        """Return those since a time of which *channel* has not been told; with *posts* ``maps`` one tells of both."""

        def is_told(row: Row) -> bool:
            subjects = [f"round:{row['id']}", f"match:{row['match_id']}"]
            if posts == "maps":
                subjects += [f"round:{row['round1_id']}", f"round:{row['round2_id']}"]
            return any((channel, one) in self.told for one in subjects)

        return [row for row in self.rounds if (utc(row["played_at"]) or since) >= since and not is_told(row)]


class Sessions:
    """Tells of missed rounds and of evenings, and keeps what it has told right; *ctx* is the plugin's."""

    def __init__(self, ctx: Context, answers: Answers) -> None:
        self._ctx, self._answers = ctx, answers

    async def tell(self, round_ids: Sequence[int]) -> list[None]:
        """Have one message for each session of these rounds stand where that server's rounds are announced."""
        await self._ctx.clock.sleep(GATHER_SECONDS)
        sql = _SESSIONS.format(rounds=marks(len(round_ids)))
        for row in await self._ctx.db.fetch(sql, (*NO_NEWS, *round_ids)):
            await self._tell_of(row["server"], row["session_id"], is_news=bool(row["news"]))
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
        if found[0]["rounds"] >= LEAST_ROUNDS:
            places = self._places(server).items()
            channels = [channel for guild, channel in places if now - ended <= GAP + self.within(guild)]
            await self._tell_evening(channels, found[0])
        return None

    async def is_told(self, round_id: int) -> bool:
        """Tell whether a message about the session of a round stands somewhere."""
        rows = await self._ctx.db.fetch("SELECT session_id FROM rounds WHERE id = ?", (round_id,))
        return any([await self._standing(f"session:{row['session_id']}") for row in rows])

    async def _tell_of(self, server: str, session: int, *, is_news: bool) -> None:
        """Have what a session is told by stand in each guild's channel: what is the same is made once for all."""
        subject, places = f"session:{session}", self._places(server)
        standing = {one["channel_id"]: utc(one["created_at"]) for one in await self._standing(subject)}
        since = {guild: (standing.get(channel) or self._ctx.clock.now()) - self.within(guild)
                 for guild, channel in places.items()}  # fmt: skip
        missed = await self._missed(session, min(since.values())) if since else Missed((), frozenset())
        over, evening = await self._over(session), list[int]()
        late = defaultdict[tuple[int, ...], list[int]](list)
        for guild, channel in places.items():
            posts = self._ctx.guild(guild).settings.posts
            rounds = missed.of(channel, since[guild], posts)
            is_told = channel in standing or (bool(rounds) and is_news)
            if over and is_told:
                evening.append(channel)
            elif channel in standing or (is_told and posts != "evening"):
                late[tuple(row["id"] for row in rounds)].append(channel)
        if over:
            await self._tell_evening(evening, over)
        for ids, channels in late.items():
            rounds = [row for row in missed.rounds if row["id"] in ids]
            await self._ctx.send(channels, message_of(rounds) if rounds else None, once=subject)

    def _places(self, server: str) -> dict[int, int]:
        """Return the stats channels of the guilds that are told of a server, by guild."""
        channels = {guild: self._ctx.guild(guild).stats_channel for guild in self._ctx.guilds(server)}
        return {guild: channel for guild, channel in channels.items() if channel}

    async def _missed(self, session: int, since: datetime) -> "Missed":
        of_session = (session, since, self._ctx.clock.now() - LIVE, *NO_NEWS)
        rounds = await self._ctx.db.fetch(_ROUNDS, of_session)
        told = await self._ctx.db.fetch(_TOLD, (self._ctx.name, *of_session * 4)) if rounds else []
        return Missed(rounds, frozenset((one["channel_id"], one["subject"]) for one in told))

    async def _over(self, session: int) -> Row | None:
        """Return a session that is over and was more than a round."""
        row = await self._answers.evenings.session(session, ())
        ended = utc(row["ended_at"]) if row else None
        is_over = row is not None and ended is not None and self._ctx.clock.now() >= ended + GAP
        return row if row is not None and is_over and row["rounds"] >= LEAST_ROUNDS else None

    async def _tell_evening(self, channels: Sequence[int], session: Row) -> None:
        """Have an evening stand in *channels*: it is drawn once, if at all."""
        if not channels:
            return
        subject = f"session:{session['id']}"
        stands = [first_line(row) for row in await self._standing(subject) if row["message_id"] is not None]
        before = stands[0] if stands else ""
        await self._ctx.send(channels, lambda: self._answers.evening(session, before), once=subject)

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
