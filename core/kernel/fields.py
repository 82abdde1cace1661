"""What may stand in an event: types that go to JSON and back; anything else is refused."""

import dataclasses
import types
import typing
from typing import Any, Literal, Union

from core.kernel.forms import PLAIN, Form, OneOf, Record, Row, Values
from core.kernel.names import stable

_KINDS = "None, bool, int, float, str, datetime, Literal, tuples, NamedTuples, frozen dataclasses of these"


class NoFieldError(ValueError):
    """A type that does not go to JSON and back. ``field`` is the outermost one that has it, "" for none."""

    def __init__(self, problem: str, field: str = "") -> None:
        super().__init__(problem)
        self.field = field


def record_of(cls: type[Any], home: types.ModuleType | None = None, within: tuple[type[Any], ...] = ()) -> Record:
    """Return the form of a frozen dataclass or a NamedTuple (else ``NoFieldError``); *home* is its module."""
    if cls in within:
        raise NoFieldError(f"{cls.__name__} is nested in itself. Use {_KINDS}.")
    needed = _needed_of(cls)
    try:
        hints = typing.get_type_hints(cls, vars(home) if home and stable(home.__name__) == cls.__module__ else None)
    except Exception as error:
        raise NoFieldError(
            f"a type of {cls.__name__} cannot be read: {type(error).__name__}: {error}. Correct it."
        ) from error
    forms: dict[str, Form] = {}
    for name in needed:
        try:
            forms[name] = form_of(hints[name], home, (*within, cls))
        except NoFieldError as error:
            raise NoFieldError(str(error), name) from error.__cause__
    return Record(cls, forms, frozenset(name for name, is_needed in needed.items() if is_needed))


def form_of(hint: Any, home: types.ModuleType | None = None, within: tuple[type[Any], ...] = ()) -> Form:
    """Return the form of a type (else ``NoFieldError``)."""
    if (isinstance(hint, type) and hint in PLAIN) or hint is None:
        return PLAIN[hint]
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal and all(isinstance(one, (str, int, types.NoneType)) and type(one) in PLAIN for one in args):
        return Values(args)
    if origin in (Union, types.UnionType):
        return _union([form_of(one, home, within) for one in args])
    if origin is tuple:
        endless = len(args) == 2 and args[1] is Ellipsis
        return Row(tuple(form_of(one, home, within) for one in (args[:1] if endless else args)), endless=endless)
    if isinstance(hint, type) and (dataclasses.is_dataclass(hint) or _is_named(hint)):
        return record_of(hint, home, within)
    written = hint.__qualname__ if isinstance(hint, type) and not args else str(hint).replace("typing.", "")
    raise NoFieldError(f"{written} does not go to JSON and back. Use {_KINDS}.")


def _union(forms: list[Form]) -> Form:
    seen: set[str] = set()
    for form in forms:
        if seen & form.shapes:
            raise NoFieldError(f"{' | '.join(one.text for one in forms)} look alike in JSON. Use one of them.")
        seen |= form.shapes
    return OneOf(forms)


def _needed_of(cls: type[Any]) -> dict[str, bool]:
    """Return the fields, each with whether it must be given."""
    if _is_named(cls):
        return {name: name not in cls._field_defaults for name in cls._fields}
    if not cls.__dataclass_params__.frozen:
        raise NoFieldError(f"the dataclass {cls.__name__} can be changed. Write @dataclass(frozen=True).")
    for one in cls.__dataclass_fields__.values():
        if not one.init or "INITVAR" in repr(one._field_type):
            raise NoFieldError(f"{one.name} of {cls.__name__} cannot be read back. Leave InitVar and init=False.")
    empty = dataclasses.MISSING
    fields = dataclasses.fields(cls)
    return {one.name: one.default is empty and one.default_factory is empty for one in fields}


def _is_named(cls: type[Any]) -> bool:
    return issubclass(cls, tuple) and hasattr(cls, "_field_defaults")
