"""What is offered while somebody types, and what may be meant by a name that does not exist."""

from collections import Counter
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from roundhook import Clock, UserFacingError, escape_markdown
from roundhook.commands import did_you_mean, fitting
from roundhook.db import Database, Row, utc

from .days import days_of
from .figures import counted
from .search_players import Found, PlayerSearch
from .search_rounds import RoundSearch
from .search_sessions import NUMBER, SessionSearch
from .seen import MOST_SERVERS, visible_servers

MAX_NAME = 40
"""Letters of a player's name in a choice, which has room for 100, and in a list of names."""
_DAY = len("2026-01-31")
SEVERAL = 10
"""Players whom an answer names."""
_DAYS = "today, yesterday, friday, 2026-01-31, 31.1. or 31 jan"


class Search:
    """Finds by what is typed; *hidden* are the servers that a guild does not see."""

    def __init__(self, db: Database, clock: Clock, zones: Mapping[str, ZoneInfo]) -> None:
        self._db = db
        self._players, self._rounds = PlayerSearch(db), RoundSearch(db, clock, zones)
        self._sessions = SessionSearch(db, self._rounds)

    # --- offered while somebody types: what is shown, and what is taken

    async def players(self, typed: str, hidden: Sequence[str]) -> list[tuple[str, str]]:
        """Return players who fit."""
        return [(_label(one), one.guid) for one in await self._players.find(typed, hidden)]

    async def rounds(self, typed: str, hidden: Sequence[str], *, with_awards: bool = False) -> list[tuple[str, int]]:
        """Return rounds that fit; their times are by the game server's clock."""
        found = await self._rounds.find(typed, hidden, with_awards=with_awards)
        several = len({row["server"] for row in found}) > 1
        return [(self._round_label(row, several), row["id"]) for row in found]

    async def servers(self, typed: str, hidden: Sequence[str]) -> list[str]:
        """Return servers that fit."""
        return fitting(typed, await visible_servers(self._db, hidden))

    async def days(self, typed: str, hidden: Sequence[str], server: str) -> list[tuple[str, str]]:
        """Return days of evenings that fit, of one server or of all: ``2026-01-31``; ``2026-01-31 #7`` of several."""
        found = await self._sessions.find(typed, hidden, server)
        many = Counter(map(self._day, await self._sessions.beside(found, hidden, server)))
        numbers = [f" #{row['id']}" if many[self._day(row)] > 1 else "" for row in found]
        return [(label, label[:_DAY] + number) for label, number in zip(self.labels(found), numbers, strict=True)]

    # --- what a command was given

    async def player(self, typed: str, hidden: Sequence[str]) -> Found:
        """Return the player who is meant.

        Raises:
            UserFacingError: nobody is, or several may be; says who.
        """
        found = await self._players.find(typed, hidden)
        fitting = [one for one in found if one.near.holds]
        exact = [one for one in fitting if one.near.kind == 0]
        now = [one for one in exact if one.fits in (one.name, one.guid)]
        for some in (now, exact, fitting):
            if len(some) == 1:
                return some[0]
        shown = escape_markdown(typed)
        if not fitting:
            names = " or ".join(map(_named, found[:3]))
            hint = f"Did you mean {names}? Choose while typing." if names else "Type a part of the name and choose."
            raise UserFacingError(f"No player called '{shown}' is known. {hint}")
        names = ", ".join(map(_named, fitting[:SEVERAL]))
        raise UserFacingError(f"Several players fit '{shown}': {names}. Choose one while typing.")

    async def check_server(self, server: str | None, hidden: Sequence[str]) -> list[str]:
        """Return the server, without one those that may be seen and were played on last.

        Raises:
            UserFacingError: it has no round, or may not be seen; says which is like it, and which there are.
        """
        known = await visible_servers(self._db, hidden)
        if server is None or server in known:
            return [server] if server else known[:MOST_SERVERS]
        there = ", ".join(map(escape_markdown, known[:SEVERAL])) or "no server yet"
        raise UserFacingError(
            f"No round of a server '{escape_markdown(server)}' is stored. "
            f"{did_you_mean(server, known, escape_markdown)}There are rounds of: {there}."
        )

    async def no_round(self, number: int, hidden: Sequence[str]) -> UserFacingError:
        """Return the refusal of a round that is not stored."""
        near = " and ".join(map(str, await self._rounds.near(number, hidden)))
        hint = f"The nearest: {near}. " if near else ""
        return UserFacingError(f"There is no round {number}. {hint}/last shows the latest rounds and their numbers.")

    async def sessions(self, day: str, servers: Sequence[str]) -> list[Row]:
        """Return the evenings that began on a day; of several days, on the latest with one. A number means that one.

        Raises:
            UserFacingError: it is no day, or had no evening; says which are near.
        """
        if number := NUMBER.search(day):
            if found := await self._sessions.numbered(int(number[1]), servers):
                return found
            raise UserFacingError(f"No session is stored of the number {number[1]}. /sessions shows all.")
        if days_of(day, self._rounds.today()) is None:
            raise UserFacingError(f"'{escape_markdown(day)}' is no day. Write {_DAYS}, or choose while typing.")
        if found := await self._sessions.of_day(day, servers):
            began = [label[:_DAY] for label in self.labels(found)]
            return [row for row, one in zip(found, began, strict=True) if one == began[0]]
        near = " and ".join(map(escape_markdown, self.labels(await self._sessions.near(day, servers))))
        raise UserFacingError(
            f"No session is stored of that day. {f'The nearest: {near}. ' if near else ''}/sessions shows all."
        )

    def labels(self, sessions: Sequence[Row]) -> list[str]:
        """Return each session as a choice: day (of its server's zone), server, how much was played."""
        return [f"{self._day(row)} · {row['server']} · {counted(row['rounds'], 'round')}"[:100] for row in sessions]

    def _day(self, session: Row) -> str:
        return self._moment(session["server"], session["started_at"], "%Y-%m-%d")

    def _round_label(self, row: Row, several: bool) -> str:
        when = self._moment(row["server"], row["played_at"], "%d %b %Y %H:%M %Z")
        where = f" · {row['server']}" if several else ""
        return f"{row['id']} · {row['map_name'][:MAX_NAME]} R{row['round_number']} · {when}{where}"[:100]

    def _moment(self, server: str, moment: object, form: str) -> str:
        known = utc(moment)  # type: ignore[arg-type]
        return f"{self._rounds.local(server, known):{form}}" if known else "–"


def _label(one: Found) -> str:
    other = f" (as {one.fits[:MAX_NAME]})" if one.near.holds and one.fits not in (one.name, one.guid) else ""
    return f"{one.name[:MAX_NAME]}{other} · {one.guid}"


def _named(one: Found) -> str:
    return f"{escape_markdown(one.name[:MAX_NAME])} (`{one.guid}`)"
