"""``confirm``: asked before something is lost, answered once, by who was asked, while he may; over reloads too."""

import asyncio
from pathlib import Path
from typing import Any

import hikari
import pytest

from roundhook.testing import Stage
from tests.plugin_maker import running, write_plugin

ASKING = """
import lightbulb
from roundhook import Message, Plugin, plugin_of
from roundhook.commands import admins_only, confirm

loader = lightbulb.Loader()

@loader.command
class Wipe(lightbulb.SlashCommand, name="wipe", description="forget everything", hooks=[admins_only]):
    what = lightbulb.string("what", "what")

    @lightbulb.invoke
    async def invoke(self, context):
        plugin = plugin_of(context)
        then = {"strange": print, "few": plugin.few}.get(self.what, plugin.wiped)
        data = {"object": object(), "key": {7: 1}, "large": "x" * 70_000}.get(self.what, {"what": self.what})
        await confirm(context, f"Forget {self.what}?", then, data)

class Asking(Plugin):
    async def setup(self):
        self.done = []
        self.ctx.add_commands(loader)

    async def few(self, interaction):
        pass

    async def wiped(self, interaction, data):
        self.done.append((int(interaction.user.id), data["what"]))
        return f"{data['what']} is forgotten." + (" x" * 2000 if data["what"] == "much" else "")
"""


async def asked(stage: Stage, what: str = "it") -> Any:
    return await stage.discord.invoke("wipe", guild=1, admin=True, options={"what": what})


async def test_yes_does_it_once(tmp_path: Path) -> None:
    write_plugin(tmp_path, "asking", ASKING)
    async with Stage(["asking"], folders=[tmp_path]) as stage:
        question = await asked(stage)
        before = list(running(stage, "asking").done)
        button = question["components"][0]["components"][0]["custom_id"]
        done = await stage.discord.click(question, "Yes", admin=True)
        left = await stage.count("confirmations")

        assert question.ephemeral
        assert question.text == "Forget it?"
        assert "it" not in button.removeprefix("rh1:asking:?:").split(":")
        assert before == []
        assert running(stage, "asking").done == [(7, "it")]
        assert done.text == "it is forgotten."
        assert done["components"] == []
        assert left == 0


async def test_pressed_twice_at_once_it_is_done_once(tmp_path: Path) -> None:
    """Two clicks arrive before the first is answered."""
    write_plugin(tmp_path, "asking", ASKING)
    async with Stage(["asking"], folders=[tmp_path]) as stage:
        question = await asked(stage)
        await asyncio.gather(*(stage.discord.click(question, "Yes", admin=True) for _ in range(2)))

        assert running(stage, "asking").done == [(7, "it")]


@pytest.mark.parametrize("who", [
    {"user": 8, "admin": True}, {"user": 8}, {"user": 7, "admin": False},
])  # fmt: skip
async def test_others_and_who_is_no_admin_any_more(tmp_path: Path, who: dict[str, Any]) -> None:
    write_plugin(tmp_path, "asking", ASKING)
    async with Stage(["asking"], folders=[tmp_path]) as stage:
        question = await asked(stage)
        refused = await stage.discord.click(question, "Yes", **who)
        done = await stage.discord.click(question, "Yes", admin=True)

        assert "Somebody else" in refused.text or "any more" in refused.text
        assert done.text == "it is forgotten."
        assert running(stage, "asking").done == [(7, "it")]


async def test_it_is_good_for_fifteen_minutes(tmp_path: Path) -> None:
    write_plugin(tmp_path, "asking", ASKING)
    async with Stage(["asking"], folders=[tmp_path]) as stage:
        question = await asked(stage)
        await stage.clock.advance(15 * 60 + 1)
        late = await stage.discord.click(question, "Yes", admin=True)
        await asked(stage, "another")

        assert "older than 15 minutes" in late.text
        assert running(stage, "asking").done == []
        assert await stage.count("confirmations") == 1  # the old one is thrown away with the next


async def test_after_a_reload_the_new_code_does_it(tmp_path: Path) -> None:
    """The method is found by its name; one that the new code lacks is named."""
    write_plugin(tmp_path, "asking", ASKING)
    async with Stage(["asking"], folders=[tmp_path]) as stage:
        first, second = await asked(stage), await asked(stage)
        write_plugin(tmp_path, "asking", ASKING.replace("is forgotten", "is gone"))
        await stage.plugins.reload("asking")
        done = await stage.discord.click(first, "Yes", admin=True)
        write_plugin(tmp_path, "asking", ASKING.replace("wiped", "emptied"))
        await stage.plugins.reload("asking")
        changed = await stage.discord.click(second, "Yes", admin=True)
        third = await asked(stage)
        await stage.plugins.disable("asking")
        off = await stage.discord.click(third, "Yes", admin=True)

    assert done.text == "it is gone."
    assert "changed meanwhile" in changed.text
    assert "does not run" in off.text


async def test_a_long_answer_and_what_cannot_be_kept(tmp_path: Path) -> None:
    write_plugin(tmp_path, "asking", ASKING)
    async with Stage(["asking"], folders=[tmp_path]) as stage:
        long = await stage.discord.click(await asked(stage, "much"), "Yes", admin=True)
        for what in ("strange", "few", "object", "key", "large"):
            assert "Reference" in (await asked(stage, what)).text
        told = "".join(stage.app.kernel.logbook.last("asking", 5))
        assert await stage.count("confirmations") == 0

    assert sum(part.text.count("x") for part in long.followups) > 900
    for problem in (
        "confirm() takes an `async def` function, not print", "calls Asking.few with 2 arguments",
        "confirm(), data: that is not JSON: Object of type object", "the key 7 is no str", "70002 bytes as JSON",
    ):  # fmt: skip
        assert problem in told


async def test_a_token_of_somebody_elses_making(tmp_path: Path) -> None:
    """Whoever has a webhook's address can make buttons with any custom id: none of them does anything."""
    write_plugin(tmp_path, "asking", ASKING)
    async with Stage(["asking"], folders=[tmp_path]) as stage:
        question = await asked(stage)
        real = question["components"][0]["components"][0]["custom_id"]
        row = hikari.impl.MessageActionRowBuilder()
        row.add_interactive_button(hikari.ButtonStyle.DANGER, real, label="Yes")
        row.add_interactive_button(hikari.ButtonStyle.DANGER, "rh1:asking:?:made-up", label="Made up")
        row.add_interactive_button(hikari.ButtonStyle.DANGER, "rh1::?:made-up", label="Of the core")
        stage.discord.add_webhook("stolen", by_bot=True)
        posted = await stage.discord.post_webhook("stolen", content="Press!", components=[dict(row.build()[0])])
        told = [
            (await stage.discord.click(posted, label, admin=True)).text for label in ("Yes", "Made up", "Of the core")
        ]

        assert all("no button of this bot" in text for text in told)
        assert running(stage, "asking").done == []
