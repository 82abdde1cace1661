"""What commands on Discord are written with, beside lightbulb itself."""

from core.discord.answer import answer
from core.discord.confirmations import confirm
from core.discord.paging import pages
from core.discord.permissions import admins_only, owner_only

__all__ = ["admins_only", "answer", "confirm", "owner_only", "pages"]
