"""The fake engine against recordings of a real one: fed with the same input, it does the same."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devkit.game import Engine, Player
from devkit.game.modules import HookCall
from devkit.game.vm import CONSTANTS
from devkit.game.world import CONNECTED, info_value
from tests.devkit.game.recording import SAMPLES, SHUTDOWN_CVARS, WATCHED, Entry, Recording, is_told

SITUATIONS = ("sw_full", "sw_objective", "surrender", "pause", "quit_mid", "mapchange_mid", "restart_mid", "names")

pytestmark = pytest.mark.skipif(not (SAMPLES / "engine").is_dir(), reason=f"{SAMPLES}/engine is not on this machine")


class Probe:
    """Watches an engine as the recorder did: changes after each frame, what shutdowns see, hooks."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.changes: list[tuple[int, str, str]] = []
        self.shutdowns: list[dict[str, str]] = []
        self._last: dict[str, str] = {}
        self._seen = 0
        engine.modules.on_frame.append(self._look)
        engine.modules.on_call.append(self._note_shutdown)

    def value(self, name: str) -> str:
        world = self.engine.world
        return world.string(name[3:]) if name.startswith("CS_") else world.cvar(name)

    def hooks(self) -> list[tuple[str, str]]:
        told = []
        for call in self.engine.modules.calls:
            words = [str(argument) for argument in call.arguments]
            if call.name == "et_Print" and is_told(words[0]):
                told.append((call.name, words[0].strip("\n")))
            elif call.name == "et_InitGame":
                told.append((call.name, words[2]))
            elif call.name == "et_ClientCommand":
                told.append((call.name, " ".join(words)))
            elif call.name not in {"et_Print", "et_ConsoleCommand", "et_ClientUserinfoChanged"}:
                told.append((call.name, words[0] if words else ""))
        return told

    def _look(self) -> None:
        if self._is_new_state():
            self._last = {name: self.value(name) for name in WATCHED}
            return
        for name in WATCHED:
            if self.value(name) != self._last[name]:
                self._last[name] = self.value(name)
                self.changes.append((self.engine.world.level_time, name, self.value(name)))

    def _note_shutdown(self, call: HookCall) -> None:
        if call.name != "et_ShutdownGame":
            return
        connected = sum(client.connected == CONNECTED for client in self.engine.world.clients.values())
        self.shutdowns.append(
            {"level_time": str(call.level_time), "restart": str(call.arguments[0]), "connected": str(connected)}
            | {name: self.value(name) for name in SHUTDOWN_CVARS}
        )

    def _is_new_state(self) -> bool:
        fresh = any(call.name == "et_InitGame" for call in self.engine.modules.calls[self._seen :])
        self._seen = len(self.engine.modules.calls)
        return fresh


def replay(recording: Recording, engine: Engine) -> Probe:
    """Give an engine the recorded input at the recorded level times."""
    first = recording.first_state
    engine.world.set_cvar("g_warmup", first["g_warmup"])
    engine.world.set_cvar("g_intermissionTime", first["g_intermissionTime"])
    probe = Probe(engine)
    engine.load_map(first["mapname"], time_limit=first["timelimit"])
    for entry, act in _inputs(recording, engine):
        while engine.world.level_time < entry.level_time:
            engine.frame()
        act()
    return probe


def _inputs(recording: Recording, engine: Engine) -> Iterator[tuple[Entry, Callable[[], object]]]:
    """Yield what came from outside, with the moment; the rest is the engine's own doing."""
    entries = recording.entries
    for index, entry in enumerate(entries):
        act = _input(entries, index, engine)
        if act is not None:
            yield entry, act


