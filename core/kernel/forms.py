"""How a value of each type goes to JSON and comes back, and which type takes another's values."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any


class WrongValueError(ValueError):
    """A value that is not of its type. ``path`` leads to it."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path.removeprefix('.') or 'it'} {self.problem}"

    def within(self, step: str) -> "WrongValueError":
        """Return the same, seen from one step further out."""
        return WrongValueError(f"{step}{self.path}", self.problem)


class Form:
    """One type. ``write`` gives plain JSON data and ``read`` the value again; either is a ``WrongValueError``."""

    text: str
    """As it is written."""
    shapes: frozenset[str]
    """What its JSON can look like."""

    def write(self, value: Any) -> Any:
        raise NotImplementedError

    def read(self, plain: Any) -> Any:
        return self.write(plain)

    def takes(self, other: "Form") -> bool:
        """Tell whether every value of *other*, as it stands in JSON, can be read as one of this."""
        if isinstance(other, OneOf):
            return all(self.takes(one) for one in other.forms)
        if isinstance(other, Values):
            return all(self.reads(one) for one in other.values)
        return self._takes(other)

    def _takes(self, other: "Form") -> bool:
        return type(other) is type(self)

    def reads(self, plain: Any) -> bool:
        """Tell whether *plain* can be read."""
        try:
            self.read(plain)
        except WrongValueError:
            return False
        return True

    def wrong(self, value: Any) -> WrongValueError:
        return WrongValueError("", f"is {_shown(value)}. It must be {self.text}.")


class Nothing(Form):
    """None."""

    text, shapes = "None", frozenset({"null"})

    def write(self, value: Any) -> None:
        if value is not None:
            raise self.wrong(value)


