"""The outbox: a notice is on disk before it is sent, and goes away only when the webhook has it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from core.rounds.events import ALLIES
from devkit.game import Engine
from devkit.game.home import config_text
from tests.lua.harness import DROPPED, Game, Webhook, begin

TOKEN = "sEcReT-tOkEn"


def rounds(count: int) -> Callable[[Engine], None]:
    """Return a scenario of so many short rounds, each on a map of its own."""

    def scenario(engine: Engine) -> None:
        for number in range(count):
            begin(engine, map_name=f"map{number}", players=() if engine.world.clients else None)
            engine.run_until_played(30)
            engine.objective(ALLIES)
            engine.run(1)

    return scenario


def payloads(game: Game) -> list[Path]:
    """Return the notices that wait."""
    return sorted(game.outbox.glob("*.payload"))


@pytest.fixture
async def second_webhook() -> AsyncIterator[Webhook]:
    """Another webhook that listens."""
    webhook = Webhook()
    await webhook.start()
    yield webhook
    await webhook.close()


async def test_nothing_is_left_after_it_was_taken(game: Game) -> None:
    """After a 2xx neither the notice nor the mark that something waits is left."""
    await game.play(rounds(1))

    assert payloads(game) == []
    assert {path.name for path in game.outbox.iterdir()} == {"hook-1.curl", "hook-27960-1.curl", "answer", "problem"}


async def test_addresses_are_for_the_servers_user_alone(game: Game) -> None:
    """The file with the webhook's address is closed to others, also in a folder that was open before."""
    game.outbox.mkdir(mode=0o755)

    await game.play(rounds(1))

    for name in ("hook-1.curl", "hook-27960-1.curl"):
        assert (game.outbox / name).stat().st_mode & 0o777 == 0o600


async def test_outage_over_map_loads(game: Game) -> None:
    """What could not be sent goes out after the outage, oldest first, each once."""
    await game.webhook.stop()
    await game.play(rounds(3))
    assert len(payloads(game)) == 3

    await game.webhook.start()
    posted = await game.play(lambda engine: engine.load_map("map9"))

    assert [entry.notice.map_name for entry in posted] == ["map0", "map1", "map2"]
    assert payloads(game) == []


async def test_sent_again_while_the_game_goes_on(game: Game) -> None:
    """Without any map load, what is left is sent again every ``resend_seconds``."""
    await game.webhook.stop()
    await game.play(rounds(1))

    await game.webhook.start()
    game.webhook.hold = asyncio.Event()  # the game's minute takes a moment: who sends is not to be done before
    await asyncio.to_thread(game.engine.run, 62)
    game.webhook.hold.set()
    await game.play(lambda engine: engine.run(1))

    assert [notice.map_name for notice in game.webhook.notices] == ["map0"]
    assert any("waits to be sent again" in line for line in game.engine.printed)


async def test_retry_after(game: Game) -> None:
    """On 429 the sender waits as long as Discord says and then delivers."""
    game.webhook.answers = [(429, {"message": "slow", "retry_after": 0.15, "global": False})] * 2

    assert len(await game.play(rounds(1))) == 1

    assert game.webhook.requests == 3


async def test_long_retry_after_is_left_to_a_later_sender(game: Game) -> None:
    """When Discord wants an hour of peace, nothing is sent before it is over."""
    game.webhook.answers = [(429, {"retry_after": 3600})]

    await game.play(rounds(2))

    assert game.webhook.requests == 1
    assert len(payloads(game)) == 2
    (game.outbox / "hold").write_text("0 1\n", encoding="ascii")
    assert len(await game.play(lambda engine: engine.load_map("map9"))) == 2


@pytest.mark.parametrize("status", [500, 502, 404, 401, DROPPED])
async def test_errors_keep_the_notice(game: Game, status: int) -> None:
    """Whatever may be mended on the other side or in the settings keeps the notice waiting."""
    game.webhook.answers = [(status, {"message": "no"})]
    await game.play(rounds(1))
    assert len(payloads(game)) == 1

    posted = await game.play(lambda engine: engine.load_map("map9"))

    assert len(posted) == 1
    assert payloads(game) == []


async def test_refused_message_is_not_sent_for_ever(game: Game) -> None:
    """A message that Discord finds malformed is put aside, and those behind it are sent."""
    game.webhook.answers = [(400, {"code": 50035})]

    posted = await game.play(rounds(2))

    assert [entry.notice.map_name for entry in posted] == ["map1"]
    assert len(list(game.outbox.glob("*.refused"))) == 1
    assert game.webhook.requests == 2


async def test_outbox_is_bounded(game: Game) -> None:
    """Beyond ``outbox_max`` the oldest notice is dropped."""
    await game.webhook.stop()
    game.configure(config_text([game.webhook.url], outbox_max=2))
    await game.play(rounds(4))

    await game.webhook.start()
    posted = await game.play(lambda engine: engine.load_map("map9"))

    assert [entry.notice.map_name for entry in posted] == ["map2", "map3"]


async def test_two_webhooks(game: Game, second_webhook: Webhook) -> None:
    """Each webhook gets each notice; one that is away holds nothing up for the other."""
    await game.webhook.stop()
    game.configure(config_text([game.webhook.url, second_webhook.url]))

    await game.play(rounds(2))

    assert [notice.map_name for notice in second_webhook.notices] == ["map0", "map1"]
    assert len(payloads(game)) == 2


