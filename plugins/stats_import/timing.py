"""How long a round was played, as far as its file can say. A notice may know better; that is another plugin's work."""

from typing import Literal

from msgspec import Struct

from .parser import StatsFile

SLACK_SECONDS = 5
"""How far a time may lie above the limit."""


class FileTiming(Struct, frozen=True):
    """Seconds played and where they come from; both None where the file cannot say."""

    seconds: int | None = None
    source: Literal["file", "players"] | None = None


def timing_of(file: StatsFile, longest_seconds: int | None) -> FileTiming:
    """Return the file's own view; *longest_seconds* is the longest time that a player of the round has played.

    The header's "next time limit" is the time played only where the attackers won. Where the round was held it
    is the full limit, whatever was played.
    """
    if (seconds := own_seconds(file)) is not None:
        return FileTiming(seconds, "file")
    return FileTiming(longest_seconds, "players") if longest_seconds is not None else FileTiming()


def own_seconds(file: StatsFile) -> int | None:
    """Return how long the round lasted by the file's header, None where that does not say."""
    measured = _measured(file)
    return measured if measured is not None else _beaten(file)


def _measured(file: StatsFile) -> int | None:
    """Return the ninth field, measured by the script, where it can be true."""
    seconds, limit = file.play_seconds, file.time_limit_seconds
    if seconds is None or seconds <= 0 or (limit and seconds > limit + SLACK_SECONDS):
        return None
    return round(seconds)


def _beaten(file: StatsFile) -> int | None:
    attackers_won = 0 not in (file.winner_side, file.defender_side) and file.winner_side != file.defender_side
    if not attackers_won or not 0 < file.time_shown_seconds <= file.time_limit_seconds:
        return None
    return file.time_shown_seconds
