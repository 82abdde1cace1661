"""/setup server installs and /server test measures, with the real script in a real Lua behind a real SSH server."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.servers.ssh import Server
from core.servers.webhooks import accept_webhook
from devkit.discord.message import Message
from devkit.game import Engine
from plugins.server_admin.probe import PATIENCE_SECONDS
from plugins.server_admin.script import script
from roundhook.testing import Stage
from tests.patience import PATIENCE
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
            command, guild=1, admin=True, options={"server": "puran"}, timeout=PATIENCE, **more
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
    """Script and settings are put there at once, the cfg after a press on the button; the answer shows the line.

    The second time it is the same webhook, and nothing changes.
    """
    reply = await place.ask("setup server")
    before = place.machine.read(SERVER_CFG)
    url = re.search(r'"(http[^"]+)"', place.machine.read(f"{SCRIPTS}/roundhook_config.lua"))
    pressed = await place.stage.discord.click(reply, _button(reply), admin=True)
    after, tree = place.machine.read(SERVER_CFG), place.machine.tree()
    again = await place.ask("setup server")

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


async def test_nothing_is_written_that_was_not_shown(place: Place) -> None:
    """Many cfgs set lua_modules: all their lines are there to be read, and one that has changed since stops it."""
    names = [f"{HOME}/legacy/configs/legacy{number}.config" for number in range(12)]
    for name in names:
        place.machine.put(name, CFG)
    reply = await place.ask("setup server")
    place.machine.put(names[-1], CFG.replace("stats.lua", "other.lua"))
    late = await place.stage.discord.click(reply, _button(reply), admin=True)
    untouched = [place.machine.read(name) for name in names[:-1]]
    anew = await place.ask("setup server")
    await place.stage.discord.click(anew, _button(anew), admin=True)
    written = [place.machine.read(name) for name in names]

    assert "all of it is in cfg.diff" in reply.text
    whole = next(iter(reply.files.values())).decode()
    assert all(f"/{name}\n" in whole for name in names)
    assert "hunter2" not in whole
    assert "changed meanwhile" in late.text
    assert untouched == [CFG] * 11
    assert all("luascripts/roundhook.lua" in one for one in written)


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


async def test_a_webhook_that_the_command_line_has_made(place: Place) -> None:
    """What `roundhook lua deploy` stores beside the running bot is accepted without a restart."""
    server = place.stage.app.services.servers["puran"]
    other = Server("puran", server.settings)  # of the other process
    await accept_webhook(place.stage.db, other, 4242, now=place.stage.clock.now())

    await place.stage.clock.advance(31)
    async with asyncio.timeout(PATIENCE):
        while 4242 not in server.webhook_ids:  # noqa: ASYNC110 - set by the plugin's own timer
            await asyncio.sleep(0.01)


async def test_test_tells_the_milliseconds(place: Place) -> None:
    """The message goes through the script, curl, Discord and the gateway; no round, no notice, no announcement.

    A user who may only read tries nothing, and nothing is wrong. Settings with somebody else's webhook are named: its
    message would never be heard.
    """
    await place.ask("setup server")
    config, behaviour = f"{SCRIPTS}/roundhook_config.lua", place.machine.ssh.behaviour
    with running(place.machine) as engine:
        reply = await place.ask("server test")
        assert await asyncio.to_thread(engine.shell.wait_idle)
    left = _of_tests(place)
    behaviour.is_read_only, behaviour.closed = True, {f"/{config}"}
    read_only = await place.ask("server test")
    behaviour.is_read_only, behaviour.closed = False, set()
    place.machine.put(config, re.sub(r"/webhooks/\d+/", "/webhooks/1/", place.machine.read(config)))
    not_accepted = await place.ask("server test")

    assert re.search(r"✓ the test message was here after \d+ ms", reply.text)
    assert [await place.stage.count(table) for table in ("round_notices", "rounds", "events")] == [0, 0, 0]
    assert place.stage.discord.messages(place.stage.discord.stats_channel) == []
    assert place.stage.discord.messages(place.stage.discord.admin_channel) == []
    assert left == []
    assert "– read-only: not tried" in read_only.text
    assert "✗" not in read_only.text
    assert "/setup server makes one" in not_accepted.text


async def test_a_message_that_does_not_come(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """After 15 s the answer says how far it came, and nothing is left behind: nobody looks, or Discord is away."""
    await place.ask("setup server")
    with running(place.machine):
        await _until(lambda: (place.machine.root / OUTBOX).exists())
    asleep = await _waited_for(place, monkeypatch, lambda: True)
    assert "does not look into" in asleep.text
    assert _of_tests(place) == []

    with running(place.machine):
        place.stage.discord.webhook_mode = "down"
        no_discord = await _waited_for(place, monkeypatch, lambda: _has_failed(place))
    assert "could not send it" in no_discord.text
    assert _of_tests(place) == []


async def test_a_message_that_nobody_hears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord has it, and lua_webhook is off: the answer says that too."""
    async with place_at(tmp_path, ["server_admin"]) as place:
        await place.ask("setup server")
        with running(place.machine):
            reply = await _waited_for(place, monkeypatch, lambda: _has_taken(place))
        assert "lua\\_webhook did not see it" in reply.text
        assert _of_tests(place) == []