async def test_two_servers_in_one_home(game: Game) -> None:
    """Two servers may share a home: no notice is lost, none is sent twice."""
    neighbour = Engine(game.home, flavour=game.flavour, now=game.engine.world.unix)
    neighbour.world.set_cvar("net_port", 27961)

    await asyncio.gather(
        asyncio.to_thread(rounds(3), game.engine),
        asyncio.to_thread(rounds(3), neighbour),
    )
    assert await asyncio.to_thread(game.engine.shell.wait_idle)
    assert await asyncio.to_thread(neighbour.shell.wait_idle)

    assert game.engine.printed == neighbour.printed == []
    assert sorted(notice.map_name for notice in game.webhook.notices) == sorted(["map0", "map1", "map2"] * 2)
    assert payloads(game) == []


@pytest.mark.parametrize("first", ["game", "neighbour"])
async def test_two_servers_with_webhooks_of_their_own_and_one_outbox(
    game: Game, second_webhook: Webhook, tmp_path: Path, first: str
) -> None:
    """Whatever each of them sends goes to its own webhook, whichever has loaded a map last and whoever sends it."""
    other = Game(tmp_path / "other", second_webhook, game.flavour)
    other.engine.world.set_cvar("net_port", 27961)
    for one in (game, other):
        one.configure(config_text([one.webhook.url], outbox_dir=str(tmp_path / "outbox")))
        await one.webhook.stop()

    for one, names in ((game, ["map0", "map1"]), (other, ["map0"])):
        assert await one.play(rounds(len(names))) == []
    for one in (game, other):
        await one.webhook.start()
    posting, last = (game, other) if first == "game" else (other, game)
    await posting.play(lambda engine: engine.load_map("map9"))
    await last.play(lambda engine: engine.load_map("map9"))
    await asyncio.to_thread(other.engine.close)

    assert [notice.map_name for notice in game.webhook.notices] == ["map0", "map1"]
    assert [notice.map_name for notice in second_webhook.notices] == ["map0"]


async def test_lock_of_a_dead_sender(game: Game) -> None:
    """A sender that was killed leaves a lock behind; the next one does not wait for the dead."""
    await game.play(lambda engine: engine.load_map("map9"))
    (game.outbox / "lock").symlink_to("999999999")

    assert len(await game.play(rounds(1))) == 1


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="this machine has no /proc to look into")
async def test_neither_address_nor_name_on_a_command_line(game: Game) -> None:
    """Whoever lists the machine's processes learns no webhook address and no player's name."""
    seen: list[str] = []
    game.webhook.on_request = lambda: seen.extend(command_lines())

    posted = await game.play(rounds(1))

    assert any("payload_json" in line for line in seen)
    words = [TOKEN, *(player["name"] for player in posted[0].attachment["axis_players"])]
    assert not [line for line in [*seen, *game.engine.shell.commands] for word in words if word in line]


def command_lines() -> list[str]:
    """Return the command lines of the senders that run now."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if "hook-" in text or "payload_json" in text:
            lines.append(text)
    return lines


async def test_outbox_that_cannot_be_made(game: Game) -> None:
    """Where the outbox cannot be made the console says so, and the notice goes out from another folder."""
    (game.home / "file").write_text("", encoding="ascii")
    game.configure(config_text([game.webhook.url], outbox_dir=str(game.home / "file" / "outbox")))
    port = game.webhook.port
    game.engine.world.set_cvar("net_port", port)

    try:
        posted = await game.play(rounds(1))
    finally:
        shutil.rmtree(f"/tmp/roundhook-{port}", ignore_errors=True)  # noqa: S108 - the folder that the script names

    assert len(posted) == 1
    assert any("cannot write to" in line and "outbox_dir" in line for line in game.engine.printed)


async def test_outbox_that_vanishes(game: Game) -> None:
    """An outbox that is deleted in mid-round is not the end of the notice."""
    port = game.webhook.port
    game.engine.world.set_cvar("net_port", port)

    def scenario(engine: Engine) -> None:
        begin(engine)
        shutil.rmtree(game.outbox)
        game.outbox.write_text("", encoding="ascii")
        engine.run_until_played(30)
        engine.objective(ALLIES)
        engine.run(1)

    try:
        posted = await game.play(scenario)
    finally:
        shutil.rmtree(f"/tmp/roundhook-{port}", ignore_errors=True)  # noqa: S108 - the folder that the script names

    assert len(posted) == 1
    assert any("cannot keep the notice" in line for line in game.engine.printed)


async def test_a_notice_that_an_admin_lays_in(game: Game) -> None:
    """A test notice put into the outbox goes out within a second of the file ``wake``."""
    await game.play(lambda engine: engine.load_map("supply"))
    (game.outbox / "0000000001-test-0-1.notice").write_text('{"map_name": "test"}', encoding="ascii")
    (game.outbox / "0000000001-test-0-1.payload").write_text('{"content": "STATS_READY"}', encoding="ascii")
    (game.outbox / "wake").touch()

    posted = await game.play(lambda engine: engine.run(1))

    assert [entry.attachment for entry in posted] == [{"map_name": "test"}]
    assert not (game.outbox / "wake").exists()
