"""What may run while a plugin is held: the end of what had begun, for so long, and no collection of garbage."""

import gc
from pathlib import Path

import pytest

from roundhook.testing import Stage
from tests.plugin_maker import running, until, write_plugin

HUNG = """
import asyncio
from roundhook import Plugin

class Hung(Plugin):
    async def setup(self):
        self.calls, self.release = [], asyncio.Event()
        self.ctx.every(10, self.tick)

    async def tick(self):
        self.calls.append("begins")
        try:
            await asyncio.Event().wait()
        finally:
            self.calls.append("cancelled")
            if STUBBORN:
                await self.release.wait()
"""

MANY = """
from roundhook import Plugin

class Many(Plugin):
    def export_state(self):
        self.kept = [[] for _ in range(200_000)]
        return {}

    def import_state(self, state, from_version):
        pass
"""


@pytest.mark.parametrize("stubborn", [False, True])
async def test_a_timers_call_that_hangs_is_cancelled_after_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, *, stubborn: bool
) -> None:
    """The reload goes on then, and the log names it; one that ignores that refuses the reload until it has ended."""
    for name in ("LIMIT_SECONDS", "DRAIN_GRACE_SECONDS", "GRACE_SECONDS"):
        monkeypatch.setattr(f"core.kernel.replacement.{name}", 0.05)
    write_plugin(tmp_path, "hung", HUNG.replace("STUBBORN", str(stubborn)))
    async with Stage(plugins=["hung"], folders=[tmp_path]) as stage:
        old = running(stage, "hung")
        await stage.clock.advance(11)
        await until(lambda: old.calls == ["begins"])

        report = await stage.plugins.reload("hung")
        old.release.set()
        again = await stage.plugins.reload("hung")

    assert report.ok is not stubborn
    assert ("beyond their limit" in report.error) is stubborn
    assert again.ok
    assert old.calls == ["begins", "cancelled"]
    assert "Hung.tick had not ended after 0.1 s and was cancelled. What takes longer belongs into" in caplog.text


async def test_no_garbage_is_collected_while_events_are_held(tmp_path: Path) -> None:
    """A full collection stalls the loop for tens of milliseconds; there is one when enough was made, here in a hold."""
    write_plugin(tmp_path, "many", MANY)
    begun: list[tuple[bool, int]] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            begun.append((stage.app.kernel.slots["many"].gate.closed, info["generation"]))

    async with Stage(plugins=["many"], folders=[tmp_path]) as stage:
        gc.callbacks.append(note)
        try:
            report = await stage.plugins.reload("many")
        finally:
            gc.callbacks.remove(note)

    assert report.ok, report.error
    assert gc.isenabled()
    assert [one for one in begun if one[0]] == []
