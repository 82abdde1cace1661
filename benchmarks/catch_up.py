"""What a gap costs, and whom: ``python -m benchmarks.catch_up``. The real bot between a Discord and SSH servers.

Each figure is the time until somebody can read it: what was missed, and what is played meanwhile.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.corpus import corpus
from core.rounds.filenames import parse_stats_filename
from roundhook.testing import Stage

PLUGINS = ["lua_webhook", "ssh_poller", "stats_import", "timing_override", "team_capture", "stats_commands"]
MISSED, WAITING, BACKFILL, CAUGHT_UP = 60, 400, 5_000, 200
OTHER = {"servers": {"other": {"timezone": "UTC", "webhook_ids": [99]}}}
POLL = {"plugin": {"ssh_poller": {"poll_seconds": 1}, "stats_commands": {"announce_within": 100_000}}}


async def main() -> None:
    """Measure and print."""
    with TemporaryDirectory(prefix="roundhook-catch-up-") as folder:
        await _missed(Path(folder), MISSED, limited=True)
        await _missed(Path(folder), CAUGHT_UP, limited=False)
        await _other_server(Path(folder))
        await _backfill(Path(folder))


async def _missed(folder: Path, count: int, *, limited: bool) -> None:
    """Files that lie there at the start, all of one session and news; a round is played meanwhile."""
    async with Stage(PLUGINS, config=POLL, folder=_new(folder, f"missed{count}")) as stage:
        stage.discord.enforce_rate_limits = limited
        before, began = len(stage.discord.requests), time.perf_counter()
        _write(stage.games["local"].root, _recent(stage, count))
        live = asyncio.ensure_future(_live(stage))
        await stage.until(lambda: _stored(stage, count), timeout=300)
        await stage.settled(300)
        took = time.perf_counter() - began
        sent = stage.discord.requests[before:]
        posts = [one for one in sent if one.path.endswith("/messages") and one.method == "POST"]
        edits = [one for one in sent if one.method == "PATCH"]
        breaker = stage.plugins.status("stats_commands").breaker
        print(f"{count} missed rounds, Discord's limits {'kept' if limited else 'off'}: all told in {took:.1f} s with "
              f"{len(posts)} messages and {len(edits)} edits, {len(sent)} requests; "
              f"a round played meanwhile in {await live:.2f} s; breaker {breaker}")  # fmt: skip


async def _other_server(folder: Path) -> None:
    """Rounds of one server wait; how long does another server's take?"""
    config = {**OTHER, **POLL}
    async with Stage(PLUGINS, config=config, folder=_new(folder, "other")) as stage:
        files = stage.app.services.files
        for name, data in _recent(stage, WAITING):
            await stage.publish(await files.put("local", name, data))
        began = time.perf_counter()
        await stage.publish(await files.put("other", *_recent(stage, 1, ago=20)[0]))
        await stage.discord.wait_for_message(stage.discord.stats_channel, lambda one: "other" in one.text, timeout=300)
        print(
            f"{WAITING} rounds of a server waiting: another server's is posted in {time.perf_counter() - began:.2f} s"
        )
        await stage.settled(300)


async def _backfill(folder: Path) -> None:
    """A first start beside a folder of years; a round is played meanwhile."""
    config = {"plugin": {"ssh_poller": {"poll_seconds": 1}}}
    stage = Stage(PLUGINS, config=config, folder=_new(folder, "backfill"))
    root = folder / "backfill" / "game"
    root.mkdir(parents=True)
    await asyncio.to_thread(_write, root, list(corpus(BACKFILL)))
    began = time.perf_counter()
    async with stage:
        await stage.until(lambda: _stored(stage, 50), timeout=300)
        live = await _live(stage)
        done = (await stage.db.fetch("SELECT count(*) AS n FROM stats_files"))[0]["n"]
        await stage.until(lambda: _stored(stage, BACKFILL), timeout=900)
        await stage.settled(600)
        print(f"a backfill of {BACKFILL} files in {time.perf_counter() - began:.0f} s: a round played meanwhile "
              f"(after {done} files) is posted in {live:.2f} s")  # fmt: skip


async def _live(stage: Stage) -> float:
    """Play a round; return the seconds from its file to its message."""
    await asyncio.sleep(0.5)
    played = await stage.games["local"].play_round(map_name="live", duration=300)
    await stage.discord.wait_for_message(
        stage.discord.stats_channel, lambda one: "live · round" in one.text, timeout=300
    )
    return time.monotonic() - (played.written_monotonic or 0.0)


async def _stored(stage: Stage, count: int) -> bool:
    return int((await stage.db.fetch("SELECT count(*) AS n FROM stats_files"))[0]["n"]) >= count


def _recent(stage: Stage, count: int, *, ago: float = 0.0) -> list[tuple[str, bytes]]:
    """Return invented files that end half a minute apart, the last one eleven minutes ago or *ago* seconds."""
    last, found = stage.clock.now() - timedelta(seconds=ago or 660), []
    for number, (name, data) in enumerate(corpus(count, seed=7 if ago else 1)):
        known = parse_stats_filename(name)
        assert known is not None
        at = last - timedelta(seconds=30 * (count - 1 - number))
        found.append((f"{at:%Y-%m-%d-%H%M%S}{name[17:]}", data))
    return found


def _write(folder: Path, files: Sequence[tuple[str, bytes]]) -> None:
    for name, data in files:
        path = folder / name
        path.write_bytes(data)
        os.utime(path, (time.time() - 3600, time.time() - 3600))


def _new(folder: Path, name: str) -> Path:
    made: Any = folder / name
    made.mkdir()
    return Path(made)


if __name__ == "__main__":
    asyncio.run(main())
