"""Values of events go to JSON and come back as they were; changes of a contract take nothing away unseen."""

import dataclasses
import json
import types
import typing
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kernel.fields import NoFieldError, form_of, record_of
from core.kernel.forms import OneOf, Record, WrongValueError
from core.kernel.kinds import Envelope, Kind, json_text
from roundhook import event

EARLY, LATE = datetime(1000, 1, 1), datetime(9000, 1, 1)  # noqa: DTZ001 - the zones come with them
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
TEXTS = st.text(st.characters(), max_size=8)
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    None: st.none(), bool: st.booleans(), int: st.integers(), str: TEXTS,
    float: st.floats(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(EARLY, LATE, timezones=ZONES),
}  # fmt: skip
"""What there is of each plain type; lone surrogates are letters too."""
NAMES = st.sampled_from(["a", "b", "c", "d"])


@dataclasses.dataclass(frozen=True)
class Typed:
    """A type, and what values it has."""

    hint: Any
    values: st.SearchStrategy[Any] = dataclasses.field(compare=False, repr=False)


def plain_types() -> st.SearchStrategy[Typed]:
    return st.sampled_from([Typed(hint, values) for hint, values in VALUES.items()])


def literals() -> st.SearchStrategy[Typed]:
    one = st.one_of(st.booleans(), st.integers(0, 3), st.sampled_from(["x", "y"]), st.none())
    several = st.lists(one, min_size=1, max_size=3)
    return several.map(lambda them: Typed(Literal[tuple(them)], st.sampled_from(them)))


def optional(inner: Typed) -> Typed:
    return Typed(typing.Optional[inner.hint], st.none() | inner.values)  # noqa: UP045 - made while it runs


def endless(inner: Typed) -> Typed:
    hint: Any = inner.hint
    return Typed(tuple[hint, ...], st.lists(inner.values, max_size=3).map(tuple))


def fixed(inner: list[Typed]) -> Typed:
    hints = tuple(one.hint for one in inner)
    return Typed(tuple[hints if hints else ()], st.tuples(*(one.values for one in inner)))  # type: ignore[misc]


def frozen(fields: dict[str, Typed]) -> Typed:
    cls = dataclasses.make_dataclass("Inner", [(name, one.hint) for name, one in fields.items()], frozen=True)
    return Typed(cls, st.builds(cls, **{name: one.values for name, one in fields.items()}))


def named(fields: dict[str, Typed]) -> Typed:
    cls = NamedTuple("Named", [(name, one.hint) for name, one in fields.items()])  # type: ignore[misc]
    return Typed(cls, st.builds(cls, **{name: one.values for name, one in fields.items()}))


