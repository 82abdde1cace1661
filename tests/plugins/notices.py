"""Invented notices in both dialects, as webhooks post them."""

from datetime import UTC, datetime
from typing import Any

from core.rounds.events import RoundNotice
from plugins.server_admin.script import own_version

END = datetime(2026, 1, 10, 21, 0, 0, tzinfo=UTC)
END_UNIX = int(END.timestamp())

DIALECT_A = {
    "Map": "supply", "Round": "2", "End Unix": str(END_UNIX), "Start Unix": str(END_UNIX - 512), "Duration": "512 sec",
    "Winner": "2", "Defender": "1", "Time Limit": "12 min", "Pauses": "1 (37 sec)", "End Reason": "surrender",
    "Axis_JSON": '[{"guid":"AAAAAAAA11111111AAAAAAAA11111111","name":"anna"}]', "Allies_JSON": "[]",
}  # fmt: skip
DIALECT_B = {
    "Map": "supply", "Round": "2", "Winner": "2", "Defender": "1", "Lua_Playtime": "512 sec",
    "Lua_Timelimit": "3.85 min", "Lua_Pauses": "1 (37 sec)",
    "Lua_Pauses_JSON": f'[{{"n":1,"start":{END_UNIX - 100},"end":{END_UNIX - 63},"sec":37}}]',
    "Lua_EndReason": "objective", "Lua_Warmup": "41 sec", "Lua_RoundStart": str(END_UNIX - 549),
    "Lua_RoundEnd": str(END_UNIX), "Lua_SurrenderTeam": "0", "Lua_SurrenderCaller": "",
    "Axis_JSON": '[{"guid":"aaaaaaaa11111111aaaaaaaa11111111","name":"anna"}]',
    "Allies_JSON": '[{"guid":"BBBBBBBB22222222BBBBBBBB22222222","name":"a \\\\"b\\\\" c"}]',
}  # fmt: skip


def embed_of(fields: dict[str, str], footer: str = "Slomix Lua Webhook v1.7.2") -> dict[str, Any]:
    """Return the embed of a notice, as posted."""
    return {
        "title": "Round Complete",
        "fields": [{"name": name, "value": value} for name, value in fields.items()],
        "footer": {"text": footer},
    }


def notice(**changes: Any) -> RoundNotice:
    """Return a plausible notice of round 1 on supply: attackers surrendered after 512 of 720 seconds."""
    values: dict[str, Any] = {
        "server": "local", "map_name": "supply", "round_number": 1, "round_end_unix": END_UNIX, "winner_side": 1,
        "defender_side": 1, "round_start_unix": END_UNIX - 512, "actual_duration_seconds": 512,
        "time_limit_seconds": 720, "pause_count": 0, "total_pause_seconds": 0, "end_reason": "surrender",
        "surrender_side": 2, "sender": f"roundhook {own_version()}", "received_at": END,
    }  # fmt: skip
    return RoundNotice(**{**values, **changes})
