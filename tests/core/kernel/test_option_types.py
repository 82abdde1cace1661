"""The types of settings: what people write becomes what the file has, and back; what is none is refused in words."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError, ManifestError
from core.kernel.manifest import read_manifest
from core.kernel.option_types import TYPES, parsed, text_of, typed
from core.kernel.options import Option

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
WHOLE = st.integers(-(10**40), 10**40)
AMOUNTS = st.decimals(0, 10**6, places=3).map(lambda number: f"{number:f}")
SPANS = st.lists(st.tuples(AMOUNTS, st.sampled_from(["ms", "s", "m", "h", "d"])), min_size=1, max_size=5)
VALUES = {
    "str": TEXTS, "int": WHOLE, "float": st.floats(allow_nan=False, allow_infinity=False), "bool": st.booleans(),
    "list[str]": st.lists(TEXTS, max_size=5), "list[int]": st.lists(WHOLE, max_size=5),
    "duration": SPANS.map(lambda parts: "".join(map("".join, parts))) | st.integers(0, 10**9),
    **dict.fromkeys(("channel", "role", "user"), st.integers(0, 2**63 - 1)),
}  # fmt: skip


@given(st.data(), st.sampled_from(sorted(VALUES)))
def test_what_is_written_for_a_value_is_read_as_that_value(data: st.DataObject, kind: str) -> None:
    value = data.draw(VALUES[kind])

    assert text_of(value, kind) != "-" or kind != "str"  # which takes a row back
    back = parsed(text_of(value, kind), kind)
    assert (back, type(back)) == (value, type(value))
    typed("it", back, kind)


WRITTEN = st.text(max_size=30) | st.text("[]\"'0123456789,.-+eE <#@&!>smhd=\n", max_size=30)
FOUND = st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists)


@given(WRITTEN, st.sampled_from(sorted(TYPES)))
def test_whatever_is_written_is_a_value_or_refused_in_words(text: str, kind: str) -> None:
    refused, value = "", None
    try:
        value = Option("k", kind).parsed(text)
    except ValueError as error:
        refused = str(error)
    Option("k", kind).typed("it", value)
    assert not refused or refused.endswith(".")


@given(FOUND, st.sampled_from(sorted(TYPES)))
def test_whatever_stands_in_the_file_is_a_value_or_refused(value: Any, kind: str) -> None:
    refused = "plugin.a.k"
    try:
        Option("k", kind).typed("plugin.a.k", value)
    except ConfigError as error:
        refused = str(error)
    assert refused.startswith("plugin.a.k")


@pytest.mark.parametrize(("kind", "text", "value", "read"), [
    ("duration", "90s", "90s", 90), ("duration", "10m", "10m", 600), ("duration", "2h", "2h", 7200),
    ("duration", "1h 30m", "1h30m", 5400), ("duration", "1.5d", "1.5d", 129_600), ("duration", "90", 90, 90),
    ("duration", "250ms", "250ms", 0.25), ("bool", "Yes", True, True), ("bool", "off", False, False),
    ("str", "plain text", "plain text", "plain text"), ("str", '"-"', "-", "-"), ("str", "''", "", ""),
    ("str", '"half', '"half', '"half'), ("list[str]", "a, b,\nc", ["a", "b", "c"], ["a", "b", "c"]),
    ("list[str]", '["a, b"]', ["a, b"], ["a, b"]), ("list[str]", "", [], []), ("list[int]", "1, 2", [1, 2], [1, 2]),
    ("channel", "<#123>", 123, 123), ("role", "<@&5>", 5, 5), ("user", "<@!7>", 7, 7), ("user", "<@7>", 7, 7),
    ("float", "2", 2.0, 2.0), ("int", "-3", -3, -3),
])  # fmt: skip
def test_what_people_write(kind: str, text: str, value: Any, read: Any) -> None:
    assert parsed(text, kind) == value
    assert typed("it", value, kind) == read


BOUNDED = {
    "int": ({"min": 1, "max": 5, "unit": "rounds"}, "5", ("0", "at least 1 rounds"), ("6", "at most 5 rounds")),
    "float": ({"min": 0.5}, "0.5", ("0.4", "at least 0.5"), ("nan", "a number, such as")),
    "duration": ({"min": 10, "max": 60}, "1m", ("9s", "at least 10 seconds"), ("2m", "at most 60 seconds")),
    "str": ({"pattern": "[a-z]+", "max": 5}, "abc", ("aB", "the pattern [a-z]+"), ("abcdef", "at most 5 characters")),
    "list[str]": ({"choices": ("a", "b"), "max": 2}, "a, b", ("a, c", "none of a, b"), ("a,b,a", "at most 2 of them")),
}


@pytest.mark.parametrize("kind", BOUNDED)
def test_bounds(kind: str) -> None:
    bounds, fine, *wrong = BOUNDED[kind]
    option = Option("k", kind, **bounds)  # type: ignore[arg-type]

    option.typed("it", option.parsed(fine))
    for text, words in wrong:
        with pytest.raises(ValueError, match=r"\.$") as told:
            option.parsed(text)
        assert words in str(told.value)


HEAD = '[plugin]\nname = "a"\nversion = "1"\napi = 1\n[config.k]\n'
MISTAKES = {
    "a default below its own min": ('type = "int"\nmin = 5\ndefault = 1', 8, "at least 5"),
    "a default that is no choice": ('type = "str"\nchoices = ["a"]\ndefault = "b"', 8, "none of a"),
    "a default against its pattern": ('type = "str"\npattern = "a+"\ndefault = "b"', 8, "pattern"),
    "a default that is no time": ('type = "duration"\ndefault = "soon"', 7, "10m"),
    "a secret as it is": ('type = "secret"\ndefault = "hunter2"', 7, "env:NAME"),
    "a secret of each guild": ('type = "secret"\nscope = "guild"', 7, "for all"),
    "a bound of another type": ('type = "bool"\nmin = 1', 7, "config.k.min is for"),
    "a pattern for numbers": ('type = "int"\npattern = "1+"', 7, "config.k.pattern is for"),
    "a pattern that is none": ('type = "str"\npattern = "("', 7, "regular expression"),
    "min above max": ('type = "int"\nmin = 5\nmax = 1', 7, "above max"),
    "min of another type": ('type = "int"\nmin = "few"', 7, "config.k.min"),
    "choices of another type": ('type = "int"\nchoices = ["a"]', 7, "config.k.choices"),
    "choices out of bounds": ('type = "int"\nmax = 3\nchoices = [1, 9]', 8, "at most 3"),
    "no choices": ('type = "int"\nchoices = []', 7, "empty"),
    "a scope that is none": ('type = "int"\nscope = "server"', 7, '"guild" or "global"'),
    "a key that is too long": (f'type = "int"\n[config.{"k" * 33}]\ntype = "int"', 7, "at most 32"),
    "a key that is no name": ('type = "int"\n[config.a-b]\ntype = "int"', 7, "a-z, 0-9 and _"),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_manifest_that_contradicts_itself(tmp_path: Path, kind: str) -> None:
    text, line, words = MISTAKES[kind]
    (tmp_path / "manifest.toml").write_text(HEAD + text)

    with pytest.raises(ManifestError) as told:
        read_manifest(tmp_path)
    assert f"manifest.toml:{line}:" in str(told.value)
    assert words in str(told.value)
    assert "hunter2" not in str(told.value)
