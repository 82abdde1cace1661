"""Corrects the timing columns of a round, before other plugins see the event about it."""

import json
from typing import Any

from core.events import RoundNotice
from roundhook import ImportedRound, Plugin, RoundAmended, hookimpl

from .decision import Decision, FileView, decide

_ROUND = (
    "SELECT r.*, (SELECT max(p.time_played_seconds) FROM player_rounds p WHERE p.round_id = r.id) AS longest, "
    "(SELECT n.notice FROM round_notices n WHERE n.round_id = r.id ORDER BY n.id LIMIT 1) AS notice "
    "FROM rounds r WHERE r.id = ?"
)


class TimingOverride(Plugin):
    """Notice and file → true play time."""

    async def setup(self) -> None:
        self.seen: set[str] = set()
        """Keys of events that failed here once: what their retry changes is not seen by others of the same event."""

    def export_state(self) -> dict[str, list[str]]:
        return {"seen": sorted(self.seen)}

    def import_state(self, state: dict[str, list[str]], from_version: str) -> None:
        self.seen.update(state["seen"])

    @hookimpl(tryfirst=True)
    async def on_round_imported(self, round: ImportedRound) -> None:
        """Decide by the notice, if it is there already."""
        await self._first_or_retry(round.key, round)

    @hookimpl(tryfirst=True)
    async def on_round_amended(self, amendment: RoundAmended) -> None:
        """Decide again: a notice has come late, or the file was read anew."""
        await self._first_or_retry(amendment.key, amendment.round)

    async def _first_or_retry(self, key: str, about: ImportedRound) -> None:
        retry = key in self.seen
        self.seen.add(key)
        changed = await self._correct(about.round_id)
        self.seen.discard(key)
        if retry and changed:
            await self._publish_amendment(about, changed)

    async def _correct(self, round_id: int) -> tuple[str, ...]:
        """Write the decision; return the columns that it changed."""
        async with self.ctx.db.transaction() as transaction:
            rows = await transaction.fetch(_ROUND, (round_id,))
            if not rows:
                return ()
            decision = decide(_file_view(rows[0]), _notice(rows[0]))
            new = {name: value for name, value in decision.columns().items() if rows[0][name] != value}
            if new:
                columns = ", ".join(f"{name} = ?" for name in new)
                await transaction.execute(f"UPDATE rounds SET {columns} WHERE id = ?", (*new.values(), round_id))
        self._log_decision(rows[0], decision)
        return tuple(new)

    async def _publish_amendment(self, about: ImportedRound, changed: tuple[str, ...]) -> None:
        async with self.ctx.db.transaction() as transaction:
            rows = await transaction.fetch(
                "UPDATE rounds SET revision = revision + 1 WHERE id = ? RETURNING revision", (about.round_id,)
            )
        if rows:
            await self.ctx.publish(RoundAmended(round=about, revision=rows[0]["revision"], changed=changed))

    def _log_decision(self, row: dict[str, Any], decision: Decision) -> None:
        self.ctx.log.info(
            "%s: file says %s s, taken %s s from %s (%s)",
            row["filename"],
            row["time_shown_seconds"],
            decision.actual_duration_seconds,
            decision.duration_source,
            decision.why,
        )


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
