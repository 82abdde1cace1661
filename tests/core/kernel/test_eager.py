"""Handlers that do not wait take no turn of the event loop each, and notice nothing of it."""

import asyncio
from contextvars import Context
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.kernel.eager import EagerTasks, Soon
from roundhook import ImportedRound
from roundhook.testing import Stage
from tests.plugin_maker import idle, running, until, write_plugin

ODD = """
import asyncio
import contextvars
from roundhook import Plugin, hookimpl

OWN = contextvars.ContextVar("own", default="untouched")

class Odd(Plugin):
    seen, own, tasks = (), (), ()

    async def setup(self):
        self.release = asyncio.Event()

    @hookimpl
    async def on_round_imported(self, round):
        task = asyncio.current_task()
        self.own = (*self.own, OWN.get())
        OWN.set(round.round_id)
        BODY
        assert asyncio.current_task() is task
        self.own = (*self.own, OWN.get())
        self.tasks = (*self.tasks, task)
        self.seen = (*self.seen, round.round_id)
"""
WAITS = "await self.release.wait()"
BODIES = {
    "cancels": "task.cancel()",
    "cancels_and_waits": "task.cancel(); await asyncio.sleep(0)",
    "cancels_and_raises": "task.cancel(); raise asyncio.CancelledError",
    "raises": "raise asyncio.CancelledError",
    "stops": "raise StopIteration",
    "exits": "raise SystemExit(3)",
    "closes": "raise GeneratorExit",
    "closes_later": "await asyncio.sleep(0); raise GeneratorExit",
    "hangs": "await asyncio.Event().wait()",
    "hangs_in_a_timeout": "async with asyncio.timeout(0.01): await asyncio.Event().wait()",
    "yields": "await asyncio.sleep(0)",
    "waits": WAITS,
}
FAIL = BODIES.keys() - {"cancels", "yields", "waits"}


def imported(number: int) -> ImportedRound:
    return ImportedRound(round_id=number, file_sha256="a")


async def test_what_one_handler_does_to_its_task_reaches_no_other(tmp_path: Path) -> None:
    """Between each two odd plugins stands one that waits: it gets both events, in a task and a context of its own."""
    names = []
    for number, (name, body) in enumerate(BODIES.items()):
        names += [f"odd_{number:02}_{name}", f"odd_{number:02}_then", f"odd_{number:02}_z"]
        for plugin, code in zip(names[-3:], (body, WAITS, "pass"), strict=True):
            limit = "[limits]\non_round_imported = 0.05\n" if name == "hangs" and code == body else ""
            write_plugin(tmp_path, plugin, ODD.replace("BODY", code), manifest=limit)
    async with Stage(plugins=names, folders=[tmp_path]) as stage:
        plugins = {name: running(stage, name) for name in names}
        await asyncio.gather(stage.publish(imported(1)), stage.publish(imported(2)))
        await until(lambda: all(plugin.own for plugin in plugins.values()))
        await until(lambda: stage.app.kernel.slots["odd_08_hangs"].stats["on_round_imported"].counts["timed out"] == 2)
        for plugin in plugins.values():
            plugin.release.set()
        await idle()
        await until(lambda: all(sorted(one.seen) == [1, 2] for name, one in plugins.items() if name[7:] not in FAIL))

        failed = {name[7:] for name, plugin in plugins.items() if not plugin.seen}
        tasks = [task for name, plugin in plugins.items() if name.endswith("_then") for task in plugin.tasks]

    assert failed == FAIL
    assert len(set(tasks)) == len(tasks) == 2 * len(BODIES)
    for name, plugin in plugins.items():
        assert set(plugin.own) - {"untouched"} == set(plugin.seen), name


