"""Toggles, hooks and the record of who did what, in the database: what was set stays set over restarts."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping

from core.clock import Clock
from core.db import Database
from core.db.database import Row

EVERYWHERE = 0
"""The guild id that stands for all guilds."""


class Toggles:
    """Reads and writes ``plugin_states``, ``plugin_hooks`` and ``plugin_actions``."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def load(self, first: Iterable[str]) -> tuple[dict[str, bool], dict[str, set[int]]]:
        """Return what is on everywhere (those of *first* unless switched), and where each plugin is off."""
        everywhere = dict.fromkeys(first, True)
        off: defaultdict[str, set[int]] = defaultdict(set)
        for row in await self._database.fetch("SELECT plugin, guild_id, enabled FROM plugin_states"):
            if row["guild_id"] == EVERYWHERE:
                everywhere[row["plugin"]] = bool(row["enabled"])
            elif not row["enabled"]:
                off[row["plugin"]].add(row["guild_id"])
        return everywhere, off

    async def set(self, plugin: str, guild: int | None, *, enabled: bool) -> None:
        """Keep a toggle."""
        await self.set_all(plugin, {guild or EVERYWHERE: enabled})

    async def set_all(self, plugin: str, enabled: Mapping[int, bool]) -> None:
        """Keep a plugin's toggles, by guild, in one commit."""
        sql = (
            "INSERT INTO plugin_states (plugin, guild_id, enabled) VALUES (?, ?, ?) "
            "ON CONFLICT (plugin, guild_id) DO UPDATE SET enabled = excluded.enabled"
        )
        async with self._database.transaction() as transaction:
            await transaction.execute_many(sql, [(plugin, guild, is_on) for guild, is_on in enabled.items()])

    async def hooks(self) -> dict[str, frozenset[str]]:
        """Return which hooks each plugin handled when it was last loaded."""
        rows = await self._database.fetch("SELECT plugin, hooks FROM plugin_hooks")
        return {row["plugin"]: frozenset(json.loads(row["hooks"])) for row in rows}

    async def remember_hooks(self, plugin: str, hooks: Iterable[str]) -> None:
        """Keep which hooks a plugin handles."""
        await self._database.execute(
            "INSERT INTO plugin_hooks (plugin, hooks) VALUES (?, ?) "
            "ON CONFLICT (plugin) DO UPDATE SET hooks = excluded.hooks",
            (plugin, json.dumps(sorted(hooks))),
        )

    async def record(
        self, plugin: str, action: str, *, guild: int | None, user: int | None, ok: bool, detail: str
    ) -> None:
        """Note who did what; ``user`` None is the bot itself or its owner's machine."""
        await self._database.execute(
            "INSERT INTO plugin_actions (plugin, action, guild_id, user_id, ok, detail, at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (plugin, action, guild, user, ok, detail[:2000], self._clock.now()),
        )

    async def history(self, plugin: str | None, limit: int, *, guild: int | None = None) -> list[Row]:
        """Return the latest actions (of one plugin, in one guild), newest first."""
        asked = {"plugin = ?": plugin or None, "guild_id = ?": guild}
        args = [one for one in asked.values() if one is not None]
        where = " AND ".join(["1 = 1", *(name for name, one in asked.items() if one is not None)])
        query = f"SELECT * FROM plugin_actions WHERE {where} ORDER BY id DESC LIMIT {int(limit)}"
        return await self._database.fetch(query, args)
