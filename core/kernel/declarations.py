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
    if not any(takes(function, count) for count in arguments):
        wanted = " or ".join(map(str, arguments))
        raise PluginError(f"{call} calls {name_of(function)} with {wanted} arguments, which it does not take.")


def method_of(plugin: object, name: str) -> Callable[..., Any] | None:
    """Return a plugin's coroutine method by its name, None if it has no such method."""
    found = getattr(plugin, name, None)
    return found if inspect.iscoroutinefunction(found) and getattr(found, "__self__", None) is plugin else None


def check_method(call: str, plugin: object, function: Any, *arguments: int) -> str:
    """Return the name of a coroutine method of *plugin*, by which it is found again; refuse anything else."""
    check_async(call, function, *arguments)
    name = str(getattr(function, "__name__", ""))
    if method_of(plugin, name) != function:
        raise PluginError(
            f"{call} takes a method of the plugin, as in self.remind, not {name_of(function)}: after a reload or a "
            "restart it is found by its name."
        )
    return name


def name_of(function: object) -> str:
    """Return what a function is called, for messages."""
    if isinstance(function, functools.partial):
        return name_of(function.func)
    return str(getattr(function, "__qualname__", repr(function)))


def takes(function: Callable[..., Any], count: int) -> bool:
    """Tell whether a function can be called with so many arguments."""
    try:
        inspect.signature(function).bind(*[None] * count)
    except (TypeError, ValueError) as error:
        return isinstance(error, ValueError)  # of a builtin, which does not tell
    return True
