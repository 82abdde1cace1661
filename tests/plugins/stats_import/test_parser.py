"""A stats file is read whole or refused."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.rounds.filenames import parse_stats_filename
from core.rounds.names import guest_guid
from plugins.stats_import.lines import FIGHT, SIDE
from plugins.stats_import.parser import MAX_BYTES, MAX_PLAYERS, StatsFile, StatsFileError, content_key, parse_stats_file
from tests.plugins.stats_import.invented import PLAYERS, Line, name_of, named, stats_file

NAME = named(name_of("2025-10-19-220000"))


def read(data: bytes) -> StatsFile:
    return parse_stats_file(data, NAME)


def blanks(data: bytes) -> bytes:
    """Return a file as the oldest script writes it: blanks in place of tabs."""
    return data.replace(b" \t", b" ").replace(b"\t", b" ")


def test_every_real_file_is_taken(samples: Path) -> None:
    """All real files are whole, with their number of lines, and generation by date."""
    files = sorted(samples.glob("*-round-[12].txt"))
    for path in files:
        name = parse_stats_filename(path.name)
        assert name is not None
        file = parse_stats_file(path.read_bytes(), name)
        assert len(file.players) == path.read_bytes().count(b"\n") - 1
        assert file.generation in (0, 33, 36, 37, 38)
    assert len(files) == 157


def test_shots_are_the_sum_over_the_weapons_in_real_files(samples: Path) -> None:
    """In the newest generation field 20 is the sum of all shots: groups and fields are where we think."""
    for path in samples.glob("2025-10-19-*-round-[12].txt"):
        for player in parse_stats_file(path.read_bytes(), named(path.name)).players:
            assert player.fields[20] == sum(group[1] for group in player.weapons.values())


def test_header_fields() -> None:
    """The header says map, config, sides, limit and next limit."""
    file = read(stats_file(limit="12:00", shown="9:46"))

    assert (file.map_name, file.config_name, file.round_number) == ("supply", "legacy3", 1)
    assert (file.defender_side, file.winner_side) == (1, 2)
    assert (file.time_limit_seconds, file.time_shown_seconds, file.play_seconds) == (720, 586, None)


@pytest.mark.parametrize(
    ("ninth", "seconds"), [("716261", 716.261), ("512.5", 512.5), ("0", 0), ("-1761", -1761), ("", None)]
)
def test_ninth_field(ninth: str, seconds: float | None) -> None:
    """The ninth field is milliseconds, or seconds in an old variant; 0 and less are kept as a sign."""
    assert read(stats_file(ninth=ninth)).play_seconds == seconds


@pytest.mark.parametrize("count", [33, 36, 37, 38])
def test_generations(count: int) -> None:
    """Each generation is taken, decimals as tenths."""
    player = read(stats_file(count=count)).players[0]

    assert len(player.fields) == count
    assert player.fields[22] == 60
    assert player.fields[27] == 127


def test_newer_fields_than_known_are_left_aside() -> None:
    """A line with more fields than known is read as far as it is known."""
    data = stats_file().replace(b"\n", b"\t7\n").replace(b"6:05\t7\n", b"6:05\n")

    assert read(data).generation == 38


def test_names_hold_anything() -> None:
    """Backslash, tab, odd colour codes and bytes that are not UTF-8 are part of the name."""
    odd = Line("AAAAAAA1", "^/a\\b\tc^?")
    data = stats_file(players=[odd, Line("AAAAAAA2", "caf@")]).replace(b"caf@", b"caf\xe9")

    first, second = read(data).players

    assert (first.raw_name, first.name) == ("^/a\\b\tc^?", "a\\bc")
    assert second.name == "café"


def test_line_ends_of_windows() -> None:
    """CRLF reads the same and is the same content."""
    data = stats_file()
    windows = data.replace(b"\n", b"\r\n")

    assert read(windows) == read(data)
    assert content_key(windows) == content_key(data)


def test_content_key_leaves_the_server_name_out() -> None:
    """The header's first field does not make another content."""
    assert content_key(stats_file(server="a")) == content_key(stats_file(server="b"))
    assert content_key(stats_file(shown="6:06")) != content_key(stats_file())


def test_bots_are_told_apart_by_name() -> None:
    """Bots share one GUID text; each gets an identity of its own."""
    bots = [Line("OMNIBOT0", "[BOT]a"), Line("OMNIBOT0", "[BOT]b"), Line("OMNIBOT1", "[BOT]b")]

    guids = [player.guid for player in read(stats_file(players=bots)).players]

    assert len(set(guids)) == 3
    assert all(guid.startswith("BOT") and len(guid) == 8 for guid in guids)


@pytest.mark.parametrize("count", [33, 36, 37, 38])
def test_the_oldest_script(count: int) -> None:
    """Blanks in place of tabs read the same."""
    data = stats_file(count=count)

    assert read(blanks(data)) == read(data)


