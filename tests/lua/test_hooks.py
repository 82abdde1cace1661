"""The script among others: it disturbs neither the engine nor the modules behind it, and survives what they do."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from core.rounds.events import ALLIES
from devkit.game import Engine, invent_players
from devkit.game.api import Api
from devkit.game.home import SCRIPT, SCRIPTS
from devkit.game.vm import Flavour, Vm
from tests.lua.harness import Game, begin

HOOKS = {
    "et_InitGame": (0, 1, 0),
    "et_RunFrame": (50,),
    "et_ShutdownGame": (1,),
    "et_Quit": (),
    "et_Print": ("Exit: Axis Surrender\n",),
    "et_ClientBegin": (0,),
    "et_ClientSpawn": (0, 0, 1, 1),
    "et_ClientUserinfoChanged": (0,),
    "et_ClientDisconnect": (0,),
    "et_ClientCommand": (0, "callvote"),
}


def loaded(game: Game, flavour: Flavour) -> Vm:
    """Return the script in a state of its own, on the game's engine."""
    api = Api(game.engine.world, game.engine.shell, lambda text: None)
    return Vm(api, SCRIPT, (SCRIPTS / SCRIPT).read_bytes(), flavour)


@pytest.mark.parametrize("hook", HOOKS)
async def test_hooks_return_nothing(game: Game, flavour: Flavour, hook: str) -> None:
    """No hook returns a value: a value could reject a client, swallow a command or hide a kill from others."""
    vm = loaded(game, flavour)
    count = vm.lua.eval(f"function(...) return select('#', {hook}(...)) end")

    def call() -> tuple[Any, Any]:
        before = count(*HOOKS[hook])
        vm.call("et_InitGame", 0, 1, 0)
        return before, count(*HOOKS[hook])

    assert await asyncio.to_thread(call) == (0, 0)


async def test_no_hook_is_defined_that_could_change_the_game(game: Game, flavour: Flavour) -> None:
    """Damage, obituaries, connections and console commands are none of its business."""
    vm = loaded(game, flavour)

    assert {name for name in vm.lua.globals() if name.startswith("et_")} == set(HOOKS)


async def test_nonsense_never_reaches_the_engine(game: Game, flavour: Flavour) -> None:
    """Arguments that no engine gives end in one line on the console, once for each place."""
    game.engine.load_map("supply")
    begin(game.engine)
    vm = game.engine.modules.states[0]

    def call() -> None:
        for _ in range(3):
            for hook in HOOKS:
                vm.call(hook, None, None)
                vm.call(hook, {}, "x", 7)
            vm.call("et_ClientBegin", 5000)

    await asyncio.to_thread(call)

    assert not [line for line in game.engine.printed if line.startswith("Lua API")]
    assert max(Counter(game.engine.printed).values(), default=0) == 1


async def test_error_is_told_once_with_its_place(game: Game, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine function that fails again and again is told once, with hook, file and line; the game goes on."""
    is_broken = False

    def broken(self: Api) -> dict[str, Callable[..., Any]]:
        functions = original(self)
        read = functions["trap_GetConfigstring"]
        return {**functions, "trap_GetConfigstring": lambda index: _fail() if is_broken else read(index)}

    original = Api.api
    monkeypatch.setattr(Api, "api", broken)
    await asyncio.to_thread(begin, game.engine)
    is_broken = True

    await game.play(lambda engine: engine.run(60))

    assert len(game.engine.printed) == 1
    assert "error in et_RunFrame" in game.engine.printed[0]
    assert "roundhook.lua:" in game.engine.printed[0]


def _fail() -> str:
    raise ValueError("out of order")


async def test_chat_cannot_fake_a_surrender(game: Game) -> None:
    """What players say may hold the words of the log, but never at the start of a line."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(60)
        for text in (
            "Exit: Axis Surrender",
            "Vote Passed: (Y:2-N:0) Surrender [ALLIES]",
            "callvote: 3 Surrender [AXIS]",
        ):
            engine.log(f"say: ^1Rocket: {text}\n")
        engine.run(10)
        engine.objective(ALLIES)
        engine.run(1)

    notice = (await game.play_one(scenario)).notice

    assert (notice.end_reason, notice.surrender_side) == ("objective", 0)
    assert notice.actual_duration_seconds == pytest.approx(70.05, abs=0.051)


async def test_exit_line_without_an_end(game: Game) -> None:
    """An exit line that no intermission follows (another module printed it) ends nothing."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(60)
        engine.log("Exit: Axis Surrender\n")
        engine.run(60)
        engine.objective(ALLIES)
        engine.run(1)

    notice = (await game.play_one(scenario)).notice

    assert (notice.end_reason, notice.surrender_side) == ("objective", 0)
    assert notice.actual_duration_seconds == pytest.approx(120.05, abs=0.051)


async def test_quiet_frames_ask_for_the_gamestate_only(game: Game, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a frame in which nothing changes the script asks the engine one thing; about once a second it looks around."""
    asked: list[str] = []
    original = Api.api

    def counting(self: Api) -> dict[str, Callable[..., Any]]:
        return {name: _counted(name, function, asked) for name, function in original(self).items()}

    monkeypatch.setattr(Api, "api", counting)
    await asyncio.to_thread(begin, game.engine)
    await game.play(lambda engine: engine.run(2))  # everybody is in, and that lies on disk
    asked.clear()

    await game.play(lambda engine: engine.run(50))

    count = Counter(asked)
    assert count["trap_Cvar_Get"] == 1000
    assert sum(count.values()) - 1000 <= 53 * 4


def _counted(name: str, function: Callable[..., Any], asked: list[str]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        asked.append(name)
        return function(*arguments)

    return call


async def test_lua_restart_in_mid_round(game: Game) -> None:
    """A new Lua state without ``et_InitGame`` knows what the old one knew: start, warm-up, pauses, who left."""
    people = invent_players()

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(50)
        engine.disconnect(engine.slot_of(people[0]))
        engine.pause()
        engine.run(20)
        engine.unpause()
        engine.run_until_played(100)
        engine.lua_restart()
        engine.run_until_played(200)
        engine.objective(ALLIES)
        engine.run(1)

    notice = (await game.play_one(scenario)).notice

    assert notice.actual_duration_seconds == pytest.approx(200.05, abs=0.051)
    assert notice.wall_seconds == pytest.approx(200.05 - 0.7 + 30.05, abs=0.2)
    assert notice.total_pause_seconds == pytest.approx(30.05, abs=0.001)
    assert notice.warmup_seconds == pytest.approx(17, abs=1)
    assert [player.name for player in notice.left_players] == ["Rocket"]


async def test_lua_restart_without_memory(game: Game) -> None:
    """Where the old state could not write its memory, the level's clock still tells the start."""

    def scenario(engine: Engine) -> None:
        begin(engine)
        engine.run_until_played(100)
        engine.lua_restart()
        for path in game.outbox.glob("*.state"):
            path.unlink()
        engine.run_until_played(200)
        engine.objective(ALLIES)
        engine.run(1)

    notice = (await game.play_one(scenario)).notice

    assert notice.actual_duration_seconds == pytest.approx(200.05, abs=0.051)
    assert notice.wall_seconds == pytest.approx(200, abs=1.5)