async def test_an_outbox_that_is_not_there_or_outside_of_the_game_folder(place: Place) -> None:
    """Nothing is tried nor written, whatever settings or links on the game server say, and the answer says why."""
    never_ran = await place.ask("server test")
    assert "not tried" in never_ran.text
    assert "has not run yet" in never_ran.text

    place.machine.put("home/et/away/wake", "")
    (place.machine.root / HOME / "legacy" / "link").symlink_to("../../away")
    for outbox in ("../../../away", "/home/et/away", "link"):
        place.machine.put(f"{SCRIPTS}/roundhook_config.lua", f'return {{ outbox_dir = "{outbox}" }}\n')
        before = place.machine.tree()
        reply = await place.ask("server test")

        assert "not tried" in reply.text, outbox
        assert re.search(
            r"outside of the game folder .*writes nothing there|leads to /home/et/away, out of", reply.text
        )
        assert place.machine.tree() == before


async def _waited_for(place: Place, monkeypatch: pytest.MonkeyPatch, is_tried: Callable[[], bool]) -> Message:
    """Ask for a test; let its 15 s pass once they are waited for and the message has come as far as it can."""
    clock, waits = place.stage.clock, asyncio.Event()
    wait = clock.wait

    def watched(event: asyncio.Event, seconds: float) -> Coroutine[None, None, bool]:
        if seconds == PATIENCE_SECONDS:
            waits.set()
        return wait(event, seconds)

    monkeypatch.setattr(clock, "wait", watched)
    asked = asyncio.create_task(place.ask("server test"))
    async with asyncio.timeout(PATIENCE):
        await waits.wait()
    await _until(is_tried)
    await clock.advance(15.1)
    reply = await asked

    assert "did not come within 15 s" in reply.text
    return reply


def _of_tests(place: Place) -> list[str]:
    """Return what a test message has left behind."""
    return [path for path in place.machine.tree() if "-test-" in path or path.endswith("wake")]


def _has_failed(place: Place) -> bool:
    return (place.machine.root / OUTBOX / "status").exists() and bool(_payloads(place))


def _has_taken(place: Place) -> bool:
    """Tell whether Discord has the message and the script knows it; before that it would be still trying."""
    posted = (one for one in place.stage.discord.requests if one.path.startswith("/webhooks/"))
    return any(one.status == 200 and one.method == "POST" for one in posted) and not _payloads(place)


def _payloads(place: Place) -> list[Path]:
    return list((place.machine.root / OUTBOX).glob("*-test-*.payload"))


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - files of another process: there is no event to wait for
            await asyncio.sleep(0.02)


def _button(reply: Message) -> str:
    return str(reply["components"][0]["components"][0]["custom_id"])
