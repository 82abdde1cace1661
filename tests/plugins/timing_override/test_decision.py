"""Whose times are true: the rules, and their edges."""

import pytest

from plugins.timing_override.decision import FileView, decide
from tests.plugins.notices import END_UNIX, notice

HELD = FileView(
    winner_side=1, defender_side=1, time_limit_seconds=720, duration_seconds=510,
    source="players", longest_player_seconds=510,
)  # fmt: skip
TAKEN = FileView(
    winner_side=2, defender_side=1, time_limit_seconds=720, duration_seconds=489,
    source="file", longest_player_seconds=486,
)  # fmt: skip


def test_a_surrender_reads_its_real_time() -> None:
    """Attackers who give up at 8:32 of 12:00 leave a round of 8:32."""
    decision = decide(HELD, notice())

    assert decision.actual_duration_seconds == 512
    assert (decision.duration_source, decision.end_reason) == ("notice", "surrender")
    assert (decision.round_start_unix, decision.round_end_unix) == (END_UNIX - 512, END_UNIX)


def test_without_a_notice_the_file_counts() -> None:
    """No notice: the file's duration, and what only a notice knows stays unknown."""
    decision = decide(HELD, None)

    assert (decision.actual_duration_seconds, decision.duration_source) == (510, "players")
    assert (decision.end_reason, decision.pause_count, decision.round_end_unix) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"actual_duration_seconds": None}, "gives no duration"),
        ({"actual_duration_seconds": 0}, "cannot be"),
        ({"actual_duration_seconds": 726}, "more than the limit"),
        ({"actual_duration_seconds": 499}, "less than a player played"),
        ({"sender": "Slomix Lua Webhook v1.6.1"}, "counted warm-up"),
    ],
)
def test_an_implausible_notice_keeps_the_files_duration(change: dict[str, object], why: str) -> None:
    """The file's duration stays, and the decision says why."""
    decision = decide(HELD, notice(**change))

    assert (decision.actual_duration_seconds, decision.duration_source) == (510, "players")
    assert why in decision.why


@pytest.mark.parametrize("duration", [500, 512, 720, 725])
def test_the_edges_of_plausibility_are_taken(duration: int) -> None:
    """Ten seconds below a player's clock and five above the limit are still taken."""
    assert decide(HELD, notice(actual_duration_seconds=duration)).actual_duration_seconds == duration


@pytest.mark.parametrize(
    ("view", "change", "reason"),
    [
        (HELD, {"actual_duration_seconds": 720, "end_reason": "time_expired"}, "time_expired"),
        (HELD, {"actual_duration_seconds": 720, "sender": "Slomix Lua Webhook v1.7.2"}, "time_expired"),
        (HELD, {"actual_duration_seconds": 719, "end_reason": "surrender"}, "surrender"),
        (TAKEN, {"actual_duration_seconds": 489, "end_reason": "time_expired"}, "objective"),
        (TAKEN, {"actual_duration_seconds": 489, "end_reason": "surrender", "surrender_side": 1}, "surrender"),
        (TAKEN, {"actual_duration_seconds": 489, "end_reason": "surrender", "surrender_side": 2}, "objective"),
        (HELD, {"end_reason": "aborted"}, "aborted"),
    ],
)
def test_how_a_round_ended_follows_winner_and_time(view: FileView, change: dict[str, object], reason: str) -> None:
    """A vote that was merely called is no surrender; one that passed is, also in the last second."""
    assert decide(view, notice(**change)).end_reason == reason
