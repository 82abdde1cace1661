"""A full disk: the round is not lost as long as there is room anywhere, and the game goes on in any case."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.rounds.events import ALLIES
from devkit.game import Engine
from devkit.game.home import config_text
from tests.lua.harness import Game, begin


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB; skipped where we may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small disk here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def spare(game: Game) -> Iterator[list[Path]]:
    """The folders that the script falls back to; gone afterwards."""
    port = game.webhook.port
    game.engine.world.set_cvar("net_port", port)
    folders = [Path(f"/tmp/roundhook-{port}"), Path(f"/dev/shm/roundhook-{port}")]  # noqa: S108 - the script's own
    yield folders
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def fill(folder: Path) -> None:
    """Leave not one byte on a disk."""
    with (folder / "ballast").open("wb", buffering=0) as file:
        for size in (4096, 512, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue


def short_round(engine: Engine, map_name: str = "supply") -> None:
    """Play a round of half a minute, with the six who are there."""
    begin(engine, map_name=map_name, players=() if engine.world.clients else None)
    engine.run_until_played(30)
    engine.objective(ALLIES)
    engine.run(1)


def test_the_disk_is_really_full(small_disk: Path) -> None:
    """What the other tests rest on."""
    fill(small_disk)

    with pytest.raises(OSError, match="No space left"):
        (small_disk / "x").write_bytes(b"x" * 10_000)


async def test_the_disk_fills_up_in_mid_round(game: Game, small_disk: Path, spare: list[Path]) -> None:
    """The notice goes out from another folder, and the console says where room is needed."""
    game.configure(config_text([game.webhook.url], outbox_dir=str(small_disk / "outbox")))

    def scenario(engine: Engine) -> None:
        begin(engine)
        fill(small_disk)
        engine.run_until_played(30)
        engine.objective(ALLIES)
        engine.run(1)

    posted = await game.play(scenario)

    assert [entry.notice.end_reason for entry in posted] == ["objective"]
    assert any("cannot keep the notice" in line for line in game.engine.printed)
    assert not list((small_disk / "outbox").glob("*.payload"))
    assert spare[0].stat().st_mode & 0o777 == 0o700


async def test_what_waits_elsewhere_is_sent_when_there_is_room_again(
    game: Game, small_disk: Path, spare: list[Path]
) -> None:
    """A notice that was put elsewhere during an outage is not forgotten there."""
    game.configure(config_text([game.webhook.url], outbox_dir=str(small_disk / "outbox")))
    await game.play(lambda engine: engine.load_map("warm"))
    fill(small_disk)
    await game.webhook.stop()
    await game.play(lambda engine: short_round(engine, "full"))
    assert len(list(spare[0].glob("*.payload"))) == 1

    (small_disk / "ballast").unlink()
    await game.webhook.start()
    posted = await game.play(lambda engine: short_round(engine, "roomy"))

    assert [entry.notice.map_name for entry in posted] == ["full", "roomy"]
    assert not list(spare[0].glob("*.payload"))


async def test_nowhere_is_room(game: Game, spare: list[Path], tmp_path: Path) -> None:
    """When nothing can be written at all it is said once for each notice, and the game goes on."""
    for folder in (*spare, tmp_path / "outbox"):
        folder.write_text("in the way")
    game.configure(config_text([game.webhook.url], outbox_dir=str(tmp_path / "outbox")))
    try:
        posted = await game.play(lambda engine: short_round(engine))
    finally:
        for folder in spare:
            folder.unlink()

    assert posted == []
    assert [line for line in game.engine.printed if "the notice is lost" in line] != []
    assert not [line for line in game.engine.printed if "error in" in line]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
async def test_a_spare_folder_of_somebody_else_is_not_used(game: Game, spare: list[Path], tmp_path: Path) -> None:
    """Whoever has put a folder of that name into /tmp does not get the notices, nor his program run."""
    spare[0].mkdir(mode=0o777)
    os.chown(spare[0], 65534, 65534)
    (tmp_path / "outbox").write_text("in the way")
    game.configure(config_text([game.webhook.url], outbox_dir=str(tmp_path / "outbox")))

    posted = await game.play(lambda engine: short_round(engine))

    assert len(posted) == 1
    assert list(spare[0].iterdir()) == []
    assert spare[1].exists()
