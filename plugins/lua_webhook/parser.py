"""A webhook message → RoundNotice. Pure; both dialects of embed fields, and the JSON file that newer senders attach.

Fact source: the senders' sources v1.0 to v1.7.2 (reference/round-notice.md). Field names are matched without regard
to case; missing, empty or bad values are unknown, never 0 seconds.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Literal

from roundhook import BadInputError, Pause, PlayerRef, RoundNotice, clean_name
from roundhook.rounds import EndReason, is_map_name, normal_guid

from .bounds import MAX_ATTACHMENT, MAX_FIELDS, MAX_GUID, MAX_MAP, MAX_NAME, MAX_PAUSES, MAX_ROSTER, number, text

CONTENT = "STATS_READY"
ATTACHMENT = "notice.json"
_HINT = re.compile(r"`([^`/\\]{1,200}\.txt)`")
_LARGEST_WHOLE = 1e12
_INTEGER = re.compile(r"-?\d{1,12}")
_NUMBER = re.compile(r"-?\d{1,12}(?:\.\d{1,6})?")
_PAUSES = re.compile(r"(\d{1,4})\s*\((\d{1,6})")
_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?\s*$")
_PAUSES_TRUSTED = (1, 7, 1)
"""Senders of that family before this version never counted a pause: their ``0 (0 sec)`` means unknown."""

_SIDES = {1, 2}
_REASONS: dict[str, EndReason] = {
    "objective": "objective", "surrender": "surrender", "time_expired": "time_expired", "aborted": "aborted",
}  # fmt: skip


def is_notice(content: str | None) -> bool:
    """Tell whether a message says that a round has ended."""
    return (content or "").strip() == CONTENT


def hinted_file(content: str | None) -> str | None:
    """Return the file name that a plain message names in backticks, if it does."""
    found = _HINT.search(content or "")
    return found[1] if found else None


def parse_attachment(
    data: bytes, *, server: str, sent_at: datetime, message_id: int, source: Literal["gateway", "history"]
) -> RoundNotice:
    """Read the attached JSON: keys are the field names of ``RoundNotice``.

    Raises:
        BadInputError: it is too large, no JSON object, or lacks map or round.
    """
    if len(data) > MAX_ATTACHMENT:
        raise BadInputError(f"{ATTACHMENT} of {server} has {len(data):,} bytes; {MAX_ATTACHMENT:,} are allowed.")
    try:
        values = json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise BadInputError(f"{ATTACHMENT} of {server} is no JSON: {why}.") from error
    if not isinstance(values, dict):
        raise BadInputError(f"{ATTACHMENT} of {server} is no JSON object.")
    texts = {name: values.get(name) for name in (field.name for field in fields(RoundNotice))}
    return _notice(
        server,
        sent_at,
        message_id,
        source,
        map_name=text(texts["map_name"], MAX_MAP),
        round_number=texts["round_number"],
        round_end_unix=number("round_end_unix", texts["round_end_unix"]),
        winner_side=_side(texts["winner_side"]),
        defender_side=_side(texts["defender_side"]),
        round_start_unix=number("round_start_unix", texts["round_start_unix"]),
        actual_duration_seconds=number("actual_duration_seconds", texts["actual_duration_seconds"]),
        wall_seconds=number("wall_seconds", texts["wall_seconds"]),
        time_limit_seconds=number("time_limit_seconds", texts["time_limit_seconds"]),
        pause_count=number("pause_count", _whole(texts["pause_count"])),
        total_pause_seconds=number("total_pause_seconds", texts["total_pause_seconds"]),
        pauses=_pauses(texts["pauses"], "start_unix", "end_unix"),
        end_reason=_REASONS.get(text(texts["end_reason"])),
        warmup_seconds=number("warmup_seconds", texts["warmup_seconds"]),
        surrender_side=_side(texts["surrender_side"]),
        surrender_caller=text(texts["surrender_caller"], MAX_GUID),
        axis_players=_roster(texts["axis_players"]),
        allies_players=_roster(texts["allies_players"]),
        left_players=_roster(texts["left_players"]),
        sender=text(texts["sender"]),
    )


def parse_embed(
    embed_fields: Mapping[str, str],
    footer: str,
    *,
    server: str,
    sent_at: datetime,
    message_id: int,
    source: Literal["gateway", "history"],
) -> RoundNotice:
    """Read an embed's fields (name → text).

    Raises:
        BadInputError: map or round is missing or cannot be.
    """
    taken = list(embed_fields.items())[:MAX_FIELDS]
    values = {name.strip().lower(): value.strip() for name, value in taken}

    def field(*names: str) -> str:
        return next((values[name] for name in names if values.get(name)), "")

    count, paused = _pause_counts(field("pauses", "lua_pauses"), footer)
    return _notice(
        server,
        sent_at,
        message_id,
        source,
        map_name=field("map"),
        round_number=field("round"),
        round_end_unix=number("round_end_unix", _number(field("end unix", "lua_roundend"))),
        winner_side=_side(field("winner")),
        defender_side=_side(field("defender")),
        round_start_unix=number("round_start_unix", _number(field("start unix", "lua_roundstart"))),
        actual_duration_seconds=number("actual_duration_seconds", _number(field("duration", "lua_playtime"))),
        time_limit_seconds=number("time_limit_seconds", _minutes(field("time limit", "lua_timelimit"))),
        pause_count=number("pause_count", count),
        total_pause_seconds=number("total_pause_seconds", paused),
        pauses=_pauses(_lenient_json(field("lua_pauses_json")), "start", "end"),
        end_reason=_REASONS.get(field("end reason", "lua_endreason").lower()),
        warmup_seconds=number("warmup_seconds", _number(field("lua_warmup"))),
        surrender_side=_side(field("lua_surrenderteam")),
        surrender_caller=text(field("lua_surrendercaller"), MAX_GUID),
        axis_players=_roster(_lenient_json(field("axis_json"))),
        allies_players=_roster(_lenient_json(field("allies_json"))),
        sender=text(footer),
    )


def _notice(
    server: str, sent_at: datetime, message_id: int, source: Literal["gateway", "history"], **values: Any
) -> RoundNotice:
    """Check what makes the key; the end is the message's time where the sender gave none that can be."""
    map_name, round_number = values.pop("map_name"), _whole(values.pop("round_number"))
    if not is_map_name(map_name):
        raise BadInputError(f"A notice of {server} names the map {map_name[:80]!r}, which no map is called.")
    if round_number not in (0, 1, 2):
        raise BadInputError(f"A notice of {server} for {map_name} names the round {round_number!r}; it is 1 or 2.")
    end = values.pop("round_end_unix")
    return RoundNotice(
        server=server,
        map_name=map_name,
        round_number=round_number or 2,  # some senders give the engine's raw 0 for round 2
        round_end_unix=end if end and end > 0 else sent_at.timestamp(),
        source=source,
        message_id=message_id,
        received_at=sent_at,
        **values,
    )