@pytest.mark.parametrize("guid", ["NO_GUID", "UNKNOWN", "", "unknown", "none"])
def test_guests_are_told_apart_by_name(guid: str) -> None:
    """Who has no GUID gets an identity of his own, also beside one of the same name."""
    guests = [Line(guid, "^1guest"), Line(guid, "other"), Line(guid, "guest")]

    guids = [player.guid for player in read(stats_file(players=[*PLAYERS, *guests])).players]

    assert guids[4] == guest_guid("guest")
    assert len(set(guids)) == 7
    assert all(one.startswith("NOID") and len(one) == 8 for one in guids[4:])


@pytest.mark.parametrize(
    ("field", "text"),
    [(0, "-1"), (9, "-12"), (9, str(10**20)), (22, "-3.5"), (25, "-nan"), (28, "inf"), (37, "-" + "9" * 30)],
)
def test_one_odd_value_costs_one_value(field: int, text: str) -> None:
    """A number that cannot be is noted; the line's other numbers and the other players are as they are."""
    plain = stats_file()
    lines = plain.split(b"\n")
    values = lines[2].split(b"\t")
    values[1 + field] = text.encode()
    lines[2] = b"\t".join(values)

    one, two, *rest = read(b"\n".join(lines)).players
    before = read(plain).players

    assert (one, rest) == (before[0], list(before[2:]))
    assert two.odd == {field: text}
    assert two.fields == (*before[1].fields[:field], 0, *before[1].fields[field + 1 :])


@pytest.mark.parametrize("number", [b"-3", b"18446744073709551616", b"nan"])
def test_an_odd_number_costs_the_weapons(number: bytes) -> None:
    """Of weapons that cannot be added up nothing is known; the rest of the line stays."""
    player = read(stats_file().replace(b"\\2048 9 3 2 5 0", b"\\2048 9 %s 2 5 0" % number)).players[3]

    assert (player.weapons, player.odd, player.fields[0]) == ({}, {FIGHT: number.decode()}, 100)


def test_an_odd_side_and_odd_rounds() -> None:
    """A side that is none is unknown; a counter of rounds below 0 counts as 0."""
    player = read(stats_file().replace(b"four\\0\\2", b"four\\-1\\0")).players[3]

    assert (player.rounds, player.side, player.odd) == (0, 0, {SIDE: "0"})


def test_an_odd_ratio_is_never_missed() -> None:
    """A ratio is worked out when it is read: what a file says of it does not matter."""
    assert read(stats_file(players=[Line("AAAAAAA1", fields={8: -5})])).players[0].odd == {}


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"", 1, "empty"),
        (b"\n", 1, "8 or 9 fields"),
        (stats_file()[:-1], 5, "no end"),
        (b"\0" * 500, 1, "NUL"),
        (stats_file("radar"), 1, "the name says 'supply'"),
        (stats_file(number=2), 1, "round '2'"),
        (stats_file(shown="6:5"), 1, "field 8"),
        (stats_file(limit="-1:00"), 1, "field 7"),
        (stats_file(winner=3), 1, "winner"),
        (stats_file(ninth="nan"), 1, "field 9"),
        (stats_file().replace(b"AAAAAAA2", b"AAAAAAG2"), 3, "GUID"),
        (stats_file().replace(b"AAAAAAA2", b"AAAAAAA1"), 3, "the GUID AAAAAAA1 stands in line 2 already"),
        (stats_file().replace(b"BBBBBBB2", b"aaaaaaa2"), 5, "the GUID AAAAAAA2 stands in line 3 already"),
        (stats_file().replace(b"\\2048 9 3 2 5 0", b"\\2048 9 3 2 5"), 5, "mask 2048"),
        (stats_file().replace(b"\\2048 9 3 2 5 0", b"\\2048"), 5, "mask 2048"),
        (stats_file().replace(b"\\2048 9 3 2 5 0", b"\\2048 "), 5, "'' in the weapon groups"),
        (stats_file().replace(b"\\2048 9 3 2 5 0", b"\\"), 5, "'' in the weapon groups"),
        (stats_file().replace(b"\\2048 9 3 2 5 0 ", b"\\2048 9 3 2 5 0"), 5, "no blank at the end"),
        (stats_file().replace(b"\\2048 9 3 2 5 0", b"\\2048 9  3 2 5 0"), 5, "'' in the weapon groups"),
        (stats_file().replace(b"\\2048 9 3 2 5 0", b"\\-2048 9 3 2 5 0"), 5, "'-2048' in the weapon groups"),
        (
            stats_file().replace(b"\\2048 9 3 2 5 0", b"\\18446744073709551616 9 3 2 5 0"),
            5,
            "'18446744073709551616' in",
        ),
        (stats_file().replace(b"four\\0\\2", b"four\\18446744073709551616\\2"), 5, "rounds and side"),
        (stats_file(limit=f"{2**70}:00"), 1, "field 7"),
        (stats_file(ninth=str(2**70)), 1, "field 9"),
        (stats_file().replace(b"\t109\t", b"\t1x9\t", 1), 2, "field 9 is '1x9'"),
        (stats_file().replace(b"\t109\t", b"\t\t", 1), 2, "field 9 is ''"),
        (stats_file().replace(b"\t109\t", b"\t10.9\t", 1), 2, "field 9 is '10.9'"),
        (blanks(stats_file(count=35)), 2, "the oldest script, here with 35 extended fields"),
        (blanks(stats_file()).replace(b" 127 ", b" x "), 2, "field 27"),
        (stats_file(count=35), 2, "35 extended fields"),
        (stats_file(players=PLAYERS[:2]) + PLAYERS[2].text(33).encode() + b"\n", 4, "33 extended fields"),
        (stats_file(players=[Line("AAAAAAA1", "n" * 201)]), 2, "a name of 201 characters"),
        (stats_file() + b"x" * 2**20 + b"\n", 6, "1,048,576 bytes; a line has a few hundred"),
        (b"x" * 2**20 + b"\n" + stats_file(), 1, "1,048,576 bytes; a line has a few hundred"),
        (stats_file() + b"x" * 2**20, 6, "1,048,576 bytes; a line has a few hundred"),
        (b"\n" * 2**20, MAX_BYTES + 1, "at most 262,144 bytes, this one 1,048,576; the limit is passed here"),
        ((b"x" * 1023 + b"\n") * 1000, 257, "at most 262,144 bytes, this one 1,024,000; the limit is passed here"),
        (b"x" * 1000 + (b"x" * 1023 + b"\n") * 256, 256, "this one 263,144; the limit is passed here"),
        (stats_file(players=[Line(f"{i:08X}") for i in range(100)]), MAX_PLAYERS + 2, "100 players"),
        (b"\n".join(stats_file(players=[Line(f"{i:08X}") for i in range(97)]).partition(b"\n")), 100, "97 players"),
    ],
)
def test_refused_with_line_and_reason(data: bytes, line: int, reason: str) -> None:
    """What is not a whole stats file is refused, and the error says where and why."""
    with pytest.raises(StatsFileError) as refused:
        read(data)

    assert refused.value.line == line
    assert reason in str(refused.value)


