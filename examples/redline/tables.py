"""The tables that redline owns."""

from piccolo.columns import BigInt, Text
from piccolo.table import Table


class RedlineRace(Table, tablename="redline_races"):
    """A race as the game saw it."""

    race = Text(primary_key=True)
    server = Text()
    track = Text()
    laps = BigInt()
    ended_unix = BigInt()
    digest = Text()


class RedlineResult(Table, tablename="redline_results"):
    """How a driver came in (as the game saw it), and place and points by all rulings of now."""

    race = Text()
    driver = Text()
    name = Text()
    car = Text()
    grid = BigInt()
    laps = BigInt()
    time_ms = BigInt(null=True)
    best_ms = BigInt(null=True)
    out = Text()
    place = BigInt(null=True)
    points = BigInt()


class RedlineRuling(Table, tablename="redline_rulings"):
    """What the stewards have decided; it may be there before its race."""

    race = Text()
    ruling = BigInt()
    driver = Text()
    penalty_ms = BigInt()
    disqualified = BigInt()
    reason = Text()
