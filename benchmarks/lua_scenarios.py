"""What the script sends: a table of situations, the size with a full server, and an outage. In both Luas.

The engine is the devkit's (held to recordings of a real one); script, Lua, shell and curl are real.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from devkit.game import Engine, Player, invent_players
from devkit.game.home import CONFIG, SCRIPT, SCRIPTS, config_text
from devkit.game.people import ALLIES, AXIS
from devkit.game.vm import Flavour
from devkit.game.world import State

SIDES = {0: "–", AXIS: "Axis", ALLIES: "Allies"}
OUTAGE_ROUNDS = 12


class Receiver:
    """A webhook on loopback that keeps what is posted to it."""

    def __init__(self) -> None:
        self.posted: list[tuple[bytes, bytes]] = []
        self.url = ""
        self.is_down = False

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Receiver"]:
        app = web.Application(client_max_size=2**24)
        app.router.add_post("/api/webhooks/1/token", self._take)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/webhooks/1/token"
        yield self
        await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        parts = {part.name: await part.read() async for part in await request.multipart()}  # type: ignore[union-attr]
        if self.is_down:
            return web.json_response({}, status=503)
        self.posted.append((bytes(parts["payload_json"]), bytes(parts["files[0]"])))
        return web.json_response({"id": "1"})


def _begin(engine: Engine, people: tuple[Player, ...] = invent_players(), map_name: str = "supply") -> None:
    engine.load_map(map_name)
    for player in people if not engine.world.clients else ():
        engine.connect(player)
    engine.run(5)
    engine.start_round()


def _until(seconds: float, end: Callable[[Engine], object]) -> Callable[[Engine], None]:
    def scenario(engine: Engine) -> None:
        _begin(engine)
        engine.run_until_played(seconds)
        end(engine)
        engine.run(1)

    return scenario


def _hold(engine: Engine) -> None:
    engine.run_until(State.INTERMISSION)


def _failed_vote(engine: Engine) -> None:
    engine.call_vote(engine.world.on_team(ALLIES)[0].slot)
    _hold(engine)


def _paused(engine: Engine, seconds: float = 27) -> None:
    engine.pause()
    engine.run(seconds)
    engine.unpause()
    engine.run(11)


def _two_pauses(engine: Engine) -> None:
    _paused(engine)
    engine.run_until_played(200)
    _paused(engine, 5)
    engine.objective(ALLIES)


def _surrender_in_pause(engine: Engine) -> None:
    engine.pause()
    engine.run(20)
    engine.surrender(ALLIES)


def _everybody_leaves(engine: Engine) -> None:
    for slot in sorted(engine.world.clients):
        engine.disconnect(slot)


def _second_round(engine: Engine) -> None:
    engine.objective(ALLIES)
    engine.short_intermission = True
    engine.leave_intermission()
    engine.short_intermission = False
    engine.run(5)
    engine.start_round()
    _hold(engine)


def _restart_and_play_on(engine: Engine) -> None:
    engine.map_restart()
    engine.run_until_played(90)
    engine.objective(ALLIES)


def _lua_restart(engine: Engine) -> None:
    engine.lua_restart()
    engine.run_until_played(200)
    engine.objective(ALLIES)


SCENARIOS: dict[str, Callable[[Engine], None]] = {
    "objective": _until(512, lambda engine: engine.objective(ALLIES)),
    "full hold": _until(700, _hold),
    "surrender by Axis": _until(512, lambda engine: engine.surrender(AXIS)),
    "surrender by Allies": _until(512, lambda engine: engine.surrender(ALLIES)),
    "failed vote, then hold": _until(400, _failed_vote),
    "vote passed in the last second": _until(719.5, lambda engine: engine.surrender(ALLIES)),
    "two pauses": _until(100, _two_pauses),
    "surrender while paused": _until(100, _surrender_in_pause),
    "both rounds, intermission of a frame": _until(300, _second_round),
    "map_restart, played on": _until(60, _restart_and_play_on),
    "lua_restart in mid-round": _until(100, _lua_restart),
    "match reset": _until(60, Engine.reset_match),
    "map change": _until(60, lambda engine: engine.load_map("radar")),
    "quit": _until(60, Engine.quit),
    "everybody leaves": _until(60, _everybody_leaves),
}


async def main() -> None:
    """Print the tables."""
    for flavour, name in (("lua54", "Lua 5.4"), ("luajit21", "LuaJIT 2.1")):
        print(f"{name}\n{'situation':38}what was sent")
        for title, scenario in SCENARIOS.items():
            print(f"{title:38}" + f"\n{'':38}".join(_told(one) for one in await _sent(flavour, scenario)))
        await _print_sizes(flavour)
        await _print_outage(flavour)
        print()


def _told(notice: dict[str, Any]) -> str:
    text = f"R{notice['round_number']} {notice['end_reason']}, winner {SIDES[notice['winner_side']]}"
    text += f", played {notice['actual_duration_seconds']:.2f} of {notice['time_limit_seconds']:.2f} s"
    if notice["pause_count"]:
        plural = "s" * (notice["pause_count"] > 1)
        text += f", {notice['pause_count']} pause{plural} of {notice['total_pause_seconds']:.2f} s"
    if notice["surrender_side"]:
        text += f", surrendered: {SIDES[notice['surrender_side']]}"
    return text


async def _sent(flavour: str, scenario: Callable[[Engine], None]) -> list[dict[str, Any]]:
    async with _game(flavour) as (engine, receiver):
        await _play(engine, scenario)
        return [json.loads(notice) for _, notice in receiver.posted]


async def _print_sizes(flavour: str) -> None:
    """Everybody with the longest name that the engine allows, each letter of it doubled by JSON; thirty pauses."""
    crowd = tuple(Player(one.guid, "'\x01~|`" * 7, one.side) for one in invent_players(64))

    def scenario(engine: Engine) -> None:
        _begin(engine, crowd)
        for number in range(30):
            engine.run_until_played(10 + 5 * number)
            _paused(engine, 1)
        engine.surrender(ALLIES)
        engine.run(1)

    async with _game(flavour) as (engine, receiver):
        await _play(engine, scenario)
    payload, notice = receiver.posted[0]
    embed = json.loads(payload)["embeds"][0]
    values = {field["name"]: len(field["value"]) for field in embed["fields"]}
    total = sum(map(len, (embed["title"], embed["description"]))) + sum(len(key) + size for key, size in values.items())
    print(
        f"64 players, 35-byte names, 30 pauses: {len(values)} of 25 fields, longest {max(values.values())} of 1,024, "
        f"embed {total:,} of 6,000, message {len(payload):,} bytes, attachment {len(notice):,} bytes of 262,144 read"
    )


async def _print_outage(flavour: str) -> None:
    maps = [f"map{number:02d}" for number in range(OUTAGE_ROUNDS)]
    async with _game(flavour) as (engine, receiver):
        receiver.is_down, began = True, engine.world.unix
        for map_name in maps:
            await _play(engine, lambda engine, name=map_name: _short(engine, name))  # type: ignore[misc]
        minutes, waiting = (engine.world.unix - began) / 60, len(receiver.posted)
        receiver.is_down, back = False, time.perf_counter()
        await _play(engine, lambda engine: engine.load_map("afterwards"))
        seconds = time.perf_counter() - back
        came = [json.loads(notice)["map_name"] for _, notice in receiver.posted]
    order = "oldest first, each once" if came == maps and not waiting else f"WRONG: {came}"
    print(
        f"outage of {minutes:.0f} minutes: {OUTAGE_ROUNDS} rounds on {OUTAGE_ROUNDS} maps, all delivered at the next "
        f"map load within {seconds:.1f} s, {order}"
    )


def _short(engine: Engine, map_name: str) -> None:
    _begin(engine, map_name=map_name)
    engine.run_until_played(600, step=250)
    engine.objective(ALLIES)
    engine.run(1)


@asynccontextmanager
async def _game(flavour: str) -> AsyncIterator[tuple[Engine, Receiver]]:
    with tempfile.TemporaryDirectory() as folder:
        async with Receiver().listening() as receiver:
            home = Path(folder) / "legacy"
            home.mkdir()
            (home / SCRIPT).write_bytes((SCRIPTS / SCRIPT).read_bytes())
            (home / CONFIG).write_text(config_text([receiver.url]), encoding="utf-8")
            kind: Flavour = "lua54" if flavour == "lua54" else "luajit21"
            engine = Engine(Path(folder), flavour=kind, now=1_790_000_000)
            try:
                yield engine, receiver
            finally:
                await asyncio.to_thread(engine.close)


async def _play(engine: Engine, scenario: Callable[[Engine], object]) -> None:
    await asyncio.to_thread(scenario, engine)
    if not await asyncio.to_thread(engine.shell.wait_idle):
        raise RuntimeError("a sender goes on for ever")


if __name__ == "__main__":
    asyncio.run(main())