def taken_in_part(whole: bytes, filename: str) -> list[int]:
    """Cut a file at each byte; return the places at which what is left was taken, each holding whole lines only.

    A cut exactly at the end of a line leaves a text that says nothing of its missing lines: it is taken with the lines
    that it has. That such a file is not fetched, and gives way to the whole one, is not the parser's to ensure.
    """
    everybody = parse_stats_file(whole, named(filename)).players
    places = []
    for cut in range(len(whole)):
        found, lines = _taken_or_line(whole[:cut], filename), whole[:cut].count(b"\n")
        if isinstance(found, int):
            assert 1 <= found <= lines + 1
        else:
            assert found.players == everybody[: lines - 1]
            places.append(cut)
    return places


def _taken_or_line(data: bytes, filename: str) -> StatsFile | int:
    try:
        return parse_stats_file(data, named(filename))
    except StatsFileError as refused:
        return refused.line


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("count", [33, 36, 37, 38])
@pytest.mark.parametrize("ninth", [None, "365000"])
def test_an_invented_file_cut_at_each_place(count: int, ninth: str | None, end: bytes) -> None:
    """Refused with a line, except at the ends of lines: never half a line, half a number or a shorter generation."""
    whole = stats_file(count=count, ninth=ninth).replace(b"\n", end)

    assert taken_in_part(whole, NAME.filename) == ends_of_lines(whole)


@pytest.mark.parametrize(
    "time", ["2024-04-16-220731", "2024-09-12-174949", "2025-01-06-221847", "2025-05-22-225410", "2025-10-26-203013"]
)
def test_a_real_file_cut_at_each_place(samples: Path, time: str) -> None:
    """The same with real files: one of each generation, and one without players."""
    (path,) = samples.glob(f"{time}-*-round-[12].txt")

    assert taken_in_part(path.read_bytes(), path.name) == ends_of_lines(path.read_bytes())


def ends_of_lines(whole: bytes) -> list[int]:
    """Return the places after each line but the last."""
    return [index + 1 for index, byte in enumerate(whole[:-1]) if byte == 10]


@settings(max_examples=400, deadline=None)
@given(at=st.integers(0, len(stats_file()) - 1), part=st.binary(max_size=6), length=st.integers(0, 6))
def test_damaged_files_are_taken_or_refused(at: int, part: bytes, length: int) -> None:
    """Any bytes put in place of others give a file of numbers that a database takes, or the one error."""
    data = stats_file()
    try:
        file = read(data[:at] + part + data[at + length :])
    except StatsFileError:
        return
    assert all(0 <= value < 2**40 for player in file.players for value in (player.rounds, *player.fields))


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=400))
def test_any_bytes_are_refused_not_raised(data: bytes) -> None:
    """Bytes that are no stats file give the one error, whatever they are, and it names a line."""
    with pytest.raises(StatsFileError, match=r"^line [1-9]") as refused:
        read(data)

    assert 1 <= refused.value.line <= data.count(b"\n") + 1
