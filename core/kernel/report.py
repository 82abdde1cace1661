"""What the kernel says: what came of a change, and how a plugin stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a load, reload, enable or disable, and what runs now."""

    plugin: str
    ok: bool
    """Whether what was asked for is now so."""
    error: str = ""
    """Why not, with file, line and remedy."""
    generation: int | None = None
    """The number of the copy that runs; None: none."""
    version: str = ""
    source_hash: str = ""
    pause_ms: float = 0.0
    """How long events for the plugin were held."""
    took_ms: float = 0.0
    notes: tuple[str, ...] = ()
    """What whoever asked should know besides: what was cancelled, which settings go before the file's."""
    done: str = ""
    """What was asked for, where the action does not say it: a setting and its value."""


@dataclass(frozen=True, slots=True)
class Status:
    """How a plugin stands."""

    name: str
    state: str
    """running, off or failed."""
    error: str
    generation: int | None = None
    version: str = ""
    source_hash: str = ""
    breaker: str = "closed"
    """closed, half-open or open: the worst of its hooks."""
    scope: str = "guild"
    summary: str = ""
    off_guilds: tuple[int, ...] = ()
    requires: tuple[str, ...] = ()
    """Other plugins, with the versions that will do."""
    required_by: tuple[str, ...] = ()
    breakers: Mapping[str, str] = field(default_factory=dict)
    """The breaker of each hook that is not closed."""
