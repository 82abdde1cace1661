"""What commands on Discord are written with, beside lightbulb itself."""

from core.discord.answer import answer
from core.discord.confirmations import confirm
from core.discord.paging import pages
from core.discord.permissions import admins_only, owner_only
from core.likeness import Nearness, did_you_mean, fitting, nearness, plain, ranked

__all__ = [
    "Nearness", "admins_only", "answer", "confirm", "did_you_mean", "fitting", "nearness", "owner_only", "pages",
    "plain", "ranked",
]  # fmt: skip
