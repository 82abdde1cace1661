"""Who may do what: each action and asker, own and other guilds and game servers; commands, suggestions, buttons."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hikari
import pytest

from core.config import Config, parse_config
from core.discord.admin import HISTORY_LINES, LOG_LINES
from core.discord.permissions import Action, Gatekeeper, owners_of
from core.errors import ConfigError
from roundhook.testing import Stage
from tests.plugin_maker import running, write_plugin

A, B, UNKNOWN = 1, 2, 3
OWNER, ROLE, SOMEBODY = 10, 500, 7
ASKERS: Mapping[str, dict[str, Any]] = {
    "owner": {"user": OWNER, "guild": A},
    "owner in direct messages": {"user": OWNER, "guild": None},
    "owner where nothing is configured": {"user": OWNER, "guild": UNKNOWN},
    "A's administrator": {"guild": A, "administrator": True},
    "A's admin by role": {"guild": A, "roles": (ROLE,)},
    "A's member": {"guild": A},
    "B's administrator": {"guild": B, "administrator": True},
    "member in direct messages": {"guild": None},
    "administrator where nothing is configured": {"guild": UNKNOWN, "administrator": True},
}
QUESTIONS: tuple[tuple[Action, str], ...] = (
    ("guild", ""), ("everybody", ""), ("server", "all"), ("server", "a"), ("server", "b"), ("logs", ""), ("logs", "a"),
    ("logs", "b"), ("read", "all"), ("read", "a"), ("read", "b"),
)  # fmt: skip
# in the order of the questions: server "all" is seen by both guilds, "a" by A alone, "b" by B alone
MAY = {
    "owner": "yyyyyyyyyyn",
    "owner in direct messages": "yyyyyyyyyyy",
    "owner where nothing is configured": "nnnnnnnnnnn",
    "A's administrator": "ynnynyynyyn",
    "A's admin by role": "ynnynyynyyn",
    "A's member": "nnnnnnnnyyn",
    "B's administrator": "ynnnyynyyny",
    "member in direct messages": "nnnnnnnnnnn",
    "administrator where nothing is configured": "nnnnnnnnnnn",
}
ALONE = {"A's administrator": "yyyyyyyyyyy", "A's member": "nnnnnnnnyyy", "owner": "yyyyyyyyyyy"}
"""Where one guild is configured, and sees all servers."""


@pytest.mark.parametrize("asker", ASKERS)
def test_the_table(tmp_path: Path, asker: str) -> None:
    servers = {"all": {}, "a": {"guilds": [A]}, "b": {"guilds": [B]}}
    config = settings(tmp_path, (A, B), servers)

    assert answers(config, asker) == MAY[asker]


@pytest.mark.parametrize("asker", ALONE)
def test_where_one_guild_is_configured_its_admins_look_after_all(tmp_path: Path, asker: str) -> None:
    assert answers(settings(tmp_path, (A,), {"all": {}, "a": {}, "b": {}}), asker) == ALONE[asker]


def answers(config: Config, asker: str) -> str:
    gatekeeper = Gatekeeper(config)
    gatekeeper.owners = frozenset({OWNER})
    interaction = interaction_of(**ASKERS[asker])
    return "".join("y" if gatekeeper.may(interaction, *question) else "n" for question in QUESTIONS)


def interaction_of(
    guild: int | None, user: int = SOMEBODY, *, administrator: bool = False, roles: tuple[int, ...] = ()
) -> Any:
    may = hikari.Permissions.ADMINISTRATOR if administrator else hikari.Permissions.SEND_MESSAGES
    member = SimpleNamespace(permissions=may, role_ids=roles) if guild else None
    return SimpleNamespace(guild_id=guild, user=SimpleNamespace(id=user), member=member)


def settings(folder: Path, guilds: tuple[int, ...], servers: Mapping[str, Any]) -> Config:
    return parse_config(
        {
            "discord": {"token": "env:NOTHING"},
            "guilds": {str(guild): {"admin_roles": [ROLE]} for guild in guilds},
            "servers": {key: {"timezone": "UTC", **one} for key, one in servers.items()},
        },
        folder,
    )


def member(user: int, state: int = 2, **role: str) -> dict[str, Any]:
    return {"user": {"id": str(user)}, "membership_state": state, **role}


@pytest.mark.parametrize(("team", "owners"), [
    (None, {1}),
    ([member(2, role="admin"), member(3, role="developer"), member(4, role="read_only"), member(5)], {9, 2, 3}),
    ([member(2, 1, role="admin"), member(9, role="admin")], {9}),
    ([member(2), member(3)], {9}),
])  # fmt: skip
def test_owners_of_a_team(team: Any, owners: set[int]) -> None:
    """Its owner, and its accepted admins and developers; invited and read-only members are none."""
    application = {"owner": {"id": "1"}, "team": team and {"owner_user_id": "9", "members": team}}

    assert owners_of(application) == owners


def test_everybodys_role_is_no_admin_role(tmp_path: Path) -> None:
    """A guild's own id is the role that all have."""
    with pytest.raises(ConfigError, match="the role of everybody"):
        parse_config({"guilds": {"5": {"admin_roles": [5]}}}, tmp_path)


