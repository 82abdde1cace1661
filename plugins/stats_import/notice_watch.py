"""What admins are told about notices, once: that no file has come for one."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from roundhook import Context, PluginError, RoundNotice
from roundhook.db import Row, Transaction

PATIENCE = timedelta(minutes=10)
"""How long a file may take; it is written 3 to 5 seconds after the round."""
MOST_AT_ONCE = 20

_EXPECT = """
    INSERT INTO notice_alarms (notice_id, due_at)
    SELECT id, ? FROM round_notices
    WHERE server = ? AND map_name = ? AND round_number = ? AND round_end_unix = ? AND round_id IS NULL
    ON CONFLICT (notice_id) DO NOTHING"""
_CLAIM = f"""
    UPDATE notice_alarms SET told_at = ? WHERE told_at IS NULL AND notice_id IN (
        SELECT a.notice_id FROM notice_alarms a JOIN round_notices n ON n.id = a.notice_id
        WHERE a.told_at IS NULL AND a.due_at <= ? AND n.round_id IS NULL ORDER BY a.notice_id LIMIT {MOST_AT_ONCE})
    RETURNING notice_id"""
_DROP_MATCHED = """
    DELETE FROM notice_alarms WHERE told_at IS NULL AND due_at <= ?
    AND notice_id IN (SELECT id FROM round_notices WHERE round_id IS NOT NULL)"""


class NoticeWatch:
    """Watches notices; *ctx* is the plugin's. What was told is stored, so a restart tells nothing again."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def take(self, transaction: Transaction, notices: Sequence[RoundNotice]) -> None:
        """Await the files of notices that have just been stored."""
        due = self._ctx.clock.now() + PATIENCE
        awaited = (one for one in notices if one.end_reason != "aborted" and self._has_files(one.server))
        keys = ((one.server, one.map_name, one.round_number, round(one.round_end_unix)) for one in awaited)
        await transaction.execute_many(_EXPECT, [(due, *key) for key in keys])

    async def look(self) -> None:
        """Tell the admins of notices whose file has not come in time."""
        if not self._has_discord():
            return
        now = self._ctx.clock.now()
        async with self._ctx.db.transaction() as transaction:
            claimed = [row["notice_id"] for row in await transaction.fetch(_CLAIM, (now, now))]
            await transaction.execute(_DROP_MATCHED, (now,))
        by_server: dict[str, list[Row]] = defaultdict(list)
        for notice_id in sorted(claimed):
            for row in await self._ctx.db.fetch("SELECT server, notice FROM round_notices WHERE id = ?", (notice_id,)):
                by_server[row["server"]].append(row)
        for server, rows in by_server.items():
            await self._tell_missing(server, [json.loads(row["notice"]) for row in rows])

    async def _tell_missing(self, server: str, notices: Sequence[dict[str, object]]) -> None:
        rounds = ", ".join(
            f"{one['map_name']} R{one['round_number']} (ended <t:{round(float(str(one['round_end_unix'])))}:T>)"
            for one in notices
        )
        minutes = int(PATIENCE.total_seconds() // 60)
        await self._ctx.tell_admins(
            f"No stats file has come for {rounds} of {server} within {minutes} minutes. Look whether the stats script "
            f"runs there and writes into servers.{server}.ssh.stats_dir; /server test shows the connection. "
            "The round is imported whenever its file comes.",
            server=server,
        )

    def _has_files(self, server: str) -> bool:
        """Tell whether files are fetched from a server at all; one that is not in the settings is somebody else's."""
        known = self._ctx.servers.get(server)
        return known is None or known.settings.ssh is not None

    def _has_discord(self) -> bool:
        """Tell whether there is anybody to tell: `roundhook import` leaves it to the bot."""
        try:
            return self._ctx.rest is not None
        except PluginError:
            return False
