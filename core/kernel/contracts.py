"""What crosses between plugins: the base of all events, and the hooks through which they reach a plugin."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any, ClassVar

import pluggy

LIVE = timedelta(minutes=10)
"""How long ago an event may have happened to be about what happens now."""


class Event:
    """What all events share: a hook's name, a stable key, a JSON form, and the little that the core asks of them."""

    __slots__ = ()
    hook: ClassVar[str]
    argument: ClassVar[str]

    @property
    def key(self) -> str:
        """Two events with the same key are one event."""
        raise NotImplementedError

    @property
    def about(self) -> str:
        """What it is about, or "": a plugin gets events about one thing in order, and has one message about it."""
        return ""

    @property
    def origin(self) -> str:
        """The key of the game server that it comes from, "" for none."""
        return getattr(self, "server", "")

    @property
    def at(self) -> datetime | None:
        """When it happened; what is older than ``announce_within`` is not announced."""
        return None

    @property
    def quiet(self) -> bool:
        """Whether it is never announced; a message that stands is edited all the same."""
        return False

    def is_live(self, now: datetime) -> bool:
        """Tell whether it is about what happens now: such events go before old and imported ones."""
        return not self.quiet and (self.at is None or now - self.at <= LIVE)

    @property
    def version(self) -> int:
        """Of several events about one thing the later has the higher one."""
        return 1

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data: field names as in the class, times as ISO 8601 text."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}  # type: ignore[arg-type]

    def to_text(self) -> str:
        """Return the same as one JSON text; what no database takes (lone surrogates) becomes ``?``."""
        text = json.dumps(self.to_json(), separators=(",", ":"), ensure_ascii=False)
        return text.encode("utf-8", "replace").decode()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Event":
        """Build the event again from :meth:`to_json`'s result; fields unknown here are left aside."""
        known = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: value for name, value in data.items() if name in known})


class Contracts:
    """The events that there are, by hook and by type.

    Args:
        specs: the module of the hooks' specifications, marked for pluggy's *project*.
        events: one class for each hook.
        project: the name that hooks are marked with.
        base: the class that plugins derive from.
    """

    def __init__(self, specs: ModuleType, events: Iterable[type[Event]], project: str, base: type[Any]) -> None:
        self.by_hook: dict[str, type[Event]] = {event.hook: event for event in events}
        self._by_type = {event.__name__: event for event in self.by_hook.values()}
        self._specs = specs
        self.project = project
        self.base = base
        self.offered = f"{project}_offer"
        """The mark of a method that is offered to other plugins."""

    def manager(self) -> pluggy.PluginManager:
        """Return a manager that knows the hooks and no plugin."""
        manager = pluggy.PluginManager(self.project)
        manager.add_hookspecs(self._specs)
        return manager

    def types_of(self, hooks: Iterable[str]) -> list[str]:
        """Return the types, as they stand in the journal, of the events of *hooks*."""
        return [self.by_hook[hook].__name__ for hook in hooks]

    def encode(self, event: Event) -> tuple[str, str]:
        """Return an event's type and text, for the journal."""
        return type(event).__name__, event.to_text()

    def decode(self, type_name: str, payload: str) -> Event:
        """Build an event again from what :meth:`encode` gave (else ``KeyError``, ``TypeError``, ``ValueError``)."""
        return self._by_type[type_name].from_json(json.loads(payload))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Event):
        return value.to_json()
    if isinstance(value, tuple):
        names = getattr(value, "_asdict", None)
        return names() if names else [_plain(item) for item in value]
    return value
