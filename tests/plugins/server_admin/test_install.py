"""/setup server installs and /server test measures, with the real script in a real Lua behind a real SSH server."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.servers.ssh import Server
from core.servers.webhooks import accept_webhook
from devkit.discord.message import Message
from devkit.game import Engine
from plugins.server_admin.script import script
from roundhook.testing import Stage
from tests.plugins.server_admin.game_machine import CFG, HOME, Machine, machine_at

PLUGINS = ["lua_webhook", "stats_import", "server_admin"]
SCRIPTS, SERVER_CFG = f"{HOME}/legacy/luascripts", f"{HOME}/etmain/server.cfg"
OUTBOX = f"{HOME}/legacy/roundhook_outbox"


@dataclass
class Place:
    """A stage, and beside it the machine of the game server ``puran``."""

    stage: Stage
    machine: Machine

    async def ask(self, command: str, **more: object) -> Message:
        return await self.stage.discord.invoke(
            command, guild=1, admin=True, options={"server": "puran"}, timeout=30, **more
        )


@asynccontextmanager
async def place_at(folder: Path, plugins: list[str] = PLUGINS) -> AsyncIterator[Place]:
    """A stage whose bot knows the machine."""
    async with machine_at(folder) as machine:
        ssh = {name: getattr(machine.settings, name) for name in machine.settings.__struct_fields__}
        async with Stage(plugins, config={"servers": {"puran": {"ssh": ssh}}}) as stage:
            yield Place(stage, machine)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """A stage and a machine."""
    async with place_at(tmp_path) as place:
        yield place


@contextmanager
def running(machine: Machine) -> Iterator[Engine]:
    """Run the game with what lies on the machine: a second of the game every few ms, until the block ends."""
    engine = Engine(machine.root / HOME, modules=["luascripts/roundhook.lua"])
    engine.load_map("supply")
    over = threading.Event()

    def play() -> None:
        while not over.wait(0.005):
            engine.run(1)

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield engine
    finally:
        over.set()
        thread.join()
        engine.close()


async def test_setup_installs_and_asks_before_it_writes_the_cfg(place: Place) -> None:
    """Script and settings are put there at once, the cfg after a press on the button; the answer shows the line."""
    reply = await place.ask("setup server")
    before = place.machine.read(SERVER_CFG)
    url = re.search(r'"(http[^"]+)"', place.machine.read(f"{SCRIPTS}/roundhook_config.lua"))
    pressed = await place.stage.discord.click(reply, _button(reply), admin=True)
    after = place.machine.read(SERVER_CFG)

    assert reply.ephemeral
    assert reply.files == {}
    assert before == CFG
    assert '+set lua_modules "luascripts/stats.lua luascripts/roundhook.lua"' in reply.text
    assert "hunter2" not in reply.text
    assert url is not None
    assert url[1].rpartition("/")[2] not in reply.text + pressed.text
    assert (place.machine.root / SCRIPTS / "roundhook_config.lua").stat().st_mode & 0o777 == 0o600
    assert after == CFG.replace("stats.lua", "stats.lua luascripts/roundhook.lua")
    assert "next map load" in pressed.text


async def test_setup_again_is_the_same_webhook_and_changes_nothing(place: Place) -> None:
    """One webhook for a server, however often it is set up."""
    first = await place.ask("setup server")
    await place.stage.discord.click(first, _button(first), admin=True)
    tree = place.machine.tree()

    again = await place.ask("setup server")

    assert "was made before" in again.text
    assert place.machine.tree() == tree
    assert await place.stage.count("server_webhooks") == 1


async def test_the_button_is_that_admins(place: Place) -> None:
    """Nobody else writes the cfg, and nobody writes another one than was shown."""
    reply = await place.ask("setup server")

    member = await place.stage.discord.click(reply, _button(reply), user=8)
    other = await place.stage.discord.click(reply, _button(reply), user=8, admin=True)
    place.machine.put(SERVER_CFG, CFG.replace("stats.lua", "other.lua"))
    late = await place.stage.discord.click(reply, _button(reply), admin=True)

    assert "Somebody else was asked" in member.text
    assert "Somebody else was asked" in other.text
    assert "changed meanwhile" in late.text
    assert "roundhook" not in place.machine.read(SERVER_CFG)


async def test_a_server_that_cannot_be_reached_gets_its_settings_by_hand(place: Place) -> None:
    """The webhook is made all the same, and the admin gets the file and the reason."""
    await place.machine.ssh.outage()

    reply = await place.ask("setup server")

    assert reply.files["roundhook.lua"] == script()
    assert b"/webhooks/" in reply.files["roundhook_config.lua"]
    assert "Not installed over SSH" in reply.text
    assert "away" in reply.text


async def test_a_user_who_may_only_read_gets_what_to_copy_where(place: Place) -> None:
    """Script, settings and the cfg's line are handed over with their places; once they are there all is well."""
    place.machine.ssh.behaviour.is_read_only = True
    before = place.machine.tree()

    reply = await place.ask("setup server")
    unchanged = place.machine.tree() == before
    for name, data in reply.files.items():
        (place.machine.root / SCRIPTS / name).write_bytes(data)
    place.machine.put(SERVER_CFG, CFG.replace("stats.lua", "stats.lua luascripts/roundhook.lua"))
    place.machine.ssh.behaviour.closed = {f"/{SCRIPTS}/roundhook_config.lua"}  # the game's user has closed it
    again = await place.ask("setup server")

    assert unchanged
    assert list(reply.files) == ["roundhook.lua", "roundhook_config.lua"]
    assert "may only read on puran" in reply.text
    assert f"Copy `roundhook.lua` and `roundhook_config.lua` into `/{SCRIPTS}`" in reply.text
    assert f"chmod 600 /{SCRIPTS}/roundhook_config.lua" in reply.text
    assert '+set lua_modules "luascripts/stats.lua luascripts/roundhook.lua"' in reply.text
    assert again.files == {}
    assert "✗" not in reply.text + again.text
    assert f"are in `/{HOME}/legacy`" in again.text


