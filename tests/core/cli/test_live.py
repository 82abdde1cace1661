"""``roundhook check`` and ``roundhook run`` against a Discord and a game server on loopback."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.core.cli.conftest import PLUGINS, Command, Outside, Process, ended, started
from tests.plugin_maker import save, says, write_plugin

TOKEN = "ROUNDHOOK_TEST_TOKEN"


@pytest.fixture
def token(outside: Outside) -> dict[str, str]:
    """The environment that holds the bot's token."""
    return {TOKEN: outside.discord.token}


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


async def test_check_asks_about_a_zone_that_the_files_deny(
    outside: Outside, separately: Process, token: dict[str, str]
) -> None:
    """What a plugin looks at stands among the findings: the names of files against their times, then with a remedy."""
    await outside.game.play_round(map_name="supply", send_notice=False)
    well = await separately("check", **token)
    outside.config.write_text(outside.config.read_text().replace('"UTC"', '"Asia/Tokyo"'))
    wrong = await separately("check", **token)

    assert "✓ server puran: names and times of its files agree in UTC" in well.out
    assert "✗ puran: names are 9 h behind the files' times: is the zone Asia/Tokyo right? Correct servers." in wrong.out
    assert (well.code, wrong.code) == (0, 1)


async def test_check_names_every_problem_with_its_remedy(
    outside: Outside, separately: Process, token: dict[str, str]
) -> None:
    """A broken plugin, one that is not there, missing permissions, a server that is away: one ✗ each, exit code 1."""
    write_plugin(outside.folder / "mine", "broken", "def x(:\n")
    outside.write_config(
        paths='["mine"]', enabled='["stats_import", "broken", "missing"]', admin=424242,
        more='[plugin.absent]\nkey = 1\n[servers.bare]\ntimezone = "UTC"',
    )  # fmt: skip
    outside.discord.deny(outside.discord.stats_channel, "SEND_MESSAGES")
    outside.discord.deny(outside.discord.stats_channel, "ATTACH_FILES")
    outside.discord.deny(outside.discord.control_channel, "VIEW_CHANNEL")
    await outside.game.outage()
    said = await separately("check", **token)

    wrong = [line for line in said.out.splitlines() if line.startswith("✗")]
    assert said.code == 1
    assert said.out.endswith(f"{len(wrong)} to mend.\n")
    expected = (
        ("plugin broken", "plugin.py"),
        ("plugin missing: not found.", "Correct plugins.enabled"),
        ("[plugin.absent]", "Remove it or correct its name."),
        ("guilds.1.stats_channel: the bot lacks in #stats: Attach Files, Send Messages.", "Give it in the channel."),
        ("guilds.1.admin_channel 424242: not there for the bot.", "Correct the id"),
        (f"discord.control_channel {outside.discord.control_channel}: not there", "let the bot view the channel"),
        ("server puran: ", "Is its SSH server running, and are host and port right?"),
        ("servers.bare.webhook_ids is empty", "Add the webhook's id."),
        ("servers.bare.ssh is missing", "Add host, user, key_file"),
    )
    for what, remedy in expected:
        assert any(what in line and remedy in line for line in wrong), (what, said.out)
    assert len(wrong) == len(expected)


@pytest.mark.parametrize(("code", "change", "exit_code", "said"), [
    (4004, "", 75, "closed the connection for good: without a reason (4004)"),
    (4004, "token", 78, "does not take the token of discord.token any more"),
    (4014, "intent", 78, "does not grant the Message Content intent"),
    (4014, "", 75, "closed the connection for good: without a reason (4014)"),
    (4012, "", 78, "will not have this version of the bot"),
])  # fmt: skip
async def test_a_gateway_that_closes_for_good(
    outside: Outside, token: dict[str, str], code: int, change: str, exit_code: int, said: str
) -> None:
    """The bot does not go on deaf: it says why, and ends so that the service manager knows what to do."""
    async with started("run", folder=outside.folder, **token) as process:
        await outside.discord.wait_for_gateway(timeout=30)
        if change == "token":
            outside.discord.reset_token()
        elif change == "intent":
            outside.discord.revoke_message_content()
        await outside.discord.drop_gateway(code)
        bot = await ended(process)

    assert bot.code == exit_code, bot.err
    assert said in bot.err.splitlines()[-1]
    assert "Traceback" not in bot.err, bot.err


