"""Looks at real SSH servers, counted: for the file of a notice, and at many servers that end a round at once."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from devkit.game.ssh import Behaviour, SshServer
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugin_maker import running, until
from tests.plugins.notices import notice
from tests.plugins.stats_import.invented import name_of, stats_file

PLUGINS = ["ssh_poller", "stats_import"]


class Counting(Behaviour):
    """A good server that keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.gate.set()
        self.requests: list[str] = []

    async def answers(self, request: str) -> None:
        self.requests.append(request)
        await super().answers(request)


@dataclass
class Many:
    """Game servers without a game: folders that stats files are put into."""

    folders: list[Path]
    behaviours: list[Counting]
    servers: list[SshServer]
    writes: int = 0

    @property
    def requests(self) -> int:
        return sum(len(one.requests) for one in self.behaviours)

    @property
    def looks(self) -> int:
        """How often it was asked for a file that may be there."""
        return sum(request in ("stat", "list") for one in self.behaviours for request in one.requests)

    def write(self, name: str, data: bytes) -> None:
        """Put a file into each folder, whose time is then another one, although the second may be the same."""
        self.writes += 1
        for folder in self.folders:
            (folder / name).write_bytes(data)
            os.utime(folder, (self.writes, self.writes))


@contextlib.asynccontextmanager
async def many(root: Path, count: int) -> AsyncIterator[Many]:
    """Run *count* servers."""
    made = Many([], [], [])
    async with contextlib.AsyncExitStack() as stack:
        for number in range(count):
            folder, private = root / f"{number}" / "stats", root / f"{number}" / "private"
            folder.mkdir(parents=True)
            private.mkdir()
            server, behaviour = SshServer(folder, private), Counting()
            server.behaviour = behaviour
            await server.start()
            stack.push_async_callback(server.close)
            made.folders.append(folder)
            made.behaviours.append(behaviour)
            made.servers.append(server)
        yield made


def config(games: Many, **settings: float) -> dict[str, object]:
    """Return the settings of a bot that fetches from them alone."""
    servers = {f"s{number}": {"timezone": "UTC", "ssh": one.settings} for number, one in enumerate(games.servers)}
    own = {"poll_seconds": 3600, **settings}
    return {"servers": {"local": {"ssh": None}, **servers}, "plugin": {"ssh_poller": own}}


async def end_of_round(stage: Stage, servers: int, map_name: str, *, ahead: int = 0) -> str:
    """Let all servers, whose clocks are so much *ahead*, say that a round has ended; return what its file is called."""
    now = stage.clock.now()
    end = now + timedelta(seconds=ahead)
    await asyncio.gather(*[
        stage.publish(notice(server=f"s{one}", map_name=map_name, round_end_unix=end.timestamp(), received_at=now))
        for one in range(servers)
    ])  # fmt: skip
    return name_of(f"{end:%Y-%m-%d-%H%M%S}", map_name)


async def stored(stage: Stage, count: int) -> None:
    async def enough() -> bool:
        return await stage.count("rounds") >= count

    await stage.until(enough, timeout=PATIENCE)
    await stage.settled(PATIENCE)


def turns_of(stage: Stage) -> list[int]:
    """Return for how many requests there were turns: a list that grows."""
    pace, turns = running(stage, "ssh_poller").loops["s0"]._pace, list[int]()
    turn = pace.turn

    async def counted(requests: int = 1, **how: float) -> None:
        turns.append(requests)
        await turn(requests, **how)

    pace.turn = counted
    return turns


async def cost_of_a_round(root: Path, count: int) -> float:
    """Return how many SFTP requests each of *count* servers has answered for the second round that they have ended.

    What is asked to find a file is as much as there were turns for: what had its turn before they were counted aside.
    """
    async with many(root, count) as games, Stage(PLUGINS, config=config(games)) as stage:
        await until(lambda: all(one.requests for one in games.behaviours))
        turns, before, first = turns_of(stage), 0, games.looks
        for number in range(2):
            before = games.requests
            name = await end_of_round(stage, count, f"map{number}")
            games.write(name, stats_file(f"map{number}"))
            await stored(stage, count * (number + 1))
        assert games.looks - first <= sum(turns) + count
        return (games.requests - before) / count


async def test_many_servers_cost_as_much_each_as_few(tmp_path: Path) -> None:
    """What is asked of one server does not grow with the number of the others."""
    few, more = [await cost_of_a_round(tmp_path / str(count), count) for count in (3, 16)]

    assert more <= 1.5 * few
    assert more <= 25


async def test_looks_are_shared_and_a_dead_server_takes_none(tmp_path: Path) -> None:
    """Files that do not come are looked for at most 200 times a second in all; a frozen server is in nobody's way."""
    async with many(tmp_path, 12) as games, Stage(PLUGINS, config=config(games, look_seconds=0.01)) as stage:
        await until(lambda: all(one.requests for one in games.behaviours))
        games.behaviours[0].gate.clear()
        began, before = stage.clock.monotonic(), games.requests
        name = await end_of_round(stage, 12, "supply")
        await until(lambda: games.requests - before >= 400)
        seconds = stage.clock.monotonic() - began
        often = [len(one.requests) for one in games.behaviours[1:]]
        games.write(name, stats_file())
        await stored(stage, 11)
        games.behaviours[0].gate.set()
        await stored(stage, 12)

    assert 200 * seconds + 60 >= 400  # a burst, and what was asked at the start
    assert max(often) <= 2 * min(often)


async def test_a_delay_is_learnt_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some rounds it is known when a file comes and what it is called; a reload and a restart know when."""
    database = f"sqlite:///{tmp_path / 'kept.db'}"
    async with many(tmp_path, 1) as games:
        requests = games.behaviours[0].requests
        async with Stage(PLUGINS, config=config(games), database=database) as stage:
            loop = running(stage, "ssh_poller").loops["s0"]
            monkeypatch.setitem(type(loop)._look.__globals__, "SETTLE_SECONDS", -1.0)
            before = 0
            for number in range(3):  # the same map again, as nobody plays it
                await until(lambda: loop._stamp and not loop._unsettled)  # it has been listed
                before = games.requests
                name = await end_of_round(stage, 1, "supply", ahead=10 * number)
                await asyncio.sleep(0.3)  # the game server's: what is learnt
                games.write(name, stats_file(shown=f"{number}:05"))
                await stored(stage, number + 1)
            assert "list" not in requests[before : requests.index("read", before)]  # the name was known, too
            known = running(stage, "ssh_poller").loops["s0"].delays.export()
            assert (await stage.plugins.reload("ssh_poller")).ok
            assert running(stage, "ssh_poller").loops["s0"].delays.export() == known

        async with Stage(PLUGINS, config=config(games), database=database) as stage:
            delays = running(stage, "ssh_poller").loops["s0"].delays
            await until(delays.export)
            again = delays.export()

    assert known
    assert all(after >= 0.2 for after, _ in known)
    assert all(by >= 0.3 for _, by in again)
