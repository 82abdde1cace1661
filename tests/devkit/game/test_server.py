"""The loopback game server as a bot meets it: notices arrive, files appear, SSH fails when it is told to."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncssh
import pytest

from core.rounds.events import ALLIES, AXIS
from core.rounds.filenames import NOTICE_WINDOW, parse_stats_filename
from devkit.game import GameServer, invent_players
from tests.lua.harness import Webhook
from tests.plugin_maker import until


@asynccontextmanager
async def sftp(game: GameServer) -> AsyncIterator[asyncssh.SFTPClient]:
    """A real SFTP client, with the settings that a bot would have."""
    ssh = game.ssh
    async with (
        asyncssh.connect(
            ssh["host"],
            ssh["port"],
            username=ssh["user"],
            client_keys=[ssh["key_file"]],
            known_hosts=ssh["known_hosts"],
            config=None,
        ) as connection,
        connection.start_sftp_client() as client,
    ):
        yield client


async def test_round_by_surrender(game: GameServer, webhook: Webhook) -> None:
    """The notice tells the true time while the file claims the full limit, as on a real server."""
    played = await game.play_round(map_name="supply", surrender_at=512)

    assert played.notice_sent
    notice = webhook.notices[0]
    assert (notice.map_name, notice.round_number, notice.end_reason) == ("supply", 1, "surrender")
    assert notice.actual_duration_seconds == pytest.approx(played.played_seconds, abs=0.001)
    assert played.played_seconds == pytest.approx(512, abs=0.051)
    assert (played.time_shown, played.winner_side, played.surrender_side) == (720, AXIS, ALLIES)
    assert played.path is not None
    assert played.path.read_bytes().splitlines()[0].endswith(b"\\supply\\legacy3\\1\\1\\1\\12:00\\12:00")


async def test_round_ends_now(game: GameServer, webhook: Webhook) -> None:
    """A round of twelve minutes is played at once, and ends when the clock says it is now."""
    before = time.time()

    played = await game.play_round(winner=AXIS, pauses=[(100, 37), (200, 20)])

    assert before - 1 <= played.ended_unix <= time.time() + 1
    assert webhook.notices[0].round_end_unix == pytest.approx(played.ended_unix, abs=1.1)
    assert webhook.notices[0].round_start_unix == pytest.approx(played.started_unix, abs=1.1)
    assert webhook.notices[0].total_pause_seconds == pytest.approx(57, abs=0.3)
    assert webhook.notices[0].warmup_seconds == pytest.approx(32, abs=2)


async def test_file_is_named_in_the_server_s_zone(tmp_path: Path, webhook: Webhook) -> None:
    """The file's name carries the game server's wall clock, 3 to 5 s after the end."""
    zone = ZoneInfo("Europe/Ljubljana")
    end = datetime(2025, 7, 1, 21, 59, 58, tzinfo=UTC).timestamp()
    async with GameServer("local", tmp_path / "game", webhook.url, zone=zone, clock=lambda: end) as game:
        played = await game.play_round(duration=300)

    name = parse_stats_filename(played.filename)
    assert name is not None
    assert name.filename.startswith("2025-07-02-0000")
    assert 3 <= name.played_at(zone).timestamp() - int(played.ended_unix) <= 5


async def test_both_rounds_of_a_map(game: GameServer, webhook: Webhook) -> None:
    """The same map again is round 2: sides swapped, the time to beat as its limit, numbers carried on."""
    first = await game.play_round(duration=300)
    second = await game.play_round(surrender_at=200)
    third = await game.play_round(duration=300)

    assert [played.round_number for played in (first, second, third)] == [1, 2, 1]
    assert second.time_limit == pytest.approx(first.played_seconds, abs=0.01)
    assert {player.guid: player.side for player in second.players} == {
        player.guid: 3 - player.side for player in first.players
    }
    assert [notice.round_number for notice in webhook.notices] == [1, 2, 1]
    assert webhook.notices[1].axis_players == webhook.notices[0].allies_players
    assert len({played.filename for played in (first, second, third)}) == 3
    assert sorted([first.filename, second.filename, third.filename])[0] == first.filename


async def test_match(game: GameServer, webhook: Webhook) -> None:
    """A match ends now; its round 1 ended earlier, so that names, notices and pairing look as in real life."""
    match = await game.play_match(map_name="te_escape2", pauses=[(60, 30)])

    assert match.first.ended_unix < match.second.started_unix
    for played, notice in zip((match.first, match.second), webhook.notices, strict=True):
        name = parse_stats_filename(played.filename)
        assert name is not None
        assert NOTICE_WINDOW[0] <= name.played_at(ZoneInfo("UTC")) - _moment(notice.round_end_unix) <= NOTICE_WINDOW[1]


@pytest.mark.parametrize(
    ("way", "claimed"), [("map_change", 2), ("quit", 2), ("restart", None), ("everybody_left", None)]
)
async def test_aborted_round(game: GameServer, webhook: Webhook, way: str, claimed: int | None) -> None:
    """An aborted round sends a true notice and, on the ways on which the real script does, a mislabelled file."""
    played = await game.play_round(aborted_by=way, duration=100)  # type: ignore[arg-type]
    after = await game.play_round(map_name="adlernest", duration=200)

    notice = webhook.notices[0]
    assert (notice.round_number, notice.end_reason, notice.winner_side) == (1, "aborted", 0)
    assert notice.actual_duration_seconds == pytest.approx(100, abs=0.051)
    assert played.filename.endswith(f"-supply-round-{claimed}.txt") if claimed else played.filename == ""
    assert (after.round_number, after.end_reason) == (1, "objective")


async def test_file_without_notice_and_notice_without_file(game: GameServer, webhook: Webhook) -> None:
    """Either half can be left out."""
    silent = await game.play_round(duration=100, send_notice=False)
    fileless = await game.play_round(map_name="adlernest", duration=100, write_file=False)

    assert (silent.notice_sent, silent.path is None) == (False, False)
    assert (fileless.notice_sent, fileless.path, fileless.filename) == (True, None, "")
    assert [notice.map_name for notice in webhook.notices] == ["adlernest"]


async def test_notice_waits_while_the_webhook_is_away(game: GameServer, webhook: Webhook) -> None:
    """A notice that the webhook does not take is sent with the next round."""
    webhook.answers = [(503, {})]

    first = await game.play_round(duration=100)
    second = await game.play_round(duration=90)

    assert (first.notice_sent, second.notice_sent) == (False, True)
    assert [notice.round_number for notice in webhook.notices] == [1, 2]


async def test_file_delay_is_after_the_notice(game: GameServer, webhook: Webhook) -> None:
    """The file appears so many seconds after the notice went out."""
    arrived: list[float] = []
    webhook.on_request = lambda: arrived.append(time.monotonic())

    played = await game.play_round(duration=100, file_delay=0.2)

    assert played.written_monotonic is not None
    assert played.written_monotonic > arrived[0]


async def test_players_of_one_s_own(game: GameServer, webhook: Webhook) -> None:
    """Whoever is given plays, six against six too; who leaves for round 2 is not there."""
    people = invent_players(12, seed=7)

    first = await game.play_round(players=people, duration=100)
    second = await game.play_round(players=people[:10], round_number=2, duration=90)

    assert (len(first.players), len(second.players)) == (12, 10)
    assert len(webhook.notices[1].axis_players) + len(webhook.notices[1].allies_players) == 10


async def test_round_two_without_its_round_one(game: GameServer, webhook: Webhook) -> None:
    """Round 2 can be played alone, as when the bot missed round 1."""
    played = await game.play_round(round_number=2, surrender_at=200, time_limit=433)

    assert webhook.notices[0].round_number == played.round_number == 2
    assert webhook.notices[0].time_limit_seconds == pytest.approx(433, abs=0.01)


async def test_wishes_that_contradict_each_other(game: GameServer) -> None:
    """A round that cannot be is refused with a way out."""
    with pytest.raises(ValueError, match="surrender_at=300"):
        await game.play_round(winner=AXIS, duration=300)


async def test_sftp_serves_the_files(game: GameServer) -> None:
    """A real SFTP client finds the file in the stats folder, also under its usual name, and gets its bytes."""
    played = await game.play_round(duration=100)

    async with sftp(game) as client:
        names = await client.listdir(game.ssh["stats_dir"])
        assert played.filename in {str(name) for name in names}
        assert played.filename in {str(name) for name in await client.listdir("/gamestats")}
        async with client.open(f"/gamestats/{played.filename}", "rb") as file:
            content: bytes = await file.read()

    assert played.path is not None
    assert content == await asyncio.to_thread(played.path.read_bytes)


async def test_sftp_is_locked_into_its_folder(game: GameServer) -> None:
    """Nothing outside the served folder can be reached, keys least of all."""
    async with sftp(game) as client:
        assert not await client.exists("/../game-private/id_ed25519")
        assert not [name for name in await client.listdir("/") if "id_ed25519" in name or "known_hosts" in name]


async def test_outage(game: GameServer) -> None:
    """An outage breaks connections and refuses new ones; afterwards all is as before."""
    async with sftp(game) as client:
        await game.outage()
        with pytest.raises((asyncssh.Error, OSError)):
            await client.listdir("/")
    with pytest.raises(ConnectionRefusedError):
        async with sftp(game):
            pass

    await game.back()

    async with sftp(game) as client:
        assert "gamestats" in await client.listdir("/")


async def test_freeze(game: GameServer) -> None:
    """A frozen server answers only after it has thawed."""
    async with sftp(game) as client:
        game.freeze()
        listing = asyncio.create_task(client.listdir("/"))
        done, _ = await asyncio.wait({listing}, timeout=0.05)
        assert not done

        game.thaw()

        assert "gamestats" in await listing


async def test_changed_host_key(game: GameServer) -> None:
    """After a change of the host key a client that verifies it refuses to talk."""
    async with sftp(game):
        game.change_host_key()

    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        async with sftp(game):
            pass


async def test_nothing_is_left_behind(tmp_path: Path, webhook: Webhook) -> None:
    """After leaving, no task and no process of it runs, even when the webhook hangs; closing twice is harmless."""
    release = asyncio.Event()
    webhook.hold = release
    tasks = asyncio.all_tasks()
    async with GameServer("local", tmp_path / "game", webhook.url) as game:
        playing = asyncio.create_task(game.play_round(duration=100))
        await webhook.first_request.wait()

    await game.close()
    assert not (await playing).notice_sent
    release.set()
    await until(lambda: all(map(_is_server_s, asyncio.all_tasks() - tasks)))
    with pytest.raises(RuntimeError, match="async with"):
        game.freeze()


def _is_server_s(task: asyncio.Task[object]) -> bool:
    """Whether the webhook of the test, not the game server, owns a task."""
    return "RequestHandler" in repr(task.get_coro())


def _moment(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, UTC)
