"""Looks whether a channel, a role or a person that somebody has set is where it can be used."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import hikari

from core.errors import UserFacingError


async def check_place(rest: hikari.api.RESTClient, kind: str, number: int, guilds: Iterable[int]) -> None:
    """Return if one of *guilds* has that channel, role or person (else ``UserFacingError``)."""
    there = [guild for guild in guilds if await _is_there(rest, kind, number, guild)] if number else []
    if not there:
        where = "It is gone, on another server, or hidden from the bot."
        raise UserFacingError(f"There is no such {'person' if kind == 'user' else kind} here ({number}). {where}")


async def _is_there(rest: hikari.api.RESTClient, kind: str, number: int, guild: int) -> bool:
    try:
        return await _LOOKS[kind](rest, number, guild)
    except (hikari.NotFoundError, hikari.ForbiddenError, hikari.BadRequestError):
        return False
    except (hikari.HTTPError, hikari.HTTPResponseError) as error:
        raise UserFacingError(f"Discord does not say whether that {kind} is there: {error}. Try again.") from error


async def _has_channel(rest: hikari.api.RESTClient, number: int, guild: int) -> bool:
    return int(getattr(await rest.fetch_channel(number), "guild_id", 0)) == guild


async def _has_role(rest: hikari.api.RESTClient, number: int, guild: int) -> bool:
    return number in [int(role.id) for role in await rest.fetch_roles(guild)]


async def _has_user(rest: hikari.api.RESTClient, number: int, guild: int) -> bool:
    return int((await rest.fetch_member(guild, number)).id) == number


_LOOKS: dict[str, Callable[[Any, int, int], Coroutine[Any, Any, bool]]] = {
    "channel": _has_channel, "role": _has_role, "user": _has_user,
}  # fmt: skip
