"""The table that team_capture owns."""

from piccolo.columns import BigInt, Serial, Text, Timestamptz
from piccolo.table import Table


class RoundTeams(Table, tablename="lua_round_teams"):
    """Who was on which side in a round; ``match_id`` is the time in the stats file's name (YYYY-MM-DD-HHMMSS)."""

    id = Serial(primary_key=True)
    server = Text()
    round_id = BigInt(null=True, default=None)
    match_id = Text()
    round_number = BigInt()
    axis_players = Text()
    """JSON: [{"guid": …, "name": …}]"""
    allies_players = Text()
    actual_duration_seconds = BigInt(null=True, default=None)
    winner_team = BigInt(null=True, default=None)
    """A side: 0 unknown, 1 Axis, 2 Allies."""
    end_reason = Text(null=True, default=None)
    captured_at = Timestamptz(null=True, default=None)
