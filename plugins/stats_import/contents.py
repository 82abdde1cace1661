"""Which file counts: of several contents under one name, and of one content under several names. Pure functions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

SAME_CONTENT_SECONDS = 24 * 3600
"""How far apart two files with the same content may be and still be one round."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class StoredFile:
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
    size: int = 0
    """Bytes of the content; only known where several contents have one name."""
    time: int = 0
    """The name's time, Unix seconds."""
    revived: bool = False
    """Whether it was in quarantine and can be read now."""

    @property
    def complete(self) -> bool:
        return self.state != "quarantined"

    @property
    def chosen(self) -> bool:
        """Whether it is the content that its name stands for."""
        return self.state in ("imported", "duplicate")


def choose(contents: Sequence[StoredFile]) -> StoredFile | None:
    """Return which of the contents under one name counts: the complete one modified last, then the larger."""
    whole = [content for content in contents if content.complete]
    return max(whole, key=lambda one: (one.modified_at or _NEVER, one.size, one.sha256), default=None)


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
