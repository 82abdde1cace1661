"""Customary rate limits: a fixed window for each route and object, told in headers, kept by 429."""

import math
import time
from dataclasses import dataclass

from devkit.discord.errors import RefusedError, rate_limited
from devkit.discord.shapes import Call

LIMITS = {
    "POST /channels/{channel}/messages": (5, 5.0),
    "PATCH /channels/{channel}/messages/{message}": (5, 5.0),
    "DELETE /channels/{channel}/messages/{message}": (5, 1.0),
    "POST /webhooks/{webhook}/{token}": (5, 2.0),
    "PATCH /webhooks/{webhook}/{token}/messages/{message}": (5, 2.0),
}
"""Requests and seconds, by method and path."""

FREE = "POST /interactions/{interaction}/{token}/callback"
"""The route that is not counted at all; hikari takes headers there for an error."""

OTHERS = (50, 1.0)
UNLIMITED = (10_000, 1.0)
_MAJOR = ("channel", "guild", "webhook", "token")


@dataclass(slots=True)
class _Window:
    ends: float
    used: int = 0


class RateLimits:
    """Counts requests. A client that obeys the headers (hikari does) never sees a 429.

    ``enforced``: when False, the headers promise so much that no client ever waits.
    """

    def __init__(self, *, enforced: bool) -> None:
        self.enforced = enforced
        self._windows: dict[tuple[str, ...], _Window] = {}

    def count(self, route: str, call: Call) -> dict[str, str]:
        """Count one request and return its headers; refused with 429 when there are too many."""
        if route == FREE:
            return {}
        limit, seconds = LIMITS.get(route, OTHERS) if self.enforced else UNLIMITED
        key = (route, *(call.params[name] for name in _MAJOR if name in call.params))
        now = time.time()
        window = self._windows.get(key)
        if window is None or now >= window.ends:
            window = self._windows[key] = _Window(now + seconds)
        window.used += 1
        headers = _headers(route, limit, max(0, limit - window.used), window.ends, now)
        if window.used > limit:
            raise _exceeded(window.ends - now, headers)
        return headers


def _headers(route: str, limit: int, remaining: int, ends: float, now: float) -> dict[str, str]:
    return {
        "X-RateLimit-Bucket": f"{hash(route) & 0xFFFFFFFF:08x}",
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": f"{math.ceil(ends * 1000) / 1000:.3f}",
        "X-RateLimit-Reset-After": f"{math.ceil((ends - now) * 1000) / 1000:.3f}",
    }


def _exceeded(seconds: float, headers: dict[str, str]) -> RefusedError:
    refused = rate_limited(seconds, scope="user")
    refused.headers.update(headers)
    return refused
