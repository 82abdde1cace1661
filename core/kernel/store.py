"""What a plugin keeps beyond its own life: JSON values by key, for all or for one guild, in ``plugin_store``."""

import json
from collections.abc import Iterator
from typing import Any, SupportsInt, TypeGuard

from core.db import Database
from core.errors import PluginError
from core.kernel.plain import to_json
from core.kernel.scope import Scope

LONGEST_VALUE = 64 * 1024
"""Bytes of one value as JSON in UTF-8."""
LONGEST_KEY = 200
"""Characters."""

_WHERE = "WHERE plugin = ? AND guild_id = ?"
_SET = (
    "INSERT INTO plugin_store (plugin, guild_id, key, value) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (plugin, guild_id, key) DO UPDATE SET value = excluded.value"
)


class Store:
    """Values that outlive reloads, restarts and the plugin itself: ``self.ctx.store``.

    A key is a text of at most 200 characters, a value plain JSON data of at most 64 KiB. Each guild has keys of its
    own; without *guild* a key is for all. Within a transaction a value is part of it.
    """

    def __init__(self, plugin: str, database: Database, scope: Scope) -> None:
        self._plugin, self._database, self._scope = plugin, database, scope

    async def get(self, key: str, default: Any = None, *, guild: int = 0) -> Any:
        """Return the value of *key*, *default* if it has none.

        Raises:
            PluginError: *key* or *guild* cannot be one.
            PeerUnavailableError: the database does not answer.
        """
        check_key(f"{self._plugin}: store.get()", key)
        sql = f"SELECT value FROM plugin_store {_WHERE} AND key = ?"
        rows = await self._database.fetch(sql, (self._plugin, self._of(guild), key))
        return json.loads(rows[0]["value"]) if rows else default

    async def set(self, key: str, value: Any, *, guild: int = 0) -> None:
        """Keep *value* under *key*, in place of what is there; returns when it is committed.

        Raises:
            PluginError: called in ``setup``, *key* or *guild* cannot be one, or *value* is no plain JSON data or too
                large.
            PeerUnavailableError: the database does not answer.
        """
        call = self._writes("set")
        check_key(call, key)
        await self._database.execute(
            _SET, (self._plugin, self._of(guild), key, bounded_json(f"{call} of {key!r}", value))
        )

    async def delete(self, key: str, *, guild: int = 0) -> None:
        """Forget *key*; nothing happens if it has no value.

        Raises:
            PluginError: called in ``setup``, or *key* or *guild* cannot be one.
            PeerUnavailableError: the database does not answer.
        """
        check_key(self._writes("delete"), key)
        sql = f"DELETE FROM plugin_store {_WHERE} AND key = ?"
        await self._database.execute(sql, (self._plugin, self._of(guild), key))

    async def items(self, prefix: str = "", *, guild: int = 0) -> dict[str, Any]:
        """Return what is kept under keys that begin with *prefix*, by key, in the order of the keys.

        Raises:
            PluginError: *prefix* cannot begin a key, or *guild* be one.
            PeerUnavailableError: the database does not answer.
        """
        if prefix != "":
            check_key(f"{self._plugin}: store.items()", prefix)
        key = 'key COLLATE "C"' if self._database.dialect == "postgres" else "key"  # byte by byte, as it is indexed
        bounds = [(f" AND {key} {sign} ?", text) for sign, text in _range_of(prefix)]
        sql = f"SELECT key, value FROM plugin_store {_WHERE}{''.join(where for where, _ in bounds)}"
        rows = await self._database.fetch(sql, (self._plugin, self._of(guild), *(text for _, text in bounds)))
        return {row["key"]: json.loads(row["value"]) for row in sorted(rows, key=lambda row: str(row["key"]))}

    def _of(self, guild: object) -> int:
        if not is_number(guild, least=0):
            problem = f"store: guild is {guild!r}, and a guild is its number, 0 for what is for all."
            raise PluginError(f"{self._plugin}: {problem}")
        return int(guild)

    def _writes(self, what: str) -> str:
        """Return what the call is named in messages, if it may write (else ``PluginError``)."""
        if not self._scope.live:
            raise PluginError(
                f"{self._plugin}: store.{what}() before the plugin runs. Use self.ctx.spawn(...) in setup."
            )
        return f"{self._plugin}: store.{what}()"


def _range_of(prefix: str) -> Iterator[tuple[str, str]]:
    """Give the bounds between which exactly the texts are that begin so.

    >>> list(_range_of("day:"))
    [('>=', 'day:'), ('<', 'day;')]
    """
    if prefix:
        yield ">=", prefix
    if shorter := prefix.rstrip("\U0010ffff"):
        last = ord(shorter[-1]) + 1
        yield "<", shorter[:-1] + chr(0xE000 if last == 0xD800 else last)  # surrogates are in no text


def is_number(value: object, *, least: int) -> TypeGuard[SupportsInt]:
    """Tell whether *value* (an id, or what has one, as hikari's objects do) is a number that both databases hold."""
    try:
        return not isinstance(value, (str, float)) and least <= int(value) < 2**63  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return False


def check_key(call: str, key: object, *, empty: bool = False) -> None:
    """Refuse (``PluginError``, which begins with *call*) what both databases could not keep as a key."""
    wanted = f"a key is a text of 1 to {LONGEST_KEY} characters"
    if not isinstance(key, str) or len(key) > LONGEST_KEY or not (key or empty):
        shown = repr(key) if len(repr(key)) <= LONGEST_KEY else f"{repr(key)[:40]}…"
        raise PluginError(f"{call}: {wanted}, not {shown}.")
    if "\0" in key or any("\ud800" <= letter <= "\udfff" for letter in key):
        raise PluginError(f"{call}: {wanted}, and {key!r} has one that no database keeps.")


def bounded_json(call: str, value: Any) -> str:
    """Return *value* as JSON; what is none, or too large, is a ``PluginError`` that begins with *call*."""
    try:
        text = to_json(value)
    except ValueError as error:
        remedy = "Use only dict, list, str, numbers, bool and None."
        raise PluginError(f"{call}: that is not JSON: {error}. {remedy}") from error
    if (size := len(text.encode())) > LONGEST_VALUE:
        remedy = "Keep it in several keys, or in a table of your own."
        raise PluginError(f"{call}: {size} bytes as JSON, and a value has at most {LONGEST_VALUE}. {remedy}")
    return text
