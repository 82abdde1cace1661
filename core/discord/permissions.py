"""Who may use admin commands: the bot's owner, a guild's administrators, and members with one of ``admin_roles``.

Checked here and not only by Discord, which lets guilds open commands to anybody.
"""

from collections.abc import Mapping
from typing import Any

import hikari
import lightbulb

from core.config import Guild
from core.errors import UserFacingError


class Gatekeeper:
    """Knows the owners and the admin roles."""

    def __init__(self, guilds: Mapping[int, Guild]) -> None:
        self._guilds = guilds
        self.owners: frozenset[int] = frozenset()
        """Set when the bot has started: the application's owner, or its team."""

    def is_admin(self, interaction: Any) -> bool:
        """Tell whether the user of *interaction* is an admin there."""
        if int(interaction.user.id) in self.owners:
            return True
        member, guild = interaction.member, self._guilds.get(int(interaction.guild_id or 0))
        if member is None or guild is None:
            return False
        if member.permissions & hikari.Permissions.ADMINISTRATOR:
            return True
        return bool(set(guild.admin_roles) & {int(role) for role in member.role_ids})


@lightbulb.hook(lightbulb.ExecutionSteps.CHECKS)
async def admins_only(_: lightbulb.ExecutionPipeline, context: lightbulb.Context) -> None:
    """Refuse everybody but admins: put it into ``hooks=[…]`` of a command."""
    gatekeeper: Gatekeeper = context.client.gatekeeper  # type: ignore[attr-defined]  # our CommandClient
    if not gatekeeper.is_admin(context.interaction):
        raise UserFacingError(
            "Only admins may do that: the bot's owner, this server's administrators, and the roles in admin_roles."
        )
