"""``type = "secret"``: read from where it is, given to the plugin alone, shown nowhere; missing, it is named."""

import copy
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from core.secret import Secret
from roundhook.testing import Stage
from tests.filed import FiledStage
from tests.plugin_maker import running, until, write_plugin

HIDDEN = "hunter2-hunter2"
MANIFEST = """
[config.url]
type = "str"
default = "http://127.0.0.1:1/status"
meaning = "What is asked."

[config.every]
type = "duration"
default = "1s"
meaning = "How often."

[config.api_key]
type = "secret"
default = "env:POLLER_KEY"
meaning = "Where the key is."
"""
POLLER = """
import aiohttp

from roundhook import PeerUnavailableError, Plugin

class Poller(Plugin):
    async def setup(self):
        self.seen = 0
        config = self.ctx.config
        self.ctx.log.info("%s %r %s", config.api_key, dict(config), f"{config.api_key!s:>20}")
        self.ctx.service(self.poll)

    async def poll(self):
        while True:
            headers = {"Authorization": f"Bearer {self.ctx.config.api_key.reveal()}"}
            try:
                async with self.ctx.http.get(self.ctx.config.url, headers=headers) as answer:
                    body = await answer.json()
            except aiohttp.ClientError as error:
                raise PeerUnavailableError(f"{self.ctx.config.url} does not answer: {error}") from error
            self.seen += 1
            self.ctx.log.info("answer %s: %s", self.seen, body)
            await self.ctx.clock.sleep(self.ctx.config.every)
"""
TALKATIVE = """
from roundhook import Plugin, PeerUnavailableError

class Poller(Plugin):
    async def setup(self):
        key = self.ctx.config.api_key.reveal()
        self.ctx.log.warning("the key is %s", key)
        try:
            raise ValueError(f"no {key}")
        except ValueError:
            self.ctx.log.exception("it went wrong with %s", key)
        raise PeerUnavailableError(f"http://x/?key={key} does not answer")
"""


async def test_the_poller_sends_it_and_nobody_sees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its place may be the environment, or a file beside the settings; what says it all the same says it to nobody."""
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("POLLER_KEY", HIDDEN)
    write_plugin(tmp_path, "poller", POLLER, manifest=MANIFEST)
    sent: list[str] = []

    async def status(request: web.Request) -> web.Response:
        sent.append(request.headers["Authorization"])
        return web.json_response({"ok": True})

    app = web.Application()
    app.router.add_get("/status", status)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/status"
    try:
        async with FiledStage(["poller"], folders=[tmp_path], config={"plugin": {"poller": {"url": url}}}) as stage:
            await until(lambda: len(sent) == 1)
            (Path(stage.file).parent / "key").write_text(f"{HIDDEN}-of-a-file\n")
            stage.edit("poller", url=url, api_key="file:key")
            assert (await stage.plugins.reload("poller")).ok
            await until(lambda: len(sent) == 2)
            write_plugin(tmp_path, "poller", TALKATIVE, manifest=MANIFEST)
            report = await stage.plugins.reload("poller")
            told = [report.error, *map(repr, await stage.db.fetch("SELECT * FROM plugin_actions"))]
            for command in ("logs", "info", "list", "history"):
                options = {} if command == "list" else {"name": "poller"}
                reply = await stage.discord.invoke(f"plugin {command}", user=stage.discord.owner_id, options=options)
                told += [reply.text, *(one.text for one in reply.followups)]
    finally:
        await runner.cleanup()

    assert sent == [f"Bearer {HIDDEN}", f"Bearer {HIDDEN}-of-a-file"]
    assert "does not answer" in report.error
    assert "the key is …" in "".join(told).replace("\\", "")
    assert not [text for text in told if HIDDEN in text]


@pytest.mark.parametrize(("place", "words"), [
    ("env:POLLER_KEY", ("plugin.poller.api_key is 'env:POLLER_KEY'", "Set the environment variable POLLER_KEY")),
    ("file:nowhere", ("plugin.poller.api_key is 'file:nowhere'", "Put it into the file nowhere")),
    ("file:a\0b", ("Put it into the file",)),
    (HIDDEN, ("plugin.poller.api_key is a secret itself (not shown here)", '"env:NAME" or "file:PATH"')),
    ([HIDDEN], ("is a secret itself",)), ({HIDDEN: 1}, ("is a secret itself",)), (7, ("is a secret itself",)),
])  # fmt: skip
async def test_one_that_is_not_there_refuses_the_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: Any, words: tuple[str, ...]
) -> None:
    monkeypatch.delenv("POLLER_KEY", raising=False)
    write_plugin(tmp_path, "poller", POLLER, manifest=MANIFEST)
    config = {"plugin": {"poller": {"api_key": place}}}
    async with Stage(["poller"], folders=[tmp_path], config=config, broken=True) as stage:
        error = stage.plugins.status("poller").error

    assert all(word in error for word in (*words, "manifest.toml:"))
    assert HIDDEN not in error


async def test_one_without_a_place_is_none(tmp_path: Path) -> None:
    write_plugin(tmp_path, "poller", "from roundhook import Plugin\nclass Poller(Plugin):\n    pass\n",
                 manifest='[config.api_key]\ntype = "secret"\n')  # fmt: skip
    async with Stage(["poller"], folders=[tmp_path]) as stage:
        assert running(stage, "poller").ctx.config.api_key is None


def test_a_secret_is_no_text_by_mistake() -> None:
    secret = Secret(HIDDEN)

    assert {str(secret), repr(secret), f"{secret}", f"{secret:>40}", f"{secret!r}"} == {"Secret(…)"}
    assert (secret.reveal(), bool(Secret(""))) == (HIDDEN, False)
    assert copy.deepcopy({"a": secret}) == {"a": secret}
    assert (secret == HIDDEN) is False
    assert HIDDEN not in repr([secret, {"a": secret}, (secret,)])
    with pytest.raises(TypeError, match="Secret"):
        json.dumps(secret)
    with pytest.raises(TypeError):
        "Bearer " + secret  # type: ignore[operator]