def _input(entries: list[Entry], index: int, engine: Engine) -> Callable[[], object] | None:
    entry = entries[index]
    words = entry.words
    if entry.event == "et_ClientConnect" and words["first"] == "1":
        return lambda: engine.connect(Player(f"{int(words['client']):08X}" * 4, "somebody"))
    if entry.event == "et_ClientCommand":
        return _command(int(words["client"]), words["cmd"], words.get("args", ""), engine)
    if entry.event == "et_ConsoleCommand" and words["cmd"] == "ref":
        return engine.pause if words["args"] == "pause" else engine.unpause
    if entry.event == "et_Print" and entry.detail.startswith("Exit: Wolf"):
        return lambda: engine.objective(2)
    if entry.event == "et_ShutdownGame":
        return _cause(entries, index, engine)
    return None


def _command(slot: int, command: str, argument: str, engine: Engine) -> Callable[[], object]:
    if command == "team":
        return lambda: engine.join(slot, {"r": 1, "b": 2}.get(argument, 3))
    if command == "callvote" and argument == "surrender":
        return lambda: engine.call_vote(slot)
    if command == "vote":
        return lambda: engine.vote(slot, is_yes=argument == "yes")
    if command == "timeout":
        return lambda: engine.timeout(slot, seconds=30)
    if command == "ready":
        return lambda: engine.say_ready(slot)
    return lambda: engine.command(slot, command, argument)


def _cause(entries: list[Entry], index: int, engine: Engine) -> Callable[[], object] | None:
    """Return what an administrator did to cause a shutdown; None when the engine came to it by itself."""
    state = next(entry for entry in entries[index:] if entry.event == "STATE").values
    before = [entry for entry in entries[:index] if entry.event.startswith("et_")]
    if state["g_restarted"] == "1":
        return None
    after = next((entry for entry in entries[index:] if entry.detail.startswith("init")), entries[index]).values
    if any(entry.detail.startswith("ExitLevel") for entry in before[-6:]):
        return lambda: _rotate(engine, state["nextmap"], after)
    if entries[index].words["restart"] == "1":
        return engine.map_restart if state["gamestate"] == "0" else engine.reset_match
    if state["gamestate"] != "-1":
        return engine.quit
    return lambda: engine.load_map(after["mapname"], time_limit=after["timelimit"])


def _rotate(engine: Engine, next_map: str, after: dict[str, str]) -> None:
    """Set what the next level brings along: its command, its limit, the winner that its script presets."""
    engine.world.set_cvar("nextmap", next_map)
    if next_map.startswith("map "):
        engine.time_limit = after["timelimit"]
        engine.rules.default_winner = int(info_value(after["CS_MULTI_MAPWINNER"], "w")) + 1


@pytest.fixture(params=SITUATIONS)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Recording, Probe]:
    """A recording, and the fake engine after the same input."""
    recording = Recording.load(request.param)
    return recording, replay(recording, Engine(tmp_path, modules=()))


def test_shutdowns_see_the_same(pair: tuple[Recording, Probe]) -> None:
    """Level times, arguments, cvars and connections in ``et_ShutdownGame`` are those of the real engine."""
    recording, probe = pair

    assert probe.shutdowns == recording.shutdowns()


def test_changes_come_in_the_same_frames(pair: tuple[Recording, Probe]) -> None:
    """Gamestate, round number, limits, winner, pause bit and level start change in the same frame to the same value."""
    recording, probe = pair

    assert sorted(probe.changes) == recording.changes()


def test_hooks_come_in_the_same_order(pair: tuple[Recording, Probe]) -> None:
    """The hooks of levels, clients and the log come in the recorded order."""
    recording, probe = pair

    assert probe.hooks() == recording.hooks()


def test_constants_are_the_engine_s() -> None:
    """The numbers in the table ``et`` are those that a real Lua state showed."""
    table = dict(
        line.split("\t")[::2]
        for line in (SAMPLES / "engine" / "et_table.txt").read_text(encoding="utf-8").splitlines()
        if line.startswith("et.") and "\tnumber\t" in line
    )

    assert {name: table[f"et.{name}"] for name in CONSTANTS} == {name: str(value) for name, value in CONSTANTS.items()}