@pytest.mark.parametrize(("kind", "says_no"), [
    (0, ""), (2, ""), (5, ""), (11, ""), (12, ""), (4, "takes no messages: it is a guild category"),
    (15, "takes no messages: it is a guild forum"), (16, "takes no messages: it is a guild media"),
    (99, "a channel of a kind that is not known here"),
])  # fmt: skip
async def test_check_of_each_kind_of_channel(
    outside: Outside, separately: Process, token: dict[str, str], kind: int, says_no: str
) -> None:
    """Those in which nothing can be posted are named, and which to name instead; what may be read back is looked at."""
    outside.discord.change_kind(outside.discord.stats_channel, kind)
    outside.discord.deny(outside.discord.admin_channel, "READ_MESSAGE_HISTORY")
    said = await separately("check", **token)

    line = next(one for one in said.out.splitlines() if "stats_channel" in one)
    assert line.startswith("✗" if says_no else "✓")
    assert says_no in line
    assert ("Name a text channel" in line) == bool(says_no)
    assert "guilds.1.admin_channel: the bot lacks in #admin: Read Message History. Give it in the channel." in said.out


async def test_check_with_a_wrong_token_or_none(
    outside: Outside, roundhook: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that Discord refuses, and one that is not there, are told apart; neither is ever shown."""
    wrong = outside.discord.token[:-4] + "zzzz"
    missing = await asyncio.to_thread(roundhook, "check")
    monkeypatch.setenv(TOKEN, wrong)
    refused = await asyncio.to_thread(roundhook, "check")

    assert (refused.code, missing.code) == (1, 1)
    assert "✗ Discord refuses the token. Copy it anew: Developer Portal, Bot, Reset Token." in refused.out
    assert f"✗ Discord: discord.token is 'env:{TOKEN}', and there is nothing. Set the environment" in missing.out
    assert wrong not in refused.out + refused.err
    assert "✓ server puran: " in refused.out


async def test_check_without_discord(outside: Outside, roundhook: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Discord that does not answer is said within seconds; the rest is looked at all the same."""
    outside.write_config(rest_url="http://127.0.0.1:9/api/v10")
    monkeypatch.setenv(TOKEN, outside.discord.token)
    said = await asyncio.to_thread(roundhook, "check")

    assert said.code == 1
    assert "✗ Discord at http://127.0.0.1:9/api/v10 does not answer" in said.out
    assert "✓ server puran: " in said.out


def test_check_without_settings(roundhook: Command, tmp_path: Path) -> None:
    """Without a guild or a control channel there is nothing to connect to: that is said first."""
    (tmp_path / "nowhere.toml").write_text("")
    (tmp_path / "deaf.toml").write_text("[guilds.1]\n[servers.puran]")
    said = [roundhook("check", "--config", name) for name in ("nowhere.toml", "deaf.toml", "gone.toml")]

    assert [one.code for one in said] == [1, 1, 1]
    assert "✗ settings: No [guilds.<id>] is configured" in said[0].out
    assert "✗ settings: discord.control_channel is missing. Set it to the channel" in said[1].out
    assert "✗ settings: gone.toml cannot be read" in said[2].out


async def test_run_announces_a_round_and_ends_when_told(outside: Outside, token: dict[str, str]) -> None:
    """The bot starts, announces a round of its game server with its real time, and SIGTERM ends it with code 0."""
    async with started("run", folder=outside.folder, **token) as process:
        await outside.discord.wait_for_gateway(30)
        await outside.game.play_round(map_name="supply", surrender_at=512)
        message = await outside.discord.wait_for_message(
            outside.discord.stats_channel, lambda one: "surrendered at 8:32" in one.text, timeout=30
        )
        process.send_signal(signal.SIGTERM)
        said = await ended(process)

    assert said.code == 0, said.err
    assert next(iter(message.files.values())).startswith(b"\x89PNG")
    assert said.out == ""
    assert f"roundhook runs: {len(PLUGINS)} plugins in 1 guilds" in said.err
    assert "Traceback" not in said.err
    assert outside.discord.token not in said.err
    assert (outside.folder / "roundhook.db").exists()
    assert outside.discord.unknown_routes == []


async def test_run_without_a_plugin_and_with_a_broken_one(outside: Outside, token: dict[str, str]) -> None:
    """--without leaves one out, one that does not import is named, and the others run."""
    write_plugin(outside.folder / "mine", "broken", "import no_such_module\n")
    outside.write_config(paths='["mine"]', enabled='["stats_commands", "team_capture", "broken"]')
    async with started("run", "--without", "team_capture", folder=outside.folder, **token) as process:
        await outside.discord.wait_for_gateway(30)
        await outside.discord.until(lambda: bool(outside.discord.commands(1)), 30)
        reply = await outside.discord.invoke("plugin list", guild=1, admin=True, timeout=20)
        process.send_signal(signal.SIGINT)
        said = await ended(process)

    assert said.code == 0, said.err
    assert "🟢 **stats_commands**" in reply.text
    assert "🔴 **broken**" in reply.text
    assert "no_such_module" in reply.text.replace("\\", "")
    assert "⚪ **team_capture**" in reply.text
    assert "no_such_module" in said.err


async def test_run_watch_reloads_what_is_saved(outside: Outside, token: dict[str, str]) -> None:
    """Saved code answers by itself; code that is broken is in the log with file and line, and the old answers on."""
    folder = write_plugin(outside.folder / "mine", "says", says("one"))
    outside.write_config(paths='["mine"]', enabled='["says"]')

    async def said_is(word: str) -> None:
        async with asyncio.timeout(20):
            while (await outside.discord.invoke("say", guild=1)).content != word:
                pass

    async with started("run", "--watch", folder=outside.folder, **token) as process:
        await outside.discord.wait_for_gateway(30)
        await outside.discord.until(lambda: bool(outside.discord.commands(1)), 30)
        await said_is("one")
        save(folder / "plugin.py", says("two"))
        await said_is("two")
        save(folder / "plugin.py", "def broken(:\n")
        assert process.stderr is not None
        log = b""
        async with asyncio.timeout(20):
            while b"was not reloaded" not in log:
                log += await process.stderr.readline()
        await said_is("two")
        process.send_signal(signal.SIGTERM)
        ending = await ended(process)

    assert ending.code == 0, ending.err
    assert b"says: plugin.py:1: invalid syntax" in log
    assert b"generation 2 goes on" in log


def trouble(log: str) -> list[str]:
    """Return the lines of stderr that are not what a bot says that starts well."""
    return [line for line in log.splitlines() if " INFO " not in line]


@pytest.mark.parametrize(
    ("settings", "words", "says"),
    [
        ("[guilds.1]", (), "Set the environment variable ROUNDHOOK_TOKEN."),
        ("[guilds.1]", ("--without", "statz"), "--without statz: there is no such plugin. Found are: "),
        ("[guilds.1]\n[servers.x]", (), "discord.control_channel is missing. Set it to the channel"),
        ("", (), "No [guilds.<id>] is configured: the bot would be nowhere."),
    ],
)
def test_run_refuses_in_one_line(
    roundhook: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: str,
    words: tuple[str, ...],
    says: str,
) -> None:
    """What the bot cannot start with is one line that says what to do, and exit code 78: a person is needed."""
    monkeypatch.delenv("ROUNDHOOK_TOKEN", raising=False)
    (tmp_path / "roundhook.toml").write_text(settings)
    said = roundhook("run", *words)

    assert (said.code, said.out) == (78, "")
    assert says in said.err
    assert said.err.startswith("roundhook: ")
    assert said.err.count("\n") == 1


async def test_run_with_a_token_that_discord_refuses(outside: Outside, separately: Process) -> None:
    """Told in one line, without a traceback and without the token."""
    said = await separately("run", **{TOKEN: outside.discord.token[:-4] + "zzzz"})

    assert (said.code, said.out) == (78, "")
    assert trouble(said.err) == [said.err.splitlines()[-1]]
    assert "roundhook: Discord refused the token of discord.token. Copy it anew" in said.err
    assert outside.discord.token[:-4] not in said.err


@pytest.mark.parametrize("path", ["/api/v10/nothing", ""], ids=["away", "broken off"])
async def test_run_while_discord_does_not_answer(
    outside: Outside, separately: Process, token: dict[str, str], path: str
) -> None:
    """One line, and exit code 75: trying again can help."""
    if path:
        outside.write_config(rest_url="http://127.0.0.1:9/api/v10")
    else:
        outside.discord.fail_next("GET", "/oauth2/applications/@me", status=None, count=9)
        outside.discord.fail_next("GET", "/applications/@me", status=None, count=9)
    said = await separately("run", **token)

    assert (said.code, said.out) == (75, "")
    assert "does not answer" in said.err.splitlines()[-1]
    assert "Traceback" not in said.err


@pytest.mark.parametrize("outside", [False], indirect=True)
async def test_without_the_message_content_intent(
    outside: Outside, separately: Process, token: dict[str, str], roundhook: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``run`` refuses and ``check`` says why: without it every notice would arrive empty."""
    run = await separately("run", **token)
    monkeypatch.setenv(TOKEN, outside.discord.token)
    check = await asyncio.to_thread(roundhook, "check")

    assert run.code == 78
    assert trouble(run.err) == [run.err.splitlines()[-1]]
    assert run.err.splitlines()[-1].startswith(
        "roundhook: Discord does not grant the Message Content intent. In the Developer Portal open the application"
    )
    assert check.code == 1
    assert "✗ Discord: Message Content intent is off. Switch it on: Developer Portal, Bot" in check.out
