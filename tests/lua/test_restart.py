"""A server that restarts while a notice is being sent gets its port again: the sender holds none of its files."""

import asyncio
import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.rounds.events import ALLIES
from devkit.game import Engine
from devkit.game.shell import Shell
from tests.lua.harness import Game, begin

TOOLS = "cat chmod curl date find head ln ls mkdir mv readlink rm sed sleep"
ABOVE_NINE = 40
"""A number that one digit cannot name: where a socket stands when many pk3 files were opened before it."""

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this machine has no /proc to look into")

MACHINES = {
    "dash and bash": ("dash", "bash"),
    "dash and perl": ("dash", "perl"),
    "dash and busybox": ("dash", "busybox"),
    "bash": ("bash",),
    "busybox": ("busybox",),
}
"""What is called ``sh``, and what else there is."""


def machine(game: Game, names: tuple[str, ...]) -> None:
    """Let the game run on a machine whose ``sh`` is the first program, with the others and the tools that it needs."""
    found = {name: shutil.which(name) for name in names}
    for name, path in found.items():
        if path is None:
            pytest.skip(f"this machine has no {name}")
    folder = game.home / "tools"
    folder.mkdir()
    shell = game.engine.shell
    for name in (*TOOLS.split(), *names):
        (folder / name).symlink_to(str(shutil.which(name, path=shell.environment["PATH"])))
    (folder / "sh").symlink_to(str(found[names[0]]))
    shell.environment["PATH"] = str(folder)
    shell.program = str(folder / "sh")


@pytest.fixture
def port(game: Game) -> Iterator[socket.socket]:
    """The server's socket, open twice in the game server: low and high."""
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.bind(("127.0.0.1", 0))
    high = fcntl.fcntl(own, fcntl.F_DUPFD, ABOVE_NINE)
    game.engine.shell.held += [own.fileno(), high]
    yield own
    if own.fileno() >= 0:
        close(game, own)


def close(game: Game, own: socket.socket) -> None:
    """Let go of the socket, as a server does that ends."""
    held, game.engine.shell.held = game.engine.shell.held, []
    own.close()
    os.close(held[1])


def held_by(shell: Shell, name: str) -> list[str]:
    """Return the command lines of the running processes that hold a file or socket of this name."""
    holders = []
    for pid in shell.running():
        process = Path(f"/proc/{pid}")
        if name in {os.readlink(path) for path in (process / "fd").iterdir()}:
            holders.append((process / "cmdline").read_text("utf-8", "replace"))
    return holders


def short_round(engine: Engine) -> None:
    """Play ten seconds."""
    begin(engine)
    engine.run_until_played(10)
    engine.objective(ALLIES)
    engine.run(1)


@pytest.mark.parametrize("names", MACHINES.values(), ids=MACHINES)
async def test_restart_while_a_notice_is_sent(game: Game, port: socket.socket, names: tuple[str, ...]) -> None:
    """In the midst of sending nobody has the server's socket any more, and the next start gets the same port."""
    machine(game, names)
    game.webhook.hold = asyncio.Event()
    await asyncio.to_thread(short_round, game.engine)
    await asyncio.wait_for(game.webhook.first_request.wait(), 20)

    assert game.engine.shell.running()
    assert held_by(game.engine.shell, os.readlink(f"/proc/self/fd/{port.fileno()}")) == []
    address = port.getsockname()
    game.engine.kill()
    close(game, port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(address)
    game.webhook.hold.set()

    assert await asyncio.to_thread(game.engine.shell.wait_idle)
    assert [notice.end_reason for notice in game.webhook.notices] == ["objective"]


async def test_nothing_can_close_the_socket(game: Game, port: socket.socket) -> None:
    """Where no program can name the socket, the notice waits, and the console says what to install."""
    machine(game, ("dash",))

    assert await game.play(short_round) == []
    assert await game.play(lambda engine: engine.run(62)) == []

    assert len(list(game.outbox.glob("*.payload"))) == 1
    assert any("Install bash" in line for line in game.engine.printed)
    close(game, port)
    assert len(await game.play(lambda engine: engine.run(62))) == 1


async def test_few_files(game: Game) -> None:
    """Dash alone is enough where no file of the server stands above 9."""
    machine(game, ("dash",))

    assert len(await game.play(short_round)) == 1
