"""Deploying onto a machine whose files somebody else has prepared: nothing outside of the game folder is touched."""

import itertools
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.servers import remote_files
from core.servers.ssh import Server
from plugins.server_admin.deploy import Deployment
from plugins.server_admin.receipt import Receipt
from plugins.server_admin.script import script
from tests.plugins.server_admin.game_machine import CFG, HOME, Machine, machine_at
from tests.plugins.server_admin.test_deploy import NOW, SCRIPTS, SERVER_CFG, URL, install, remove

KEYS = "home/et/.ssh/authorized_keys"
RECEIPT = f"{SCRIPTS}/roundhook_deployed.json"
SCRIPT = f"{SCRIPTS}/roundhook.lua"
KNOWN = ["created", "replaced", "cfgs", "/h/roundhook.lua", "/x"]
BACKUP = ".20250101-000000.bak"


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    """A game server's machine with a file on it that lets somebody in."""
    async with machine_at(tmp_path) as machine:
        machine.put(KEYS, "ssh-ed25519 mine")
        yield machine


@pytest.fixture
async def server(machine: Machine) -> AsyncIterator[Server]:
    """The bot's connection to it."""
    server = machine.server()
    yield server
    await server.close()


# Receipts that lie


LIES: tuple[dict[str, Any], ...] = (
    {"created": [f"/{KEYS}"]},
    {"replaced": {f"/{KEYS}": f"/{SCRIPTS}/evil"}},
    {"replaced": {f"/{KEYS}": f"/{KEYS}{BACKUP}"}},
    {"replaced": {f"/{SCRIPT}": f"/{KEYS}"}},
    {"cfgs": {f"/{SERVER_CFG}": f"/{KEYS}"}},
    {"cfgs": {f"/{KEYS}": f"/{KEYS}{BACKUP}"}},
    {"created": [f"/{SCRIPTS}/../../../.ssh/authorized_keys"], "replaced": {f"/{SCRIPT}": f"/{SCRIPTS}/evil"}},
)


async def test_a_receipt_is_only_a_hint(machine: Machine, server: Server) -> None:
    """What it names that no deployment can have made is left alone, and said; ours is taken away all the same."""
    machine.put(f"{SCRIPTS}/evil", "ssh-ed25519 theirs")
    machine.put(f"{KEYS}{BACKUP}", "ssh-ed25519 theirs")
    before = machine.tree()
    for lie in LIES:
        await install(server)
        stored = json.loads(machine.read(RECEIPT))
        for key, more in lie.items():
            stored[key] = stored[key] + more if key == "created" else stored[key] | more
        machine.put(RECEIPT, json.dumps(stored))

        plan = await remove(server)

        after = machine.tree()
        assert {path: after[path] for path in before if path != SERVER_CFG} == {
            path: before[path] for path in before if path != SERVER_CFG
        }, lie
        assert SCRIPT not in after, lie
        assert machine.read(SERVER_CFG) == CFG, lie
        assert "which is neither a file of a deployment nor a cfg that was found" in plan.text, lie


async def test_a_removal_always_asks(machine: Machine, server: Server) -> None:
    """Also where no cfg is written: files are taken away, and the plan names each of them."""
    await install(server)
    machine.put(SERVER_CFG, CFG)
    machine.put(RECEIPT, json.dumps({"created": [f"/{SCRIPT}"]}))

    plan = await Deployment(server, now=NOW).plan_remove()

    assert plan.asks
    assert [change.kind for change in plan.changes] == ["script", "receipt"]
    assert all(change.path in plan.text for change in plan.changes)


async def test_what_is_not_ours_any_more_stays(machine: Machine, server: Server) -> None:
    """A script and settings that somebody has put in the place of ours are neither deleted nor overwritten."""
    machine.put(SCRIPT, "-- from before\n")
    await install(server)
    machine.put(SCRIPT, "-- another one\n")
    machine.put(f"{SCRIPTS}/roundhook_config.lua", "return {}\n")

    plan = await remove(server)

    assert machine.read(SCRIPT) == "-- another one\n"
    assert machine.read(f"{SCRIPTS}/roundhook_config.lua") == "return {}\n"
    assert plan.text.count("is not as a deployment has put it there, so it stays") == 2


