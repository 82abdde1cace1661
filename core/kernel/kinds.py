"""Kinds of events: what ``@event`` says of a class, and how the core reads an event of it, ours and plugins' alike."""

import json
import re
import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

from core.errors import PluginError
from core.kernel.fields import record_of
from core.kernel.forms import Record
from core.kernel.names import NAMESPACE, plugin_of

LIVE = timedelta(minutes=10)
"""How long ago an event may have happened to be about what happens now."""
T = TypeVar("T")

_SPECIAL = re.compile("[%:\\x00-\\x1f\\x7f\\ud800-\\udfff]")
"""What is written in another way in a key."""
_PLAIN, _ESCAPED = (json.JSONEncoder(separators=(",", ":"), ensure_ascii=escaped) for escaped in (False, True))
_LONGEST_KEY = 1000


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(
    *,
    hook: str,
    argument: str = "event",
    key: tuple[str, ...],
    about: str = "",
    server: str = "",
    at: str = "",
    quiet: str = "",
) -> Callable[[type[T]], type[T]]:
    """Make a class in ``contract.py`` an event that other plugins can handle: a frozen, keyword-only dataclass.

    Its fields go to JSON and back: None, bool, int, float, str, aware datetime, Literal, tuples, NamedTuples and frozen
    dataclasses of these.

    Args:
        hook: the name of the method with which others handle it; it belongs to this plugin.
        argument: the name of that method's argument.
        key: the names of the fields that make it one event: the same values again are the same event.
        about: the field that says what it is about: a plugin gets events with the same value in order, and has one
            message about it in each channel.
        server: the field with a game server's key: only guilds that see that server get it.
        at: the field that says when it happened: what is older than ``announce_within`` is not announced.
        quiet: a bool field: true is never announced.
    """

    def declare(cls: type[T]) -> type[T]:
        base = _of_any_version(cls) if _owner_of(cls.__module__) else cls
        made: Any = dataclass(frozen=True, slots=True, kw_only=True)(base)
        made.__event__ = Kind(made, hook, argument, key, about, server, at, quiet)
        found: type[T] = made
        return found

    return declare


class _AnyVersion(type):
    """The type of plugins' events: ``isinstance`` is true for the same event of an earlier and a later contract too."""

    __event__: "Kind"

    def __instancecheck__(cls, instance: object) -> bool:
        kind = getattr(type(instance), "__event__", None)
        return super().__instancecheck__(instance) or (kind is not None and kind.type == cls.__event__.type)


