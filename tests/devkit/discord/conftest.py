"""A running server, a plain REST client and a plain gateway client for it, and a real hikari bot."""

from collections.abc import AsyncIterator, Iterator

import pytest

from devkit.discord import DiscordServer
from tests.devkit.discord.support import Bot, Rest

FORBIDDEN_LOGS = ("raw event dispatch conduit", "unexpected bucket header", "Error handling request")


@pytest.fixture(autouse=True)
def _no_unreadable_payload(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Hikari only logs what it cannot read, and aiohttp what broke in a handler: make that a failure."""
    yield
    lines = [record.getMessage() for record in caplog.get_records("call")]
    assert [line for line in lines if any(part in line for part in FORBIDDEN_LOGS)] == []


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    """A Discord with guilds 1 and 2."""
    async with DiscordServer(guilds=(1, 2)) as running:
        yield running


@pytest.fixture
async def rest(server: DiscordServer) -> AsyncIterator[Rest]:
    """A plain HTTP client with the bot's token."""
    async with Rest(server) as client:
        yield client


@pytest.fixture
async def bot(server: DiscordServer) -> AsyncIterator[Bot]:
    """A hikari bot with lightbulb, not started yet."""
    made = Bot(server)
    yield made
    await made.close()
