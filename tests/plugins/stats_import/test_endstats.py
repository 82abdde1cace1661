"""Awards and duels of a round."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.rounds.names import guest_guid
from plugins.stats_import.duels import DuelLine, cut_blocks
from plugins.stats_import.endstats import AwardLine, Endstats, RosterEntry, oddities, parse_endstats, resolve
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


def crowd(count: int) -> bytes:
    """Return an endstats file of so many players, each with a block of one line."""
    return b"".join(b"VS_HEADER\tp%d\t%032d\np0\t1\t0\n" % (number, number) for number in range(count))


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"", 1, "the file is empty"),
        (b"Most deaths\tone\t3", 1, "cut off"),
        (ENDSTATS[:-1], 10, "cut off"),
        (ENDSTATS + b"three\t1\t\0\n", 11, "NUL"),
        (b"Most deaths\tone\n", 1, "3 columns split by tabs are wanted, there are 2"),
        (ENDSTATS + b"a\tb\tc\td\n", 11, "there are 4"),
        (ENDSTATS + b"x" * 2**20 + b"\n", 11, "1,048,576 bytes"),
        (
            b"Most deaths\tone\t3\n" * 20_000,
            14_564,
            "at most 262,144 bytes, this one 360,000; the limit is passed here",
        ),
        (b"one\t1\t2\n" * 8193, 8193, "8193 lines"),
        (b"Most deaths\tone\t" + b"9" * 201 + b"\n", 1, "a column of 201 characters"),
        (ENDSTATS + b"three\t3\t\n", 11, "without a value"),
        (ENDSTATS + b"\t\t\n", 11, "without a name"),
        (b"VS_HEADER\tone\tAAAAAAG1\n", 1, "'AAAAAAG1' is no GUID"),
        (crowd(100), 193, "player 97; at most 96"),
        (b"".join(b"p%d\t1\t0\n" % number for number in range(100)), 97, "player 97; at most 96"),
        (b"".join(b"Most odd\tp%d\t1 s\n" % number for number in range(100)), 97, "player 97; at most 96"),
    ],
)
def test_refused_with_line_and_reason(data: bytes, line: int, reason: str) -> None:
    """What is not a whole endstats file is refused, and the error says where and why."""
    with pytest.raises(StatsFileError) as refused:
        parse_endstats(data)

    assert refused.value.line == line
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    "value",
    ["-nan percent, 0.0 min", "nan percent", "-nan(ind)", "inf", "12.00 percent, -nan min", "-3", "1" * 20,
     "Damage received vs death ratio: -nanx"],
)  # fmt: skip
def test_one_odd_award_costs_one_award(value: str) -> None:
    """An award that cannot be is left out with a remark, whatever the award; all others and the duels stay."""
    award = "Full respawn king"
    file = parse_endstats(f"{award}\tone\t{value}\n".encode() + ENDSTATS)

    assert resolve([file], ROSTER) == resolve([parse_endstats(ENDSTATS)], ROSTER)
    assert oddities([file], ROSTER) == [("AAAAAAA1", f"the award {award!r} of {value!r} cannot be: left out")]


def test_words_are_no_odd_numbers() -> None:
    """A player or a unit whose name begins like Lua's infinity is none."""
    assert parse_endstats(b"Most odd\tnan\t3 infantry\n").odd == ()


@pytest.mark.parametrize("line", ["three\t-3\t1", "three\t3\t-1", "three\t18446744073709551616\t1"])
def test_one_odd_duel_costs_one_duel(line: str) -> None:
    """A duel of fewer than no kills is left out with a remark."""
    file = parse_endstats(ENDSTATS + f"{line}\n".encode())

    assert resolve([file], ROSTER) == resolve([parse_endstats(ENDSTATS)], ROSTER)
    ((guid, text),) = oddities([file], ROSTER)
    assert (guid, text[:9]) == ("BBBBBBB1", "a duel of")


@pytest.mark.parametrize("guid", ["NO_GUID", "UNKNOWN", ""])
def test_a_guest_has_duels(guid: str) -> None:
    """Who has no GUID is known by name: as in the round, else by the name alone."""
    data = f"VS_HEADER\tguest\t{guid}\none\t2\t1\n".encode()
    seated = [*ROSTER, RosterEntry(guest_guid("guest#2"), "^1guest", 2)]

    assert resolve([parse_endstats(data)], seated)[1] == {
        (guest_guid("guest#2"), "AAAAAAA1", 2), ("AAAAAAA1", guest_guid("guest#2"), 1),
    }  # fmt: skip
    assert (guest_guid("guest"), "AAAAAAA1", 2) in resolve([parse_endstats(data)], ROSTER)[1]


def test_players_with_odd_names_are_taken() -> None:
    """Players called as a number or as a block's mark; the largest numbers; values with many decimals; 96 players."""
    awards = (
        b"Most deaths\t-12\t14\nMost deaths\t99999999999999999999\t999999999999\nBest K/D ratio\tone\t1.3333333333333\n"
    )
    file = parse_endstats(awards + b"VS_HEADER\t12\tAAAAAAA1\nVS_HEADER\t3\t1\n\t999999999\t0\n")

    assert [line.player for line in file.awards] == ["-12", "99999999999999999999", "one"]
    assert [block.owner for block in file.blocks] == ["12"]
    assert file.blocks[0].lines == (DuelLine("VS_HEADER", 3, 1), DuelLine("", 999999999, 0))
    assert len(parse_endstats(crowd(96)).blocks) == 96


def taken_in_part(whole: bytes) -> list[int]:
    """Cut a file at each byte; return the places at which what is left was taken, each holding whole lines only."""
    everything, places = parse_endstats(whole), []
    for cut in range(len(whole)):
        with contextlib.suppress(StatsFileError):
            file = parse_endstats(whole[:cut])
            places.append(cut)
            assert file.awards == everything.awards[: len(file.awards)]
            assert file.loose == everything.loose[: len(file.loose)]
            assert duels_of(file) == duels_of(everything)[: len(duels_of(file))]
    return places


def duels_of(file: Endstats) -> list[tuple[str, DuelLine]]:
    return [(block.guid, line) for block in file.blocks for line in block.lines]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_an_invented_file_cut_at_each_place(end: bytes) -> None:
    """Refused, except at the ends of lines: never half a line or half a number."""
    whole = ENDSTATS.replace(b"\n", end)

    assert taken_in_part(whole) == ends_of_lines(whole)


def test_the_real_file_cut_at_each_place(samples: Path) -> None:
    """The same with the one real file."""
    whole = (samples / "2026-01-12-224606-te_escape2-round-2-endstats.txt").read_bytes()

    assert taken_in_part(whole) == ends_of_lines(whole)


def ends_of_lines(whole: bytes) -> list[int]:
    """Return the places after each line but the last."""
    return [index + 1 for index, byte in enumerate(whole[:-1]) if byte == 10]


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, len(ENDSTATS) - 1), part=st.binary(max_size=6), length=st.integers(0, 6))
def test_damaged_files_are_taken_or_refused(at: int, part: bytes, length: int) -> None:
    """Any bytes put in place of others give numbers and GUIDs that a database takes, or the one error."""
    with contextlib.suppress(StatsFileError):
        file = parse_endstats(ENDSTATS[:at] + part + ENDSTATS[at + length :])
        assert all(0 <= number < 2**31 for _, line in duels_of(file) for number in (line.kills, line.deaths))
        assert all(len(block.guid) == 8 for block in file.blocks)


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
