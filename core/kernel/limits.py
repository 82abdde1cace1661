"""Time limits of handlers: what ``asyncio.timeout`` does, with one timer for all attempts under the same limit.

A timer of its own for each attempt costs more than all else that is done for it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from core.kernel.bounded import GRACE_SECONDS


class Limits:
    """The attempts under way, each with the time at which it is cancelled."""

    def __init__(self) -> None:
        self._groups: dict[float, dict[Limit, float]] = {}
        """By the length of the limit; within a group those that began earlier end earlier."""
        self._timers: dict[float, asyncio.TimerHandle] = {}

    def close(self) -> None:
        """Let go of the timers; nothing is cancelled any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def begin(self, limit: "Limit") -> None:
        """Watch *limit* from now on."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + limit.seconds
        group = self._groups.get(limit.seconds)
        if group is None:
            group = self._groups[limit.seconds] = {}
            self._timers[limit.seconds] = loop.call_at(deadline, self._look, limit.seconds)
        group[limit] = deadline

    def end(self, limit: "Limit") -> None:
        """Watch it no longer."""
        self._groups.get(limit.seconds, {}).pop(limit, None)

    def _look(self, seconds: float) -> None:
        """Cancel what is over its time, and look again when the next one is."""
        loop, group = asyncio.get_running_loop(), self._groups[seconds]
        now = loop.time()
        for limit in [one for one, deadline in group.items() if deadline <= now]:
            del group[limit]
            limit.expire()
        if group:
            self._timers[seconds] = loop.call_at(next(iter(group.values())), self._look, seconds)
        else:
            del self._timers[seconds], self._groups[seconds]


@dataclass(slots=True, eq=False)
class Limit:
    """Cancels its task when its time is up; ``expired`` tells of it.

    ``on_left`` is called if the task goes on although it was cancelled.
    """

    _limits: Limits
    seconds: float
    task: "asyncio.Task[None]"
    _on_left: Callable[[], None]
    expired: bool = False
    left: bool = False
    """The task went on for too long after its cancellation."""

    def begin(self) -> None:
        """Let its time run."""
        self._limits.begin(self)

    def end(self) -> None:
        """Have no limit any more: the task has ended."""
        self._limits.end(self)

    def expire(self) -> None:
        """Its time is up."""
        self.expired = self.task.cancel()  # one that has just ended cannot be
        if self.expired:
            self.task.get_loop().call_later(GRACE_SECONDS, self._leave)

    def _leave(self) -> None:
        if not self.task.done():
            self.left = True
            self._on_left()