async def test_a_lie_makes_nobody_lose_his_script(machine: Machine, server: Server) -> None:
    """A receipt that claims another's script as ours does not make the deployment overwrite it without keeping it."""
    machine.put(SCRIPT, "-- mine\n")
    machine.put(RECEIPT, json.dumps({"created": [f"/{SCRIPT}"]}))

    await install(server)

    assert machine.read(f"{SCRIPT}.20260110-210000.bak") == "-- mine\n"


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9) | st.just(f"/h/roundhook.lua{BACKUP}"),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["created", "replaced", "cfgs", "/h/roundhook.lua", "/x"]), inner, max_size=4
            )
        ),
        max_leaves=20,
    )
)
def test_no_receipt_breaks_the_reading(values: Any) -> None:
    """Whatever it holds, what is believed are our names, and it can be written again."""
    receipt = Receipt.read(json.dumps(values).encode(), "/h")

    assert set(receipt.ours) <= {"/h/roundhook.lua", "/h/roundhook_config.lua"}
    assert all(kept.startswith(f"{path}.") for path, kept in (receipt.replaced | receipt.cfgs).items())
    assert Receipt.read(receipt.to_json(), "/h").to_json() == receipt.to_json()


@pytest.mark.parametrize("data", [b"[" * 200_000, b"\xff", b'{"created": 7}', b"7", b""])
def test_a_receipt_that_is_none_says_nothing(data: bytes) -> None:
    """Nested too deep, no text, or of another form."""
    assert Receipt.read(data, "/h") == Receipt()


# Paths that lead out


@pytest.mark.parametrize("module", ["../../../.ssh/roundhook.lua", "/home/et/.ssh/roundhook.lua"])
async def test_a_module_outside_of_the_game_folder(machine: Machine, server: Server, module: str) -> None:
    """Neither `..` nor an absolute path in a cfg decides where files are put; the cfg and the remedy are named."""
    machine.put(SERVER_CFG, f'set lua_modules "{module}"\n')
    before = machine.tree()

    for plan in (Deployment(server, now=NOW).plan_install(URL), Deployment(server, now=NOW).plan_remove()):
        with pytest.raises(ConfigError, match=r"server\.cfg names .*\.ssh.* outside .*Write luascripts/roundhook\.lua"):
            await plan

    assert machine.tree() == before


async def test_a_scripts_folder_that_leads_out(machine: Machine, server: Server) -> None:
    """A link in the folder's place is named with where it leads and what to do."""
    (machine.root / SCRIPTS).rename(machine.root / f"{SCRIPTS}-old")
    (machine.root / SCRIPTS).symlink_to("../../.ssh")
    before = machine.tree()

    with pytest.raises(ConfigError, match=r"luascripts on puran leads to /home/et/\.ssh, out of .*--folder"):
        await install(server)

    assert machine.tree() == before


async def test_links_in_the_places_of_our_files_are_replaced(machine: Machine, server: Server) -> None:
    """What they lead to is neither read nor written: no secret of somebody else lands in a file of ours."""
    machine.put("home/et/.ssh/id_ed25519", "PRIVATE webhook_urls = {}").chmod(0o600)
    for name, target in (
        ("roundhook.lua", "id_ed25519"),
        ("roundhook_config.lua", "id_ed25519"),
        ("roundhook_deployed.json", "authorized_keys"),
    ):
        (machine.root / SCRIPTS / name).symlink_to(f"../../../.ssh/{target}")

    plan = await install(server)

    tree = machine.tree()
    assert tree[KEYS][0] == b"ssh-ed25519 mine"
    assert [path for path, (data, _) in tree.items() if b"PRIVATE" in data] == ["home/et/.ssh/id_ed25519"]
    assert tree[SCRIPT][0] == script()
    assert not (machine.root / SCRIPT).is_symlink()
    assert plan.text.count("is a link: a file takes its place") == 3


async def test_a_second_name_of_the_settings_shows_no_secret(machine: Machine, server: Server) -> None:
    """Who holds a hard link to the settings that lay there does not get the new ones."""
    settings = machine.put(f"{SCRIPTS}/roundhook_config.lua", "return { webhook_urls = { } }\n")
    os.link(settings, machine.root / "home/et/mine")

    await install(server)

    assert URL.reveal() in settings.read_text()
    assert URL.reveal() not in machine.read("home/et/mine")


