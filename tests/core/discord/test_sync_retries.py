"""What happens to the commands when Discord does not take them."""

import logging
from pathlib import Path

import pytest

from roundhook.testing import Stage
from tests.plugin_maker import idle, says, until, write_plugin


def puts(stage: Stage) -> list[int | None]:
    return [one.status for one in stage.discord.requests if one.method == "PUT" and one.path.endswith("/commands")]


async def test_a_failure_is_tried_again_by_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Discord is at fault: it is logged, and a minute later the commands are there without anybody's doing."""
    caplog.set_level(logging.ERROR)
    write_plugin(tmp_path, "says", says("said"))
    async with Stage([], folders=[tmp_path]) as stage:
        before = len(puts(stage))
        stage.discord.fail_next("PUT", "/applications/*/guilds/1/commands", 409)
        await stage.plugins.enable("says")
        await idle()
        await stage.clock.advance(6)
        await until(lambda: "tried again in 60 s" in caplog.text)
        assert puts(stage)[before:] == [409]

        for seconds in (61, 6):
            await stage.clock.advance(seconds)
            await idle()

        await until(lambda: puts(stage)[before:] == [409, 200])
        assert "say" in {one["name"] for one in stage.discord.commands(1)}


@pytest.mark.parametrize(("refuses", "fails"), [(1, 2), (2, 1)])
async def test_a_guild_that_refuses_does_not_keep_another_from_its_retry(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, refuses: int, fails: int
) -> None:
    """One was invited without the scope; where Discord was at fault it is tried again, whichever was first."""
    caplog.set_level(logging.ERROR)
    write_plugin(tmp_path, "says", says("said"))
    async with Stage([], folders=[tmp_path], guilds=(1, 2)) as stage:
        stage.discord.fail_next("PUT", f"/applications/*/guilds/{refuses}/commands", 403, count=9)
        stage.discord.fail_next("PUT", f"/applications/*/guilds/{fails}/commands", 409)
        await stage.plugins.enable("says")
        await idle()
        await stage.clock.advance(6)
        await until(lambda: "applications.commands" in caplog.text and "tried again in 60 s" in caplog.text)

        for seconds in (61, 6):
            await stage.clock.advance(seconds)
            await idle()

        await until(lambda: "say" in {one["name"] for one in stage.discord.commands(fails)})
