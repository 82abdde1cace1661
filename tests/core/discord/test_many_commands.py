"""Commands of many guilds: global beyond twenty, known over restarts, and handed over without doubles."""

from collections import Counter
from pathlib import Path

import pytest

from core.app import bot_application
from core.discord import sync
from roundhook.testing import Stage
from tests.plugin_maker import says, until, write_plugin

CORE = {"plugin", "events", "status"}
SAY = CORE | {"say"}


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sync, "DEBOUNCE_SECONDS", 0.0)
    monkeypatch.setattr(sync, "MOST_GUILDS", 3)
    write_plugin(tmp_path, "says", says("one"), scope="guild")
    return tmp_path


def asked(stage: Stage) -> Counter[str]:
    """Return what was asked of Discord about commands."""
    return Counter(one.method for one in stage.discord.requests if one.path.endswith("/commands"))


def names(stage: Stage, guild: int | None = None) -> set[str]:
    return {one["name"] for one in stage.discord.commands(guild)}


async def test_beyond_the_limit_all_have_the_same(plugins: Path) -> None:
    """One call registers them for all, none at a restart; where a plugin is off its commands say so."""
    admins = {"guilds": {"1": {"admin_roles": [9]}, "6": None}}
    async with Stage(["says"], folders=[plugins], guilds=range(1, 7), config=admins) as stage:
        assert asked(stage) == {"PUT": 1, "GET": sync.PROBED}
        for one in stage.discord.commands():
            assert one["contexts"] == [0]  # as those of guilds, not in direct messages
            assert one["default_member_permissions"] is None  # a role may use them in one guild
        assert names(stage) == SAY
        assert not any(names(stage, guild) for guild in range(1, 7))

        await stage.plugins.disable("says", guild=2)
        said = {guild: (await stage.discord.invoke("say", user=7, guild=guild)).content for guild in (1, 2, 6)}
        write_plugin(plugins, "says", says("one").replace('name="say"', 'name="tell"'), scope="guild")
        await stage.plugins.reload("says")
        assert (await stage.discord.invoke("tell", user=7, guild=5)).content == "one"
        assert asked(stage)["PUT"] == 2
        before = asked(stage)
        async with bot_application(stage.app.config, clock=stage.clock, plugins=["says"]) as again:
            assert again.discord
            await again.discord.sync.begun.wait()
        assert asked(stage) == before

    assert said[1] == "one"
    assert "switched off on this server" in said[2]
    assert said[6] == "That works on the Discord servers in the bot's settings only."


async def test_the_limit_is_crossed_while_it_runs(plugins: Path) -> None:
    """In both directions each command is there once at the end, and never none in between."""
    async with Stage(["says"], folders=[plugins], guilds=(1, 2, 3, 4)) as stage:
        assert (names(stage), names(stage, 1)) == (SAY, set())

        await stage.discord.bot_leaves(4)
        await until(lambda: not names(stage))
        assert [names(stage, guild) for guild in (1, 2, 3, 4)] == [SAY, SAY, SAY, set()]

        stage.discord.fail_next("PUT", "/applications/*/commands", 400)  # the global ones: the others stay
        await stage.discord.bot_returns(4)
        await until(lambda: [one.status for one in stage.discord.requests if one.path.endswith("/commands")][-1] == 400)
        assert [names(stage, guild) for guild in (1, 2, 3)] == [SAY, SAY, SAY]
        stage.app.discord.sync.soon()  # type: ignore[union-attr]
        await until(lambda: not names(stage, 3))
        assert [names(stage, guild) for guild in (None, 1, 2, 3, 4)] == [SAY, set(), set(), set(), set()]


async def test_what_an_earlier_version_has_registered_goes(plugins: Path) -> None:
    """The database knows nothing of it: guilds are looked at once, and one that was missed when somebody uses it."""
    async with Stage([], folders=[plugins], guilds=(1, 2, 3, 4)) as stage:
        application, rest = stage.discord.application_id, stage.app.services.discord.rest
        for guild in (2, 4):
            await rest.create_slash_command(application, "old", "of an earlier version", guild=guild)
        await stage.db.execute("DELETE FROM command_scopes")
        async with bot_application(stage.app.config, clock=stage.clock, plugins=[]) as again:
            assert again.discord
            await again.discord.sync.begun.wait()
        assert not any(names(stage, guild) for guild in (1, 2, 3, 4))

        await rest.create_slash_command(application, "old", "of an earlier version", guild=4)
        await stage.discord.invoke("old", user=7, guild=4)
        await until(lambda: not names(stage, 4))
        assert names(stage) == CORE


async def test_the_start_waits_for_no_command(plugins: Path) -> None:
    """Discord is slow to register: what happens meanwhile is handled."""
    async with Stage(["says"], folders=[plugins], guilds=(1, 2)) as stage:
        stage.discord.slow_down("PUT", "/applications/*/commands", 600)
        async with bot_application(stage.app.config, clock=stage.clock, plugins=["says"], register=True) as again:
            assert (await stage.discord.invoke("say", user=7, guild=1)).content == "one"
            assert again.discord
            assert not again.discord.sync.begun.is_set()
            stage.discord.hurry()