async def test_something_else_in_the_scripts_place(machine: Machine, server: Server) -> None:
    """A pipe or a folder is named and stays; nothing hangs, and nothing is half done."""
    os.mkfifo(machine.root / SCRIPT)
    before = machine.tree()

    with pytest.raises(ConfigError, match=r"roundhook\.lua on puran is no file.*Move it away"):
        await install(server)
    (machine.root / SCRIPT).unlink()
    (machine.root / SCRIPT).mkdir()
    with pytest.raises(ConfigError, match=r"roundhook\.lua on puran is no file.*Move it away"):
        await install(server)

    assert machine.tree() == before


async def test_a_folder_that_is_exchanged_between_plan_and_yes(machine: Machine, server: Server) -> None:
    """A link that takes the folder's place after the plan was read is noticed before anything is written."""
    deployment = Deployment(server, now=NOW)
    plan = await deployment.plan_install(URL)
    (machine.root / SCRIPTS).rename(machine.root / f"{SCRIPTS}-old")
    (machine.root / SCRIPTS).symlink_to("../../.ssh")
    before = machine.tree()

    with pytest.raises(ConfigError, match="changed meanwhile"):
        await deployment.carry_out(plan)

    assert machine.tree() == before


# Cfgs


async def test_a_cfg_that_is_a_link(machine: Machine, server: Server) -> None:
    """Inside the places that are looked in its file is written, outside it is left alone, with the remedy."""
    (machine.root / SERVER_CFG).rename(machine.root / HOME / "etmain" / "real.txt")
    (machine.root / SERVER_CFG).symlink_to("real.txt")
    outside = machine.put("home/et/.ssh/rc", CFG)
    (machine.root / HOME / "etmain" / "other.cfg").symlink_to("../../.ssh/rc")
    (machine.root / HOME / "etmain" / "gone.cfg").symlink_to("/nowhere")

    plan = await install(server)

    assert "luascripts/roundhook.lua" in machine.read(f"{HOME}/etmain/real.txt")
    assert (machine.root / SERVER_CFG).is_symlink()
    assert outside.read_bytes().decode("latin-1") == CFG
    assert "other.cfg leads to /home/et/.ssh/rc, where no cfg is looked for" in plan.text
    assert "--cfg" in plan.text
    assert "gone.cfg on puran is a link that leads nowhere" in plan.text


async def test_a_cfg_folder_that_leads_out(machine: Machine, server: Server) -> None:
    """A link beside the game to somebody's folder does not make its cfgs ours."""
    other = machine.put("srv/other/etmain/server.cfg", CFG)
    (machine.root / "home/et/game").symlink_to("../../srv/other")

    plan = await install(server)

    assert other.read_bytes().decode("latin-1") == CFG
    assert "/home/et/game/etmain leads to /srv/other/etmain, out of /home/et" in plan.text


async def test_a_cfg_that_was_named(machine: Machine, server: Server) -> None:
    """It is trusted as given, wherever it lies; a link to another folder is not what was given."""
    named = machine.put("srv/cfgs/server.cfg", CFG)
    (machine.root / "srv/server.cfg").symlink_to("cfgs/server.cfg")
    deployment = Deployment(server, now=NOW, cfgs=["/srv/server.cfg"])

    with pytest.raises(ConfigError, match=r"/srv/server\.cfg on puran leads to /srv/cfgs/server\.cfg\. Name that"):
        await deployment.plan_install(URL)
    direct = Deployment(server, now=NOW, cfgs=["/srv/cfgs/server.cfg"])
    await direct.carry_out(await direct.plan_install(URL))

    assert b"luascripts/roundhook.lua" in named.read_bytes()


async def test_a_folder_of_cfgs_without_an_end(
    machine: Machine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listing that never ends and pipes named like cfgs end in a plan all the same, which says so."""
    monkeypatch.setattr(remote_files, "MOST_NAMES", 500)
    os.mkfifo(machine.root / HOME / "legacy" / "a.cfg")
    machine.ssh.behaviour.claimed[f"/{HOME}/etmain"] = lambda: (f"{n}.cfg" for n in itertools.count())
    machine.put(f"{HOME}/legacy/legacy.cfg", CFG)

    plan = await install(server)

    assert "luascripts/roundhook.lua" in machine.read(f"{HOME}/legacy/legacy.cfg")
    assert f"/{HOME}/etmain holds more than 500 names" in plan.text
