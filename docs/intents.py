"""The intents that a manifest may name, as a page shows them."""

import inspect
from collections.abc import Iterator
from typing import Any

import hikari

from core.discord.listening import derived_of, groups_of
from core.kernel.intents import INTENTS, OWN, SWITCHES
from docs.source import table


def intents() -> str:
    """Each with hikari's events that need it, and what has to be switched on for it."""
    rows = ((f"`{name}`", _events(bit), _switch(name)) for name, bit in INTENTS.items() if not bit & OWN)
    return table(("intent", "hikari's events", "to be switched on"), rows)


def _events(bit: int) -> str:
    every: Any = hikari.Event  # which is abstract
    found = {one.__name__ for one in _derived(every) if any(int(group) == bit for group in groups_of(one))}
    return " ".join(f"`{name}`" for name in sorted(found))


def _switch(name: str) -> str:
    return f"**{SWITCHES[name][0]}**" if name in SWITCHES else ""


def _derived(kind: type[hikari.Event]) -> Iterator[type[hikari.Event]]:
    for one in derived_of(kind):
        if one.__module__.startswith("hikari.") and not inspect.isabstract(one):
            yield one
        yield from _derived(one)
