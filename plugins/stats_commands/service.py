"""What the commands do: look up, refuse what cannot be found with advice, and make the answer."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from roundhook import Clock, File, Message, UserFacingError, escape_markdown
from roundhook.commands import did_you_mean
from roundhook.db import Database
from roundhook.pictures import DrawingThreads

from . import evening_views, ranking_view, timing_view, views
from .boards import Asked, Board, Boards
from .card import Card, MapCard, render_card, render_evening, render_map
from .evening_card import evening_card_of
from .evening_menu import chosen, menus
from .evenings import Evenings
from .queries import Stats
from .rankings import CATEGORIES
from .results import PlayedMap
from .search import Search

MAX_DAYS = 3650
PAGE = 10
"""Sessions on a page."""

Row = dict[str, Any]

NO_NEWS = ("aborted", "empty")


class Answers:
    """Makes answers.

    Args:
        db: is read.
        clock: says what now is.
        zones: of the game servers, for the times on their pictures.
        component_id: makes the ids of menus.
    """

    def __init__(
        self, db: Database, clock: Clock, zones: dict[str, ZoneInfo], component_id: Callable[[str, object], str]
    ) -> None:
        self._component_id = component_id
        self.stats, self.evenings, self.search = Stats(db), Evenings(db), Search(db, clock, zones)
        self.boards = Boards(db, clock)
        self._clock = clock
        self._zones = zones
        self._threads = DrawingThreads()

    async def picture(self, round_id: int, before: str = "") -> Message | None:
        """Return a round as a picture and a line; *before* is the line that stands, if one does.

        None if the round is not stored (any more).
        """
        row = await self.stats.round(round_id, ())
        return await self._picture_of(row, before) if row else None

    async def news(self, row: Row) -> Message | None:
        """Return a round's picture if the round is news: one that nobody finished, or nobody played, is none."""
        return await self._picture_of(row) if row["status"] not in NO_NEWS else None

    async def round(self, round_id: int | None, hidden: Sequence[str]) -> Message:
        """Return one round, or the latest, as a picture."""
        return await self._picture_of(await self._known_round(round_id, hidden))

    async def timing(self, round_id: int | None, hidden: Sequence[str]) -> Message:
        """Return where a round's times come from."""
        row = await self._known_round(round_id, hidden)
        return timing_view.timing_message(row, await self.stats.notice(row["id"]))

    async def last(self, hidden: Sequence[str]) -> Message:
        """Return the latest session."""
        found = await self.evenings.latest(hidden)
        if not found:
            raise UserFacingError("No session is stored yet. Rounds appear here as soon as one has been played.")
        return await self.evening(found[0], title="Last session")

    async def session(self, date: str | None, server: str | None, hidden: Sequence[str]) -> Message:
        """Return the evening of a day (of the game server's zone), or the latest."""
        servers = await self.search.check_server(server, hidden)
        if date is not None:
            found = await self.search.sessions(date, servers)
        elif not (found := await self.evenings.latest(hidden, server=server)):
            raise UserFacingError("No session is stored yet. /sessions shows all.")
        title = "Last session" if date is None else "Session"
        return await self.evening(max(found, key=lambda row: row["rounds"]), title=title)

    async def sessions(self, server: str | None, hidden: Sequence[str], page: int) -> list[Row]:
        """Return one page of the evenings, the latest first, with teams and score of each."""
        found = await self.evenings.latest(hidden, server=server, limit=PAGE * (page + 1))
        return [row | await self.evenings.result(row["id"]) for row in found[PAGE * page :]]

    async def player(self, typed: str, server: str | None, days: int | None, hidden: Sequence[str]) -> Message:
        """Return one player's numbers."""
        found = await self.search.player(typed, hidden)
        await self.search.check_server(server, hidden)
        since = self._since(days)
        totals = await self.stats.player_totals(found.guid, server, since, hidden)
        if totals is None:
            remedy = "Try without server and days." if server or days else "It appears here when one has been played."
            raise UserFacingError(
                f"{escape_markdown(found.name)} has no complete round {_where(server, days)}. {remedy} "
                "Rounds with a bot on a side do not count."
            )
        weapons = await self.stats.weapons(found.guid, server, since, hidden)
        names = await self.stats.names(found.guid, hidden)
        totals = replace(totals, name=found.name)
        return views.player_message(totals, weapons, names, _where(server, days), found.last_seen)

    async def top(self, category: str, asked: Asked, number: int = 0, guid: str = "") -> Message | None:
        """Return a page of the best players of a category, and the place of who named himself; None beyond the last."""
        if category not in CATEGORIES:
            raise UserFacingError(
                f"There is no category '{escape_markdown(category)}'. {did_you_mean(category, CATEGORIES)}"
                f"Use one of {', '.join(CATEGORIES)}."
            )
        await self.search.check_server(asked.server, asked.hidden)
        board, where = await self.boards.board(asked), _where(asked.server, asked.days)
        if not (best := board.best[category]):
            remedy = "Try more days." if asked.days else "Players are ranked as soon as a round has been played."
            raise UserFacingError(f"No complete round is stored {where}. {remedy}")
        page = best[ranking_view.PAGE * number : ranking_view.PAGE * (number + 1)]
        if not page:
            return None
        names = await self.stats.last_names([*(place.guid for place in page), guid], asked.hidden)
        own = await self._own_line(guid, category, board, names) if guid else ""
        where += board.samples[category].words
        return ranking_view.board_page(f"Top {category}", where, best, number, category, names, own)

    async def _own_line(self, guid: str, category: str, board: Board, names: dict[str, str]) -> str:
        place, before = await self.boards.place_of(guid, category, board)
        if place is None or before < 0:
            return ranking_view.unranked_line(guid, place, category, names, board.samples[category].words)
        ranks = ranking_view.ranks_of(board.best[category], category)
        rank = ranks[before] if before < len(ranks) else f"{before + 1:,}."
        return ranking_view.board_line(rank, place, category, names)

    async def awarded(self, round_id: int | None, hidden: Sequence[str]) -> Row:
        """Return the round that is meant, which has awards, or the latest that has some (``UserFacingError``)."""
        asked = await self._known_round(round_id, hidden) if round_id is not None else None
        if asked and await self.stats.awards(asked["id"]):
            return asked
        latest, which = await self.stats.with_awards(hidden), f"round {asked['id']}" if asked else "any round"
        if latest and not asked:
            return latest
        other = f" The latest round that has some is {views.round_name(latest)}." if latest else ""
        problem = f"No awards are stored for {which}. They come from the game server's endstats file."
        raise UserFacingError(f"{problem}{other}")

    async def awards(self, round_id: int, hidden: Sequence[str], number: int = 0) -> Message | None:
        """Return a page of a round's awards; None beyond the last."""
        row, awards = await self.stats.round(round_id, hidden), await self.stats.awards(round_id)
        page = awards[views.AWARDS * number : views.AWARDS * (number + 1)]
        return views.awards_message(row, page) if row and page else None

    async def map(self, match_id: int, before: str = "") -> Message:
        """Return both rounds of a map as one picture and a line that says who has won it."""
        match, rounds = await self.stats.match(match_id), await self.stats.both(match_id)
        if match is None or len(rounds) < 2:
            raise UserFacingError("This map has no two rounds any more.")
        axis = await self.evenings.axis_of(rounds[0]["session_id"], [rounds[0]["id"]])
        played = PlayedMap(
            match_id, rounds[0], rounds[1], match["result"], match["winner_team"], axis.get(rounds[0]["id"], 0)
        )
        teams, score = await self.evenings.standings(rounds[0])
        line, cards = views.map_line(played, teams, score), [await self._card_of(row) for row in rounds]
        data = await self._threads.draw(
            render_map,
            MapCard(
                rounds=(cards[0], cards[1]), result=views.map_title(played, teams), winner=played.winner, score=score,
                teams=tuple(teams[team] for team in sorted(teams)), axis_teams=views.axis_teams(played),
            ),
        )  # fmt: skip
        words = f"{views.corrected(line, before)}\n{views.about(rounds[0], rounds[1])}"
        return Message(
            content=words,
            files=(File(name=f"map-{match_id}.png", data=data, description=views.map_description(line, cards)),),
        )

    async def evening(self, session: Row, before: str = "", *, title: str = "") -> Message:
        """Return a session as one picture with the line that says who has won it, and menus for more.

        With a *title* its rounds and best players stand there in words too.
        """
        evening = await self.evenings.read(session)
        zone = self._zones.get(session["server"], ZoneInfo("UTC"))
        data = await self._threads.draw(lambda: render_evening(evening_card_of(evening, zone)))
        line = evening_views.evening_line(evening)
        words = f"{views.corrected(line, before)}\n{evening_views.about_evening(evening)}"
        file = File(
            name=f"evening-{session['id']}.png", data=data, description=evening_views.evening_description(evening)
        )
        embeds = evening_views.evening_tables(evening, title) if title else ()
        return Message(content=words, embeds=embeds, files=(file,), components=menus(self._component_id, evening))

    async def chosen(self, session_id: int, choice: str, hidden: Sequence[str]) -> Message:
        """Return what is asked for in a menu below an evening."""
        session = await self.evenings.session(session_id, hidden)
        if session is None:
            return Message(content="That session is not stored any more. /sessions shows those that are.")
        if not choice:
            return await self.evening(session)
        return await chosen(self.evenings, await self.evenings.read(session), choice)

    async def _picture_of(self, row: Row, before: str = "") -> Message:
        card, line = await self._card_of(row), views.round_words(row)
        data = await self._threads.draw(render_card, card)
        words = f"{views.corrected(line, before)}\n{views.about(row)}"
        description = views.card_description(line, card.players)
        return Message(content=words, files=(File(name=f"round-{row['id']}.png", data=data, description=description),))

    async def _card_of(self, row: Row) -> Card:
        players, match = await asyncio.gather(self.stats.players(row["id"]), self.stats.match(row["match_id"]))
        return views.card_of(row, players, match, self._zones.get(row["server"], ZoneInfo("UTC")))

    async def _known_round(self, round_id: int | None, hidden: Sequence[str]) -> Row:
        row = await self.stats.round(round_id, hidden)
        if row is None:
            if round_id is None:
                raise UserFacingError("No round is stored yet. Rounds appear here as soon as one has been played.")
            raise await self.search.no_round(round_id, hidden)
        return row

    def _since(self, days: int | None) -> Any:
        return self._clock.now() - timedelta(days=min(days, MAX_DAYS)) if days else None


def _where(server: str | None, days: int | None) -> str:
    place = f"on {escape_markdown(server)}" if server else "on all servers"
    return f"{place}, {f'last {days} days' if days else 'all time'}"
