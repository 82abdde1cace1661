"""The plugins of "Give a plugin settings" do what the page says of them."""

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer as AppServer

from roundhook.testing import Stage
from tests.plugin_maker import running, until
from tests.test_docs import DOCS, write_files


async def test_the_recipes_of_settings_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value for all, one of a guild, both changed while it runs; a secret that arrives where it should."""
    write_files((DOCS / "how-to" / "give-a-plugin-settings.md").read_text("utf-8"), tmp_path)
    monkeypatch.setenv("GAUGE_KEY", "hunter2-hunter2")
    keys: list[str] = []

    async def status(request: web.Request) -> web.Response:
        keys.append(request.headers["Authorization"])
        return web.json_response({"online": 7})

    app = web.Application()
    app.router.add_get("/status", status)
    async with AppServer(app) as server:
        config = {"plugin": {"gauge": {"url": str(server.make_url("/status"))}, "doorbell": {"every": "20s"}}}
        async with Stage(plugins=["doorbell", "gauge"], folders=[tmp_path], guilds=(1, 2), config=config) as stage:
            here = stage.discord.guild_channels(1).stats
            for key, value in (("channel", f"<#{here}>"), ("words", "hurry up")):
                options = {"name": "doorbell", "key": key, "value": value}
                await stage.discord.invoke("plugin settings", user=8, guild=1, admin=True, options=options)
            options = {"name": "doorbell", "key": "every", "value": "15s"}
            await stage.discord.invoke("plugin settings", user=stage.discord.owner_id, options=options)
            await until(lambda: running(stage, "gauge").online == 7)
            await stage.clock.advance(16)
            said = await stage.discord.wait_for_message(here)
            others = stage.discord.messages(stage.discord.guild_channels(2).stats)

    assert (said.text, others, keys) == ("hurry up", [], ["Bearer hunter2-hunter2"])