SERVERS = {"servers": {"theirs": {"timezone": "UTC", "webhook_ids": [99], "guilds": [2]}}}
COMMANDS: Mapping[str, dict[str, Any]] = {
    "plugin reload": {"name": "stats_import"},
    "plugin enable": {"name": "lying"},
    "plugin disable": {"name": "stats_import", "everywhere": True},
    "plugin logs": {"name": "stats_import"},
    "plugin history": {"name": "stats_import"},
    "events failed": {},
    "events replay": {"id": 1},
    "setup server": {"server": "theirs"},
    "server test": {"server": "theirs"},
}


async def test_the_admin_of_one_of_two_guilds(tmp_path: Path) -> None:
    """Neither code, nor the journal, nor another guild's server is his; members get no suggestions either."""
    write_plugin(tmp_path, "lying", "raise SystemExit('code that nobody has asked for')", scope="guild")
    plugins = ["stats_import", "server_admin", "stats_commands"]
    async with Stage(plugins, guilds=(1, 2), config=SERVERS, folders=[tmp_path]) as stage:
        before = stage.plugins.status("stats_import").generation
        told = {}
        for name, options in COMMANDS.items():
            told[name] = (await stage.discord.invoke(name, guild=1, admin=True, options=options)).text
        state = stage.plugins.status("lying").state
        after = stage.plugins.status("stats_import").generation
        offered = {
            admin: await stage.discord.autocomplete("plugin info", "name", "stats", guild=1, admin=admin)
            for admin in (True, False)
        }
        servers = await stage.discord.autocomplete("server test", "server", "", guild=2, admin=True)

    for name in ("plugin reload", "plugin enable", "plugin disable", "plugin logs", "plugin history"):
        assert "only the bot's owner" in told[name], name
    for name in ("events failed", "events replay"):
        assert "only the bot's owner" in told[name], name
    assert "is configured for you" in told["setup server"]
    assert "is configured for you" in told["server test"]
    assert (before, state) == (after, "off")
    assert (len(offered[True]), offered[False]) == (2, [])
    assert [one["value"] for one in servers] == ["theirs"]


async def test_what_a_guilds_admin_is_told_of_a_plugin(tmp_path: Path) -> None:
    """Neither the folders of the bot's machine, nor what is about a server that his guild does not see."""
    folder = write_plugin(tmp_path, "broken", "raise RuntimeError('no /secret/place/data.txt')", scope="guild")
    async with Stage(["server_admin"], guilds=(1, 2), config=SERVERS, folders=[tmp_path]) as stage:
        await stage.plugins.enable("broken")
        his = await stage.discord.invoke("plugin info", guild=1, admin=True, options={"name": "broken"})
        owners = await stage.discord.invoke("plugin info", user=stage.discord.owner_id, options={"name": "broken"})

    assert "…/data.txt" in his.text
    assert str(folder.parent) not in his.text
    assert "/secret/place/data.txt" in owners.text.replace("\\", "")


