"""What really happened in a round or a match, for tests to compare with what a bot made of it."""

from dataclasses import dataclass
from pathlib import Path

from devkit.game.people import Player
from devkit.game.plan import Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedRound:
    """One round as it was. Times ending in ``_unix`` are Unix seconds; sides are 1 Axis, 2 Allies, 0 nobody."""

    filename: str
    """"" when no file was written."""
    path: Path | None
    """Where the file lies."""
    map_name: str
    round_number: int
    """The true one; the file of an aborted round may claim the other."""
    played_seconds: float
    """Without pauses."""
    time_shown: float
    """Seconds that the file's header claims (the next time limit)."""
    time_limit: float
    """Seconds."""
    winner_side: int
    defender_side: int
    end_reason: Ending
    """``objective``, ``time_expired``, ``surrender`` or ``aborted``."""
    surrender_side: int
    """Who gave up."""
    pauses: tuple[tuple[float, float], ...]
    """When (in seconds played) the clock stopped, and for how long."""
    notice_sent: bool
    """Whether the webhook had taken everything when the round was returned."""
    started_unix: float
    ended_unix: float
    written_monotonic: float | None
    """``time.monotonic()`` when the file was complete; None when none was written."""
    players: tuple[Player, ...]
    """Each with ``guid`` (32 characters), ``name`` and ``side``."""


@dataclass(frozen=True, slots=True)
class PlayedMatch:
    """Both rounds of a map."""

    first: PlayedRound
    second: PlayedRound
