"""Who may do what: one rule for commands, components, modals and autocompletes, asked at the moment of the action.

Checked here and not only by Discord, which lets guilds open commands to anybody.
"""

from collections.abc import Collection, Mapping
from typing import Any, Literal

import hikari
import lightbulb

from core.config import Config
from core.errors import UserFacingError

Action = Literal["guild", "everybody", "server", "logs", "read"]
"""What is acted on: one guild; the bot as a whole, its code and all guilds; a game server; logs and history; rounds."""
_TEAM_ROLES = frozenset({"admin", "developer"})
_ACCEPTED = 2
"""Discord's number for a member of a team who has accepted the invitation."""


class Gatekeeper:
    """Answers who may do what."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.owners: frozenset[int] = frozenset()
        """Set when the bot has started."""

    def may(self, interaction: Any, action: Action, server: str = "") -> bool:
        """Tell whether the user of *interaction* may do *action*, where it names one to that game server.

        In direct messages only the owner may anything; in a guild that is not configured nobody.
        """
        guild, is_owner = int(interaction.guild_id or 0), int(interaction.user.id) in self.owners
        if not guild or guild not in self._config.guilds:
            return is_owner and not guild
        sees = not server or self._config.sees(guild, server)
        if action == "read":
            return sees
        if is_owner:
            return True
        return (
            self._is_admin(interaction, guild)
            and {
                "guild": True,
                "logs": sees,
                "everybody": len(self._config.guilds) == 1,
                "server": len(self._config.guilds) == 1 or self._is_its_own(guild, server),
            }[action]
        )

    def _is_admin(self, interaction: Any, guild: int) -> bool:
        member = interaction.member
        if member is None:
            return False
        if member.permissions & hikari.Permissions.ADMINISTRATOR:
            return True
        return bool(set(self._config.guilds[guild].admin_roles) & {int(role) for role in member.role_ids})

    def _is_its_own(self, guild: int, server: str) -> bool:
        """Tell whether a game server is this guild's alone."""
        settings = self._config.servers.get(server)
        return settings is not None and list(settings.guilds) == [guild]


def owners_of(application: Mapping[str, Any]) -> frozenset[int]:
    """Return who owns an application, by Discord's raw answer: of a team its owner, its admins and its developers.

    hikari does not read a member's role; where Discord does not tell it, the team's owner alone is meant.
    """
    team = application.get("team")
    if not team:
        return frozenset({int(application["owner"]["id"])})
    members = [
        int(one["user"]["id"])
        for one in team.get("members", ())
        if one.get("membership_state") == _ACCEPTED and one.get("role") in _TEAM_ROLES
    ]
    return frozenset({int(team["owner_user_id"]), *members})


@lightbulb.hook(lightbulb.ExecutionSteps.CHECKS)
async def admins_only(_: lightbulb.ExecutionPipeline, context: lightbulb.Context) -> None:
    """Refuse everybody but admins: put it into ``hooks=[…]`` of a command."""
    if not gatekeeper_of(context).may(context.interaction, "guild"):
        raise UserFacingError(
            "Only admins may do that: the bot's owner, this server's administrators, and the roles in admin_roles."
        )


@lightbulb.hook(lightbulb.ExecutionSteps.CHECKS)
async def owner_only(_: lightbulb.ExecutionPipeline, context: lightbulb.Context) -> None:
    """Refuse everybody but the bot's owner, and where it serves one guild that guild's admins."""
    if not gatekeeper_of(context).may(context.interaction, "everybody"):
        raise UserFacingError("Only the bot's owner may do that.")


def needed_for(hooks: Collection[Any]) -> Action | None:
    """Return what a command with these hooks asks of its user."""
    return "everybody" if owner_only in hooks else "guild" if admins_only in hooks else None


def gatekeeper_of(context: Any) -> Gatekeeper:
    """Return who answers for the client of a command or an autocomplete."""
    gatekeeper: Gatekeeper = context.client.gatekeeper  # our CommandClient
    return gatekeeper
