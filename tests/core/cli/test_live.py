"""``roundhook run`` against a Discord and a game server on loopback."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.core.cli.conftest import PLUGINS, TOKEN, Command, Outside, Process, ended, started
from tests.patience import PATIENCE
from tests.plugin_maker import save, says, write_plugin


async def test_run_announces_a_round_and_ends_when_told(outside: Outside, token: dict[str, str]) -> None:
    """The bot starts, announces a round of its game server with its real time, and SIGTERM ends it with code 0."""
    async with started("run", folder=outside.folder, **token) as process:
        await outside.discord.wait_for_gateway(PATIENCE)
        await outside.game.play_round(map_name="supply", surrender_at=512)
        message = await outside.discord.wait_for_message(
            outside.discord.stats_channel, lambda one: "surrendered at 8:32" in one.text, timeout=PATIENCE
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
    assert not (outside.folder / "data" / "backups").exists()  # there was nothing to copy before its first migrations
    assert outside.discord.unknown_routes == []


async def test_run_without_a_plugin_and_with_a_broken_one(outside: Outside, token: dict[str, str]) -> None:
    """--without leaves one out, one that does not import is named, and the others run."""
    write_plugin(outside.folder / "mine", "broken", "import no_such_module\n")
    outside.write_config(paths='["mine"]', enabled='["stats_commands", "team_capture", "broken"]')
    async with started("run", "--without", "team_capture", folder=outside.folder, **token) as process:
        await outside.discord.wait_for_gateway(PATIENCE)
        await outside.discord.until(lambda: bool(outside.discord.commands(1)), PATIENCE)
        reply = await outside.discord.invoke("plugin list", guild=1, admin=True, timeout=PATIENCE)
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
        async with asyncio.timeout(PATIENCE):
            while (await outside.discord.invoke("say", guild=1)).content != word:
                pass

    async with started("run", "--watch", folder=outside.folder, **token) as process:
        await outside.discord.wait_for_gateway(PATIENCE)
        await outside.discord.until(lambda: bool(outside.discord.commands(1)), PATIENCE)
        await said_is("one")
        save(folder / "plugin.py", says("two"))
        await said_is("two")
        save(folder / "plugin.py", "def broken(:\n")
        assert process.stderr is not None
        log = b""
        async with asyncio.timeout(PATIENCE):
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
        (
            "[guilds.1]",
            ("--without", "statz"),
            "--without statz: there is no such plugin. Did you mean stats_commands or stats_import? Found",
        ),
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