KEEPER = """
import asyncio
from roundhook import Plugin, hookimpl

async def fails():
    raise ValueError("on purpose")

class Keeper(Plugin):
    async def setup(self):
        self.strikes = []

    @hookimpl
    async def on_round_imported(self, round):
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        KEEP
"""
KEEPS = {
    "task": "self.strikes.append(task.cancel)",
    "later": "loop.call_soon(task.cancel); loop.call_later(0.001, task.cancel)",
    "end": "task.add_done_callback(lambda ended: loop.call_soon(ended.cancel))",
    "timeout": "timeout = await asyncio.timeout(None).__aenter__(); self.strikes.append(lambda: timeout.reschedule(0))",
    "group": "group = await asyncio.TaskGroup().__aenter__(); self.strikes.append(lambda: group.create_task(fails()))",
    "name": "self.strikes.append(lambda: [one.cancel() for one in asyncio.all_tasks() if one.get_name() == 'kept']);"
    " task.set_name('kept')",
}
VICTIM = """
import asyncio
from roundhook import Plugin, hookimpl

class Victim(Plugin):
    async def setup(self):
        self.began, self.seen, self.names = 0, [], []
        self.first, self.second = asyncio.Event(), asyncio.Event()

    @hookimpl
    async def on_round_imported(self, round):
        self.began += 1
        await self.first.wait()
        await self.second.wait()
        self.seen.append(round.round_id)
        self.names.append(asyncio.current_task().get_name())
"""


async def test_a_task_that_is_kept_and_cancelled_later_is_nobody_elses(tmp_path: Path) -> None:
    """A handler that ends at once and keeps its task, in whatever way, strikes no other: neither fails nor waits."""
    for number, (way, code) in enumerate(KEEPS.items()):
        write_plugin(tmp_path, f"odd_{number}_{way}", KEEPER.replace("KEEP", code))
        write_plugin(tmp_path, f"odd_{number}_{way}_victim", VICTIM)
    names = sorted(one.name for one in tmp_path.iterdir())
    async with Stage(plugins=names, folders=[tmp_path]) as stage:
        victims = [running(stage, name) for name in names if name.endswith("victim")]
        keepers = [running(stage, name) for name in names if not name.endswith("victim")]

        async def strike() -> None:
            for keeper in keepers:
                if keeper.strikes:
                    keeper.strikes.pop(0)()
            await idle()

        await asyncio.gather(*(stage.publish(imported(number)) for number in (1, 2, 3)))
        await until(lambda: all(victim.began == 3 for victim in victims))
        await strike()
        await strike()
        for victim in victims:
            victim.first.set()
        await strike()
        for victim in victims:
            victim.second.set()
        await stage.settled()
        counts = [dict(stage.app.kernel.slots[name].stats["on_round_imported"].counts) for name in names]

    assert [(victim.began, sorted(victim.seen)) for victim in victims] == [(3, [1, 2, 3])] * len(KEEPS)
    assert counts == [{"done": 3}] * len(names)
    assert len({name for victim in victims for name in victim.names} - {"kept"}) == 3 * len(KEEPS)


async def _ended_child() -> str:
    for _ in range(5):
        await asyncio.sleep(0)
    return "child"


async def _with_child(log: list[object]) -> None:
    child = asyncio.get_running_loop().create_task(_ended_child())
    try:
        log.append(await child)
    finally:
        await asyncio.wait([child])
        log.append(child.cancelled())


async def _in_time(task: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(0):
        await asyncio.Event().wait()


async def _group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(_failing())
        await asyncio.Event().wait()


async def _failing() -> None:
    raise ValueError("on purpose")


async def _soon() -> None:
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_result, None)
    await future


STEPS = {
    "yields": lambda task, log: asyncio.sleep(0),
    "waits": lambda task, log: _soon(),
    "has a child": lambda task, log: _with_child(log),
    "takes too long": lambda task, log: _in_time(task),
    "has a group": lambda task, log: _group(),
    "fails": lambda task, log: _failing(),
    "is cancelled": lambda task, log: task.cancel("by itself"),
    "is cancelled soon": lambda task, log: task.get_loop().call_soon(task.cancel),
    "names itself": lambda task, log: task.set_name("mine"),
    "is told of": lambda task, log: task.add_done_callback(lambda one: log.append(("ended", _state(one)))),
    "raises": None,
}


def _state(task: "asyncio.Task[None]") -> str:
    if not task.done():
        return "waits"
    return "cancelled" if task.cancelled() else repr(task.exception())


