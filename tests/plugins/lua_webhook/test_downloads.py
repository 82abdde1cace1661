"""What is attached to a notice and cannot be had costs that notice its details, and other servers' notices nothing."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from core.discord import following
from roundhook import accept_webhook
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugins.notices import DIALECT_B, embed_of

ATTACHED = {"notice.json": json.dumps({"map_name": "attached", "round_number": 1}).encode()}
FAULTS: dict[str, dict[str, Any]] = {
    "gone": {"status": 404},
    "not for us": {"status": 403},
    "Discord's own trouble": {"status": 503},
    "the connection": {"status": None},
}


@pytest_asyncio.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A stage with two game servers, of which one's attachment cannot be had; pauses are short."""
    monkeypatch.setattr(following, "PAUSES", (0.01,))
    config = {"servers": {"other": {"timezone": "UTC", "webhook_ids": []}}}
    async with Stage(["lua_webhook", "stats_import"], config=config) as stage:
        hook = stage.discord.add_webhook("other")
        await accept_webhook(stage.db, stage.app.services.servers["other"], hook.id, now=stage.clock.now())
        yield stage


async def notices(stage: Stage, count: int) -> dict[str, str]:
    async def enough() -> bool:
        return await stage.count("round_notices") >= count

    await stage.until(enough, timeout=PATIENCE)
    rows = await stage.db.fetch("SELECT server, map_name FROM round_notices")
    return {row["server"]: row["map_name"] for row in rows}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_the_embed_says_the_rest(stage: Stage, fault: dict[str, Any]) -> None:
    """For good at once, else after some tries: a whole channel of servers waits behind that message."""
    stage.discord.fail_next("GET", "/attachments/*", count=10**9, **fault)
    await stage.discord.post_webhook("local", content="STATS_READY", embeds=[embed_of(DIALECT_B)], files=ATTACHED)
    await stage.discord.post_webhook("other", content="STATS_READY", embeds=[embed_of(DIALECT_B)])

    assert await notices(stage, 2) == {"local": "supply", "other": "supply"}


async def test_without_an_embed_it_is_refused(stage: Stage) -> None:
    stage.discord.fail_next("GET", "/attachments/*", 404)
    await stage.discord.post_webhook("local", content="STATS_READY", files=ATTACHED)
    await stage.discord.post_webhook("other", content="STATS_READY", embeds=[embed_of(DIALECT_B)])

    assert await notices(stage, 1) == {"other": "supply"}
    (refused,) = await stage.db.fetch("SELECT reason FROM refused_messages")
    assert "notice.json of local cannot be had" in refused["reason"]


async def test_a_failure_that_passes_costs_nothing(stage: Stage) -> None:
    stage.discord.fail_next("GET", "/attachments/*", 503, count=2)
    await stage.discord.post_webhook("local", content="STATS_READY", embeds=[embed_of(DIALECT_B)], files=ATTACHED)

    assert await notices(stage, 1) == {"local": "attached"}
