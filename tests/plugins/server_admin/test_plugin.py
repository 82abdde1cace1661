"""/setup server and /server test, as admins and others use them."""

import re
from typing import Any

import aiohttp
import lupa.lua54 as lupa
import pytest

from devkit.discord.message import Message
from roundhook.testing import Stage
from tests.plugins.notices import DIALECT_B, embed_of
from tests.plugins.rounds import play

PLUGINS = ["server_admin"]
ADMIN_ROLE = {"guilds": {"1": {"admin_roles": [77]}}}
TWO_GUILDS = {"servers": {"secret": {"timezone": "UTC", "webhook_ids": [99], "guilds": [2]}}}


async def set_up(stage: Stage, server: str = "local", *, guild: int = 1) -> Message:
    return await stage.discord.invoke("setup server", guild=guild, admin=True, options={"server": server})


async def look_at(stage: Stage, server: str = "local", *, guild: int = 1) -> str:
    reply = await stage.discord.invoke("server test", guild=guild, admin=True, options={"server": server})
    assert reply.ephemeral
    return str(reply.text)


def url_in(config: bytes) -> str:
    """Return the webhook's address, read by a real Lua as the script reads it."""
    return str(lupa.LuaRuntime().execute(config.decode()).webhook_urls[1])


async def post(url: str, **body: Any) -> dict[str, Any]:
    """Post to a webhook over HTTP, and return the message."""
    async with aiohttp.ClientSession() as session, session.post(f"{url}?wait=true", json=body) as answer:
        assert answer.status == 200
        message: dict[str, Any] = await answer.json()
        return message


async def test_setup_makes_a_webhook_whose_notices_are_accepted(database_url: str) -> None:
    """The admin alone gets its address; a notice through it is taken at once, and after a restart too."""
    plugins = ["lua_webhook", "stats_import", "server_admin"]
    async with Stage(plugins, database=database_url) as stage:
        reply = await set_up(stage)
        url = url_in(reply.files["roundhook_config.lua"])
        posted = await post(url, content="STATS_READY", embeds=[embed_of(DIALECT_B)])
        await stage.until(lambda: _has_notice(stage))
        control = stage.discord.control_channel
        stored = await stage.db.fetch("SELECT webhook_id, server, created_by FROM server_webhooks")
        report = await stage.plugins.reload("server_admin")
        after_reload = stage.app.services.servers["local"].webhook_ids
    async with Stage(plugins, database=database_url) as stage:
        after_restart = stage.app.services.servers["local"].webhook_ids

    made = int(posted["webhook_id"])
    assert reply.ephemeral
    assert list(reply.files) == ["roundhook.lua", "roundhook_config.lua"]
    assert posted["channel_id"] == str(control)
    assert stored == [{"webhook_id": made, "server": "local", "created_by": 7}]
    assert str(made) in reply.text
    assert url.rpartition("/")[2] not in reply.text
    assert report.ok, report.error
    assert made in after_reload
    assert made in after_restart


async def _has_notice(stage: Stage) -> bool:
    return await stage.count("round_notices") == 1


async def test_only_admins_may() -> None:
    """Members are refused, whatever Discord lets through; an administrator, an admin role and the owner are not."""
    async with Stage(PLUGINS, config=ADMIN_ROLE) as stage:
        options = {"server": "local"}
        refused = [
            await stage.discord.invoke(command, user=7, options=options, roles=[55])
            for command in ("setup server", "server test")
        ]
        webhooks = await stage.count("server_webhooks")
        by_role = await stage.discord.invoke("server test", user=8, options=options, roles=[77])
        by_owner = await stage.discord.invoke("server test", user=stage.discord.owner_id, options=options)
        by_admin = await look_at(stage)

    assert all(reply.ephemeral and "Only admins may do that" in reply.text for reply in refused)
    assert webhooks == 0
    assert all("Server local" in text for text in (by_role.text, by_owner.text, by_admin))


async def test_a_missing_permission_is_answered_with_the_remedy() -> None:
    """Without Manage Webhooks nothing is made; with it, the same command works."""
    async with Stage(PLUGINS) as stage:
        control = stage.discord.control_channel
        stage.discord.deny(control, "MANAGE_WEBHOOKS")
        refused = await set_up(stage)
        stage.discord.allow(control, "MANAGE_WEBHOOKS")
        made = await set_up(stage)

    assert refused.text == f"I may not make webhooks in <#{control}>. Give me 'Manage Webhooks' there, then try again."
    assert refused.ephemeral
    assert "is made" in made.text


