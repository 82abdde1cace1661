"""What redline tells other plugins."""

from datetime import datetime

from roundhook import event


@event(hook="on_race_decided", key=("race", "revision"), about="race", server="server", at="ended_at", quiet="imported")
class RaceDecided:
    """The order of a race is known, or known better: its rows can be read."""

    race: str
    revision: int
    """1, and one more with each ruling of the stewards."""
    server: str
    track: str
    ended_at: datetime
    winner: str | None = None
    """The driver's id; None if nobody came in."""
    imported: bool = False
    """Whether it came by ``roundhook redline import``."""
