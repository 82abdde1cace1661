"""What an open transaction takes along: somebody else's rows, which are committed with it or not at all."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from core.db.database import Database
from core.db.transaction import Transaction
from core.errors import PluginError

R = TypeVar("R", bound="Rider")

_UNDONE = (
    "A statement of this transaction had failed and its block went on: PostgreSQL has undone all of it. Let the error "
    "leave the block, or write so that none comes (`ON CONFLICT DO NOTHING`)."
)


def rider_of(database: Database, make: Callable[[], R]) -> R | None:
    """Return who rides along with the open transaction, by *make* the first time; None if none is open.

    Raises:
        PluginError: it was opened by Piccolo itself, which takes nobody along.
    """
    if (current := database.engine.current_transaction.get()) is None:
        return None
    if not isinstance(riding := getattr(current, "riding", current), Riding):
        raise PluginError("This transaction was opened by Piccolo. Open it with `async with ctx.db.transaction()`.")
    if riding.rider is None:
        riding.rider = make()
    return cast(R, riding.rider)


class Rider(Protocol):
    """Rides along with one transaction."""

    async def write(self, transaction: Transaction) -> None:
        """Write: nothing else comes before the commit."""

    def ended(self, committed: bool | None) -> None:
        """Take note of what has become of it; None: the commit was asked for, and nobody knows whether it was made."""


class Riding:
    """An open transaction's connection, and who rides along; the transaction is ended by whoever has begun it."""

    __slots__ = ("committed", "connection", "rider")

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.rider: Rider | None = None
        self.committed: bool | None = False

    async def write(self, transaction: Transaction) -> None:
        """Let the rider write."""
        if self.rider is not None:
            await self.rider.write(transaction)

    async def commit(self) -> None:
        """Commit.

        Raises:
            PluginError: PostgreSQL has undone it instead: a statement of it had failed, and the block went on.
        """
        self.committed = None
        if await self.connection.execute("COMMIT") == "ROLLBACK":
            self.committed = False
            raise PluginError(_UNDONE)
        self.committed = True

    def end(self) -> None:
        """Tell the rider what has become of it."""
        if self.rider is not None:
            self.rider.ended(self.committed)