@pytest.mark.parametrize(
    ("channel", "says"),
    [
        (0, "discord.control_channel is not configured. Set it and restart the bot."),
        (12345, "There is no channel 12345. Correct discord.control_channel and restart the bot."),
    ],
)
async def test_a_wrong_control_channel_is_answered_with_the_remedy(channel: int, says: str) -> None:
    """A control channel that is not set, or is not there, is named."""
    async with Stage(PLUGINS, config={"discord": {"control_channel": channel}}) as stage:
        assert (await set_up(stage)).text == says


async def test_a_full_control_channel_is_passed_over() -> None:
    """The sixteenth server gets its webhook in the next channel, which is read too; without room that is said.

    So it does where a channel is gone.
    """
    discord: dict[str, Any] = {}
    stage = Stage(["lua_webhook", "stats_import", "server_admin"], config={"discord": discord})
    first, second = stage.discord.control_channel, stage.discord.admin_channel
    gone = 99
    discord["control_channel"] = [gone, first, second]
    async with stage:
        for number in range(14):  # and that of the server "local"
            stage.discord.add_webhook(f"other {number}")
        made, found = await set_up(stage), await set_up(stage)
        url = url_in(made.files["roundhook_config.lua"])
        posted = await post(url, content="STATS_READY", embeds=[embed_of(DIALECT_B)])
        await stage.until(lambda: _has_notice(stage))
        await stage.app.services.discord.rest.delete_webhook(int(posted["webhook_id"]))
        for number in range(15):
            stage.discord.add_webhook(f"more {number}", second)
        full = await set_up(stage)

    assert posted["channel_id"] == str(second)
    assert f"is made in <#{second}>" in made.text
    assert f"was made before in <#{second}>" in found.text
    assert f"There is no channel {gone}" in full.text
    assert "No channel in discord.control_channel has room for another webhook" in full.text


async def test_a_guild_reaches_only_its_servers() -> None:
    """A server that is not a guild's alone can neither be set up nor tested by its admins, and is not offered."""
    async with Stage(PLUGINS, guilds=(1, 2), config=TWO_GUILDS) as stage:
        refused = [(await set_up(stage, "secret")).text, await look_at(stage, "local"), await look_at(stage, "m`oon")]
        allowed = await set_up(stage, "secret", guild=2)
        here, there = [
            await stage.discord.autocomplete("setup server", "server", "", guild=guild, admin=True) for guild in (1, 2)
        ]
        typed = await stage.discord.autocomplete("server test", "server", "SEC", guild=2, admin=True)

    assert all("is configured for you (known: none yet). It has a table" in text for text in refused)
    assert "is made" in allowed.text
    assert [choice["value"] for choice in here] == []
    assert [choice["value"] for choice in there] == ["secret"]
    assert [choice["value"] for choice in typed] == ["secret"]


async def test_a_server_that_is_well() -> None:
    """/server test counts the files, and shows the last notice and the last round."""
    async with Stage(["stats_import", "lua_webhook", "server_admin"]) as stage:
        new = await look_at(stage)
        await stage.games["local"].play_round(map_name="te_escape2")
        await stage.until(lambda: _has_notice(stage))
        row = await play(stage, "supply")
        used = await look_at(stage)

    assert "✓" in new
    assert "none yet: is roundhook.lua loaded there?" in new
    assert re.search(r"✓ \d+ entries in the stats folder, \d+ ms", used)
    assert re.search(r"Last notice\nte\\_escape2 R1 <t:\d+:R>", used)
    assert f"Last round\nsupply R1 <t:{row['played_at'].timestamp():.0f}:R>" in used


async def test_a_server_that_is_not() -> None:
    """One that is away, has another host key, or has no ssh table: each is said with what to do; it mends itself."""
    config = {"servers": {"bare": {"timezone": "UTC", "webhook_ids": [98]}}}
    async with Stage(PLUGINS, config=config) as stage:
        game = stage.games["local"]
        await game.outage()
        away = await look_at(stage)
        await game.back()
        back = await look_at(stage)
        game.change_host_key()
        changed = await look_at(stage)
        bare = await look_at(stage, "bare")

    assert "✗" in away
    assert "Is its SSH server running, and are host and port right?" in away
    assert "✓" in back
    assert "✗" in changed
    assert "known_hosts" in changed
    assert "✗ servers.bare.ssh is missing. Add host" in bare
