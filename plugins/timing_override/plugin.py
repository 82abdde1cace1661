"""Corrects the timing columns of a round, before other plugins see the event about it."""

import json
import logging
from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct

from roundhook import ImportedRound, Plugin, RoundAmended, RoundNotice, hookimpl
from roundhook.db import Batcher, Row, Transaction, columns_of
from roundhook.rounds import Round

from .decision import Decision, FileView, decide

_READ = ", ".join(f"r.{name}" for name in columns_of(Round))  # by name: SELECT * is prepared anew each time
_ROUNDS = f"""
    SELECT {_READ}, (SELECT max(p.time_played_seconds) FROM player_rounds p WHERE p.round_id = r.id) AS longest,
        (SELECT n.notice FROM round_notices n WHERE n.round_id = r.id ORDER BY n.id LIMIT 1) AS notice,
        EXISTS (SELECT 1 FROM events e JOIN deliveries d ON d.event_id = e.id
            WHERE e.key = asked.column2 AND d.plugin = ? AND d.attempts > 0) AS failed
    FROM (VALUES {{asked}}) AS asked JOIN rounds r ON r.id = asked.column1"""
"""Rounds by id and by the key of the event about them; ``failed``: an attempt has failed, also in an ended process."""
_ASKED = "(CAST(? AS BIGINT), CAST(? AS TEXT))"
_COLUMNS = (*(name for name in Decision.__struct_fields__ if name != "why"), "duration_note")
_UPDATE = f"UPDATE rounds SET {', '.join(f'{name} = ?' for name in _COLUMNS)}, revision = revision + ? WHERE id = ?"


class Asked(Struct, frozen=True):
    """A round to be decided about, for this event; ``failed_here``: an attempt has failed before."""

    event: ImportedRound | RoundAmended
    about: ImportedRound
    failed_here: bool


class TimingOverride(Plugin):
    """Notice and file → true play time."""

    async def setup(self) -> None:
        self.seen: set[str] = set()
        """Keys of events that failed here once: what their retry changes is not seen by others of the same event."""
        self.batches: Batcher[Asked, None] = Batcher(self._correct)
        self.ctx.service(self.batches.run)

    def export_state(self) -> dict[str, list[str]]:
        return {"seen": sorted(self.seen)}

    def import_state(self, state: dict[str, list[str]], from_version: str) -> None:
        self.seen.update(state["seen"])

    @hookimpl(tryfirst=True)
    async def on_round_imported(self, round: ImportedRound) -> None:
        """Decide by the notice, if it is there already."""
        await self._first_or_retry(round, round)

    @hookimpl(tryfirst=True)
    async def on_round_amended(self, amendment: RoundAmended) -> None:
        """Decide again: a notice has come late, or the file was read anew."""
        await self._first_or_retry(amendment, amendment.round)

    async def _first_or_retry(self, event: ImportedRound | RoundAmended, about: ImportedRound) -> None:
        failed_here = event.key in self.seen
        self.seen.add(event.key)
        await self.batches.do(Asked(event, about, failed_here))
        self.seen.discard(event.key)

    async def _correct(self, asked: Sequence[Asked]) -> list[None]:
        """Write the decisions, and with them publish what a retry has changed."""
        about = {one.about.round_id: one for one in asked}
        async with self.ctx.db.transaction(alone=True) as transaction:
            rows = await self._read(transaction, about.values())
            changed = {row["id"]: (row, new) for row in rows if (new := self._changes(row, about[row["id"]].about))}
            late = {one for one, (row, _) in changed.items() if about[one].failed_here or row["failed"]}
            await transaction.execute_many(
                _UPDATE,
                [
                    (*({**row, **new}[name] for name in _COLUMNS), int(one in late), one)
                    for one, (row, new) in changed.items()
                ],
            )
            for one in sorted(late):
                await self.ctx.publish(_amendment(about[one].about, *changed[one]), follows=about[one].event)
        return [None] * len(asked)

    async def _read(self, transaction: Transaction, asked: Collection[Asked]) -> list[Row]:
        """Return the rounds that are asked about, as far as they are stored."""
        keys = [value for one in asked for value in (one.about.round_id, one.event.key)]
        return await transaction.fetch(_ROUNDS.format(asked=", ".join([_ASKED] * len(asked))), (self.ctx.name, *keys))

    def _changes(self, row: dict[str, Any], about: ImportedRound) -> dict[str, Any]:
        """Return the columns that the decision about a round changes, with their values."""
        decision = decide(_file_view(row), _notice(row))
        changes = {name: value for name, value in decision.columns().items() if row[name] != value}
        if changes:
            self.ctx.log.log(
                logging.DEBUG if about.trigger == "import" else logging.INFO,
                "%s: file says %s s, taken %s s from %s (%s)",
                row["filename"],
                row["time_shown_seconds"],
                decision.actual_duration_seconds,
                decision.duration_source,
                decision.why,
            )
        return changes


def _amendment(about: ImportedRound, row: dict[str, Any], new: dict[str, Any]) -> RoundAmended:
    return RoundAmended(round=about, revision=row["revision"] + 1, changed=tuple(new))


def _file_view(row: dict[str, Any]) -> FileView:
    return FileView(
        winner_side=row["winner_side"] or 0,
        defender_side=row["defender_side"] or 0,
        time_limit_seconds=row["time_limit_seconds"],
        duration_seconds=row["file_duration_seconds"],
        source=row["file_duration_source"],
        longest_player_seconds=row["longest"],
    )


def _notice(row: dict[str, Any]) -> RoundNotice | None:
    if row["notice"] is None:
        return None
    notice = RoundNotice.from_json(json.loads(row["notice"]))
    return notice if isinstance(notice, RoundNotice) else None
