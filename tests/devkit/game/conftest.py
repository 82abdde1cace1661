"""A game server on loopback with a webhook that listens."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devkit.game import GameServer
from tests.lua.harness import Webhook


@pytest.fixture
async def webhook() -> AsyncIterator[Webhook]:
    """A webhook on loopback."""
    webhook = Webhook()
    await webhook.start()
    yield webhook
    await webhook.close()


@pytest.fixture
async def game(tmp_path: Path, webhook: Webhook) -> AsyncIterator[GameServer]:
    """A running game server in UTC."""
    async with GameServer("local", tmp_path / "game", webhook.url) as game:
        yield game