NOISY = """
from roundhook import Plugin

class Noisy(Plugin):
    async def tell(self, text):
        self.ctx.log.info(text)

    async def say(self, channel):
        await self.ctx.send(channel, "hello")
"""


async def test_what_others_do_takes_no_room(tmp_path: Path, database_url: str) -> None:
    """Lines and actions of a guild's own are the last of its own, whatever is done and logged about others."""
    write_plugin(tmp_path, "noisy", NOISY, scope="guild")
    async with Stage(["noisy"], guilds=(1, 2), config=SERVERS, folders=[tmp_path], database=database_url) as stage:
        await running(stage, "noisy").tell("about everybody")
        await stage.plugins.disable("noisy", guild=1)
        for _ in range(HISTORY_LINES + LOG_LINES):
            await stage.plugins.enable("noisy", guild=2)
            await running(stage, "noisy").tell("about theirs")
        asked = {"guild": 1, "admin": True, "options": {"name": "noisy"}}
        logged = (await stage.discord.invoke("plugin logs", **asked)).text
        history = [(await stage.discord.invoke("plugin history", **asked)).text]
        history.append((await stage.discord.invoke("plugin history", guild=1, admin=True)).text)
        owners = (await stage.discord.invoke("plugin history", user=stage.discord.owner_id, guild=1)).text

    assert "about everybody" in logged
    assert "theirs" not in logged
    assert all(one.count("disable **noisy** here") == 1 for one in history)
    assert not any("enable" in one for one in history)
    assert owners.count("enable **noisy** in guild 2") == HISTORY_LINES


async def test_what_is_posted_elsewhere(tmp_path: Path) -> None:
    """One guild's admin reads neither where another one is told something nor what, also if it is a thread."""
    write_plugin(tmp_path, "noisy", NOISY, scope="guild")
    async with Stage(["noisy"], guilds=(1, 777), folders=[tmp_path]) as stage:
        mine, theirs = (stage.discord.guild_channels(guild) for guild in (1, 777))
        more = [stage.discord.add_channel("secret", guild=777), theirs.stats + 1_000_000]
        for place in (mine.stats, mine.admin, theirs.stats, *more):
            await running(stage, "noisy").say(place)
        await stage.settled()
        options = {"name": "noisy"}
        his = (await stage.discord.invoke("plugin logs", guild=1, admin=True, options=options)).text
        owners = (await stage.discord.invoke("plugin logs", user=stage.discord.owner_id, options=options)).text

    assert (his.count(" in #"), owners.count(" in ")) == (2, 5)
    assert str(mine.stats) in his
    assert not [one for one in (theirs.stats, *more) if str(one) in his]


BUTTONS = """
from roundhook import Message, Plugin
import hikari

class Buttons(Plugin):
    async def setup(self):
        self.pressed = 0
        self.ctx.on_component("go", self.go, admins=True)
        self.ctx.spawn(self.offer())

    async def offer(self):
        row = hikari.impl.MessageActionRowBuilder()
        row.add_interactive_button(hikari.ButtonStyle.PRIMARY, self.ctx.component_id("go"), label="Go")
        await self.ctx.send(self.ctx.guild(1).stats_channel, Message(content="offer", components=(row,)))

    async def go(self, interaction):
        self.pressed += 1
        await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, "gone")
"""


async def test_a_button_for_admins(tmp_path: Path) -> None:
    """Whoever presses must be an admin there, at that moment."""
    write_plugin(tmp_path, "buttons", BUTTONS)
    async with Stage(["buttons"], folders=[tmp_path]) as stage:
        message = await stage.discord.wait_for_message(stage.discord.stats_channel)
        refused = await stage.discord.click(message, "rh1:buttons:go:", user=7)
        done = await stage.discord.click(message, "rh1:buttons:go:", user=8, admin=True)

    assert "Only admins" in refused.text
    assert done.text == "gone"
