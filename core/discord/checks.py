"""What users are told when a command refuses them: lightbulb's own checks in words; and hints at authors' mistakes."""

import math

import hikari
from lightbulb import prefab

from core.errors import UserFacingError

_LATE = "It came after the 3 s that Discord waits for the first answer: begin with `await context.defer()`."
_HINTS = {
    10062: _LATE,
    10015: "The first answer must be given before another: `await context.respond(…)` or `await context.defer()`.",
    40060: "It was answered before, or not for 3 s: after a deferral use `context.respond`, or `interaction.execute`.",
    50006: "The message is empty.",
    50027: "Discord takes answers for 15 minutes; what comes later goes out by `self.ctx.send(channel, …)`.",
    50035: "If it is too long: `await answer(context, text)` of roundhook.commands splits it.",
}
"""By Discord's code."""


def in_words(error: BaseException) -> str:
    """Return what to tell a user for an error that is an answer, "" for any other."""
    if isinstance(error, UserFacingError):
        return str(error)
    if isinstance(error, prefab.OnCooldown):
        return f"Not so fast: again in {_seconds(error.remaining)}."
    if isinstance(error, prefab.MissingRequiredPermission):
        return f"You may not do that: it takes {_names(error.missing)}."
    if isinstance(error, prefab.BotMissingRequiredPermissions):
        return f"The bot may not do that here: an admin has to give it {_names(error.missing)}."
    if isinstance(error, prefab.MissingRequiredRoles):
        return f"You may not do that: it takes {' or '.join(f'<@&{int(role)}>' for role in error.role_ids)}."
    if isinstance(error, prefab.NotOwner):
        return "Only the bot's owner may do that."
    if isinstance(error, prefab.MaxConcurrencyReached):
        return "That is under way already. Try again when it has ended."
    return ""


def hint_for(error: BaseException) -> str:
    """Return what an author should do about an answer that Discord has refused, "" if nothing is known."""
    known = isinstance(error, (hikari.BadRequestError, hikari.NotFoundError, hikari.UnauthorizedError))
    return _HINTS.get(int(error.code), "") if known else ""  # type: ignore[attr-defined]


def _seconds(seconds: float) -> str:
    whole = max(math.ceil(seconds), 1)
    hours, minutes = divmod(math.ceil(whole / 60), 60)
    return f"{whole} s" if whole < 120 else f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _names(permissions: hikari.Permissions) -> str:
    """Return permissions as Discord's settings call them, nearly."""
    return " and ".join(str(one.name).replace("_", " ").title() for one in permissions)
