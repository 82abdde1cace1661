"""What crosses between plugins: the base of our events, and all kinds of events that are declared now."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import ModuleType
from typing import Any, ClassVar

import pluggy

from core.errors import PluginError
from core.kernel.forms import WrongValueError
from core.kernel.kinds import LIVE, Envelope, Kind, envelope_of, json_text, kind_of
from core.publications import WaitingError

CORE = "roundhook"
"""Whose hooks ours are, for messages."""


class Event:
    """What our events share: a hook's name, a stable key, a JSON form, and the little that the core asks of them."""

    __slots__ = ()
    __event__: ClassVar[Kind]
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
        return self.__event__.form.write(self)

    def to_text(self) -> str:
        """Return the same as one JSON text."""
        return json_text(self.to_json())

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Event":
        """Build the event again from :meth:`to_json`'s result; fields unknown here are left aside."""
        found: Event = cls.__event__.form.read(data)
        return found


class Contracts:
    """The kinds of events that there are, by hook and by type: ours, and those of the plugins that run.

    Args:
        specs: the module of our hooks' specifications, marked for pluggy's *project*.
        events: one class for each of our hooks.
        project: the name that hooks are marked with.
        base: the class that plugins derive from.
    """

    def __init__(self, specs: ModuleType, events: Iterable[type[Any]], project: str, base: type[Any]) -> None:
        self._events = tuple(events)
        self._specs = specs
        self.project = project
        self.base = base
        self.offered = f"{project}_offer"
        """The mark of a method that is offered to other plugins."""
        self.version = 0
        """Rises when a hook comes, goes or changes hands."""
        self.edition = 0
        """Rises with each contract that is put in place or taken away."""
        self._latest: dict[str, Any] = {}
        self.by_hook: dict[str, Kind] = {one.__event__.hook: one.__event__ for one in self._events}
        self._by_type = {kind.type: kind for kind in self.by_hook.values()}

    def fresh(self) -> "Contracts":
        """Return ours alone, for an application of its own."""
        return Contracts(self._specs, self._events, self.project, self.base)

    def of(self, owner: str) -> list[Kind]:
        """Return what a plugin declares now."""
        return [kind for kind in self.by_hook.values() if kind.owner == owner]

    def taken(self, kind: Kind) -> str:
        """Return in words that the hook of *kind* belongs to somebody else, "" if it does not."""
        other = self.by_hook.get(kind.hook)
        if other is None or other.owner == kind.owner:
            return ""
        whose = other.owner or CORE
        return f"{kind.type} names the hook {kind.hook}, which belongs to {whose}. Choose another name."

    def with_contract(self, owner: str, kinds: Iterable[Kind]) -> "Contracts":
        """Return these with another contract of *owner*.

        Raises:
            PluginError: a hook belongs to somebody else.
        """
        others = {hook: kind for hook, kind in self.by_hook.items() if kind.owner != owner or not owner}
        seen = self.fresh()
        seen.by_hook = dict(others)
        for kind in kinds:
            if problem := self.taken(kind):
                raise PluginError(f"{owner}: contract.py: {problem}")
            seen.by_hook[kind.hook] = kind
        seen._by_type = {kind.type: kind for kind in seen.by_hook.values()}
        return seen

    def replace(self, owner: str, kinds: Iterable[Kind]) -> bool:
        """Put another contract of *owner* in place (else ``PluginError``); tell whether hooks came or went."""
        before, had = self._heads(), self.of(owner)
        seen = self.with_contract(owner, kinds)
        self.by_hook, self._by_type = seen.by_hook, seen._by_type
        for kind in self.of(owner):
            kind.latest = self._latest.setdefault(kind.type, kind.latest)
            kind.latest.kind = kind
        has_changed = before != self._heads()
        self.version += has_changed
        self.edition += bool(had or self.of(owner))
        return has_changed

    def manager(self) -> pluggy.PluginManager:
        """Return a manager that knows the hooks and no plugin."""
        manager = pluggy.PluginManager(self.project)
        manager.add_hookspecs(self._specs)
        mark = pluggy.HookspecMarker(self.project)
        for kind in self.by_hook.values():
            if kind.owner:
                manager.add_hookspecs(type(kind.type, (), {kind.hook: staticmethod(mark(_spec(kind)))}))
        return manager

    def types_of(self, hooks: Iterable[str]) -> list[str]:
        """Return the types, as they stand in the journal, of the events of *hooks*."""
        return [self.by_hook[hook].type for hook in hooks if hook in self.by_hook]

    def publishable(self, event: Any, by: str = "") -> Envelope:
        """Return *event* as whoever reads it from the journal will find it.

        Raises:
            PluginError: it is none, is not of the plugin *by* ("": anybody's), or could not be read back.
        """
        kind = kind_of(event)
        present = self._by_type.get(kind.type)
        if present is None:
            what = f"{kind.type} is declared by no plugin that runs"
            raise PluginError(f"{by}: {what}: its class belongs into contract.py of {kind.owner}, which must be on.")
        if by and kind.owner not in ("", by):
            raise PluginError(f"{by}: {kind.type} is published by {kind.owner} alone. Ask it to, by a call.")
        try:
            return present.envelope(present.form.read(kind.form.write(event)))
        except WrongValueError as error:
            raise PluginError(f"{by}: {kind.type} is not published: {error}".removeprefix(": ")) from error

    def encode(self, event: Any) -> tuple[str, str, str]:
        """Return an event's type, text and key, for the journal."""
        envelope = event if isinstance(event, Envelope) else envelope_of(event)
        return envelope.kind.type, envelope.text(), envelope.key

    def decode(self, type_name: str, payload: str) -> Any:
        """Build an event again from what :meth:`encode` gave (else ``KeyError``, ``ValueError``, ``RecursionError``).

        Raises:
            WaitingError: of a plugin's event: that plugin is not there, or its contract of now reads no such thing.
        """
        owner = type_name.rpartition(".")[0][:80]
        if owner and type_name not in self._by_type:
            raise WaitingError(f"waits for {owner}, which declares it and is not there")
        kind = self._by_type[type_name]
        try:
            return kind.form.read(json.loads(payload))
        except ValueError as error:
            if not owner:
                raise
            raise WaitingError(f"waits for a version of {owner} that can read it: {error}") from error

    def _heads(self) -> set[tuple[str, str, str]]:
        return {(kind.hook, kind.argument, kind.owner) for kind in self.by_hook.values()}


def _spec(kind: Kind) -> Any:
    """Return the specification of a plugin's hook, as pluggy takes it."""

    async def spec(event: Any) -> None: ...

    spec.__code__ = spec.__code__.replace(co_varnames=(kind.argument,))
    spec.__name__ = spec.__qualname__ = kind.hook
    return spec
