"""Every scenario runs in both Luas that a server may have; near the root, for each folder above is looked at."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest

from tests.lua.harness import Game, open_game


@pytest.fixture(params=["lua54", "luajit21"])
def flavour(request: pytest.FixtureRequest) -> str:
    """The Lua that the server has."""
    return str(request.param)


@pytest.fixture
async def game(flavour: Literal["lua54", "luajit21"]) -> AsyncIterator[Game]:
    """A game server with the script installed and a webhook that listens."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_game(Path(folder) / "home", flavour) as game:
            yield game
