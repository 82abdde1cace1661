"""Installing the script over a real SSH server: found, planned, carried out, repeated, undone."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import pytest

from core.config import Secret
from core.errors import ConfigError, NotAllowedError, PeerUnavailableError
from core.servers.ssh import Server
from devkit.game.ssh import _Sftp
from plugins.server_admin.deploy import Deployment, Plan
from plugins.server_admin.script import script
from tests.plugins.server_admin.game_machine import CFG, HOME, Machine, machine_at

NOW = datetime(2026, 1, 10, 21, 0, tzinfo=UTC)
TOKEN = "sEcReT-tOkEn"
URL = Secret(f"https://discord.com/api/v10/webhooks/123/{TOKEN}")
SERVER_CFG = f"{HOME}/etmain/server.cfg"
SCRIPTS = f"{HOME}/legacy/luascripts"


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    """A game server's machine."""
    async with machine_at(tmp_path) as machine:
        yield machine


@pytest.fixture
async def server(machine: Machine) -> AsyncIterator[Server]:
    """The bot's connection to it."""
    server = machine.server()
    yield server
    await server.close()


async def install(server: Server, url: Secret = URL) -> Plan:
    deployment = Deployment(server, now=NOW)
    plan = await deployment.plan_install(url)
    await deployment.carry_out(plan)
    return plan


async def remove(server: Server) -> Plan:
    deployment = Deployment(server, now=NOW)
    plan = await deployment.plan_remove()
    await deployment.carry_out(plan)
    return plan


async def test_installed(machine: Machine, server: Server) -> None:
    """Script, settings for the server's user alone, and the module at the end of lua_modules; the cfg is kept."""
    plan = await install(server)

    assert (machine.root / SCRIPTS / "roundhook.lua").read_bytes() == script()
    settings = machine.root / SCRIPTS / "roundhook_config.lua"
    assert f'webhook_urls = {{ "{URL.reveal()}" }}' in settings.read_text()
    assert settings.stat().st_mode & 0o777 == 0o600
    assert machine.read(SERVER_CFG) == CFG.replace("stats.lua", "stats.lua luascripts/roundhook.lua")
    assert machine.read(f"{SERVER_CFG}.20260110-210000.bak") == CFG
    assert "next map load" in plan.text


async def test_the_plan_changes_nothing_and_tells_no_secret(machine: Machine, server: Server) -> None:
    """What is shown before a yes names each file and the cfg's line, but neither the address nor another line."""
    before = machine.tree()

    plan = await Deployment(server, now=NOW).plan_install(URL)

    assert machine.tree() == before
    assert '-set lua_modules "luascripts/stats.lua"' in plan.text
    assert '+set lua_modules "luascripts/stats.lua luascripts/roundhook.lua"' in plan.text
    for secret in (TOKEN, "hunter2"):
        assert secret not in plan.text
        assert secret not in repr(plan)


async def test_twice_is_once(machine: Machine, server: Server) -> None:
    """Running it again finds nothing to do."""
    await install(server)
    before = machine.tree()

    plan = await Deployment(server, now=NOW).plan_install(URL)

    assert plan.changes == ()
    assert "Nothing is to be changed" in plan.text
    assert machine.tree() == before


async def test_removed_is_as_before(machine: Machine, server: Server) -> None:
    """Removing leaves every byte and every file as it was before the installation."""
    before = machine.tree()
    await install(server)

    await remove(server)

    assert machine.tree() == before
    assert (await Deployment(server, now=NOW).plan_remove()).changes == ()


async def test_what_somebody_else_put_there_comes_back(machine: Machine, server: Server) -> None:
    """Another script of that name and settings by hand are kept, and are back after the removal."""
    machine.put(f"{SCRIPTS}/roundhook.lua", "-- mine\n")
    machine.put(f"{SCRIPTS}/roundhook_config.lua", 'return { webhook_urls = { "https://old/1/x" }, debug = true }\n')
    before = machine.tree()

    await install(server)
    settings = machine.read(f"{SCRIPTS}/roundhook_config.lua")
    kept = {path: content for path, content in machine.tree().items() if path.endswith(".bak")}
    await remove(server)

    assert settings == f'return {{ webhook_urls = {{ "{URL.reveal()}" }}, debug = true }}\n'
    assert {before[path] for path in before if "roundhook" in path} < {(data, 0o644) for data, _ in kept.values()}
    assert {path: data for path, (data, _) in machine.tree().items()} == {
        path: data for path, (data, _) in before.items()
    }


