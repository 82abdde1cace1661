"""What mvp tells other plugins."""

from datetime import datetime

from roundhook import event


@event(hook="on_mvp_chosen", key=("round_id", "revision"), about="round_id", server="server", at="at", quiet="imported")
class MvpChosen:
    """The most valuable player of a round is known, or has changed."""

    round_id: int
    revision: int
    """That of the round: one more with each change of it."""
    server: str
    at: datetime
    guid: str | None = None
    """None: nobody did enough."""
    name: str = ""
    damage: int | None = None
    imported: bool = False
    """Whether the round came by ``roundhook import``."""