def _of_any_version(cls: type[Any]) -> type[Any]:
    """Return the same class, made by ``_AnyVersion``, unless it was made by a type of its own."""
    if type(cls) is not type:
        return cls
    body = {name: one for name, one in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    return _AnyVersion(cls.__name__, cls.__bases__, {**body, "__qualname__": cls.__qualname__})


class Latest:
    """The kind that stands for a type of event now; all its versions share one of these."""

    def __init__(self, kind: "Kind") -> None:
        self.kind = kind


class Kind:
    """What is said of a class of events. Names of fields may be those of properties in our own classes."""

    def __init__(
        self,
        cls: type[Any],
        hook: str,
        argument: str,
        key: tuple[str, ...],
        about: str,
        server: str,
        at: str,
        quiet: str,
    ) -> None:
        self.cls, self.hook, self.argument = cls, hook, argument
        self.names = {"about": about, "server": server, "at": at, "quiet": quiet}
        self.key = key
        self.owner = _owner_of(cls.__module__)
        """The plugin's name, "" for ours."""
        self.latest = Latest(self)
        self._form: Record | None = None
        self._about, self._server, self._at, self._quiet = (name and attrgetter(name) for name in self.names.values())

    @property
    def type(self) -> str:
        """Return its name in the journal."""
        return f"{self.owner}.{self.cls.__name__}" if self.owner else self.cls.__name__

    @property
    def form(self) -> Record:
        """Return the fields and their types (else ``NoFieldError``)."""
        return self._form or self.formed(None)

    def formed(self, home: types.ModuleType | None) -> Record:
        """Find out what the fields are; *home* is the class's module."""
        self._form = record_of(self.cls, home)
        return self._form

    def envelope(self, event: Any) -> "Envelope":
        """Return an event of this kind with all that the core asks of it."""
        if not self.owner:
            version = event.version
            origin, at, quiet = event.origin, event.at, event.quiet
            return Envelope(self, self.hook, event, event.key, event.about, origin, at, quiet, version)
        return Envelope(
            self, self.hook, event, self._key_of(event),
            self._about_of(event), (self._server and self._server(event)) or "",
            self._at(event) if self._at else None, bool(self._quiet and self._quiet(event)), None,
        )  # fmt: skip

    def _key_of(self, event: Any) -> str:
        key = ":".join([self.type, *(self._part(name, getattr(event, name)) for name in self.key)])
        if len(key) > _LONGEST_KEY:
            raise PluginError(f"{self.type}: its key has {len(key)} characters. Choose shorter fields for it.")
        return key

    def _about_of(self, event: Any) -> str:
        value = self._about(event) if self._about else None
        return "" if value is None else f"{self.owner}/{self._part(self.names['about'], value)}"

    def _part(self, name: str, value: Any) -> str:
        """Return a value as text that no other value of the field has, and that does not end before its end."""
        if type(value) is int:
            return str(value)  # as below, and far sooner
        form = self.form.forms[name]
        if form.shapes <= {"text", "null"}:
            return "%" if value is None else _SPECIAL.sub(_escaped, form.write(value))
        return json.dumps(form.write(value), separators=(",", ":"))


@dataclass(slots=True)
class Envelope:
    """An event on its way, with the little that the core reads of it."""

    kind: Kind
    hook: str
    event: Any
    key: str
    """Two events with the same key are one event."""
    about: str
    """What it is about, or "": a plugin gets events about one thing in order, and has one message about it."""
    origin: str
    """The key of the game server that it comes from, "" for none."""
    at: datetime | None
    """When it happened; what is older than ``announce_within`` is not announced."""
    quiet: bool
    """Whether it is never announced; a message that stands is edited all the same."""
    version: int | None
    """Of several events about one thing the later has the higher one; None: the one that comes later."""

    def is_live(self, now: datetime) -> bool:
        """Tell whether it is about what happens now: such events go before old and imported ones."""
        if not self.kind.owner:
            return bool(self.event.is_live(now))
        return not self.quiet and (self.at is None or now - self.at <= LIVE)

    def text(self) -> str:
        """Return its fields as one JSON text (else ``WrongValueError``)."""
        return json_text(self.kind.form.write(self.event))

    def renew(self) -> bool:
        """Make it an event of the contract that stands now; tell whether that can be."""
        latest = self.kind.latest.kind
        if latest is not self.kind:
            try:
                self.event = latest.form.read(self.kind.form.write(self.event))
                self.kind, self.hook = latest, latest.hook
            except ValueError:
                return False
        return True


def kind_of(event: Any) -> Kind:
    """Return the kind of *event*.

    Raises:
        PluginError: it is no event.
    """
    kind = getattr(type(event), "__event__", None)
    if isinstance(kind, Kind):
        return kind
    what = f"{type(event).__name__} is no event. Declare its class in contract.py, with @event above it"
    raise PluginError(f"{what}, and give an object of it.")


def envelope_of(event: Any) -> Envelope:
    """Return *event* (else ``PluginError``) with all that the core asks of it."""
    return kind_of(event).envelope(event)


def _owner_of(module: str) -> str:
    """Return the plugin that a module belongs to; one that lies outside is called like its folder."""
    first, *rest = module.split(".")
    if first == "core":
        return ""
    return plugin_of(rest[0] if first == NAMESPACE and rest else [first, *rest][-2:][0])


def _escaped(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):02X}"


def json_text(plain: Any) -> str:
    """Return *plain* as one JSON text that every database takes: lone surrogates are escaped."""
    text = _PLAIN.encode(plain)
    try:
        text.encode()
    except UnicodeEncodeError:
        return _ESCAPED.encode(plain)
    return text
