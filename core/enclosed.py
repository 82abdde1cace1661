"""What of the journal is part of somebody's transaction: events that it publishes, and deliveries that it ends.

They are committed with it or not at all. Nothing is handed over before the commit. What others have done, and waits for
a commit, goes along.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from core.db.database import Transaction
from core.db.journal_rows import Batch, Outcomes, insert_within
from core.publications import Publication


class Carrier(Protocol):
    """What the journal does for it."""

    def board(self, enclosed: "Enclosed") -> Outcomes:
        """Hand over what waits for a commit: *enclosed* is about to be committed."""

    def batch(self, publications: Sequence[Publication], outcomes: Outcomes) -> Batch:
        """Return what writes these events and outcomes."""

    def landed(self, enclosed: "Enclosed") -> None:
        """Take note that it was committed."""

    def lost(self, enclosed: "Enclosed", *, unsure: bool) -> None:
        """Take back what went along: it was not committed, or nobody knows."""

    def hand_over(self, publication: Publication, event_id: int | None) -> None:
        """Have an event delivered that was committed; one that was there before (None) is published as any other."""


class Enclosed:
    """Rides along with one transaction (``core.db.riding``)."""

    def __init__(self, journal: Carrier) -> None:
        self._journal = journal
        self._publications: dict[str, Publication] = {}
        self.done: Outcomes = {}
        self._heard: list[Callable[[], None]] = []
        self.ids: dict[str, int] = {}
        """Of the events that were not there before."""
        self.along: Outcomes = {}
        """What waited for a commit."""

    @property
    def deliveries(self) -> set[tuple[int, str]]:
        """What begins and what ends with it, by event id and plugin."""
        new = [one for one in self._publications.values() if one.key in self.ids]
        return {(self.ids[one.key], name) for one in new for name in one.plugins} | {*self.done, *self.along}

    def publish(self, publication: Publication) -> None:
        """Write an event, and hand it over after the commit."""
        self._publications.setdefault(publication.key, publication)

    def end(self, event_id: int, plugin: str, attempts: int, on_commit: Callable[[], None]) -> None:
        """Write that a delivery is done, and call *on_commit* after the commit."""
        self.done[event_id, plugin] = "done", attempts, None
        self._heard.append(on_commit)

    async def write(self, transaction: Transaction) -> None:
        self.along = self._journal.board(self)
        batch = self._journal.batch(list(self._publications.values()), self.along | self.done)
        self.ids = await insert_within(transaction, batch)

    def ended(self, committed: bool | None) -> None:
        if not committed:
            self._journal.lost(self, unsure=committed is None)
            return
        self._journal.landed(self)
        for hear in self._heard:
            hear()
        for one in self._publications.values():
            self._journal.hand_over(one, self.ids.get(one.key))
