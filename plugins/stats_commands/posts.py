"""What stands in each guild's stats channel about rounds and maps, by the guild's setting ``posts``.

``rounds``: a card for each round. ``maps``: a card for round 1; when round 2 is in, one new message for the map takes
its place. ``evening``: neither. What stands already is kept right in each of them.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from roundhook import Context, ImportedRound
from roundhook.db import Row, marks

from .evenings import standing_of
from .service import NO_NEWS, Answers

_STANDING = """
    SELECT subject, guild_id, channel_id, content, message_id FROM announcements
    WHERE plugin = ? AND subject IN ({subjects}) AND part = 0 AND content IS NOT NULL"""
_DISSOLVED = """
    SELECT a.subject, a.channel_id FROM announcements a WHERE a.plugin = ? AND a.created_at > ?
    AND a.subject LIKE 'match:%' AND a.part = 0 AND a.content IS NOT NULL AND a.round_id IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM matches m WHERE m.id = CAST(substr(a.subject, 7) AS BIGINT) AND m.round2_id IS NOT NULL)"""

DISSOLVED_WITHIN = timedelta(days=7)
"""How long ago a message may have been begun whose rounds belong together no more."""


class Posts:
    """Has the right messages stand; *ctx* is the plugin's."""

    def __init__(self, ctx: Context, answers: Answers) -> None:
        self._ctx, self._answers = ctx, answers

    async def tell(self, round: ImportedRound) -> None:
        """Have what is to be said about a round stand; nothing new where it is no news."""
        row = await self._answers.stats.round(round.round_id, ())
        if row is None:
            return
        rounds = await self._map_of(row)
        within = partial(self._card_within, is_whole=bool(rounds))
        await self._ctx.send_to_guilds(round, lambda: self._answers.news(row), announce_within=within)
        await self._keep_map(row, rounds, round, is_news=True)

    async def keep(self, round: ImportedRound) -> None:
        """Have what stands about the map of a round be right; nothing new is said."""
        if row := await self._answers.stats.round(round.round_id, ()):
            await self._keep_map(row, await self._map_of(row), round, is_news=False)

    async def _map_of(self, row: Row) -> list[Row]:
        """Return the two rounds of a round's map; none where one is missing or no news."""
        rounds = await self._answers.stats.both(row["match_id"])
        is_whole = len(rounds) == 2 and not any(one["status"] in NO_NEWS for one in rounds)
        return rounds if is_whole else []

    async def _keep_map(self, row: Row, rounds: Sequence[Row], round: ImportedRound, *, is_news: bool) -> None:
        if rounds:
            await self._tell_map(row["match_id"], rounds, round, is_news=is_news)
        await self._take_back_dissolved()

    async def before(self, subject: str) -> str:
        """Return the first line of what has been posted about something, "" if nothing stands."""
        rows = await self._standing([subject])
        return next((first_line(row) for row in rows if row["message_id"] is not None), "")

    def _card_within(self, guild: int, *, is_whole: bool) -> float:
        """Return how many seconds ago a round may have been played that gets a card; none where maps get one."""
        settings = self._ctx.guild(guild).settings
        has_card = settings.posts == "rounds" or (settings.posts == "maps" and not is_whole)
        return float(settings.announce_within * 60) if has_card else -1.0

    def _is_news(self, round: ImportedRound, guild: int) -> bool:
        """Tell whether a guild that is told of maps is told of one now, because of a round."""
        settings, at = self._ctx.guild(guild).settings, round.at
        if settings.posts != "maps" or round.quiet or at is None:
            return False
        return self._ctx.clock.now() - at <= timedelta(minutes=settings.announce_within)

    async def _tell_map(self, match: int, rounds: Sequence[Row], round: ImportedRound, *, is_news: bool) -> None:
        """Have one message about a map stand, a new one if it *is_news*, and take the cards of its rounds away."""
        subject, cards = f"match:{match}", [f"round:{row['id']}" for row in rounds]
        stands = await self._standing([subject, *cards])
        places, old = list[int](), defaultdict[str, list[int]](list)
        for guild in self._ctx.guilds(round):
            channel = self._ctx.guild(guild).stats_channel
            found = standing_of([row for row in stands if row["subject"] == subject], guild, channel)
            if found is None and not (is_news and channel and self._is_news(round, guild)):
                continue
            places.append(found["channel_id"] if found else channel)
            for card in cards:
                if row := standing_of([row for row in stands if row["subject"] == card], guild, channel):
                    old[card].append(row["channel_id"])
        if places:
            before = await self.before(subject)
            await self._ctx.send(places, lambda: self._answers.map(match, before), once=subject)
        for card, channels in old.items():
            await self._ctx.send(channels, None, once=card)

    async def _take_back_dissolved(self) -> None:
        """Delete what was told of maps whose rounds belong together no more."""
        since = self._ctx.clock.now() - DISSOLVED_WITHIN
        for row in await self._ctx.db.fetch(_DISSOLVED, (self._ctx.name, since)):
            await self._ctx.send(row["channel_id"], None, once=row["subject"])

    async def _standing(self, subjects: Sequence[str]) -> list[Row]:
        sql = _STANDING.format(subjects=marks(len(subjects)))
        return await self._ctx.db.fetch(sql, (self._ctx.name, *subjects))


def first_line(row: Row) -> str:
    """Return how what stands begins."""
    return str(json.loads(row["content"])["content"] or "").split("\n")[0]
