"""What a card shows: one round and its players, as plain values."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPlayer:
    """One player's round. Unknown is None, never 0."""

    guid: str
    """Identity as stored; shown only when the name has nothing to draw."""
    name: str
    """As the game server wrote it, with colour codes."""
    side: int
    """0 unknown, 1 Axis, 2 Allies; anything else is listed apart."""
    kills: int | None
    deaths: int | None
    damage_given: int | None
    """Hit points, enemies only."""
    damage_received: int | None
    """Hit points."""
    dpm: float | None
    """Damage given per minute of the player's own time."""
    accuracy: float | None
    """Hits per shot, 0 to 1."""
    headshots: int | None
    """Head hits."""
    revives: int | None
    """Revives given."""
    gibs: int | None
    time_played_seconds: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One round."""

    server: str
    """The server's key or name; may carry colour codes."""
    map_name: str
    round_number: int
    played_at: datetime
    """Aware, in the game server's zone: it is printed as it stands."""
    winner_side: int
    """0 unknown, 1 Axis, 2 Allies."""
    defender_side: int
    """0 unknown, 1 Axis, 2 Allies."""
    duration_seconds: float | None
    """Real time played, pauses excluded."""
    time_shown_seconds: float | None
    """What the stats file claims."""
    time_limit_seconds: float | None
    end_reason: str | None
    """``objective``, ``surrender``, ``time_expired``, ``aborted`` or None."""
    duration_source: str
    """``notice``, ``file`` or ``players``."""
    pause_count: int | None
    total_pause_seconds: float | None
    result: str
    """How the round ended, in words; may be empty."""
    match_result: str
    """How the match stands, in words; may be empty."""
    status: str
    """``ok``, ``unpaired``, ``aborted`` or ``empty``."""
    players: tuple[CardPlayer, ...]
