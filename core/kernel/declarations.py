"""What a plugin hands in to be called later is checked when it is declared, while its line can still be named."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from core.errors import PluginError


def check_async(call: str, function: Any, *arguments: int) -> None:
    """Refuse what is no ``async def`` function that can be called with so many *arguments* (one of them).

    The ``PluginError`` says what *call* (``name: every()``) wants.
    """
    called = getattr(function, "__call__", None)  # noqa: B004 - whether that is a coroutine function
    if not (inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)):
        hint = " (without calling it)" if inspect.iscoroutine(function) else ""
        if inspect.iscoroutine(function):
            function.close()
        raise PluginError(f"{call} takes an `async def` function{hint}, not {name_of(function)}.")
    check_arguments(call, function, *arguments)


def check_arguments(call: str, function: Any, *arguments: int) -> None:
    """Refuse what cannot be called, or not with so many *arguments* (one of them)."""
    if not callable(function):
        raise PluginError(f"{call} takes a function, not {name_of(function)}.")
    if not any(_takes(function, count) for count in arguments):
        wanted = " or ".join(map(str, arguments))
        raise PluginError(f"{call} calls {name_of(function)} with {wanted} arguments, which it does not take.")


def name_of(function: object) -> str:
    """Return what a function is called, for messages."""
    if isinstance(function, functools.partial):
        return name_of(function.func)
    return str(getattr(function, "__qualname__", repr(function)))


def _takes(function: Callable[..., Any], count: int) -> bool:
    try:
        inspect.signature(function).bind(*[None] * count)
    except (TypeError, ValueError) as error:
        return isinstance(error, ValueError)  # of a builtin, which does not tell
    return True
