"""The table that ladder owns."""

from piccolo.columns import BigInt, Text
from piccolo.table import Table


class LadderPoints(Table, tablename="ladder_points"):
    """Points of a player in a round."""

    round_id = BigInt()
    guid = Text()
    points = BigInt()
    server = Text()
    played_unix = BigInt()
