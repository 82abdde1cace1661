"""Writes what is to be: rounds, matches, sessions, player and weapon rows, the notices' rounds; only what differs."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from piccolo.table import Table

from roundhook.db import Dialect, Row, Transaction, Write, columns_of, insert_sql, marks, upserts
from roundhook.rounds import (
    Match,
    PlayerRound,
    Round,
    Session,
    WeaponRound,
    day_of,
    keep_rollups,
    sighting_writes,
)

from . import people, store
from .planning import MatchPlan, Neighbourhood, SessionPlan, plan_sessions, unclear_sessions
from .state import CHANGING_COLUMNS, FIXED_COLUMNS, RoundState

_ROUND_COLUMNS = (*FIXED_COLUMNS, "revision", *CHANGING_COLUMNS)
_MATCH_COLUMNS = columns_of(Match, without=("id", "winner_team"))
_SESSION_COLUMNS = columns_of(Session, without=("id",))
_SETS = ", ".join(f"{column} = ?" for column in CHANGING_COLUMNS)
_UPDATE_ROUND = f"UPDATE rounds SET {_SETS}, revision = ? WHERE id = ?"
_WIDEN_SESSION = """
    UPDATE sessions SET started_at = CASE WHEN started_at > ? THEN ? ELSE started_at END,
        ended_at = CASE WHEN ended_at < ? THEN ? ELSE ended_at END WHERE id = ?"""
_ROWS_IN_STATEMENT, _FEW = 500, 2

Amended = tuple[RoundState, tuple[str, ...]]


class Writer:
    """Writes one neighbourhood: ``write`` first, then what hangs on the rounds' ids, then ``finish``."""

    def __init__(self, transaction: Transaction, dialect: Dialect, server: str, hood: Neighbourhood) -> None:
        self._transaction = transaction
        self._dialect = dialect
        self._server = server
        self._hood = hood
        self._rounds = sorted(hood.rounds.values(), key=lambda one: one.order)
        self._new = [one for one in self._rounds if one.is_new]
        self._others: list[RoundState] = []
        """Rounds elsewhere, whose session changes."""
        self._read = {one.id for one in (*self._rounds, *hood.removed) if one.id is not None}
        self._missed: set[str] = set()
        """Players of removed rounds."""
        self._late: list[Write] = []
        """What nothing else waits for: it goes to the database together."""

    async def write(self) -> None:
        """Write everything but the changes of stored rounds."""
        await self._write_sessions()
        plans = self._hood.matches()
        await self._clear(plans)
        _give_stored_matches(self._rounds, plans)
        await self._insert_rounds()
        await self._write_matches(plans)
        await self._write_rows()
        await self._write_notices()
        await self._transaction.together(self._late)

    async def finish(self) -> tuple[tuple[RoundState, ...], tuple[Amended, ...]]:
        """Write the changes of stored rounds; return the new rounds and the amended ones."""
        stored = sorted((one for one in (*self._rounds, *self._others) if one.stored), key=lambda one: one.id or 0)
        amended = tuple((one, changed) for one in stored if (changed := one.changed()))
        for one, _ in amended:
            one.revision += 1
        rows = [(*(one.values[column] for column in CHANGING_COLUMNS), one.revision, one.id) for one, _ in amended]
        await self._transaction.execute_many(_UPDATE_ROUND, rows)
        await self._keep_sums([one for one, changed in amended if {"players", "status"} & set(changed)])
        return tuple(self._new), amended

    async def _keep_sums(self, changed: Iterable[RoundState]) -> None:
        """Bring the players' sums in line on the days of new, removed and changed rounds."""
        added = {day_of(one.played_at) for one in self._new if one.values["status"] == "ok"}
        others = {day_of(one.played_at) for one in (*changed, *self._hood.removed)}
        await keep_rollups(self._transaction, self._server, added=added, changed=others)

    def missed(self) -> set[str]:
        """Return the players who are not in a round any more, or not under their name."""
        written = (one for one in self._rounds if one.rows is not None)
        return {guid for one in written for guid, _ in one.people_before - one.people} | self._missed

    # --- sessions

    async def _write_sessions(self) -> None:
        gone = {one.values["session_id"] for one in self._hood.removed}
        doubtful = any(one.reading is not None for one in self._rounds)
        again = {one.values["session_id"] for one in self._rounds if one.reread} - {None}
        if not (self._new or gone or doubtful or again):
            return
        whole = unclear_sessions(self._rounds) | gone | again
        if whole:
            known = {one.id for one in (*self._rounds, *self._hood.removed)}
            found = await store.rounds_of_sessions(self._transaction, whole, lock=self._dialect == "postgres")
            self._others = [one for one in found if one.id not in known]
        plans = plan_sessions([*self._rounds, *self._others], whole)
        new, stored = ([plan for plan in plans if (plan.id is None) is wanted] for wanted in (True, False))
        await self._insert_sessions(new)
        await self._change_sessions(stored, whole)

    async def _insert_sessions(self, plans: Sequence[SessionPlan]) -> None:
        rows = [(self._server, plan.started_at, plan.ended_at) for plan in plans]
        found = await self._insert(Session, _SESSION_COLUMNS, rows, "server")
        for plan, given in zip(plans, sorted(row["id"] for row in found), strict=True):  # counted up from row to row
            plan.id = given
            _give_session(plan)

    async def _change_sessions(self, plans: Sequence[SessionPlan], whole: set[int]) -> None:
        widened: list[tuple[Any, ...]] = []
        exact: list[tuple[datetime, datetime, int | None]] = []
        gone = {one.values["session_id"] for one in self._hood.removed}
        for plan in plans:
            if plan.id in gone and not any(one.is_new for one in plan.rounds):
                plan.rounds[0].touched.append("session_id")  # nobody would be told that the session has lost a round
            if plan.whole:
                exact.append((plan.started_at, plan.ended_at, plan.id))
            elif plan.rounds[0].is_new or plan.rounds[-1].is_new:
                widened.append((plan.started_at, plan.started_at, plan.ended_at, plan.ended_at, plan.id))
            _give_session(plan)
        await self._write_late(_WIDEN_SESSION, widened)
        await self._transaction.execute_many("UPDATE sessions SET started_at = ?, ended_at = ? WHERE id = ?", exact)
        empty = whole.difference(plan.id for plan in plans)
        await self._transaction.execute_many("DELETE FROM sessions WHERE id = ?", [(one,) for one in sorted(empty)])

    # --- rounds and matches

    async def _clear(self, plans: dict[str, MatchPlan]) -> None:
        """Take away matches and rounds that are no more, and free each R2 that changes its match."""
        removed = self._hood.removed
        stored = [one for one in (*self._rounds, *removed) if one.match is not None]
        over = [one.match.id for one in stored if one.match and (one in removed or one.filename not in plans)]
        await self._transaction.execute_many("DELETE FROM matches WHERE id = ?", [(one,) for one in over])
        freed = [
            (match.id,)
            for plan in plans.values()
            if (match := plan.first.match) and match.round2_id is not None and self._differs(plan)
        ]
        await self._transaction.execute_many("UPDATE matches SET round2_id = NULL WHERE id = ?", freed)
        if removed:
            await self._remove_rounds([one.id for one in removed])

    async def _remove_rounds(self, ids: Sequence[int | None]) -> None:
        rows = await self._transaction.fetch(
            f"SELECT DISTINCT guid FROM player_rounds WHERE round_id IN ({marks(len(ids))})", ids
        )
        await self._transaction.execute_many("DELETE FROM rounds WHERE id = ?", [(one,) for one in ids])
        self._missed = {row["guid"] for row in rows}

    async def _insert_rounds(self) -> None:
        rows = [_round_row(one) for one in self._new]
        found = await self._insert(Round, _ROUND_COLUMNS, rows, "filename")
        ids = {row["filename"]: row["id"] for row in found}
        for one in self._new:
            one.id = ids[one.filename]

    async def _write_matches(self, plans: dict[str, MatchPlan]) -> None:
        changed = [
            (plan.second.id if plan.second else None, plan.result, plan.first.match.id)
            for plan in plans.values()
            if plan.first.match and self._differs(plan)
        ]
        await self._write_late("UPDATE matches SET round2_id = ?, result = ? WHERE id = ?", changed)
        new = [plan for plan in plans.values() if plan.first.match is None]
        found = await self._insert(Match, _MATCH_COLUMNS, [_match_row(self._server, plan) for plan in new], "round1_id")
        ids = {row["round1_id"]: row["id"] for row in found}
        late = []
        for plan in new:
            for one in filter(None, (plan.first, plan.second)):
                one.values["match_id"] = ids[plan.first.id]
                late += [(one.values["match_id"], one.id)] if one in self._new else []
        await self._write_late("UPDATE rounds SET match_id = ? WHERE id = ?", late)

    def _differs(self, plan: MatchPlan) -> bool:
        """Tell whether a stored match has to change. One whose R2 was not read stays."""
        match = plan.first.match
        if match is None:
            return False
        unread = match.round2_id is not None and match.round2_id not in self._read and plan.second is None
        second = plan.second.id if plan.second else None
        new = plan.second is not None and plan.second in self._new
        return not unread and (new or (second, plan.result) != (match.round2_id, match.result))

    # --- what hangs on a round

    async def _write_rows(self) -> None:
        written = [one for one in self._rounds if one.rows is not None]
        again = [(one.id,) for one in written if one.stored]
        for table, kind in ((PlayerRound, "players"), (WeaponRound, "weapons")):
            await self._transaction.execute_many(f"DELETE FROM {table._meta.tablename} WHERE round_id = ?", again)
            rows = [(one.id, *row) for one in written for row in getattr(one.rows, kind)]
            if self._dialect == "postgres" and len(written) <= _FEW:
                self._late += upserts(self._dialect, table, columns_of(table), rows)
            else:
                await self._transaction.insert(table, columns_of(table), rows)
        sightings = [(guid, name, one.played_at) for one in written for guid, name in one.people - one.people_before]
        self._late += people.seen(self._dialect, sightings)
        self._late += await sighting_writes(self._transaction, self._server, sightings)

    async def _write_late(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each of *rows*: a few with what else is late, many at once."""
        if len(rows) <= _FEW:
            self._late += [(sql, row) for row in rows]
        else:
            await self._transaction.execute_many(sql, rows)

    async def _write_notices(self) -> None:
        rounds = self._hood.rounds
        moved = [
            (rounds[notice.name].id if notice.name else None, notice.ended.id)
            for notice in self._hood.notices
            if notice.moved
        ]
        await self._write_late("UPDATE round_notices SET round_id = ? WHERE id = ?", moved)

    async def _insert(
        self, table: type[Table], columns: tuple[str, ...], rows: Sequence[Sequence[Any]], key: str
    ) -> list[Row]:
        """Insert *rows* with few statements and return each one's id and *key*."""
        found: list[Row] = []
        for start in range(0, len(rows), _ROWS_IN_STATEMENT):
            some = rows[start : start + _ROWS_IN_STATEMENT]
            more = f", ({marks(len(columns))})" * (len(some) - 1)
            sql = insert_sql(table, columns, f"{more} RETURNING id, {key}")
            found += await self._transaction.fetch(sql, [value for row in some for value in row])
        return found


def _give_session(plan: SessionPlan) -> None:
    for one in plan.rounds:
        one.values["session_id"] = plan.id


def _give_stored_matches(rounds: Iterable[RoundState], plans: dict[str, MatchPlan]) -> None:
    """Give each round the id of its match, as far as the match is stored already."""
    for one in rounds:
        if one.settled and one.round_number == 2:
            continue
        plan = plans.get(one.filename if one.round_number == 1 else one.partner or "")
        one.values["match_id"] = plan.first.match.id if plan and plan.first.match else None


def _round_row(one: RoundState) -> tuple[Any, ...]:
    values = {column: getattr(one, column) for column in (*FIXED_COLUMNS, "revision")} | one.values
    return tuple(values[column] for column in _ROUND_COLUMNS)


def _match_row(server: str, plan: MatchPlan) -> tuple[Any, ...]:
    values = {
        "server": server, "map_name": plan.first.map_name, "round1_id": plan.first.id,
        "round2_id": plan.second.id if plan.second else None, "result": plan.result,
    }  # fmt: skip
    return tuple(values[column] for column in _MATCH_COLUMNS)
