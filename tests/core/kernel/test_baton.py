"""Handlers that do not wait share a task, and notice nothing of it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

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
    "hangs": "await asyncio.Event().wait()",
    "hangs_in_a_timeout": "async with asyncio.timeout(0.01): await asyncio.Event().wait()",
    "yields": "await asyncio.sleep(0)",
    "waits": WAITS,
}
FAIL = {"cancels_and_waits", "cancels_and_raises", "raises", "stops", "exits", "hangs", "hangs_in_a_timeout"}


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
        await until(lambda: stage.app.kernel.slots["odd_06_hangs"].stats["on_round_imported"].counts["timed out"] == 2)
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
