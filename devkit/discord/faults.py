"""Faults on order: the next requests that fail, are limited, or lose their answer."""

import asyncio
import contextlib
from dataclasses import dataclass
from fnmatch import fnmatchcase

from devkit.discord.errors import DroppedError, RefusedError, rate_limited
from devkit.discord.shapes import Answer, Call, Json


@dataclass(slots=True)
class Fault:
    """What happens to the next ``count`` requests that match."""

    method: str
    pattern: str
    status: int | None = None
    retry_after: float | None = None
    after_work: bool = False
    count: int = 1

    def strike(self) -> None:
        """Raise what was ordered."""
        if self.retry_after is not None:
            raise rate_limited(self.retry_after, scope="shared")
        if self.status is None or self.after_work:
            raise DroppedError("the connection is dropped, as ordered")
        raise RefusedError(self.status, 0, f"{self.status}: ordered by the test")


class Faults:
    """The orders, used up in the order in which they were given."""

    def __init__(self) -> None:
        self.orders: list[Fault] = []
        self.down = False
        """While True, every connection is dropped."""
        self.delays: list[tuple[str, str, float]] = []
        """Method, pattern and seconds: what is answered late."""
        self._hurried = asyncio.Event()
        self.omitted: list[tuple[str, str, frozenset[str]]] = []
        """Method, pattern and fields: what is left out of answers."""

    async def delay(self, call: Call) -> None:
        """Wait until a request is to be looked at."""
        fitting = (seconds for method, pattern, seconds in self.delays if _fits(call, method, pattern))
        if seconds := max(fitting, default=0.0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._hurried.wait()

    def hurry(self) -> None:
        """End all delays, also of what waits already."""
        self.delays.clear()
        self._hurried.set()
        self._hurried = asyncio.Event()

    def without_omitted(self, call: Call, answer: Answer) -> Answer:
        """Return an answer, or each in a list of them, without the fields that are to be left out."""
        fields = frozenset[str]().union(*(one for method, pattern, one in self.omitted if _fits(call, method, pattern)))
        return Answer(_without(answer.body, fields), answer.status) if fields else answer

    def take(self, call: Call) -> Fault | None:
        """Return the fault for this request, counted down; None when it goes through."""
        if self.down:
            return Fault("*", "*")
        for fault in self.orders:
            if _fits(call, fault.method, fault.pattern):
                fault.count -= 1
                if fault.count <= 0:
                    self.orders.remove(fault)
                return fault
        return None


def _without(body: Json, fields: frozenset[str]) -> Json:
    if isinstance(body, list):
        return [_without(one, fields) for one in body]
    return {key: value for key, value in body.items() if key not in fields} if isinstance(body, dict) else body


def _fits(call: Call, method: str, pattern: str) -> bool:
    return method in ("*", call.method) and fnmatchcase(call.path, pattern)
