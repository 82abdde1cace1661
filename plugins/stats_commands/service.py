"""What the commands do: look up, refuse what cannot be found with advice, and make the answer."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from roundhook import Clock, File, Message, UserFacingError, escape_markdown
from roundhook.db import Database

from . import timing_view, views
from .card import render_card
from .queries import CATEGORIES, Stats
from .samples import evening_seconds

TOP_PLAYERS = 10
MAX_DAYS = 3650

Row = dict[str, Any]

NO_NEWS = ("aborted", "empty")


class Answers:
    """Makes answers. *zones* gives the zone of a game server, for the time on its pictures."""

    def __init__(self, db: Database, clock: Clock, zones: dict[str, ZoneInfo]) -> None:
        self.stats = Stats(db)
        self._clock = clock
        self._zones = zones
        self._drawing = asyncio.Lock()

    async def picture(self, round_id: int) -> Message | None:
        """Return a round as a picture with a line around it; None if it is not stored (any more)."""
        row = await self.stats.round(round_id, ())
        return await self._picture_of(row) if row else None

    async def news(self, round_id: int) -> Message | None:
        """Return a round's picture if the round is news: one that nobody finished, or nobody played, is none."""
        row = await self.stats.round(round_id, ())
        return await self._picture_of(row) if row and row["status"] not in NO_NEWS else None

    async def round(self, round_id: int | None, hidden: Sequence[str]) -> Message:
        """Return one round, or the latest, as a picture."""
        return await self._picture_of(await self._known_round(round_id, hidden))

    async def timing(self, round_id: int | None, hidden: Sequence[str]) -> Message:
        """Return where a round's times come from."""
        row = await self._known_round(round_id, hidden)
        return timing_view.timing_message(row, await self.stats.notice(row["id"]))

    async def last(self, hidden: Sequence[str]) -> Message:
        """Return the latest session."""
        session = await self.stats.last_session(hidden)
        if session is None:
            raise UserFacingError("No session is stored yet. Rounds appear here as soon as one has been played.")
        rounds, people = await self.stats.session_rounds(session["id"]), await self.stats.session_players(session["id"])
        least = evening_seconds([one.sums["time_played_seconds"] for one in people])
        ranked = [one for one in people if (one.sums["time_played_seconds"] or 0) >= least]
        return views.session_message(session, rounds, ranked[:TOP_PLAYERS], left_out=len(people) - len(ranked))

    async def player(self, typed: str, server: str | None, days: int | None, hidden: Sequence[str]) -> Message:
        """Return one player's numbers."""
        found = await self._player(typed, hidden)
        await self._check_server(server, hidden)
        since = self._since(days)
        totals = await self.stats.player_totals(found["guid"], server, since, hidden)
        if totals is None:
            remedy = "Try without server and days." if server or days else "It appears here when one has been played."
            raise UserFacingError(
                f"{escape_markdown(found['name'])} has no complete round {_where(server, days)}. {remedy} "
                "Rounds with a bot on a side do not count."
            )
        weapons = await self.stats.weapons(found["guid"], server, since, hidden)
        names = await self.stats.names(found["guid"])
        return views.player_message(totals, weapons, names, _where(server, days), found["last_seen"])

    async def top(self, category: str, days: int | None, hidden: Sequence[str], server: str | None = None) -> Message:
        """Return the best players of a category."""
        if category not in CATEGORIES:
            raise UserFacingError(
                f"There is no category '{escape_markdown(category)}'. Use one of {', '.join(CATEGORIES)}."
            )
        await self._check_server(server, hidden)
        scope = (server, self._since(days), hidden)
        sample = await self.stats.sample(category, *scope)
        ranking = await self.stats.top(category, *scope, sample=sample)
        if not ranking:
            remedy = "Try more days." if days else "Players are ranked as soon as a round has been played."
            raise UserFacingError(f"No complete round is stored {_where(server, days)}. {remedy}")
        return views.ranking_message(f"Top {category}", _where(server, days) + sample.words, ranking, category)

    async def awards(self, round_id: int | None, hidden: Sequence[str]) -> Message:
        """Return a round's awards."""
        row = (
            await self._known_round(round_id, hidden) if round_id is not None else await self.stats.with_awards(hidden)
        )
        awards = await self.stats.awards(row["id"]) if row else []
        if row is None or not awards:
            which = f"round {row['id']}" if row else "any round"
            raise UserFacingError(
                f"No awards are stored for {which}. They come from the game server's endstats file: "
                "/awards without id shows the latest round that has one."
            )
        return views.awards_message(row, awards)

    async def _picture_of(self, row: Row) -> Message:
        players = await self.stats.players(row["id"])
        match = await self.stats.match(row["match_id"])
        card = views.card_of(row, players, match, self._zones.get(row["server"], ZoneInfo("UTC")))
        async with self._drawing:  # one at a time: drawing takes a core
            data = await asyncio.to_thread(render_card, card)
        name = f"round-{row['id']}.png"
        message = views.card_message(row, image=name)
        return Message(embeds=message.embeds, files=(File(name=name, data=data),))

    async def _known_round(self, round_id: int | None, hidden: Sequence[str]) -> Row:
        row = await self.stats.round(round_id, hidden)
        if row is None:
            if round_id is None:
                raise UserFacingError("No round is stored yet. Rounds appear here as soon as one has been played.")
            raise UserFacingError(f"There is no round {round_id}. /last shows the latest rounds and their numbers.")
        return row

    async def _check_server(self, server: str | None, hidden: Sequence[str]) -> None:
        if server is None:
            return
        known = [row["server"] for row in await self.stats.server_status(hidden)]
        if server not in known:
            raise UserFacingError(
                f"No round of a server '{escape_markdown(server)}' is stored. "
                f"There are rounds of: {escape_markdown(', '.join(known)) or 'no server yet'}."
            )

    async def _player(self, typed: str, hidden: Sequence[str]) -> Row:
        found = await self.stats.find_players(typed, hidden)
        exact = [row for row in found if typed.lower() in (row["name"].lower(), row["guid"].lower())]
        if len(exact) == 1 or len(found) == 1:
            return (exact or found)[0]
        if not found:
            raise UserFacingError(
                f"No player called '{escape_markdown(typed)}' is known. Type a part of the name and choose."
            )
        names = ", ".join(f"{escape_markdown(row['name'][:40])} (`{row['guid']}`)" for row in found[:10])
        raise UserFacingError(f"Several players fit '{escape_markdown(typed)}': {names}. Choose one while typing.")

    def _since(self, days: int | None) -> Any:
        return self._clock.now() - timedelta(days=min(days, MAX_DAYS)) if days else None


def _where(server: str | None, days: int | None) -> str:
    place = f"on {escape_markdown(server)}" if server else "on all servers"
    return f"{place}, {f'last {days} days' if days else 'all time'}"