async def _play(steps: list[str], log: list[object]) -> None:
    """Take one step after the other, and note what comes of it."""
    task = asyncio.current_task()
    assert task is not None
    name = task.get_name()
    log.append(task)
    for step in steps:
        if step == "raises":
            raise KeyError("on purpose")
        try:
            made = STEPS[step](task, log)  # type: ignore[misc]
            if asyncio.iscoroutine(made):
                await made
            log.append(step)
        except BaseException as error:  # noqa: BLE001 - noted
            log.append((step, type(error)))
            while isinstance(error, asyncio.CancelledError) and task.cancelling():
                task.uncancel()
        assert asyncio.current_task() is task
        assert task.get_name() == (name := "mine" if step == "names itself" else name)
        log.append((task.cancelling(), _state(task), repr(task).startswith("<")))


async def _played(steps: list[str], *, eager: bool) -> list[object]:
    log: list[object] = []
    tasks: set[asyncio.Task[None]] = set()
    if eager:
        asyncio.get_running_loop().call_soon(lambda: tasks.add(EagerTasks().begin(_play(steps, log), Context())))
    else:
        tasks.add(asyncio.get_running_loop().create_task(_play(steps, log)))
    await until(lambda: log != [])
    task = log.pop(0)
    assert isinstance(task, asyncio.Task)
    await asyncio.wait([task])
    await idle()
    return [*log, _state(task)]


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=6))
@example(["is cancelled", "raises"])
@example(["is cancelled soon", "has a child"])
@example(["is told of", "is cancelled", "names itself", "waits"])
def test_an_eager_task_is_like_any_other(steps: list[str]) -> None:
    """Whatever work does to its task and waits for, before its first wait or after, comes out as in a plain task."""
    assert asyncio.run(_played(steps, eager=True)) == asyncio.run(_played(steps, eager=False))


async def test_what_else_is_asked_for_while_a_task_begins_is_not_taken_for_its_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Garbage that is collected in that moment may call the event loop: it is heard, and the task goes on as others."""
    loop, make = asyncio.get_running_loop(), asyncio.Task
    heard, log = list[str](), list[object]()

    def disturbed(work: Any, **more: Any) -> Any:
        loop.call_soon(heard.append, "other")
        return make(work, **more)

    monkeypatch.setattr(asyncio, "Task", disturbed)
    disturbed_one = EagerTasks().begin(_play(["yields"], log), Context())
    monkeypatch.undo()
    me = asyncio.current_task()
    inner = EagerTasks().begin(_play(["waits"], []), Context())
    assert asyncio.current_task() is me
    await asyncio.wait([disturbed_one, inner])

    assert heard == ["other"]
    assert log[0] is disturbed_one


async def test_what_fails_with_one_keeps_none_of_the_others() -> None:
    """An error in what is called soon is told by the event loop; the rest is called all the same."""
    told, seen = list[Any](), list[float]()
    asyncio.get_running_loop().set_exception_handler(lambda _, about: told.append(about["exception"]))
    soon = Soon[int](lambda number: seen.append(6 / number))
    soon.add([1, 0, 2])
    await until(lambda: len(seen) == 2)

    assert seen == [6, 3]
    assert [type(one) for one in told] == [ZeroDivisionError]


async def test_handlers_that_do_not_wait_take_no_task_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty events for ten plugins, which are five hundred calls, are made in a few tasks."""
    names = [f"quick_{number}" for number in range(10)]
    for name in names:
        write_plugin(tmp_path, name, ODD.replace("BODY", "pass"))
    async with Stage(plugins=names, folders=[tmp_path]) as stage:
        made: list[Any] = []
        loop, create = asyncio.get_running_loop(), asyncio.get_running_loop().create_task

        def noted(work: Any, **more: Any) -> Any:
            made.append(work)
            return create(work, **more)

        monkeypatch.setattr(loop, "create_task", noted)
        await asyncio.gather(*(stage.publish(imported(number)) for number in range(50)))
        await stage.settled()
        monkeypatch.undo()
        calls = [number for name in names for number in running(stage, name).seen]

    publishing = sum("publish" in work.__qualname__ for work in made)
    assert len(calls) == 500
    assert len(made) - publishing < 40
