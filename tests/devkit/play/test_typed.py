"""Tests: whatever is typed, each word is one option's, or it is said that there is none for it."""

import contextlib

from hypothesis import example, given
from hypothesis import strategies as st

from devkit.play.typed import Names, options_by_name

NAMES = st.sampled_from(["days", "player", "loud"])
WORDS = st.lists(st.text(max_size=8) | st.builds(lambda name, text: f"{name}={text}", NAMES, st.text(max_size=5)))


@given(st.lists(NAMES, unique=True), WORDS)
def test_no_word_is_lost(known: list[str], words: list[str]) -> None:
    """What is not named goes to the options that are left, in their order; a name that comes twice counts once."""
    named = [word for word in words if any(word.startswith(f"{name}=") for name in known)]
    rest = [word for word in words if word not in named]
    free = [name for name in known if not any(word.startswith(f"{name}=") for word in named)]

    with contextlib.suppress(LookupError):
        texts = options_by_name([{"name": name} for name in known], words)
        assert [texts[name] for name in free[: len(rest)]] == rest
        assert texts.keys() == {*free[: len(rest)], *known} - {*free[len(rest) :]}
        return
    assert len(rest) > len(free)


@given(st.integers(3, 11), st.text())
@example(11, "~nobody_has_this_name/file")
def test_an_option_takes_a_text_or_says_what_it_takes(kind: int, text: str) -> None:
    """No other error than the one that is shown, whatever the option's type."""

    def nobody(name: str) -> int:
        raise ValueError(name)

    with contextlib.suppress(ValueError):
        Names(nobody, nobody).value({"name": "x", "type": kind}, text)
