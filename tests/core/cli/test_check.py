"""``roundhook check`` against a Discord, a game server and databases: it says what is so, and its remedies mend it."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.cli import check_discord
from core.clock import Clock
from core.config import ServerSection
from core.db import open_database
from core.db.migrate import migrate
from core.discord.scopes import Scopes
from core.servers.ssh import Server
from core.servers.webhooks import accept_webhook
from tests.core.cli.checked import Check, fine, only, wrong
from tests.core.cli.conftest import TOKEN, Command, Outside, Process
from tests.plugin_maker import write_plugin


async def test_check_when_all_is_well(outside: Outside, separately: Process, token: dict[str, str]) -> None:
    """Every line is a ✓, the exit code 0, and nothing but the storage folder was made."""
    before = {one.name for one in outside.folder.iterdir()}
    said = await separately("check", **token)
    after = {one.name for one in outside.folder.iterdir()}

    assert (said.code, said.err) == (0, ""), said.out
    assert said.out.endswith("Everything is fine.\n")
    assert "✗" not in said.out
    for words in ("settings: 1 guilds, 1 game servers", "the token is roundhook's", "Message Content intent",
                  "guilds.1.stats_channel: #stats", "discord.control_channel: #control", "plugin stats_import",
                  "server puran: ", "database: the first start will make"):  # fmt: skip
        assert words in said.out
    assert after - before == {"data"}
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "set-up-discord.md").read_text("utf-8")
    address = next(line for line in page.splitlines() if line.startswith("https://discord.com/oauth2/authorize?"))
    assert address.replace("APPLICATION_ID", str(outside.discord.application_id)) in said.out


async def test_check_names_every_problem_with_its_remedy(outside: Outside, check: Check) -> None:
    """A broken plugin, one that is not there, missing permissions, a server that is away: one ✗ each, exit code 1."""
    write_plugin(outside.folder / "mine", "broken", "def x(:\n")
    outside.write_config(
        paths='["mine"]', enabled='["stats_import", "ssh_poller", "lua_webhook", "broken", "missing"]', admin=424242,
        more='[plugin.absent]\nkey = 1\n[servers.bare]\ntimezone = "UTC"',
    )  # fmt: skip
    outside.discord.deny(outside.discord.stats_channel, "SEND_MESSAGES")
    outside.discord.deny(outside.discord.stats_channel, "ATTACH_FILES")
    outside.discord.deny(outside.discord.control_channel, "VIEW_CHANNEL")
    await outside.game.outage()
    said = await check()

    lines = wrong(said)
    assert said.code == 1
    assert said.out.endswith(f"{len(lines)} to mend.\n")
    expected = (
        ("plugin broken", "plugin.py"),
        ("plugin missing: not found.", "Correct plugins.enabled"),
        ("[plugin.absent]", "Remove it or correct its name."),
        ("guilds.1.stats_channel: the bot lacks in #stats: Attach Files, Send Messages.", "Give it in the channel."),
        ("guilds.1.admin_channel: channel 424242 is not there for the bot.", "Correct the id"),
        (
            f"discord.control_channel: channel {outside.discord.control_channel} is not there",
            "let the bot view it",
        ),
        ("server puran: ", "Is its SSH server running, and are host and port right?"),
        ("servers.bare.webhook_ids is empty", "or add the webhook's id."),
        ("servers.bare.ssh is missing", "Add host, user, key_file"),
    )
    for what, remedy in expected:
        assert any(what in line and remedy in line for line in lines), (what, said.out)
    assert len(lines) == len(expected)


@pytest.mark.parametrize(("kind", "says_no"), [
    (0, ""), (2, ""), (5, ""), (11, ""), (12, ""), (4, "takes no messages: it is a guild category"),
    (15, "takes no messages: it is a guild forum"), (16, "takes no messages: it is a guild media"),
    (99, "a channel of a kind that is not known here"),
])  # fmt: skip
async def test_check_of_each_kind_of_channel(outside: Outside, check: Check, kind: int, says_no: str) -> None:
    """Those in which nothing can be posted are named, and which to name instead; what may be read back is looked at."""
    outside.discord.change_kind(outside.discord.stats_channel, kind)
    outside.discord.deny(outside.discord.admin_channel, "READ_MESSAGE_HISTORY")
    said = await check()

    line = next(one for one in said.out.splitlines() if "stats_channel" in one)
    assert line.startswith("✗" if says_no else "✓")
    assert says_no in line
    assert ("Name a text channel" in line) == bool(says_no)
    assert "guilds.1.admin_channel: the bot lacks in #admin: Read Message History. Give it in the channel." in said.out


async def test_check_of_what_a_plugin_asks_for(outside: Outside, check: Check) -> None:
    """A privileged intent of an enabled plugin is looked at, and only of one that is enabled."""
    code, line = "from roundhook import Plugin\n\nclass Some(Plugin): ...\n", 'intents = ["{}", "guild_invites"]\n'
    write_plugin(outside.folder / "mine", "members", code, manifest=line.format("guild_members"))
    write_plugin(outside.folder / "mine", "presences", code, manifest=line.format("guild_presences"))
    outside.write_config(paths='["mine"]', enabled='["members"]')
    await only(check, "plugin members: Server Members intent is off. Switch it on: Developer Portal, Bot.")
    outside.discord.switch_intent("guild_members", on=True)
    await fine(check)


async def test_check_with_a_wrong_token_or_none(
    outside: Outside, roundhook: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that Discord refuses, and one that is not there, are told apart; neither is ever shown."""
    wrong = outside.discord.token[:-4] + "zzzz"
    missing = await asyncio.to_thread(roundhook, "check")
    monkeypatch.setenv(TOKEN, wrong)
    refused = await asyncio.to_thread(roundhook, "check")

    assert (refused.code, missing.code) == (1, 1)
    assert "✗ Discord: it refuses the token. Copy it anew: Developer Portal, Bot, Reset Token." in refused.out
    assert f"✗ Discord: discord.token is 'env:{TOKEN}', and there is nothing. Set the environment" in missing.out
    assert wrong not in refused.out + refused.err
    assert "✓ server puran: " in refused.out


