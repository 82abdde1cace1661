"""Runs a coroutine in a context of its own within the task that awaits it, and tells when it first has to wait."""

import contextvars
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Within(Generic[T]):
    """Awaiting it gives what *work* returns, which runs in *context*. (A task of its own costs ten times as much.)

    *waits* is called once, before the task is first suspended; never, if *work* ends without that.
    """

    __slots__ = ("_context", "_waits", "_work")

    def __init__(self, work: Coroutine[Any, Any, T], context: contextvars.Context, waits: Callable[[], None]) -> None:
        self._work, self._context, self._waits = work, context, waits

    def __await__(self) -> Generator[Any, Any, T]:
        run, work = self._context.run, self._work
        try:
            awaited = run(work.send, None)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        self._waits()
        while True:
            step: Callable[[Any], Any] = work.send
            try:
                given = yield awaited
            except GeneratorExit:
                work.close()
                raise
            except BaseException as error:  # noqa: BLE001 - what is thrown into the task is for the work, also its end
                step, given = work.throw, error
            try:
                awaited = run(step, given)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