def _number(text: str) -> float | None:
    found = _NUMBER.search(text)
    return _tidy(float(found[0])) if found else None


def _tidy(value: float) -> float:
    return int(value) if float(value).is_integer() else value


def _whole(value: object) -> int | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value) if abs(value) < _LARGEST_WHOLE and float(value).is_integer() else None
    found = _INTEGER.fullmatch(text(value))
    return int(found[0]) if found else None


def _minutes(text: str) -> float | None:
    minutes = _number(text)  # `3.85 min`: decimals count
    return _tidy(round(minutes * 60, 3)) if minutes is not None else None


def _side(value: object) -> int:
    side = _whole(value)
    return side if side in _SIDES and side is not None else 0


def _pause_counts(text: str, footer: str) -> tuple[int | None, float | None]:
    found = _PAUSES.search(text)
    if found is None:
        return None, None
    count, seconds = int(found[1]), int(found[2])
    if count == 0 and _counts_no_pauses(footer):
        return None, None
    return count, seconds


def _counts_no_pauses(footer: str) -> bool:
    version = _VERSION.search(footer)
    if version is None or not footer.lower().startswith("slomix"):
        return False
    return tuple(int(part or 0) for part in version.groups()) < _PAUSES_TRUSTED


def _lenient_json(written: str) -> Any:
    r"""Read JSON as it is; else once more with ``\"`` read as ``"`` (old senders escaped twice); else nothing."""
    for attempt in (written, written.replace('\\"', '"')):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _roster(entries: Any) -> tuple[PlayerRef, ...]:
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        return ()
    found = [entry for entry in entries[:MAX_ROSTER] if isinstance(entry, dict) and isinstance(entry.get("guid"), str)]
    players = [
        (text(entry["guid"], MAX_GUID), clean_name(text(entry.get("name"), 2 * MAX_NAME))[:MAX_NAME]) for entry in found
    ]
    return tuple(PlayerRef(normal_guid(guid, name), name) for guid, name in players if guid)


def _pauses(entries: Any, start_key: str, end_key: str) -> tuple[Pause, ...]:
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        return ()
    found = [entry for entry in entries[:MAX_PAUSES] if isinstance(entry, dict)]
    pauses = [(number("start_unix", entry.get(start_key)), number("end_unix", entry.get(end_key))) for entry in found]
    return tuple(Pause(start, end) for start, end in pauses if start)