async def test_check_without_discord(outside: Outside, roundhook: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Discord that does not answer is said within seconds; the rest is looked at all the same."""
    outside.write_config(rest_url="http://127.0.0.1:9/api/v10")
    monkeypatch.setenv(TOKEN, outside.discord.token)
    said = await asyncio.to_thread(roundhook, "check")

    assert said.code == 1
    assert "✗ Discord: http://127.0.0.1:9/api/v10 does not answer" in said.out
    assert "✓ server puran: " in said.out


def test_check_without_settings(roundhook: Command, tmp_path: Path) -> None:
    """Without a guild or a control channel the bot cannot start: that is said first, and the rest is looked at."""
    (tmp_path / "nowhere.toml").write_text("")
    (tmp_path / "deaf.toml").write_text("[guilds.1]\n[servers.puran]")
    said = [roundhook("check", "--config", name) for name in ("nowhere.toml", "deaf.toml", "gone.toml")]

    assert [one.code for one in said] == [1, 1, 1]
    assert "✗ settings: No [guilds.<id>] is configured" in said[0].out
    assert "✗ settings: discord.control_channel is missing. Set it to the channel" in said[1].out
    assert "✗ settings: gone.toml cannot be read" in said[2].out


# What is named, and what mends it


WRONG: list[tuple[dict[str, str | int], tuple[str, ...]]] = [
    ({"webhook": 1}, ("servers.puran.webhook_ids: there is no webhook 1.", "Correct the id")),
    ({"admin": "{admin}\nadmin_roles = [456]"}, ("guilds.1.admin_roles: there is no role 456", "Correct the id")),
    ({"more": "[guilds.99]"}, ("guild 99: the bot is not in it", "&guild_id=99", "remove [guilds.99]")),
    ({"more": "guilds = [1, 99]"}, ("servers.puran.guilds: names 99", "there is no [guilds.99]", "correct the id")),
    ({"control": "{admin}"}, ("servers.puran.webhook_ids: webhook", "correct discord.control_channel")),
    ({"stats": "{other}"}, ("guilds.1.stats_channel: #stats belongs to the guild 2", "Name a channel of this one")),
    ({"stats": 424242}, ("guilds.1.stats_channel: channel 424242 is not there", "Correct the id")),
    ({"stats_dir": "/nowhere"}, ("server puran: ", "Is servers.puran.ssh.stats_dir right?")),
    ({"stats_dir": "~/stats"}, ("server puran: ", "Write the whole path: ~ means nothing there.")),
    ({"more": "[plugin.ssh_poller]\npol_seconds = 1"}, ("plugin ssh_poller", "pol_seconds", "Correct or remove it.")),
    ({"more": "[plugin.server_admin]\nfoo = 1"}, ("[plugin.server_admin]", "foo", "Correct or remove it.")),
    ({"enabled": '["stats_impor"]'}, ("plugin stats_impor: not found.", "Correct plugins.enabled")),
]  # fmt: skip


async def test_a_wrong_setting_is_named_and_mended(outside: Outside, check: Check) -> None:
    """Whoever knows was asked. With the right value, as the remedy says, all is fine."""
    places = {"admin": outside.discord.admin_channel, "other": outside.discord.guild_channels(2).stats}
    for changes, words in WRONG:
        outside.write_config(**{key: str(value).format(**places) for key, value in changes.items()})
        await only(check, *words)

    outside.write_config()
    await fine(check)


@pytest.mark.parametrize(("more", "words"), [
    ('[servers.twin]\nwebhook_ids = [{webhook}]', ("servers.puran and servers.twin have one webhook", "needs its own")),
    ('[servers.twin]\nssh = {{ host = "{HOST}", port = {port}, user = "x", key_file = "k", known_hosts = "h", '
     'stats_dir = "/./" }}', ("servers.puran and servers.twin have one folder", "Correct ssh of one")),
])  # fmt: skip
async def test_two_servers_with_one_folder_or_webhook_are_refused(
    outside: Outside, check: Check, more: str, words: tuple[str, ...]
) -> None:
    """However the folder is written."""
    known = {**outside.game.ssh, "webhook": outside.discord.webhooks["puran"].id, "HOST": outside.game.ssh["host"]}
    outside.write_config(more=more.format(**known))
    await only(check, "settings: ", *words)


async def test_what_is_missing_on_discord_is_named_and_mended(outside: Outside, check: Check) -> None:
    """Permissions, one after the other, of channels and threads; the scope of the invitation."""
    discord = outside.discord
    for channel, permission, words in (
        (discord.stats_channel, "ATTACH_FILES", "Attach Files"),
        (discord.control_channel, "READ_MESSAGE_HISTORY", "Read Message History"),
    ):
        discord.deny(channel, permission)
        await only(check, f"the bot lacks in #{'stats' if channel == discord.stats_channel else 'control'}: {words}.")
        discord.allow(channel, permission)
    discord.change_kind(discord.stats_channel, 11)
    discord.deny(discord.stats_channel, "SEND_MESSAGES_IN_THREADS")
    await only(check, "guilds.1.stats_channel: the bot lacks in #stats: Send Messages.")
    discord.allow(discord.stats_channel, "SEND_MESSAGES_IN_THREADS")
    discord.change_kind(discord.stats_channel, 11, locked=True)
    await only(check, "guilds.1.stats_channel: the thread #stats is archived or locked.", "Open it again")
    discord.change_kind(discord.stats_channel, 0)

    discord.fail_next("GET", "/applications/*/guilds/1/commands", status=403)
    await only(check, "guild 1: the bot may have no commands there", "scope=bot+applications.commands")
    await fine(check)


async def test_what_setup_has_accepted_counts(outside: Outside, check: Check) -> None:
    """A webhook in the database is one; when it is deleted that is said, and /setup's next one mends it."""
    server, now = Server("puran", ServerSection()), datetime.now(UTC)
    outside.write_config(webhook="")
    await only(check, "servers.puran.webhook_ids is empty", "/setup server")

    async with open_database(f"sqlite:///{outside.folder / 'roundhook.db'}") as database:
        await migrate(database)
        first = outside.discord.webhooks["puran"]
        await accept_webhook(database, server, first.id, now=now)
        await fine(check)

        del outside.discord._parts.world.webhooks[first.id]
        await only(check, f"server puran: its webhook is gone ({first.id})", "/setup server makes another")

        await accept_webhook(database, server, outside.discord.add_webhook("new").id, now=now)
        await fine(check)


async def test_a_webhook_of_two_servers_is_named(outside: Outside, check: Check) -> None:
    """One in the settings of the one, and accepted for the other."""
    webhook = outside.discord.webhooks["puran"].id
    async with open_database(f"sqlite:///{outside.folder / 'roundhook.db'}") as database:
        await migrate(database)
        await accept_webhook(database, Server("second", ServerSection()), webhook, now=datetime.now(UTC))
    await only(check, f"servers.puran.webhook_ids: {webhook} was accepted for second as well")


async def test_commands_that_somebody_else_has_changed_are_named(outside: Outside, check: Check) -> None:
    """A restart asks nothing about them: this is where it is noticed."""
    async with open_database(f"sqlite:///{outside.folder / 'roundhook.db'}") as database:
        await migrate(database)
        scopes = Scopes(database, Clock())
        await scopes.load(outside.discord.application_id)
        await scopes.note(0, "digest", [])
        await scopes.note(1, "digest", ["stats", "last"])
    await only(
        check,
        "guild 1: the commands there are none, and the bot has registered last, stats:",
        "roundhook run --register",
    )


async def test_a_full_control_channel_is_named(outside: Outside, check: Check) -> None:
    """Nothing is wrong, yet the next game server will find no room."""
    for number in range(14):
        outside.discord.add_webhook(f"other {number}")
    outside.write_config(control=f"[{outside.discord.control_channel}, {outside.discord.admin_channel}]")
    said = await check()
    assert said.code == 0
    assert "discord.control_channel: #control is full: it has 15 webhooks" in said.out
    assert "discord.control_channel: #admin\n" in said.out


async def test_without_manage_webhooks_it_says_what_it_cannot_see(outside: Outside, check: Check) -> None:
    """Discord tells that it is there, not where it posts."""
    outside.discord.deny(outside.discord.control_channel, "MANAGE_WEBHOOKS")
    said = await check()
    assert said.code == 0
    assert "is there (in which channel, the bot cannot see without Manage Webhooks)" in said.out


async def test_what_is_on_is_looked_at(outside: Outside, check: Check) -> None:
    """The switches in the database count, not the first start's list; what is off is nobody's trouble."""
    write_plugin(outside.folder / "mine", "broken", "import no_such_module\n")
    outside.write_config(paths='["mine"]')
    await fine(check)

    async with open_database(f"sqlite:///{outside.folder / 'roundhook.db'}") as database:
        await migrate(database)
        for name, enabled in (("broken", True), ("gone", True), ("ssh_poller", False)):
            await database.execute("INSERT INTO plugin_states VALUES (?, 0, ?)", (name, enabled))
        said = await check()
        assert len(wrong(said)) == 2, said.out
        assert "✗ plugin broken: broken: importing it failed at plugin.py:1" in said.out
        assert "✗ plugin gone: not found. It was switched on while the bot ran: add its folder" in said.out
        assert "stats files among" not in said.out

        write_plugin(outside.folder / "mine", "gone", "from roundhook import Plugin\nclass P(Plugin): ...\n")
        await database.execute("UPDATE plugin_states SET enabled = ? WHERE plugin = 'broken'", (False,))
        await fine(check)


async def test_what_was_set_while_the_bot_ran(outside: Outside, check: Check) -> None:
    """What goes before the file is named; what is not used any more is to be mended, and so is a missing secret."""
    write_plugin(outside.folder / "mine", "asks", "from roundhook import Plugin\nclass P(Plugin): ...\n",
                 manifest='[config.key]\ntype = "secret"\ndefault = "file:asks.key"\n')  # fmt: skip
    (outside.folder / "asks.key").write_text("hunter2-hunter2")
    outside.write_config(paths='["mine"]', enabled='["asks", "stats_commands"]',
                         more="[plugin.stats_commands]\nannounce_within = 30")  # fmt: skip
    put = "INSERT INTO plugin_settings VALUES ('stats_commands', ?, ?, ?, 7, ?)"
    async with open_database(f"sqlite:///{outside.folder / 'roundhook.db'}") as database:
        await migrate(database)
        await database.execute(put, (0, "announce_within", "45", datetime.now(UTC)))
        said = await check()
        assert "announce_within is 45 by /plugin settings, which goes before 30 in the file." in said.out
        assert (said.code, "hunter2" in said.out) == (0, False), said.out

        await database.execute(put, (1, "announce_after", "no JSON", datetime.now(UTC)))
        await only(check, "What was set of announce_after is not used", "key:announce_after value:-`")
        await database.execute("DELETE FROM plugin_settings")
        (outside.folder / "asks.key").unlink()
        await only(check, "plugin asks: plugin.asks.key is 'file:asks.key', and there is nothing")


async def test_a_folder_is_counted_as_it_is(outside: Outside, check: Check) -> None:
    """No dots; what cannot be read is named."""
    root = outside.game.root
    before = len(list(root.iterdir()))
    (root / "2026-01-01-200000-supply-round-1.txt").write_text("x")
    said = await check()
    assert f"server puran: 1 stats files among the {before + 1} entries of /" in said.out

    (root / "2026-01-01-210000-supply-round-1.txt").mkdir()
    await only(check, "server puran: 2026-01-01-210000-supply-round-1.txt cannot be read")


async def test_a_zone_that_the_files_deny_is_asked_about(outside: Outside, check: Check) -> None:
    """The names of files against their times; trusted, as the remedy says, they are not compared."""
    await outside.game.play_round(map_name="supply", send_notice=False)
    assert "entries of /, whose names and times agree in UTC" in (await check()).out

    outside.config.write_text(outside.config.read_text().replace('"UTC"', '"Asia/Tokyo"'))
    await only(check, "server puran: names are 9 h behind the files' times: is the zone Asia/Tokyo right? Correct")
    with outside.config.open("a") as file:
        file.write('[plugin.ssh_poller]\ntrusted_names = ["puran"]\n')
    await fine(check)


# Whatever one look meets, the others are done


async def test_what_discord_may_leave_out_is_not_needed(outside: Outside, check: Check) -> None:
    """Every field but those without which there is nothing to look at."""
    leave = outside.discord.leave_out
    leave("GET", "/applications/@me", "name", "flags", "team", "owner", "bot", "verify_key", "description", "icon")
    leave("GET", "/users/@me", "username", "discriminator", "avatar", "public_flags", "mfa_enabled", "verified")
    leave("GET", "/guilds/1", "name", "owner_id", "roles", "emojis", "features", "stickers", "afk_timeout")
    leave("GET", "/guilds/1/roles", "name", "color", "colors", "hoist", "position", "managed", "flags", "mentionable")
    leave("GET", "/guilds/1/members/*", "user", "joined_at", "deaf", "mute", "flags", "nick", "pending")
    leave("GET", "/channels/*", "name", "guild_id", "position", "permission_overwrites", "topic", "nsfw", "parent_id",
          "rate_limit_per_user", "last_message_id", "flags")  # fmt: skip
    leave("GET", "/webhooks/*", "channel_id", "guild_id", "name", "token", "user", "application_id", "url", "avatar")
    await fine(check)


async def test_an_answer_that_makes_no_sense_is_one_line(
    outside: Outside, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody has foreseen is told as such, and nothing after it is left out."""

    async def look(self: object) -> str:
        raise KeyError("permissions")

    monkeypatch.setattr(check_discord.Guild, "look", look)
    said = await check()
    assert len(wrong(said)) == 1
    assert "✗ guild 1: looking at it failed (KeyError: 'permissions'). " in said.out
    assert "✓ guilds.1.stats_channel: #stats" in said.out
    assert "✓ server puran: " in said.out
    assert "Traceback" not in said.out + said.err


async def test_a_trouble_of_discords_is_one_line(outside: Outside, check: Check) -> None:
    """The next question is asked all the same."""
    outside.discord.fail_next("GET", "/guilds/1", status=500)
    await only(check, "guild 1: it answers 500 to /guilds/{guild}.", "try again later")
    await fine(check)


BROUGHT = """
import functools

from roundhook import ConfigError

def looks(terminal):
    yield "one", functools.partial(found, terminal.settings.word)
    yield "two", refuse
    yield "three", leave
    yield "four", functools.partial(found, "after all")

async def found(word):
    return word

async def refuse():
    raise ConfigError("There is none. Make one.")

async def leave():
    raise SystemExit(3)
"""


async def test_a_plugin_brings_its_looks(outside: Outside, check: Check) -> None:
    """Each is a line, whatever another does; none of a plugin that is off."""
    mine, code = outside.folder / "mine", "from roundhook import Plugin\nclass P(Plugin): ...\n"
    option = '[config.word]\ntype = "str"\ndefault = "seen"\n'
    write_plugin(mine, "brings", code, manifest=option, files={"check.py": BROUGHT})
    write_plugin(mine, "empty", code, files={"check.py": "x = 1\n"})
    write_plugin(mine, "odd", code, files={"check.py": "def looks(terminal):\n    yield 1\n"})
    write_plugin(mine, "fails", code, files={"check.py": "1 / 0\n"})
    outside.write_config(paths='["mine"]', enabled='["brings", "empty", "odd", "fails"]')
    said = await check()

    assert "✓ one: seen\n✗ two: There is none. Make one.\n✗ three: looking at it failed" in said.out
    assert "✓ four: after all\n" in said.out
    assert "✗ plugin empty: empty: check.py:1: there is no `def looks(terminal)`. Write it" in said.out
    assert "✗ plugin odd: looking at it failed (TypeError" in said.out
    assert "✗ plugin fails: fails: importing it failed at check.py:1: ZeroDivisionError" in said.out
    assert len(wrong(said)) == 5

    outside.write_config(paths='["mine"]')
    await fine(check)