def deeper(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    fields = st.dictionaries(NAMES, inner, min_size=1, max_size=3)
    return st.one_of(
        inner.map(endless), st.lists(inner, max_size=3).map(fixed), fields.map(frozen), fields.map(named),
        inner.filter(lambda one: one.hint is not None).map(optional),
    ).filter(_can_be)  # fmt: skip


def _can_be(one: Typed) -> bool:
    """Leave out ``Optional`` of what is None already."""
    try:
        form_of(one.hint)
    except NoFieldError:
        return False
    return True


TYPES = st.recursive(st.one_of(plain_types(), literals()), deeper, max_leaves=5)


def seen(value: Any) -> Any:
    """Return a value with the exact type of each part, for a comparison; times are in UTC once they are read."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return type(value), [seen(getattr(value, one.name)) for one in dataclasses.fields(value)]
    if isinstance(value, tuple):
        return type(value), [seen(one) for one in value]
    return type(value), value.astimezone(UTC) if isinstance(value, datetime) else repr(value)


@settings(max_examples=40, deadline=None)
@given(st.data(), TYPES)
def test_values_come_back_as_they_were(data: st.DataObject, typed: Typed) -> None:
    """Through the text that stands in the journal, with the exact types; databases take that text."""
    form, value = form_of(typed.hint), data.draw(typed.values)
    text = json_text(form.write(value))

    assert text.encode()
    assert seen(form.read(json.loads(text))) == seen(value)


@settings(max_examples=40, deadline=None)
@given(st.data(), TYPES, TYPES)
def test_what_can_be_written_can_be_read_back(data: st.DataObject, typed: Typed, other: Typed) -> None:
    """A value of any other type is refused when it is written, or it comes back equal."""
    form, value = form_of(typed.hint), data.draw(other.values)
    try:
        plain = form.write(value)
    except WrongValueError:
        return
    assert form.read(json.loads(json_text(plain))) == form.read(plain)


@settings(max_examples=40, deadline=None)
@given(st.data(), TYPES, TYPES)
def test_what_takes_another_type_reads_all_of_it(data: st.DataObject, new: Typed, old: Typed) -> None:
    """Whatever an earlier contract has written; and every type takes its own values and those of fewer."""
    mine, its = form_of(new.hint), form_of(old.hint)
    assert mine.takes(mine)
    if isinstance(mine, OneOf):
        assert all(mine.takes(one) for one in mine.forms)
    if mine.takes(its):
        plain = json.loads(json_text(its.write(data.draw(old.values))))
        assert mine.reads(plain)


Fields = dict[str, tuple[Typed, bool]]
"""Types by name, and whether there is a default."""


def contract(fields: Fields, example: Callable[[Typed], Any]) -> type[Any]:
    """Return an event with these fields, and ``number`` as its key."""
    annotations = {"number": int, **{name: one.hint for name, (one, _) in fields.items()}}
    defaults = {name: example(one) for name, (one, has_default) in fields.items() if has_default}
    made = type("Made", (), {"__annotations__": annotations, "__module__": "plugins.maker.contract", **defaults})
    return event(hook="on_made", key=("number",))(made)


FIELDS = st.dictionaries(NAMES, st.tuples(TYPES, st.booleans()), max_size=4)
CHANGES = st.sampled_from(["add", "add needed", "remove", "rename", "widen", "narrow", "need", "nothing"])
BREAKING = {"add needed", "remove", "rename", "narrow", "need"}


def changed(fields: Fields, change: str, name: str, typed: Typed) -> Fields:
    """Return other fields; ``narrow`` is the way back of ``widen``."""
    after = dict(fields)
    if change.startswith("add"):
        return {**after, "new": (typed, change == "add")}
    one, has_default = after.pop(name)
    if change == "rename":
        after["other"] = (one, has_default)
    elif change == "need":
        after[name] = (one, False)
    elif change in ("widen", "narrow"):
        after[name] = (optional(one), has_default)
    elif change == "nothing":
        after[name] = (one, has_default)
    return after


@settings(max_examples=40, deadline=None)
@given(st.data(), FIELDS, CHANGES, TYPES)
def test_random_changes_of_random_contracts(data: st.DataObject, fields: Fields, change: str, typed: Typed) -> None:
    """What breaks is told; what does not reads all that was written before, in flight and in the journal."""
    names = [name for name, (one, has_default) in fields.items() if change != "need" or has_default]
    if change in ("widen", "narrow"):
        names = [name for name in names if "null" not in form_of(fields[name][0].hint).shapes]
    if not names and not change.startswith("add"):
        return
    after = changed(fields, change, data.draw(st.sampled_from(names)) if names else "", typed)
    before, now = (after, fields) if change == "narrow" else (fields, after)
    old, new = (_kind(contract(one, lambda typed: data.draw(typed.values))) for one in (before, now))

    problem = new.form.breaks(old.form)
    assert bool(problem) is (change in BREAKING), problem
    if not problem:
        values = {name: data.draw(one.values) for name, (one, _) in before.items()}
        envelope = old.envelope(old.cls(number=5, **values))
        stored = json.loads(envelope.text())
        old.latest.kind = new
        assert envelope.renew()
        assert _numbers([envelope, new.envelope(new.form.read(stored))]) == [5, 5]
        assert type(envelope.event) is new.cls


def _kind(cls: Any) -> Kind:
    kind: Kind = cls.__event__
    return kind


def _numbers(envelopes: list[Envelope]) -> list[int]:
    return [one.event.number for one in envelopes]


@given(st.lists(st.tuples(TEXTS, st.none() | TEXTS), min_size=2, max_size=6, unique=True))
def test_events_that_differ_have_keys_that_differ(keys: list[tuple[str, str | None]]) -> None:
    """Whatever stands in the fields; each begins with the event's type, and every database takes it."""

    @event(hook="on_keyed", key=("first", "second"), about="first")
    class Keyed:
        first: str
        second: str | None

    Keyed.__module__ = "plugins.maker.contract"
    kind = _kind(Keyed)
    kind.owner = "maker"
    made = [kind.envelope(Keyed(first=first, second=second)).key for first, second in keys]

    assert len(set(made)) == len(keys)
    assert all(
        one.startswith("maker.Keyed:") and one.encode() and not any(ord(char) < 32 for char in one) for one in made
    )


@dataclasses.dataclass
class Changeable:
    one: int


@dataclasses.dataclass(frozen=True)
class Nested:
    one: "Nested | None"


@dataclasses.dataclass(frozen=True)
class Odd:
    one: int = dataclasses.field(init=False, default=1)


@pytest.mark.parametrize(("hint", "told"), [
    (list[int], "list[int] does not go to JSON and back"), (dict, "dict does not"), (Any, "Any does not"),
    (object, "object does not"), (bytes, "bytes does not"), (tuple, "tuple does not"), (set[str], "set[str] does not"),
    (Literal[b"a"], "does not"), (str | datetime, "look alike in JSON"), (Literal["a"] | str, "look alike"),
    (Changeable, "Write @dataclass(frozen=True)"), (Nested, "Nested is nested in itself"), (Odd, "cannot be read back"),
    (tuple[int, list[int]], "list[int] does not"), (Callable[[], None], "does not"),
    (types.SimpleNamespace, "does not"),
])  # fmt: skip
def test_what_does_not_go_to_json_is_refused(hint: Any, told: str) -> None:
    """With what may be used instead."""
    with pytest.raises(NoFieldError) as refused:
        form_of(hint)

    assert told in str(refused.value)
    assert "Use" in str(refused.value) or "Write" in str(refused.value) or "Leave" in str(refused.value)


def test_what_is_no_value_says_where() -> None:
    """However deep it lies."""

    class Player(NamedTuple):
        guid: str
        hits: int

    @dataclasses.dataclass(frozen=True)
    class Team:
        players: tuple[Player, ...]
        at: datetime | None = None

    form = record_of(Team)
    assert isinstance(form, Record)
    for value, told in (
        (Team((Player("a", 1), Player("b", "x"))), "players[1].hits is 'x'. It must be int."),  # type: ignore[arg-type]
        (Team([]), "players is []. It must be a tuple of Player, …."),  # type: ignore[arg-type]
        (Team((), EARLY), "at is datetime.datetime(1000, 1, 1, 0, 0). It must be an aware datetime, such as "
         "datetime.now(UTC) or None."),
    ):  # fmt: skip
        with pytest.raises(WrongValueError) as refused:
            form.write(value)
        assert str(refused.value) == told
