"""What a plugin offers to others: its methods marked with ``@offer``, found and checked without calling any."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from core.kernel.contracts import Contracts

_BY_KEYWORD = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}


class Offer(Struct, frozen=True):
    """One method that other plugins call."""

    name: str
    function: Callable[..., Awaitable[Any]]
    signature: inspect.Signature
    limit: float
    """Seconds."""


def offered(plugin: Any, contracts: Contracts) -> list[str]:
    """Return the names of what is marked in a plugin's class."""
    members = inspect.getmembers_static(type(plugin))
    return [name for name, one in members if getattr(one, contracts.offered, False)]


def problem_of(plugin: Any, name: str, contracts: Contracts) -> str:
    """Return what is wrong with a marked method, with the remedy; "" if it can be called by others."""
    function = getattr(plugin, name)
    if name.startswith("_") or hasattr(contracts.base, name):
        return f"{name} cannot be offered under that name. Give it one of its own, without _ at the beginning."
    if not inspect.iscoroutinefunction(function):
        return f"{name} is offered and is no coroutine function. Write `async def {name}(self, …)`."
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in _BY_KEYWORD:
            return f"{name} takes {parameter}, which cannot be given by name. All arguments of an offer are."
    return ""
