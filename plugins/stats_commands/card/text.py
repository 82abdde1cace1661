"""The card's words: sides, results, notes. No drawing."""

from roundhook.pictures import UNKNOWN, duration_text

from .data import Card, CardPlayer

_SIDES = {1: "Axis", 2: "Allies"}
_REASONS = {
    "objective": "Objective taken",
    "surrender": "Surrender",
    "time_expired": "Time ran out",
    "aborted": "Round aborted",
}
_STATUS_NOTES = {
    "unpaired": "Round 1's file is missing: some counts are left out",
    "aborted": "Aborted round",
    "empty": "The stats file lists no players",
}
_SOURCE_LABELS = {"file": "TIME PLAYED, BY THE FILE", "players": "TIME PLAYED, ±6 S"}

# Seconds by which the file may differ unmentioned: it is cut to whole seconds, players' clocks to tenths of a minute.
_TOLERANCES = {"players": 9.0}
_TOLERANCE = 3.0
_SHORTER = 30  # seconds that make a shorter stay worth a word


def side_text(side: int) -> str:
    """Return a side's name; spectators and unknown sides share one."""
    return _SIDES.get(side, "No side")


def winner(card: Card) -> int:
    """Return the winning side, 0 when unknown: an aborted round's file does not know it."""
    return card.winner_side if card.winner_side in _SIDES and not _aborted(card) else 0


def role_text(card: Card, side: int) -> str:
    """Return ``attacked`` or ``defended``, or nothing where the file cannot be trusted."""
    if _aborted(card) or card.defender_side not in _SIDES or side not in _SIDES:
        return ""
    return "defended" if side == card.defender_side else "attacked"


def result_text(card: Card) -> str:
    """Return how the round ended, from the reason or the winner when no words were given."""
    if card.result.strip():
        return card.result
    if card.end_reason in _REASONS:
        return _REASONS[card.end_reason]
    return f"{side_text(card.winner_side)} won" if winner(card) else ""


def status_note(card: Card) -> str:
    """Return what is wrong with the round, or nothing."""
    return _STATUS_NOTES.get(card.status, "")


def more_text(hidden: int) -> str:
    """Return how many are not listed, or nothing."""
    return f"and {hidden} more" if hidden > 0 else ""


def verdict(card: Card) -> str:
    """Return in few words how a round ended; the time stands beside."""
    won = winner(card)
    if not won or card.end_reason == "surrender":
        return f"{side_text(3 - won)} surrendered" if won else result_text(card) or "Result unknown"
    return f"{side_text(won)} {'held' if won == card.defender_side else 'won'}"


def clock_label(card: Card) -> str:
    """Return the caption of the big clock; it says when the time is not the server's own."""
    return _SOURCE_LABELS.get(card.duration_source, "TIME PLAYED") if _known(card) else "TIME PLAYED UNKNOWN"


def clock_text(card: Card) -> str:
    """Return the real time played; one from the players' clocks is marked as near."""
    near = "≈" if card.duration_source == "players" and _known(card) else ""
    return near + duration_text(card.duration_seconds)


def file_note(card: Card) -> str:
    """Return what the file said when that is not what was played, else nothing."""
    shown = duration_text(card.time_shown_seconds)
    if shown == UNKNOWN:
        return ""
    tolerance = _TOLERANCES.get(card.duration_source, _TOLERANCE)
    if card.duration_seconds is not None and card.time_shown_seconds is not None:
        differs = abs(card.duration_seconds - card.time_shown_seconds) > tolerance
        return f"file said {shown}" if differs else ""
    return f"file said {shown}"


def clock_notes(card: Card) -> str:
    """Return limit and pauses in one line, as far as they are known."""
    limit = duration_text(card.time_limit_seconds)
    return " · ".join(part for part in (f"limit {limit}" if limit != UNKNOWN else "", _pauses(card)) if part)


def limit_share(card: Card) -> float | None:
    """Return the real time as a share of the limit, 0 to 1, or None."""
    if not _known(card) or card.duration_seconds is None or not card.time_limit_seconds:
        return None
    share = card.duration_seconds / card.time_limit_seconds
    return min(1.0, share) if share >= 0 else None


def played_note(player: CardPlayer, longest: float) -> str:
    """Return how long *player* was there if clearly less than *longest* (seconds), else nothing."""
    seconds = player.time_played_seconds
    return "" if seconds is None or seconds > longest - _SHORTER else f"played {duration_text(seconds)}"


def _pauses(card: Card) -> str:
    if card.pause_count is None:
        return ""
    if card.pause_count <= 0:
        return "no pauses"
    total = duration_text(card.total_pause_seconds)
    words = "1 pause" if card.pause_count == 1 else f"{card.pause_count} pauses"
    return words if total == UNKNOWN else f"{words} ({total})"


def _known(card: Card) -> bool:
    return duration_text(card.duration_seconds) != UNKNOWN


def _aborted(card: Card) -> bool:
    return card.status == "aborted" or card.end_reason == "aborted"
