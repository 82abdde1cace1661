"""The script on a game server is older than the bot's: told once, with what mends it."""

from plugins.server_admin.script import own_version
from roundhook.testing import Stage
from tests.plugins.notices import notice


async def publish(stage: Stage, **changes: object) -> None:
    """Let a notice come that ends now."""
    now = stage.clock.now()
    await stage.publish(notice(**{"round_end_unix": now.timestamp(), "received_at": now, **changes}))
    await stage.settled()


def told(stage: Stage) -> list[str]:
    return [str(message.text) for message in stage.discord.messages(stage.discord.admin_channel)]


async def test_an_old_script_is_told_once_for_each_version(database_url: str) -> None:
    """Server, both versions and the command that mends it; again only for another version."""
    async with Stage(["server_admin"], database=database_url) as stage:
        for sender in ("roundhook 0.9.0", "roundhook 0.9.0", f"roundhook {own_version()}", "roundhook 99.1"):
            await publish(stage, sender=sender)
        await publish(stage, sender="Slomix Lua Webhook v1.7.2")
        (first,) = told(stage)
        await publish(stage, sender="roundhook 0.9.1", map_name="radar")
        both = told(stage)

    assert "local is roundhook 0.9.0" in first
    assert own_version() in first
    assert "roundhook lua deploy --server local" in first
    assert len(both) == 2