async def test_a_script_that_was_there_already_stays(machine: Machine, server: Server) -> None:
    """What an admin installed by hand is left alone, and not taken away."""
    machine.put(f"{SCRIPTS}/roundhook.lua", script().decode("latin-1"))
    machine.put(SERVER_CFG, CFG.replace("stats.lua", "stats.lua, luascripts/roundhook.lua"))
    settings = machine.put(f"{SCRIPTS}/roundhook_config.lua", f'return {{ webhook_urls = {{ "{URL.reveal()}" }} }}\n')
    settings.chmod(0o600)
    before = machine.tree()

    plan = await install(server)

    assert plan.changes == ()
    assert machine.tree() == before


async def test_an_open_settings_file_is_closed(machine: Machine, server: Server) -> None:
    """Settings that everybody may read get the mode that a secret needs."""
    await install(server)
    settings = machine.root / SCRIPTS / "roundhook_config.lua"
    settings.chmod(0o644)

    await install(server)

    assert settings.stat().st_mode & 0o777 == 0o600


async def test_an_older_script_is_replaced(machine: Machine, server: Server) -> None:
    """An update replaces our own earlier version without keeping it, and says both versions."""
    await install(server)
    machine.put(f"{SCRIPTS}/roundhook.lua", 'local VERSION = "0.9.1"\n')

    plan = await install(server)

    assert "instead of 0.9.1" in plan.text
    assert (machine.root / SCRIPTS / "roundhook.lua").read_bytes() == script()
    assert not list((machine.root / SCRIPTS).glob("*.bak"))


async def test_every_cfg_that_sets_it(machine: Machine, server: Server) -> None:
    """Whichever cfg the server runs, also one in the basepath: the script is added to each, and taken from each."""
    machine.put(f"{HOME}/legacy/configs/legacy6.config", 'init\n{\n\tsetl lua_modules "a.lua,b.lua"\n}\n')
    machine.put("home/et/etlegacy/etmain/etl_server.cfg", "set lua_modules c.lua\n")
    before = machine.tree()

    await install(server)
    texts = [machine.read(path) for path in (f"{HOME}/legacy/configs/legacy6.config", SERVER_CFG)]
    basepath = machine.read("home/et/etlegacy/etmain/etl_server.cfg")
    await remove(server)

    assert '"a.lua,b.lua,luascripts/roundhook.lua"' in texts[0]
    assert "luascripts/roundhook.lua" in texts[1]
    assert basepath == 'set lua_modules "c.lua luascripts/roundhook.lua"\n'
    assert machine.tree() == before


async def test_no_cfg_sets_it(machine: Machine, server: Server) -> None:
    """A line is put at the end of server.cfg, with a warning; the removal takes it away."""
    machine.put(SERVER_CFG, "set sv_hostname x")
    before = machine.tree()

    plan = await install(server)
    text = machine.read(SERVER_CFG)
    await remove(server)

    assert text == 'set sv_hostname x\nset lua_modules "luascripts/roundhook.lua"\n'
    assert "No cfg was found that sets lua_modules" in plan.text
    assert machine.tree() == before


async def test_no_cfg_at_all(machine: Machine, server: Server) -> None:
    """Script and settings are put there, and it is said what to add where."""
    (machine.root / SERVER_CFG).unlink()

    plan = await install(server)

    assert [change.kind for change in plan.changes] == ["receipt", "script", "settings"]
    assert "Add luascripts/roundhook.lua to lua_modules" in plan.text


