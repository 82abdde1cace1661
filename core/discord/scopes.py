"""What is registered where: the digest of each scope's commands, kept over restarts (``command_scopes``)."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from core.clock import Clock
from core.db import Database

if TYPE_CHECKING:
    import hikari

GLOBAL = 0
"""The scope of global commands; every other one is a guild."""
IN_DOUBT = ""
"""In place of a digest: nobody knows what is there."""

_NOTE = (
    "INSERT INTO command_scopes (scope, application, digest, names, at) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (scope) DO UPDATE SET application = excluded.application, digest = excluded.digest, "
    "names = excluded.names, at = excluded.at"
)


class Scopes:
    """Knows what Discord has, as far as this bot has put it there."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._digests: dict[int, str] | None = None
        self._application = 0

    async def load(self, application: int, *, anew: bool = False) -> None:
        """Read what earlier processes have registered for an application; with *anew* nothing of it is believed."""
        if self._digests is None:
            self._application, sql = application, "SELECT scope, digest FROM command_scopes WHERE application = ?"
            rows = await self._database.fetch(sql, (application,))
            self._digests = {row["scope"]: row["digest"] for row in rows}
            if anew:
                self._digests = {one: IN_DOUBT for one in self.held() if one != GLOBAL}

    def __contains__(self, scope: int) -> bool:
        return scope in self._known

    def has(self, scope: int, digest: str) -> bool:
        """Tell whether exactly the commands of *digest* are registered in *scope*."""
        return self._known.get(scope) == digest

    def held(self) -> list[int]:
        """Return the scopes in which there are commands, or may be."""
        return [scope for scope, digest in self._known.items() if digest != NOTHING]

    async def note(self, scope: int, digest: str, names: Iterable[str]) -> None:
        """Note what Discord has taken."""
        self._known[scope] = digest
        await self._database.execute(_NOTE, (scope, self._application, digest, _text(names), self._clock.now()))

    async def doubt(self, scopes: Collection[int]) -> None:
        """Note scopes in which there are commands of which nothing is known."""
        self._known.update(dict.fromkeys(scopes, IN_DOUBT))
        rows = [(scope, self._application, IN_DOUBT, _text(()), self._clock.now()) for scope in scopes]
        async with self._database.transaction() as transaction:
            await transaction.execute_many(_NOTE, rows)

    async def forget(self, scopes: Collection[int]) -> None:
        """Forget guilds that the bot is in no more: when it comes back, all is anew."""
        for scope in scopes:
            del self._known[scope]
            await self._database.execute("DELETE FROM command_scopes WHERE scope = ?", (scope,))

    def guilds(self) -> set[int]:
        """Return the guilds of which something is known."""
        return self._known.keys() - {GLOBAL}

    @property
    def _known(self) -> dict[int, str]:
        return {} if self._digests is None else self._digests


async def registered(database: Database) -> dict[tuple[int, int], list[str]]:
    """Return the names of the commands that the bot has registered, by application and scope."""
    rows = await database.fetch("SELECT application, scope, names FROM command_scopes WHERE digest <> ?", (IN_DOUBT,))
    return {(row["application"] or 0, row["scope"]): msgspec.json.decode(row["names"]) for row in rows}


def digest_of(builders: "Sequence[hikari.api.CommandBuilder]", factory: Any) -> str:
    """Return the digest of all that makes these commands, as Discord gets them."""
    told = msgspec.json.encode([builder.build(factory) for builder in builders], enc_hook=str, order="sorted")
    return hashlib.sha256(told).hexdigest()


def _text(names: Iterable[str]) -> str:
    return msgspec.json.encode(sorted(names)).decode()


NOTHING = digest_of((), None)
"""The digest of no command."""
