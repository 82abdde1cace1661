"""What would keep the game waiting for ever: a pipe that somebody else puts there, a path without an end upwards."""

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devkit.game.home import config_text
from tests.lua.harness import Game

LIMIT_SECONDS = 20
"""A map load takes a tenth of a second; one that waits for ever is ended then."""
LOAD_A_MAP = """
import resource, sys
from pathlib import Path
from devkit.game import Engine

home, flavour, port, shell = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_CPU, (10, 10))   # of whatever goes round in circles
engine = Engine(Path(home), flavour=flavour)
engine.world.set_cvar("net_port", port)
engine.shell.program = shell
engine.load_map("supply")
print("".join(engine.printed))
engine.close()
"""


async def load_a_map(game: Game, shell: str = "/bin/sh") -> str:
    """Load a map in a process of its own, which can be ended; return what was printed on the console."""
    about = (str(game.home), game.flavour, str(game.webhook.port), shell)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LOAD_A_MAP, *about, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    end = asyncio.get_running_loop().call_later(LIMIT_SECONDS, process.kill)
    said, _ = await process.communicate()
    end.cancel()
    assert process.returncode == 0, "the game waits"
    return said.decode()


@pytest.fixture
def spare(game: Game) -> Iterator[Path]:
    """The folder that the script falls back to, which anybody can make; gone afterwards."""
    folder = Path(f"/tmp/roundhook-{game.webhook.port}")  # noqa: S108 - the script's own
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", ["left", "round-{port}.state"])
async def test_a_pipe_in_a_folder_that_anybody_can_make(game: Game, spare: Path, name: str) -> None:
    """What stands there under a name that is looked for is not opened: at the other end of a pipe nobody writes."""
    os.mkfifo(spare / name.format(port=f"-{game.webhook.port}"))
    spare.chmod(0o777)

    assert await load_a_map(game) == "\n"

    assert list(game.outbox.glob("hook-1.curl")) != []


@pytest.mark.skipif(shutil.which("bash") is None, reason="only bash keeps two slashes at the beginning")
async def test_path_that_begins_with_two_slashes(game: Game) -> None:
    """In a container without a home the engine's is ``//.etlegacy``, and bash finds no ``/`` above it."""
    game.configure(config_text([game.webhook.url], outbox_dir=f"/{game.outbox}"))

    assert await load_a_map(game, shell=shutil.which("bash") or "") == "\n"

    assert list(game.outbox.glob("hook-1.curl")) != []
