"""Runs plugin code that may hang, may refuse to be cancelled, and may raise what ends the event loop."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from core.shown import without_tokens

T = TypeVar("T")

GRACE_SECONDS = 0.5
"""How long a cancelled coroutine may take to end before it is left behind."""


class TookTooLongError(TimeoutError):
    """The limit of ``bounded`` has passed. A plain TimeoutError is the plugin's own."""

    def __init__(self, seconds: float, stack: list[tuple[str, int]]) -> None:
        super().__init__(f"took longer than {seconds:g} s")
        self.stack = stack
        """File and line of each frame that it was suspended in, the innermost last."""


async def contained(work: Awaitable[T]) -> T:
    """Return what *work* returns; what it raises reaches the caller, and never more than the caller.

    Raises:
        RuntimeError: it called ``sys.exit``, which would end the bot, raised what no ``except Exception`` catches, or
            ``CancelledError`` although nobody has cancelled it, which would pass for a cancellation of the caller.
    """
    try:
        return await work
    except BaseException as error:
        if (instead := as_error(error)) is error:
            raise
        raise instead from error


def as_error(error: BaseException) -> BaseException:
    """Return what plugin code has raised as an Exception, itself if it is one; else only what is meant for the caller.

    Call it where it is caught.
    """
    if isinstance(error, (Exception, KeyboardInterrupt)):
        return error
    if isinstance(error, GeneratorExit):
        if error.__traceback__ is None or error.__traceback__.tb_next is None:
            return error  # it is thrown in there: that is being closed
        text = "it raised GeneratorExit, which is no Exception"
    elif isinstance(error, SystemExit):
        text = f"it called sys.exit({error.code!r})"
    elif isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        if task is None or task.cancelling():
            return error
        text = "it was cancelled from within"
    else:
        text = f"it raised {text_of(error)}, which is no Exception"
    instead = RuntimeError(text)
    instead.__cause__ = error
    return instead


def text_of(error: BaseException) -> str:
    """Return an error's class and text, also of one that cannot be shown."""
    try:
        return without_tokens(f"{type(error).__name__}: {error}")
    except Exception as problem:  # noqa: BLE001 - a plugin's own error class may do anything
        return f"{type(error).__name__}, whose text raises {type(problem).__name__}"


def keep(
    tasks: "set[asyncio.Task[T]]", work: Coroutine[Any, Any, T], context: contextvars.Context | None = None
) -> "asyncio.Task[T]":
    """Return a new task for *work*, in a copy of our context or in *context*, which is in *tasks* until it ends."""
    task = asyncio.get_running_loop().create_task(work, context=context)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return task


async def bounded(
    work: Awaitable[T],
    seconds: float,
    *,
    context: contextvars.Context | None = None,
    ended: Callable[[], None] = lambda: None,
) -> T:
    """Return what *work* returns, within *seconds*; then it is cancelled (``TookTooLongError``).

    It runs in a task of its own, in a copy of our context or in *context*: one that swallows its cancellation is left
    behind instead of holding up the caller. Whenever it has ended in the end, *ended* is called.
    """
    task = asyncio.get_running_loop().create_task(contained(work), context=context)
    task.add_done_callback(lambda _: ended())
    try:
        done, _ = await asyncio.wait([task], timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        task.add_done_callback(_unheard)
        raise
    if task.cancelled():
        raise RuntimeError("it was cancelled from within")
    if done:
        return task.result()
    stack = _stack_of(work)
    task.cancel()
    await asyncio.wait([task], timeout=GRACE_SECONDS)
    task.add_done_callback(_unheard)
    raise TookTooLongError(seconds, stack)


def _unheard(task: "asyncio.Task[Any]") -> None:
    """Look at what a task that nobody waits for has raised, else asyncio complains of it."""
    if not task.cancelled():
        task.exception()


def _stack_of(work: Any) -> list[tuple[str, int]]:
    """Return file and line of each frame that a suspended coroutine is in; a task tells only its outermost."""
    stack = []
    while frame := getattr(work, "cr_frame", None) or getattr(work, "gi_frame", None):
        stack.append((frame.f_code.co_filename, frame.f_lineno or 0))
        work = getattr(work, "cr_await", None) or getattr(work, "gi_yieldfrom", None)
    return stack
