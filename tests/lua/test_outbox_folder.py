"""The outbox's folder: whoever else could write there would send what he likes, or run it as the server's user."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.rounds.events import ALLIES
from devkit.game import Engine
from devkit.game.home import config_text
from tests.lua.harness import Game, begin

SOMEBODY = 65534
ROGUE = "#!/bin/sh\n: >'{mark}'\n"


def short_round(engine: Engine) -> None:
    """Play half a minute."""
    begin(engine)
    engine.run_until_played(30)
    engine.objective(ALLIES)
    engine.run(1)


@pytest.fixture
def place(game: Game, tmp_path: Path) -> Iterator[Path]:
    """A folder in which the outbox is to be; the folder that is fallen back to is gone afterwards."""
    port = game.webhook.port
    game.engine.world.set_cvar("net_port", port)
    place = tmp_path / "place"
    place.mkdir()
    game.configure(config_text([game.webhook.url], outbox_dir=str(place / "outbox")))
    yield place
    shutil.rmtree(f"/tmp/roundhook-{port}", ignore_errors=True)  # noqa: S108 - the folder that the script names


def by_somebody_else(place: Path) -> None:
    """Make the outbox as another user would, before the server does."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to somebody else")
    (place / "outbox").mkdir(mode=0o777)
    os.chown(place / "outbox", SOMEBODY, SOMEBODY)


def as_a_link(place: Path) -> None:
    """Put a link there, to a folder of the server's own user."""
    (place / "real").mkdir(mode=0o700)
    (place / "outbox").symlink_to(place / "real")


def with_mode(place: Path, mode: int) -> None:
    """Make an outbox of the server's user with these rights."""
    (place / "outbox").mkdir()
    (place / "outbox").chmod(mode)


def below_an_open_folder(place: Path) -> None:
    """Let everybody write to the folder above."""
    place.chmod(0o777)


WAYS = {
    "somebody else's": (by_somebody_else, "somebody else's folder"),
    "a link": (as_a_link, "or a link"),
    "open to everybody": (lambda place: with_mode(place, 0o707), "others can write to"),
    "open to a group": (lambda place: with_mode(place, 0o770), "others can write to"),
    "below an open folder": (below_an_open_folder, "a folder above"),
}


@pytest.mark.parametrize("way", WAYS)
async def test_folder_that_others_can_write(game: Game, place: Path, way: str) -> None:
    """Nothing of it is used or run, the console says what to do, and the notice goes out from another folder."""
    prepare, told = WAYS[way]
    prepare(place)
    folder = place / "outbox"
    folder.mkdir(exist_ok=True)
    (folder / "sender.sh").write_text(ROGUE.format(mark=place / "rogue"), encoding="utf-8")
    (folder / "hook-1.curl").write_text(f'url = "{game.webhook.url}"\noutput = "{place}/rogue"\n', encoding="utf-8")
    (folder / "0000000001-1-0-1.payload").write_text('{"content": "STATS_READY"}', encoding="utf-8")
    (folder / "0000000001-1-0-1.notice").write_text('{"map_name": "forged"}', encoding="utf-8")
    (folder / "left").touch()
    lies_there = sorted(path.name for path in folder.iterdir())

    posted = await game.play(short_round)

    assert [one.notice.map_name for one in posted] == ["supply"]
    assert [told in line and "outbox_dir" in line for line in game.engine.printed if str(folder) in line] != []
    assert all(told in line and "outbox_dir" in line for line in game.engine.printed)
    assert sorted(path.name for path in folder.iterdir()) == lies_there
    assert not (place / "rogue").exists()


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o711])
async def test_folder_of_the_servers_user(game: Game, place: Path, mode: int) -> None:
    """A folder that others may at most read is used, and closed to them; so is one below a folder like /tmp."""
    place.chmod(0o1777)
    with_mode(place, mode)

    await game.play_one(short_round)

    assert (place / "outbox").stat().st_mode & 0o777 == 0o700
    assert list((place / "outbox").glob("hook-1.curl")) != []


async def test_no_program_lies_in_the_outbox(game: Game) -> None:
    """The sender's text is handed to the shell: what lies in the outbox is data, and an older version's file goes."""
    game.outbox.mkdir(mode=0o700)
    (game.outbox / "sender.sh").write_text(ROGUE.format(mark=game.home / "rogue"), encoding="utf-8")

    await game.play_one(short_round)

    assert [path for path in game.outbox.iterdir() if path.read_bytes().startswith(b"#!")] == []
    assert not (game.outbox / "sender.sh").exists()
    assert not (game.home / "rogue").exists()
