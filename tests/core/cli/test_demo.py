"""``roundhook demo``: an evening on loopback, and what it leaves."""

import contextlib
import re
import sqlite3
from pathlib import Path

from tests.core.cli.conftest import Command, Process


async def test_a_match_is_played(separately: Process, tmp_path: Path) -> None:
    """Two rounds: each step is shown with its time, the database and two cards are left, the surrender reads true."""
    said = await separately("demo", "--rounds", 2, "--out", "evening")
    with contextlib.closing(sqlite3.connect(tmp_path / "evening" / "roundhook.db")) as connection:
        rounds = connection.execute(
            "SELECT round_number, end_reason, actual_duration_seconds, time_shown_seconds, duration_source "
            "FROM rounds ORDER BY played_at"
        ).fetchall()

    left = sorted(one.name for one in (tmp_path / "evening").iterdir())
    assert (said.code, said.err) == (0, "")
    assert rounds[0] == (1, "surrender", 512, 720, "notice")
    assert (len(rounds), rounds[1][0]) == (2, 2)
    assert left == ["map-1.png", "round-1.png", "roundhook.db"]
    for card in (tmp_path / "evening").glob("*.png"):
        assert card.read_bytes().startswith(b"\x89PNG")
        assert str(card) in said.out
    assert len(re.findall(r"\d+ ms  discord +posted: supply · round 1 ", said.out)) == 1
    assert len(re.findall(r"\d+ ms  discord +posted: .* win supply, ", said.out)) == 1
    assert "File to message: " in said.out
    assert "8:32" in said.out


def test_a_folder_that_cannot_be_had(roundhook: Command, tmp_path: Path) -> None:
    """--out on a file: one line that names it and the remedy."""
    (tmp_path / "taken").write_text("mine")
    said = roundhook("demo", "--out", "taken")

    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"roundhook: --out {tmp_path / 'taken'} cannot be written")
    assert "Name another folder." in said.err
    assert (tmp_path / "taken").read_text() == "mine"