class Truth(Form):
    """bool."""

    text, shapes = "bool", frozenset({"truth"})

    def write(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        raise self.wrong(value)


class Whole(Form):
    """int."""

    text, shapes = "int", frozenset({"whole"})

    def write(self, value: Any) -> int:
        if type(value) is int:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return int.__int__(value)  # an id of hikari's, for one
        raise self.wrong(value)


class Number(Form):
    """float."""

    text, shapes = "a finite float", frozenset({"number"})

    def write(self, value: Any) -> float:
        if isinstance(value, (float, int)) and not isinstance(value, bool):
            try:
                number = float(value)
            except OverflowError:
                raise self.wrong(value) from None
            if math.isfinite(number):
                return number
        raise self.wrong(value)

    def _takes(self, other: Form) -> bool:
        return isinstance(other, (Number, Whole))


class Text(Form):
    """str."""

    text, shapes = "str", frozenset({"text"})

    def write(self, value: Any) -> str:
        if type(value) is str:
            return value
        if isinstance(value, str):
            return str.__str__(value)
        raise self.wrong(value)


class Moment(Form):
    """datetime; in UTC, once it is read."""

    text, shapes = "an aware datetime, such as datetime.now(UTC)", frozenset({"text"})

    def write(self, value: Any) -> str:
        if isinstance(value, datetime) and value.utcoffset() is not None:
            try:
                return value.astimezone(UTC).isoformat()
            except OverflowError:
                pass  # at the calendar's end
        raise self.wrong(value)

    def read(self, plain: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(plain)
            return moment if moment.tzinfo is UTC else datetime.fromisoformat(self.write(moment))
        except (TypeError, ValueError):
            raise self.wrong(plain) from None


class Values(Form):
    """Literal."""

    def __init__(self, values: tuple[Any, ...]) -> None:
        self.values = values
        self.text = f"one of {', '.join(map(repr, values))}"
        self.shapes = frozenset(_shape_of(one) for one in values)

    def write(self, value: Any) -> Any:
        for one in self.values:
            if one == value and isinstance(value, type(one)) and isinstance(value, bool) is isinstance(one, bool):
                return one
        raise self.wrong(value)

    def _takes(self, other: Form) -> bool:
        return isinstance(other, (Nothing, Truth)) and all(map(self.reads, _ALL[type(other)]))


class OneOf(Form):
    """A union. Its members look different in JSON; a whole number is an int where it can be."""

    def __init__(self, forms: Iterable[Form]) -> None:
        self.forms = sorted(forms, key=lambda one: isinstance(one, Number))
        self.text = " or ".join(one.text for one in self.forms)
        self.shapes = frozenset().union(*(one.shapes for one in self.forms))
        self.may_be_none = any(isinstance(one, Nothing) for one in self.forms)

    def write(self, value: Any) -> Any:
        return None if value is None and self.may_be_none else self._first("write", value)

    def read(self, plain: Any) -> Any:
        return None if plain is None and self.may_be_none else self._first("read", plain)

    def _first(self, way: str, value: Any) -> Any:
        """Ask one after the other. (None, as most fields of most events are, would take an error for each.)"""
        inner: WrongValueError | None = None
        for form in self.forms:
            try:
                return getattr(form, way)(value)
            except WrongValueError as error:
                inner = error if error.path else inner
        raise inner or self.wrong(value)

    def _takes(self, other: Form) -> bool:
        return any(form.takes(other) for form in self.forms)


class Row(Form):
    """A tuple: of so many values of one type, or of these."""

    shapes = frozenset({"list"})

    def __init__(self, forms: tuple[Form, ...], *, endless: bool) -> None:
        self.forms, self.endless = forms, endless
        self.text = f"a tuple of {', '.join(one.text for one in forms) or 'nothing'}{', …' if endless else ''}"

    def write(self, value: Any) -> list[Any]:
        if not isinstance(value, tuple):
            raise self.wrong(value)
        return self._each("write", value)

    def read(self, plain: Any) -> tuple[Any, ...]:
        if not isinstance(plain, (list, tuple)):
            raise self.wrong(plain)
        return tuple(self._each("read", plain))

    def _each(self, way: str, values: Any) -> list[Any]:
        forms = self.forms * len(values) if self.endless else self.forms
        if len(forms) != len(values):
            raise self.wrong(values)
        each, at = [], 0
        try:
            for at, form in enumerate(forms):
                each.append(getattr(form, way)(values[at]))
        except WrongValueError as error:
            raise error.within(f"[{at}]") from error.__cause__
        return each

    def _takes(self, other: Form) -> bool:
        if not isinstance(other, Row) or (other.endless and not self.endless):
            return False
        if self.endless:
            return all(self.forms[0].takes(one) for one in other.forms)
        pairs = zip(self.forms, other.forms, strict=False)
        return len(self.forms) == len(other.forms) and all(mine.takes(its) for mine, its in pairs)


class Record(Form):
    """A frozen dataclass or a NamedTuple."""

    shapes = frozenset({"object"})

    def __init__(self, cls: type[Any], forms: Mapping[str, Form], needed: frozenset[str]) -> None:
        self.cls, self.forms, self.needed, self.text = cls, forms, needed, cls.__name__

    def write(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, self.cls):
            raise self.wrong(value)
        plain, name = {}, ""
        try:
            for name, form in self.forms.items():
                plain[name] = form.write(getattr(value, name))
        except WrongValueError as error:
            raise error.within(f".{name}") from error.__cause__
        return plain

    def read(self, plain: Any) -> Any:
        """Build it again; what is not known here is left aside, what is missing has its default."""
        if not isinstance(plain, Mapping):
            raise self.wrong(plain)
        if missing := self.needed.difference(plain):
            raise WrongValueError("", f"lacks {', '.join(sorted(missing))}.")
        found, name = {}, ""
        try:
            for name, form in self.forms.items():
                if name in plain:
                    found[name] = form.read(plain[name])
        except WrongValueError as error:
            raise error.within(f".{name}") from error.__cause__
        try:
            return self.cls(**found)
        except Exception as error:
            raise WrongValueError("", f"cannot be made: {type(error).__name__}: {error}.") from error

    def _takes(self, other: Form) -> bool:
        return isinstance(other, Record) and not self.breaks(other)

    def breaks(self, other: "Record") -> str:
        """Return in words what of *other*, an earlier form of the same, cannot be had any more; "" if all can."""
        for name, form in other.forms.items():
            if name not in self.forms:
                return f"lost the field {name}"
            if not self.forms[name].takes(form):
                return f"narrowed the field {name}, which was {form.text}"
            if name in self.needed and name not in other.needed:
                return f"took the default of the field {name}"
        if new := sorted(self.needed.difference(other.forms)):
            return f"asks for the new field {new[0]}, which has no default"
        if issubclass(self.cls, tuple) and list(self.forms)[: len(other.forms)] != list(other.forms):
            return "has its fields in another order"
        return ""


PLAIN: dict[Any, Form] = {
    None: Nothing(), type(None): Nothing(), bool: Truth(), int: Whole(), float: Number(), str: Text(),
    datetime: Moment(),
}  # fmt: skip
"""What is one value of a plain type."""
_ALL: dict[type[Form], tuple[Any, ...]] = {Nothing: (None,), Truth: (True, False)}


def _shape_of(value: Any) -> str:
    (shape,) = PLAIN[type(value)].shapes
    return shape


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
