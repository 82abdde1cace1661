"""What a team is called."""

import pytest

from plugins.team_capture.names import Member, shared_tag, team_names


def members(*names: str) -> list[Member]:
    return [Member(f"{number:08d}", name, 10 - number) for number, name in enumerate(names)]


@pytest.mark.parametrize(
    ("names", "tag"),
    [
        (("vx.kirby", "vx.olz", "bob"), "vx"),
        (("[AGES]zed", "[ages]x", "[AGES]u"), "AGES"),
        (("kirby|aom", "olz|aom", "x|AOM"), "aom"),
        (("=F|A=one", "=F|A=two", "=F|A=three"), ""),
        ((".oG.Gekku.", ".oG.Demon.", ".oG.third"), "oG"),
        (("(HBC)konrad", "(HBC)x", "somebody"), "HBC"),
        (("temu.wjs", ".wjs", "olz"), ""),
        (("vx.kirby", "olz", "bob"), ""),
        (("vx.kirby", "vx.olz", "ab.cd", "ab.ef"), ""),
        (("1.one", "1.two"), ""),
        (("заря.один", "заря.два"), "заря"),
        (("", " ", "."), ""),
        (("vx.kirby",), ""),
    ],
)
def test_the_tag_that_most_share(names: tuple[str, ...], tag: str) -> None:
    """More than half of the team, two at least; as most of them write it."""
    assert shared_tag(members(*names)) == tag


def test_without_a_tag_the_two_with_most_rounds() -> None:
    """Ties by name."""
    first = [Member("1", "olz", 9), Member("2", "SuperBoyy", 9), Member("3", "aaa", 2)]

    assert team_names(first, members("x")) == ("olz & SuperBoyy", "x")
    assert team_names(list(reversed(first)), members("x")) == ("olz & SuperBoyy", "x")


def test_a_team_of_nameless_players_has_a_name() -> None:
    """A name may be nothing but colour codes, of which nothing is left."""
    assert team_names([Member("A1", "", 2), Member("A2", "olz", 2)], [Member("B1", "", 2)]) == ("A1 & olz", "B1")


def test_a_tag_of_both_teams_tells_nothing() -> None:
    """A clan that plays against itself."""
    assert team_names(members("vx.a", "vx.b"), members("VX.c", "VX.d")) == ("vx.a & vx.b", "VX.c & VX.d")
