"""Stats files that the devkit writes: in the real format, with numbers that agree with each other."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.rounds.events import AXIS
from devkit.game import GameServer, Player, invent_players
from tests.devkit.game.recording import SAMPLES

CUMULATIVE = (*range(8), 22)
ONE_DECIMAL = {8, *range(21, 27)}


@dataclass(frozen=True)
class Line:
    """A player's line, read as the format says."""

    guid: str
    name: bytes
    rounds: int
    side: int
    weapons: dict[int, list[int]]
    fields: list[str]

    def number(self, index: int) -> float:
        return float(self.fields[index])

    def total(self, column: int) -> int:
        return sum(group[column] for group in self.weapons.values())


def read(path: Path) -> tuple[list[bytes], list[Line]]:
    """Read a stats file without any mercy."""
    content = path.read_bytes()
    assert content.endswith(b"\n")
    header, *lines = content[:-1].split(b"\n")
    return header.split(b"\\"), [_line(line) for line in lines]


def _line(line: bytes) -> Line:
    head, *fields = line.split(b"\t")
    guid, _, rest = head.partition(b"\\")
    name, rounds, side, tail = rest.rsplit(b"\\", 3)
    assert tail.endswith(b" ")
    assert not tail.endswith(b"  ")
    mask, *numbers = (int(number) for number in tail.split())
    indexes = [index for index in range(28) if mask >> index & 1]
    assert len(numbers) == 5 * len(indexes)
    weapons = {index: numbers[5 * place : 5 * place + 5] for place, index in enumerate(indexes)}
    return Line(guid.decode(), name, int(rounds), int(side), weapons, [field.decode() for field in fields])


async def test_header(game: GameServer) -> None:
    """Eight fields; the limits are truncated, and attackers' wins show the real time."""
    played = await game.play_round(map_name="sw_goldrush_te", duration=400.9, time_limit=900)

    assert played.path is not None
    header, lines = read(played.path)
    assert len(header) == 8
    assert header[1:] == [b"sw_goldrush_te", b"legacy3", b"1", b"1", b"2", b"15:00", b"6:40"]
    assert len(lines) == 6


async def test_lines_have_the_real_form(game: GameServer) -> None:
    """38 fields, decimals where the real script has them, GUIDs of 8 upper-case characters."""
    played = await game.play_round(duration=400)

    assert played.path is not None
    _, lines = read(played.path)
    for line in lines:
        assert re.fullmatch(r"[0-9A-F]{8}", line.guid)
        assert len(line.fields) == 38
        for index, text in enumerate(line.fields):
            assert re.fullmatch(r"\d+\.\d" if index in ONE_DECIMAL else r"\d+", text), (index, text)
        assert all(any(group) for group in line.weapons.values())


@pytest.mark.skipif(not (SAMPLES / "gamestats").is_dir(), reason=f"{SAMPLES}/gamestats is not on this machine")
async def test_real_files_have_the_same_form(game: GameServer) -> None:
    """What reads the invented files reads real ones of the same generation: fields, header, decimals."""
    real = [read(path) for path in sorted((SAMPLES / "gamestats").glob("2025-10-1[4-9]-*-round-?.txt"))]
    played = await game.play_round(duration=400)

    assert played.path is not None
    header, lines = read(played.path)
    shape = [field.count(".") for field in lines[0].fields]
    assert real
    for real_header, real_lines in real:
        assert len(real_header) == len(header)
        assert all([field.count(".") for field in line.fields] == shape for line in real_lines)


@pytest.mark.parametrize("size", [6, 12])
async def test_numbers_agree(game: GameServer, size: int) -> None:
    """Kills are somebody's deaths, damage is somebody's, shots add up, nobody plays longer than the round."""
    played = await game.play_round(duration=611, players=invent_players(size))

    assert played.path is not None
    header, lines = read(played.path)
    assert header[2] == (b"legacy3" if size == 6 else b"legacy6")
    assert sum(line.total(2) for line in lines) == sum(line.total(3) for line in lines) > 0
    assert sum(line.number(0) for line in lines) == sum(line.number(1) for line in lines)
    assert sum(line.number(2) for line in lines) == sum(line.number(3) for line in lines)
    assert sum(line.number(19) for line in lines) == sum(line.number(37) for line in lines)
    for line in lines:
        assert line.number(20) == line.total(1)
        assert played.played_seconds - 10 <= line.number(22) * 60 <= played.played_seconds
        assert line.number(25) <= line.number(22)


async def test_second_round_is_cumulative_in_part(game: GameServer) -> None:
    """Round 2 carries damage, weapons and time on, and starts the script's own counters anew."""
    first = await game.play_round(duration=500)
    second = await game.play_round(duration=400)

    assert first.path is not None
    assert second.path is not None
    before = {line.guid: line for line in read(first.path)[1]}
    header, after = read(second.path)
    assert header[6] == read(first.path)[0][7]
    for line in after:
        earlier = before[line.guid]
        assert (earlier.rounds, line.rounds, line.side) == (0, 1, 3 - earlier.side)
        assert all(line.number(index) >= earlier.number(index) for index in CUMULATIVE)
        for index, group in earlier.weapons.items():
            assert all(now >= then for now, then in zip(line.weapons[index], group, strict=True))
        assert line.number(20) == line.total(1)
    assert any(line.number(9) < before[line.guid].number(9) for line in after)


async def test_names_are_written_as_they_are(game: GameServer) -> None:
    """Colour codes, UTF-8 and bytes that are not UTF-8 stand in the file as the engine holds them."""
    raw = ["^1żółw".encode(), b"caf\xe9", b"tab\tname"]
    people = [
        Player(player.guid, name.decode("utf-8", "surrogateescape"), player.side)
        for player, name in zip(invent_players(3), raw, strict=True)
    ]

    played = await game.play_round(duration=100, players=people)

    assert played.path is not None
    content = played.path.read_bytes()
    assert all(b"\\" + name + b"\\0\\" in content for name in raw)


async def test_same_seed_same_round(game: GameServer) -> None:
    """What is invented follows from the seed alone."""
    one = await game.play_round(map_name="supply", seed=5)
    other = await game.play_round(map_name="adlernest", seed=5)

    assert one.path is not None
    assert other.path is not None
    assert one.played_seconds == other.played_seconds
    assert one.path.read_bytes().split(b"\n")[1:] == other.path.read_bytes().split(b"\n")[1:]


async def test_mislabelled_file(game: GameServer) -> None:
    """The file of an aborted round 1 calls itself round 2, and can be known by its counters of rounds."""
    played = await game.play_round(aborted_by="map_change", duration=100)

    assert played.path is not None
    header, lines = read(played.path)
    assert header[3:6] == [b"2", str(AXIS).encode(), str(AXIS).encode()]
    assert {line.rounds for line in lines} == {0}
