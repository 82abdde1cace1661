"""The answer of ``/timing``: what the file claimed, what the notice said, what was taken, and our own conclusion."""

import json
from typing import Any

from roundhook import Embed, Message, escape_markdown

from .figures import clock
from .results import SIDES
from .views import AMBER, GREY, Row, field_of, place, round_result, stamp

STANDS_OUT_SECONDS = 60


def timing_message(row: Row, notice: Row | None) -> Message:
    """Return what the file claimed, what the notice said, which was taken and why."""
    said = json.loads(notice["notice"]) if notice else None
    shown, taken = row["time_shown_seconds"], row["actual_duration_seconds"]
    difference = abs(shown - taken) if shown is not None and taken is not None else None
    stands_out = difference is not None and difference > STANDS_OUT_SECONDS
    fields = [
        field_of("The file claimed", f"{clock(shown)} of {clock(row['time_limit_seconds'])}"),
        field_of("The notice said", _said(said)),
        field_of("Taken", f"**{clock(taken)}** from the {_source(row)}"),
        field_of("Our conclusion", _concluded(row)),
        field_of("Why", escape_markdown(row["duration_note"]) if row["duration_note"] else _plain_why(row, said)),
    ]
    if difference:
        sign, what = "⚠️ " if stands_out else "", "less" if taken < shown else "more"
        fields.append(field_of("Difference", f"{sign}{clock(difference)} {what} than the file claimed"))
    if row["pause_count"] is not None:
        pauses = f"{row['pause_count']} ({clock(row['total_pause_seconds'])})" if row["pause_count"] else "none"
        fields.append(field_of("Pauses", pauses))
    if row["round_start_unix"] and row["round_end_unix"]:
        fields.append(field_of("Played", f"<t:{row['round_start_unix']}:T> – <t:{row['round_end_unix']}:T>"))
    embed = Embed(
        title=f"{place(row['map_name'])} round {row['round_number']}: {round_result(row)}",
        description=f"{stamp(row['played_at'])}\n{_timing_sentence(row, said)}",
        color=AMBER if stands_out else GREY,
        fields=tuple(fields),
        footer=f"round {row['id']} · {row['server']} · {row['filename']}"[:200],
    )
    return Message(embeds=(embed,))


def _timing_sentence(row: Row, said: dict[str, Any] | None) -> str:
    """Return what was claimed, what was taken and what that changed, in one sentence."""
    shown, taken = row["time_shown_seconds"], row["actual_duration_seconds"]
    claims = f"file said {clock(shown)}"
    if said is None:
        return f"{claims}, no notice came; {clock(taken)} taken from the {_source(row)}"
    claims += f", notice said {clock(said.get('actual_duration_seconds'))}"
    claims += f": {quoted}" if (quoted := _quoted(said)) else ""
    if row["duration_source"] != "notice":
        why = row["duration_note"] or _plain_why(row, said)
        return f"{claims}; notice not taken, {escape_markdown(why)}"
    if shown is None or taken is None or shown == taken:
        return f"{claims}; notice taken"
    change = "removed" if taken < shown else "added"
    what = "time that was not played" if taken < shown else "time that the file left out"
    return f"{claims}; notice taken, {clock(abs(shown - taken))} of {what} {change}"


def _quoted(said: dict[str, Any]) -> str:
    """Return how the round ended by the notice's own words: ``surrender by Allies`` and the like."""
    side = said.get("surrender_side") or 3 - (said.get("winner_side") or 3)
    return _ending(said.get("end_reason"), side)


def _concluded(row: Row) -> str:
    """Return how the round ended by what notice and file say together."""
    return _ending(row["end_reason"], 3 - (row["winner_side"] or 3)) or "how it ended is not known"


def _ending(reason: str | None, gave_up: int) -> str:
    by = f" by {SIDES[gave_up]}" if reason == "surrender" and gave_up in SIDES else ""
    return (reason or "").replace("_", " ") + by


def _said(said: dict[str, Any] | None) -> str:
    if said is None:
        return "nothing came"
    reason = f", {escape_markdown(said['end_reason'])}" if said.get("end_reason") else ""
    sender = escape_markdown(said.get("sender") or "unknown sender")
    return f"{clock(said.get('actual_duration_seconds'))}{reason}\n{sender}"


def _source(row: Row) -> str:
    return {"notice": "notice", "file": "file", "players": "players' own clock"}.get(
        row["duration_source"] or "", "file"
    )


def _plain_why(row: Row, said: dict[str, Any] | None) -> str:
    if row["duration_source"] == "notice":
        return "the notice is plausible"
    return "no notice has come" if said is None else "the notice was not plausible"
