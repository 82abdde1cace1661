"""What somebody means who types a part of a name, or makes a mistake."""

from random import Random
from string import ascii_lowercase

from hypothesis import given, settings
from hypothesis import strategies as st

from core.likeness import did_you_mean, fitting, nearness, plain

NAMES = ["lua_webhook", "server_admin", "ssh_poller", "stats_commands", "stats_import", "team_capture"]


@st.composite
def slips(draw: st.DrawFn) -> tuple[str, str, list[str]]:
    """Give a name of five letters or more, the same with one mistake, and a hundred other names."""
    random = Random(draw(st.integers(0, 2**32)))  # noqa: S311 - names, no secret
    name, *others = ("".join(random.choices(ascii_lowercase, k=random.randint(5, 12))) for _ in range(101))
    place = draw(st.integers(0, len(name) - 1))
    letter = draw(st.sampled_from(ascii_lowercase))
    kinds = {
        "left out": name[:place] + name[place + 1 :],
        "too much": name[:place] + letter + name[place:],
        "another": name[:place] + letter + name[place + 1 :],
        "exchanged": name[:place] + name[place : place + 2][::-1] + name[place + 2 :],
    }
    return name, kinds[draw(st.sampled_from(sorted(kinds)))], others


@settings(max_examples=200, deadline=None)
@given(slips())
def test_one_mistake_finds_the_name(slip: tuple[str, str, list[str]]) -> None:
    """With one wrong letter in five or more, the name is among the first five of a hundred and one."""
    name, typed, others = slip
    near = {one: nearness(typed, one) for one in (*others, name)}
    assert name in sorted((one for one in near if near[one]), key=lambda one: near[one] or (9, 9))[:5]


@given(st.text(max_size=40), st.sets(st.text(min_size=1, max_size=40), max_size=8))
def test_anything_may_be_typed(typed: str, names: set[str]) -> None:
    """What is typed is found among the names whatever it is; nothing typed finds all in the order given."""
    given_ = sorted(names)
    assert fitting("", given_) == given_
    assert set(fitting(typed, given_)) <= names
    assert not typed or fitting(typed, [typed, *given_])[0] == typed or plain(typed) == plain(fitting(typed, given_)[0])
    assert plain(plain(typed)) == plain(typed) or not typed.isascii()


def test_the_nearest_go_first() -> None:
    """The same, what begins so, what holds it; what is only like it where nothing holds it."""
    assert fitting("stats", ["my_stats", *NAMES]) == ["stats_commands", "stats_import", "my_stats"]
    assert fitting("Stats Import", NAMES) == ["stats_import"]
    assert fitting("webhok", NAMES) == ["lua_webhook"]
    assert fitting("ss", NAMES) == ["ssh_poller"]
    assert fitting("xyz", NAMES) == []


def test_who_names_nothing_is_asked() -> None:
    """A refusal asks about the names that may be meant, and nothing where none is like it."""
    assert did_you_mean("stat_imprt", NAMES, lambda one: f"`{one}`") == "Did you mean `stats_import`? "
    assert did_you_mean("stats", NAMES) == "Did you mean stats_commands or stats_import? "
    assert did_you_mean("moon", NAMES) == did_you_mean("", NAMES) == ""
