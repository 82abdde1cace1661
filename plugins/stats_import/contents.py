"""Which file counts: of several contents under one name, and of one content under several names. Pure functions."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

SAME_CONTENT_SECONDS = 24 * 3600
"""How far apart two files with the same content may be and still be one round."""
AHEAD = timedelta(days=1)
"""How far in the future a time may lie: a modification time further ahead of its fetch says nothing but that."""
_NEVER = datetime.min.replace(tzinfo=UTC)


class StoredFile(Struct):
    """A row of ``stats_files`` as deciding needs it; ``id`` is None before it is stored."""

    filename: str
    sha256: str
    kind: str
    state: str
    reason: str | None = None
    content_key: str | None = None
    trigger: str | None = None
    modified_at: datetime | None = None
    id: int | None = None
    fetched_at: datetime | None = None
    size: int = 0
    """Bytes of the content; only known where several contents have one name."""
    beginning: bool = False
    """Whether another whole content of its name goes on where it ends: it was fetched while it was being written."""
    time: int = 0
    """The name's time, Unix seconds."""
    revived: bool = False
    """Whether it was in quarantine, or aside, and counts now."""

    @property
    def complete(self) -> bool:
        return self.state not in ("quarantined", "aside")

    @property
    def chosen(self) -> bool:
        """Whether it is the content that its name stands for."""
        return self.state in ("imported", "duplicate")

    @property
    def since(self) -> datetime:
        """When it was modified, as far as that can be: what claims to be from the future is as old as its fetch."""
        if self.modified_at is None or self.fetched_at is None:
            return self.modified_at or _NEVER
        return self.fetched_at if self.modified_at > self.fetched_at + AHEAD else self.modified_at


def choose(contents: Sequence[StoredFile]) -> StoredFile | None:
    """Return which of the contents under one name counts: the complete one modified last, then the larger.

    One that is another's beginning never does, whatever its time.
    """
    whole = [content for content in contents if content.complete and not content.beginning]
    return max(whole, key=lambda one: (one.since, one.size, one.sha256), default=None)


def duplicates(chosen: Iterable[StoredFile]) -> dict[str, str]:
    """Return which names repeat another one's content: name -> the earlier name that counts."""
    counting: dict[str, list[StoredFile]] = {}
    repeats: dict[str, str] = {}
    for one in sorted(chosen, key=lambda one: (one.time, one.filename)):
        if one.content_key is None:
            continue
        before = counting.setdefault(one.content_key, [])
        if before and one.time - before[-1].time <= SAME_CONTENT_SECONDS:
            repeats[one.filename] = before[-1].filename
        else:
            before.append(one)
    return repeats