async def test_a_cfg_that_was_edited_afterwards(machine: Machine, server: Server) -> None:
    """The removal takes out the one module and keeps what was changed since, and the cfg as it was then."""
    await install(server)
    machine.put(SERVER_CFG, machine.read(SERVER_CFG) + "set new 1\r\n")

    await remove(server)

    assert machine.read(SERVER_CFG) == CFG + "set new 1\r\n"


async def test_a_cfg_that_changes_between_plan_and_yes(machine: Machine, server: Server) -> None:
    """Nothing is written over what somebody wrote while the plan was being read."""
    deployment = Deployment(server, now=NOW)
    plan = await deployment.plan_install(URL)
    machine.put(SERVER_CFG, CFG + "set new 1\r\n")
    before = machine.tree()

    with pytest.raises(ConfigError, match="changed meanwhile"):
        await deployment.carry_out(plan)

    assert machine.tree() == before


async def test_no_game_folder(machine: Machine, server: Server) -> None:
    """Where stats_dir is not inside a game folder the error names what was looked at, and the setting."""
    machine.put("srv/files/x.txt", "")
    section = server.settings
    other = Server(
        "puran", type(section)(ssh=type(machine.settings)(**{**machine.ssh.settings, "stats_dir": "/srv/files"}))
    )

    with pytest.raises(ConfigError, match=r"/srv.*servers\.puran\.ssh\.stats_dir"):
        await Deployment(other, now=NOW).plan_install(URL)
    await other.close()


async def test_a_server_that_is_away(machine: Machine, server: Server) -> None:
    """An outage is an outage: nothing half done, and it may be tried again."""
    await machine.ssh.outage()

    with pytest.raises(PeerUnavailableError, match="away"):
        await install(server)
    await machine.ssh.back()

    assert (await install(server)).changes


async def test_no_draft_is_left(machine: Machine, server: Server) -> None:
    """Files appear under their names at once; no draft stays behind."""
    await install(server)

    assert not [path for path in machine.tree() if "tmp" in path]


async def test_no_address_in_a_wrong_setting(server: Server) -> None:
    """Something that is no address is refused without being shown."""
    with pytest.raises(ConfigError) as caught:
        await Deployment(server, now=NOW).plan_install(Secret(f'https://x/"{TOKEN}'))

    assert TOKEN not in str(caught.value)


async def test_a_user_who_may_only_read(machine: Machine, server: Server) -> None:
    """An SFTP server that lets nobody write is named with path, user and remedy; nothing has changed."""
    machine.ssh.behaviour.is_read_only = True
    before = machine.tree()

    with pytest.raises(NotAllowedError, match=r"'et' may not write /home.*by hand"):
        await install(server)

    assert machine.tree() == before


async def test_what_only_the_games_user_may_read(machine: Machine, server: Server) -> None:
    """Settings put there by hand are left alone, and no other cfg is taken for one that cannot be read."""
    machine.put(f"{SCRIPTS}/roundhook_config.lua", "return {}")
    machine.put(f"{HOME}/legacy/legacy.cfg", "// not the one\n")
    machine.ssh.behaviour.closed = {f"/{SCRIPTS}/roundhook_config.lua", f"/{SERVER_CFG}"}

    plan = await Deployment(server, now=NOW).plan_install(URL)

    assert [change.kind for change in plan.changes] == ["receipt", "script"]
    assert f"/{SERVER_CFG} may not be read" in plan.text
    assert f"/{SCRIPTS}/roundhook_config.lua is there and may not be read" in plan.text


async def test_a_server_that_cannot_rename_over_a_file(
    machine: Machine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the extension for it is missing files are replaced all the same."""

    def unsupported(self: _Sftp, old: bytes, new: bytes) -> None:
        raise asyncssh.SFTPOpUnsupported("no such extension")

    monkeypatch.setattr(_Sftp, "posix_rename", unsupported)
    before = machine.tree()

    await install(server)
    installed = machine.read(SERVER_CFG)
    await remove(server)

    assert "luascripts/roundhook.lua" in installed
    assert machine.tree() == before
