"""What a route is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from devkit.discord.shapes import Answer, Call

Handler: TypeAlias = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the API; the path's variable parts stand in braces."""

    method: str
    path: str
    handler: Handler
    public: bool = False
    """Needs no bot token: a secret in the path is enough."""
