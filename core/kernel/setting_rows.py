"""What people have set while the bot runs (``plugin_settings``): kept in memory, so that a plugin reads it at once."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from msgspec import Struct

from core.clock import Clock
from core.db import Database
from core.db.database import Row
from core.db.tables import PluginSetting, columns_of, insert_sql

FOR_ALL = 0
"""The guild id of what is set for all guilds."""
Rows = Mapping[int, Mapping[str, Any]]
"""A plugin's rows: by guild, by key, as the file would have them."""

_COLUMNS = columns_of(PluginSetting)
_PUT = insert_sql(
    PluginSetting, _COLUMNS, "ON CONFLICT (plugin, guild_id, key) DO UPDATE SET value = excluded.value, "
    "user_id = excluded.user_id, at = excluded.at",
)  # fmt: skip
_IT = "plugin = ? AND guild_id = ? AND key = ?"


class Change(Struct, frozen=True):
    """A setting that is to be another."""

    key: str
    value: Any
    """As the file would have it; None: the row is taken back."""
    guild: int
    user: int | None
    said: str
    """What it is, for the record."""


class SettingRows:
    """Reads and writes the rows. What it holds of a plugin is from when that was loaded, and each change since."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._rows: dict[str, Rows] = {}

    def of(self, plugin: str) -> Rows:
        """Return a plugin's rows; they are others, not changed, after a change."""
        return self._rows.get(plugin, {})

    async def load(self, plugin: str) -> Rows:
        """Read a plugin's rows anew."""
        self._rows[plugin] = await stored_rows(self._database, plugin)
        return self._rows[plugin]

    async def put(self, plugin: str, change: Change) -> None:
        """Keep a change."""
        key, value = (plugin, change.guild, change.key), json.dumps(change.value)
        await self._write(key, None if change.value is None else (*key, value, change.user, self._clock.now()))

    @contextlib.asynccontextmanager
    async def tried(self, plugin: str, change: Change) -> AsyncIterator[None]:
        """Keep a change; if the block raises, the row is again as it was."""
        key = (plugin, change.guild, change.key)
        before = await self._database.fetch(f"SELECT {', '.join(_COLUMNS)} FROM plugin_settings WHERE {_IT}", key)
        await self.put(plugin, change)
        try:
            yield
        except BaseException:
            await self._write(key, tuple(before[0].values()) if before else None)
            raise

    async def _write(self, key: tuple[str, int, str], row: tuple[Any, ...] | None) -> None:
        if row is None:
            await self._database.execute(f"DELETE FROM plugin_settings WHERE {_IT}", key)
        else:
            await self._database.execute(_PUT, row)
        await self.load(key[0])


def with_change(rows: Rows, change: Change) -> Rows:
    """Return the rows as they are after a change."""
    kept = {key: value for key, value in rows.get(change.guild, {}).items() if key != change.key}
    changed = kept if change.value is None else {**kept, change.key: change.value}
    return dict(sorted({**rows, change.guild: changed}.items()))


async def stored_rows(database: Database, plugin: str) -> Rows:
    """Return what the database has for a plugin."""
    rows: dict[int, dict[str, Any]] = {}
    sql = "SELECT guild_id, key, value FROM plugin_settings WHERE plugin = ? ORDER BY guild_id, key"
    for row in await database.fetch(sql, (plugin,)):
        rows.setdefault(row["guild_id"], {})[row["key"]] = _value_in(row)
    return rows


def _value_in(row: Row) -> Any:
    """Return a row's value; what is no JSON is a value of no type."""
    try:
        return json.loads(row["value"])
    except (ValueError, RecursionError):
        return ...
