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


@dataclass(frozen=True, slots=True, kw_only=True)
class MapCard:
    """Both rounds of a map, and who has won it."""

    rounds: tuple[Card, Card]
    """Round 1 and round 2."""
    result: str
    """Who has won, in words."""
    teams: tuple[str, ...]
    """Names of team 1 and team 2; empty where the line-ups are mixed."""
    winner: int | None
    """A team, 0 for a draw, None where unknown."""
    axis_teams: tuple[int, int]
    """Which team was on Axis in each round; 0 where unknown."""
    score: tuple[int, int]
    """Maps of the evening that each team has won, this one included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EveningMap:
    """A map in the list of an evening."""

    name: str
    times: tuple[float | None, float | None]
    """Seconds in which team 1 and team 2 (with mixed line-ups: round 1 and 2) took the objective; None: held."""
    is_whole: bool
    """Whether both rounds are there."""
    winner: int | None
    """A team, 0 for a draw, None where unknown."""
    result: str
    """In words, where there are no teams: ``first attackers``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EveningPlayer:
    """A player of an evening. Unknown is None, never 0."""

    guid: str
    name: str
    """Without colour codes."""
    team: int
    """1 or 2; 0 where the line-ups are mixed."""
    rounds: int
    time_played_seconds: int | None
    dpm: float | None
    kills: int | None
    deaths: int | None
    accuracy: float | None
    """Hits per shot, 0 to 1."""
    headshots: int | None
    revives: int | None
    best: str
    """What he was best in, with his place: ``1st damage``; "" for nothing."""
    dpm_by_map: tuple[float | None, ...]
    """Damage per minute on each map of the evening; None where he did not play it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EveningCard:
    """A session: score, maps, teams, players."""

    server: str
    started_at: datetime
    """Aware, in the game server's zone; so is the other."""
    ended_at: datetime
    result: str
    """Who has won, in words; "" where there are no two teams."""
    teams: tuple[str, ...]
    """Names of team 1 and team 2; empty where the line-ups are mixed."""
    score: tuple[int, int]
    """Maps that each team has won."""
    maps: tuple[EveningMap, ...]
    """In the order of play."""
    players: tuple[EveningPlayer, ...]
    """By damage per minute."""
    rounds: int
    seconds: float
    """Played in all rounds."""
    earlier: int
    """Rounds of a very long session that are left out."""
