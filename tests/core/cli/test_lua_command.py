"""``roundhook lua deploy`` as it is typed: shows, asks, does; with a webhook from the settings or from Discord."""

import io
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.cli import _parser
from core.errors import ConfigError
from devkit.discord import DiscordServer
from tests.plugins.server_admin.game_machine import CFG, HOME, Machine, machine_at

SERVER_CFG, SETTINGS = f"{HOME}/etmain/server.cfg", f"{HOME}/legacy/luascripts/roundhook_config.lua"
URL = "https://discord.com/api/webhooks/4242/sEcReT-tOkEn"


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    """A game server's machine."""
    async with machine_at(tmp_path) as machine:
        yield machine


@pytest.fixture
def config(machine: Machine, tmp_path: Path) -> Path:
    """A config with that server; its webhook's address lies in a file."""
    ssh = machine.settings
    lines = [f"{key} = {value!r}" for key in ssh.__struct_fields__ if (value := getattr(ssh, key))]
    (tmp_path / "url").write_text(f"{URL}\n")
    path = tmp_path / "roundhook.toml"
    path.write_text('[servers.puran]\nwebhook_url = "file:url"\n[servers.puran.ssh]\n' + "\n".join(lines) + "\n")
    return path


async def run(config: Path, *words: str) -> int:
    """Run the command as typed."""
    arguments = _parser(["lua", "deploy", "--config", str(config), *words]).parse_args(
        ["lua", "deploy", "--config", str(config), *words]
    )
    return int(await arguments.run(arguments))


async def test_a_yes_installs(
    machine: Machine, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The diff is shown, a yes writes it, the webhook's notices are accepted; its address is nowhere on the screen."""
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))

    assert await run(config, "--server", "puran") == 0

    shown = capsys.readouterr().out
    assert '+set lua_modules "luascripts/stats.lua luascripts/roundhook.lua"' in shown
    assert "next map load" in shown
    assert "sEcReT" not in shown
    assert URL in machine.read(SETTINGS)
    with sqlite3.connect(config.parent / "roundhook.db") as database:
        assert database.execute("SELECT webhook_id, server FROM server_webhooks").fetchall() == [(4242, "puran")]
    database.close()


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
async def test_anything_else_changes_nothing(
    machine: Machine, config: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """A no, an empty answer and no answer at all leave everything as it is."""
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    before = machine.tree()

    assert await run(config) == 1

    assert machine.tree() == before


async def test_a_dry_run_only_shows(machine: Machine, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--dry-run`` shows the same plan and neither asks nor writes."""
    before = machine.tree()

    assert await run(config, "--dry-run") == 0

    assert machine.tree() == before
    assert "luascripts/roundhook.lua" in capsys.readouterr().out
    assert not (config.parent / "roundhook.db").exists()


async def test_twice_and_back(machine: Machine, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second time nothing is to be done; ``--remove`` leaves everything as it was at first."""
    first = machine.tree()
    await run(config, "--yes")
    installed = machine.tree()
    capsys.readouterr()

    assert await run(config) == 0
    assert "Nothing is to be changed" in capsys.readouterr().out
    assert machine.tree() == installed
    assert await run(config, "--remove", "--yes") == 0
    assert machine.tree() == first


async def test_a_removal_asks_also_without_a_cfg(
    machine: Machine, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where only files are to go, a no leaves them; what is shown names each."""
    await run(config, "--yes")
    machine.put(SERVER_CFG, CFG)
    before = machine.tree()
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))

    assert await run(config, "--remove") == 1

    assert machine.tree() == before
    assert f"- /{SETTINGS}" in capsys.readouterr().out


async def test_a_user_who_may_only_read(machine: Machine, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is no error: what to copy where is said, the files for it are laid down, and afterwards all is well."""
    machine.ssh.behaviour.is_read_only = True
    before = machine.tree()

    code = await run(config)
    shown = capsys.readouterr().out
    laid = config.parent / "data" / "lua" / "puran"
    unchanged, modes = machine.tree() == before, {one.name: one.stat().st_mode & 0o777 for one in laid.iterdir()}
    for file in laid.iterdir():
        (machine.root / SETTINGS).with_name(file.name).write_bytes(file.read_bytes())
    machine.put(SERVER_CFG, CFG.replace("stats.lua", "stats.lua luascripts/roundhook.lua"))
    machine.ssh.behaviour.closed = {f"/{SETTINGS}"}

    assert code == 0
    assert unchanged
    assert modes == {"roundhook.lua": 0o600, "roundhook_config.lua": 0o600}
    assert f"Copy roundhook.lua and roundhook_config.lua into /{HOME}/legacy/luascripts." in shown
    assert f"The files to copy lie in {laid}" in shown
    assert "sEcReT" not in shown
    assert await run(config) == 0
    assert "Nothing is to be changed" in capsys.readouterr().out


async def test_the_webhook_comes_from_discord(machine: Machine, config: Path) -> None:
    """Without an address in the settings the bot makes one webhook, once, and only when it is wanted.

    The first control channel is gone; the next one takes it.
    """
    async with DiscordServer() as discord:
        _use_discord(config, discord, "99, ")

        await run(config, "--dry-run")
        assert not _made(discord)
        await run(config, "--yes")
        await run(config, "--yes")

        assert len(_made(discord)) == 1
        text = machine.read(SETTINGS)
        assert f"{discord.rest_url}/webhooks/" in text
        assert machine.read(SERVER_CFG) != CFG


async def test_without_the_right_to_make_webhooks(machine: Machine, config: Path) -> None:
    """The error names the permission and the other way, and nothing is written."""
    before = machine.tree()
    async with DiscordServer() as discord:
        _use_discord(config, discord)
        discord.deny(discord.control_channel, "MANAGE_WEBHOOKS")

        with pytest.raises(ConfigError, match=r"Manage Webhooks.*webhook_url"):
            await run(config, "--yes")

    assert machine.tree() == before


async def test_where_one_channel_is_gone_and_the_other_full(machine: Machine, config: Path) -> None:
    """The error tells of each what is to be done, and nothing is written."""
    before = machine.tree()
    async with DiscordServer() as discord:
        _use_discord(config, discord, "99, ")
        for number in range(15):
            discord.add_webhook(f"other {number}")

        with pytest.raises(ConfigError, match=r"There is no channel 99\. Correct .* has room for another webhook"):
            await run(config, "--yes")

    assert machine.tree() == before


async def test_unknown_server(config: Path) -> None:
    """A server that is not configured is named beside those that are."""
    with pytest.raises(ConfigError, match=r"'nowhere'.*puran"):
        await run(config, "--server", "nowhere")


async def test_an_address_in_the_settings_is_refused(config: Path) -> None:
    """A literal address in the file is a leak: refused, not shown, with the remedy."""
    config.write_text(config.read_text().replace("file:url", URL))

    with pytest.raises(ConfigError, match=r'"env:NAME"') as caught:
        await run(config)

    assert "sEcReT" not in str(caught.value)


def _use_discord(config: Path, discord: DiscordServer, others: str = "") -> None:
    (config.parent / "token").write_text(discord.token)
    section = f'[discord]\ntoken = "file:token"\nrest_url = "{discord.rest_url}"\n'
    section += f"control_channel = [{others}{discord.control_channel}]\n"
    config.write_text(section + config.read_text().replace('webhook_url = "file:url"\n', ""))


def _made(discord: DiscordServer) -> list[str]:
    posts = [one for one in discord.requests if one.method == "POST" and one.path.endswith("/webhooks")]
    return [one.path for one in posts if one.status == 200]