async def test_a_test_where_the_user_may_only_read(place: Place) -> None:
    """Nothing is tried and nothing is wrong; the answer says so."""
    await place.ask("setup server")
    with running(place.machine):
        await _until(lambda: (place.machine.root / OUTBOX).exists())
    place.machine.ssh.behaviour.is_read_only = True
    place.machine.ssh.behaviour.closed = {f"/{SCRIPTS}/roundhook_config.lua"}

    reply = await place.ask("server test")

    assert "– read-only: not tried" in reply.text
    assert "✗" not in reply.text


async def test_a_webhook_that_the_command_line_has_made(place: Place) -> None:
    """What `roundhook lua deploy` stores beside the running bot is accepted without a restart."""
    server = place.stage.app.services.servers["puran"]
    other = Server("puran", server.settings)  # of the other process
    await accept_webhook(place.stage.db, other, 4242, now=place.stage.clock.now())

    await place.stage.clock.advance(31)
    async with asyncio.timeout(10):
        while 4242 not in server.webhook_ids:  # noqa: ASYNC110 - set by the plugin's own timer
            await asyncio.sleep(0.01)


async def test_test_tells_the_milliseconds(place: Place) -> None:
    """The message goes through the script, curl, Discord and the gateway; no round, no notice, no announcement."""
    await place.ask("setup server")
    with running(place.machine) as engine:
        reply = await place.ask("server test")
        assert await asyncio.to_thread(engine.shell.wait_idle)

    assert re.search(r"✓ the test message was here after \d+ ms", reply.text)
    assert [await place.stage.count(table) for table in ("round_notices", "rounds", "events")] == [0, 0, 0]
    assert place.stage.discord.messages(place.stage.discord.stats_channel) == []
    assert place.stage.discord.messages(place.stage.discord.admin_channel) == []
    assert not [path for path in place.machine.tree() if "-test-" in path or path.endswith("wake")]


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ("asleep", "does not look into"),
        ("no Discord", "could not send it"),
        ("not heard", "lua\\_webhook did not see it"),
    ],
)
async def test_a_message_that_does_not_come(tmp_path: Path, trouble: str, says: str) -> None:
    """After 15 s the answer says how far it came, and nothing is left behind."""
    plugins = ["server_admin"] if trouble == "not heard" else PLUGINS
    async with place_at(tmp_path, plugins) as place:
        await place.ask("setup server")
        with running(place.machine):
            await _until(lambda: (place.machine.root / OUTBOX).exists())
        with nullcontext() if trouble == "asleep" else running(place.machine):
            place.stage.discord.webhook_mode = "down" if trouble == "no Discord" else "ok"
            asked = asyncio.create_task(place.ask("server test"))
            await _until(lambda: _is_tried(place, trouble))
            await place.stage.clock.advance(15.1)
            reply = await asked

        assert "did not come within 15 s" in reply.text
        assert says in reply.text
        assert not [path for path in place.machine.tree() if "-test-" in path or path.endswith("wake")]


async def test_a_script_that_never_ran(place: Place) -> None:
    """Without an outbox nothing is tried, and the answer says what to do."""
    reply = await place.ask("server test")

    assert "not tried" in reply.text
    assert "has not run yet" in reply.text


@pytest.mark.parametrize("outbox", ["../../../away", "/home/et/away", "link"])
async def test_an_outbox_outside_of_the_game_folder(place: Place, outbox: str) -> None:
    """The bot writes nothing there, whatever settings or links on the game server say, and tells why."""
    place.machine.put("home/et/away/wake", "")
    (place.machine.root / HOME / "legacy" / "link").symlink_to("../../away")
    place.machine.put(f"{SCRIPTS}/roundhook_config.lua", f'return {{ outbox_dir = "{outbox}" }}\n')
    before = place.machine.tree()

    reply = await place.ask("server test")

    assert "not tried" in reply.text
    assert re.search(r"outside of the game folder .*writes nothing there|leads to /home/et/away, out of", reply.text)
    assert place.machine.tree() == before


async def test_a_webhook_that_is_not_accepted(place: Place) -> None:
    """Settings with somebody else's webhook are named: its message would never be heard."""
    await place.ask("setup server")
    config = f"{SCRIPTS}/roundhook_config.lua"
    place.machine.put(config, re.sub(r"/webhooks/\d+/", "/webhooks/1/", place.machine.read(config)))
    with running(place.machine):
        reply = await place.ask("server test")

    assert "/setup server makes one" in reply.text


def _is_tried(place: Place, trouble: str) -> bool:
    """Tell whether the message has come as far as it can."""
    outbox = place.machine.root / OUTBOX
    if trouble == "no Discord":
        return (outbox / "status").exists() and bool(list(outbox.glob("*-test-*.payload")))
    if trouble == "asleep":
        return (outbox / "wake").exists()
    posted = (one for one in place.stage.discord.requests if one.path.startswith("/webhooks/"))
    return any(one.status == 200 and one.method == "POST" for one in posted)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - files of another process: there is no event to wait for
            await asyncio.sleep(0.02)


def _button(reply: Message) -> str:
    return str(reply["components"][0]["components"][0]["custom_id"])
