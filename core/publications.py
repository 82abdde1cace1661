"""Events on their way into the journal and out of it, and what their publishers are told."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from msgspec import Struct

log = logging.getLogger(__name__)

OnCommit = Callable[[int, Sequence[str]], None]
"""Called with an event's id and the plugins that it is to be delivered to now."""


class WaitingError(ValueError):
    """What stands in the journal cannot be read now, and may be later: it says what it waits for."""


class Codec(Protocol):
    """Turns events into text and back."""

    def encode(self, event: Any) -> tuple[str, str, str]:
        """Return an event's type, its text, and its key: two events with the same key are one."""

    def decode(self, type_name: str, payload: str) -> Any:
        """Return the event again.

        Raises:
            WaitingError: not now, maybe later.
        """


class OpenDelivery(Struct, frozen=True):
    """A delivery found in the journal that has not succeeded yet."""

    event_id: int
    event: Any
    plugin: str
    attempts: int


class Publication(Struct):
    """An event on its way into the journal; ``committed`` gives its id, or None when it was there before."""

    type: str
    payload: str
    key: str
    plugins: tuple[str, ...]
    again: tuple[str, ...]
    on_commit: OnCommit
    committed: asyncio.Future[int | None]

    def hand_over(self, event_id: int) -> None:
        """Let it be delivered."""
        try:
            self.on_commit(event_id, self.plugins)
        except Exception:
            log.exception("%s is in the journal, but was not handed over", self.key)


def settle(group: Iterable[Publication], event_id: int | None = None, *, error: Exception | None = None) -> None:
    """Tell their publishers how it has ended."""
    for publication in group:
        with contextlib.suppress(asyncio.InvalidStateError):  # whoever published has been cancelled
            if error is not None:
                publication.committed.set_exception(error)
            else:
                publication.committed.set_result(event_id)
