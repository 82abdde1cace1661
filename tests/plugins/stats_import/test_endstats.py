"""Awards and duels of a round."""

from pathlib import Path

import pytest

from plugins.stats_import.duels import DuelLine, cut_blocks
from plugins.stats_import.endstats import AwardLine, RosterEntry, parse_endstats, resolve
from plugins.stats_import.parser import StatsFileError
from tests.plugins.stats_import.invented import ENDSTATS

ROSTER = [
    RosterEntry("AAAAAAA1", "^1one", 1), RosterEntry("BBBBBBB1", "three", 2), RosterEntry("BBBBBBB2", "fo\u00fcur", 2),
    RosterEntry("BBBBBBB3", "twin", 2), RosterEntry("BBBBBBB4", "^3twin", 2),
]  # fmt: skip


def test_awards_and_named_duels() -> None:
    """Names become GUIDs, repeated awards are one, useless kills get their name back, unknown players stay open."""
    awards, duels = resolve([parse_endstats(ENDSTATS)], ROSTER)

    assert awards == {
        ("Most damage given", "AAAAAAA1", "321"), ("Longest killing spree", "AAAAAAA1", "4"),
        ("Most useless kills", "BBBBBBB1", "5"), ("Best K/D ratio", "", "1.625"),
    }  # fmt: skip
    assert duels == {("AAAAAAA1", "BBBBBBB1", 3), ("BBBBBBB1", "AAAAAAA1", 1), ("AAAAAAA1", "BBBBBBB2", 2)}


def test_names_are_compared_as_the_engine_cleans_them() -> None:
    """Bytes outside ASCII are gone in the file; two players with one cleaned name are not told apart."""
    awards, _ = resolve([parse_endstats(b"Most deaths\tfour\t9\r\nMost revives\ttwin\t3\r\n")], ROSTER[:2] + ROSTER[3:])
    assert awards == {("Most deaths", "", "9"), ("Most revives", "", "3")}

    awards, _ = resolve([parse_endstats(b"Most deaths\tfour\t9\n")], [RosterEntry("BBBBBBB2", "fo\u00e4ur", 2)])
    assert awards == {("Most deaths", "BBBBBBB2", "9")}


def test_awards_are_told_from_duels() -> None:
    """A player called 12 has an award; a player with an award's name has a duel; unknown awards are kept."""
    awards = b"Most deaths\t12\t14\nMost odd\tone\t2.50 m\nMost new\t12\t3 s\n"
    file = parse_endstats(awards + b"VS_HEADER\tone\tAAAAAAA1\nMost deaths\t2\t1\n")

    written = [("Most deaths", "12", "14"), ("Most odd", "one", "2.50 m"), ("Most new", "12", "3 s")]
    assert file.awards == tuple(AwardLine(*line) for line in written)
    assert file.blocks[0].lines == (DuelLine("Most deaths", 2, 1),)


@pytest.mark.parametrize("data", [b"", b"Most deaths\tone\t3", b"Most deaths\tone\n", b"a\tb\tc\td\n"])
def test_refused(data: bytes) -> None:
    """What is cut off or has other columns is refused."""
    with pytest.raises(StatsFileError):
        parse_endstats(data)


def test_the_real_file(samples: Path) -> None:
    """The one real file: 22 awards (one is printed twice), and its nameless blocks have one possible set of owners."""
    file = parse_endstats((samples / "2026-01-12-224606-te_escape2-round-2-endstats.txt").read_bytes())
    sides = {".olz": 1, "carniee": 1, "SuperBoyy": 1, "bronze.": 2, "vid": 2, "v_kt_r": 2}
    roster = [RosterEntry(f"{number:08X}", name, side) for number, (name, side) in enumerate(sides.items())]

    awards, duels = resolve([file], roster)

    assert (len(file.awards), len(file.loose)) == (22, 18)
    owners = [owner for owner, _ in cut_blocks(file.loose, sides)]
    assert owners == ["bronze.", "SuperBoyy", "vid", ".olz", "carniee", "v_kt_r"]
    assert sum(kills for _, _, kills in duels) == 42
    assert all(guid for _, guid, _ in awards)


def test_ambiguous_blocks_are_not_guessed() -> None:
    """Where two ways to cut fit, no owner is named."""
    sides = {"a": 1, "b": 1, "c": 2, "d": 2}
    lines = [DuelLine("c", 1, 1), DuelLine("d", 1, 1), DuelLine("a", 1, 1), DuelLine("a", 1, 1)]

    assert cut_blocks(lines, sides) == []
    assert cut_blocks([DuelLine("nobody", 1, 0)], sides) == []
