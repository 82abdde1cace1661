"""What a route is, and which of them a request means."""

from collections.abc import Awaitable, Callable, Iterable
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


class RouteTable:
    """The routes by method and length of path: aiohttp's own would be built anew, for longer, with each server."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[tuple[str, int], list[tuple[list[str], Route]]] = {}
        for route in sorted(routes, key=lambda one: -len(one.path.partition("{")[0])):  # a word before what varies
            parts = route.path.split("/")
            self._routes.setdefault((route.method, len(parts)), []).append((parts, route))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route of a *path* in which only ``/`` and ``%`` are quoted, and what stands in its braces."""
        parts = path.split("/")
        for wanted, route in self._routes.get((method, len(parts)), ()):
            pairs = list(zip(wanted, parts, strict=True))
            if all(part == name or (part and name.startswith("{")) for name, part in pairs):
                return route, {name[1:-1]: _plain(part) for name, part in pairs if name.startswith("{")}
        return None


def _plain(part: str) -> str:
    return part.replace("%2F", "/").replace("%25", "%")
