"""Which times of a round are true: the file's or the notice's. Pure; the rules and their reasons.

Fact source: reference/round-notice.md, "What the notice may override", and the senders' defects named there.
"""

import re
from typing import Any

from msgspec import Struct

from roundhook import RoundNotice
from roundhook.rounds import EndReason

LIMIT_TOLERANCE_SECONDS = 5
"""The engine ends a round 50 to 100 ms after its limit; whole seconds and a late frame add some."""
PLAYER_TOLERANCE_SECONDS = 10
"""Players' clocks have steps of 6 s, and in R2 are differences of two such values."""
SURRENDER_MARGIN_SECONDS = 10
"""A held round this much shorter than its limit was given up."""

_SLOMIX = re.compile(r"slomix.*?v(\d+)\.(\d+)(?:\.(\d+))?", re.IGNORECASE)
_TRUSTED_SLOMIX = (1, 6, 2)


class FileView(Struct, frozen=True):
    """What the file says about a round's times, as stored with the round."""

    winner_side: int
    defender_side: int
    time_limit_seconds: int | None
    duration_seconds: int | None
    """By the file's rules: header where attackers won, else the players' own clock."""
    source: str | None
    """file or players; None where the file cannot say."""
    longest_player_seconds: int | None


class Decision(Struct, frozen=True):
    """The timing columns: six values, where the duration comes from, and why."""

    round_start_unix: int | None
    round_end_unix: int | None
    actual_duration_seconds: int | None
    total_pause_seconds: int | None
    pause_count: int | None
    end_reason: EndReason | None
    duration_source: str | None
    why: str

    def columns(self) -> dict[str, Any]:
        """Return the columns of ``rounds`` and their values."""
        return {
            "round_start_unix": self.round_start_unix,
            "round_end_unix": self.round_end_unix,
            "actual_duration_seconds": self.actual_duration_seconds,
            "total_pause_seconds": self.total_pause_seconds,
            "pause_count": self.pause_count,
            "end_reason": self.end_reason,
            "duration_source": self.duration_source,
            "duration_note": self.why,
        }


def decide(file: FileView, notice: RoundNotice | None) -> Decision:
    """Return the true times of a round."""
    if notice is None:
        return Decision(None, None, file.duration_seconds, None, None, None, file.source, "no notice has come")
    refused = refusal(file, notice)
    duration = file.duration_seconds if refused else _whole(notice.actual_duration_seconds)
    return Decision(
        round_start_unix=None if refused else _whole(notice.round_start_unix),
        round_end_unix=_whole(notice.round_end_unix),
        actual_duration_seconds=duration,
        total_pause_seconds=_whole(notice.total_pause_seconds),
        pause_count=notice.pause_count,
        end_reason=_end_reason(file, notice, duration),
        duration_source=file.source if refused else "notice",
        why=refused or "the notice is plausible",
    )


def refusal(file: FileView, notice: RoundNotice) -> str:
    """Return why the notice's duration is not taken, "" if it is."""
    duration = notice.actual_duration_seconds
    if duration is None:
        return "the notice gives no duration"
    if (version := _SLOMIX.search(notice.sender)) and tuple(
        int(part or 0) for part in version.groups()
    ) < _TRUSTED_SLOMIX:
        return f"its sender ({notice.sender}) counted warm-up or pauses as play"
    if duration <= 0:
        return f"the notice's {duration:g} s cannot be"
    if file.time_limit_seconds and duration > file.time_limit_seconds + LIMIT_TOLERANCE_SECONDS:
        return f"the notice's {duration:g} s are more than the limit of {file.time_limit_seconds} s"
    if file.longest_player_seconds and duration < file.longest_player_seconds - PLAYER_TOLERANCE_SECONDS:
        return f"the notice's {duration:g} s are less than a player played ({file.longest_player_seconds} s)"
    return ""


def _end_reason(file: FileView, notice: RoundNotice, duration: int | None) -> EndReason | None:
    """Derive how the round ended; the winner is the file's, what older senders call a surrender may be a mere vote."""
    if notice.end_reason == "aborted":
        return "aborted"
    winner, defender = file.winner_side, file.defender_side
    if not winner or not defender:
        return notice.end_reason
    if winner == defender:
        early = duration is not None and file.time_limit_seconds is not None
        if early and duration < file.time_limit_seconds - SURRENDER_MARGIN_SECONDS:  # type: ignore[operator]
            return "surrender"
        return "surrender" if notice.end_reason == "surrender" and _is_ours(notice) else "time_expired"
    gave_up = notice.end_reason == "surrender" and notice.surrender_side in (0, defender)
    return "surrender" if gave_up else "objective"


def _is_ours(notice: RoundNotice) -> bool:
    """Tell whether the sender reports votes that passed, and no others."""
    return notice.sender.startswith("roundhook")


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
