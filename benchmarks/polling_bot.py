"""The real bot with many game servers, in a process of its own: ``python benchmarks/polling_bot.py FOLDER``.

It is run by its path, so that PYTHONPATH says of which version. ``FOLDER/bot.json`` names the plugins and the ``ssh``
tables. A line ``{"notices": […], "rounds": 20, "posts": 1}`` publishes the notices and is answered, when so many rounds
are stored and so many messages posted, by what that took.
"""

import asyncio
import json
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from roundhook import RoundNotice
from roundhook.testing import Stage

PATIENCE = 120.0
PARTS = {
    "fetched": "SELECT f.fetched_at AS at FROM stats_files f JOIN rounds r ON r.server = f.server "
    "AND r.filename = f.filename ORDER BY r.id DESC LIMIT 1",
    "published": "SELECT published_at AS at FROM events WHERE type LIKE '%FetchedFile' ORDER BY id DESC LIMIT 1",
    "imported": "SELECT published_at AS at FROM events WHERE type LIKE '%ImportedRound' ORDER BY id DESC LIMIT 1",
    "amended": "SELECT max(updated_at) AS at FROM deliveries WHERE plugin IN ('timing_override', 'team_capture') "
    "AND event_id = (SELECT max(id) FROM events WHERE type LIKE '%ImportedRound')",
    "drawn": "SELECT max(created_at) AS at FROM announcements",
}
"""When the latest round was how far."""


async def serve(folder: Path) -> None:
    """Run the bot and answer until stdin ends."""
    asked = json.loads((folder / "bot.json").read_text())
    servers = {f"s{number}": {"timezone": "UTC", "ssh": ssh} for number, ssh in enumerate(asked["servers"])}
    async with Stage(asked["plugins"], config={"servers": servers}, folder=folder) as stage:
        await _until(lambda: all(_connected(one) for key, one in stage.app.services.servers.items()))
        print(json.dumps({"cpu": time.process_time()}), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await _played(stage, json.loads(line))), flush=True)


async def _played(stage: Stage, asked: dict[str, Any]) -> dict[str, Any]:
    cpu, user = time.process_time(), resource.getrusage(resource.RUSAGE_SELF)
    received = datetime.now(UTC)
    await asyncio.gather(*(stage.publish(RoundNotice(**one, received_at=received)) for one in asked["notices"]))
    noticed = time.time()
    async with asyncio.timeout(PATIENCE):
        await stage.until(lambda: _has(stage, asked["rounds"]), timeout=PATIENCE)
        stored = time.time()
        await _until(lambda: len(_messages(stage)) >= asked.get("posts", 0))
    posted = [one.timestamp for one in _messages(stage)[-1:]]
    await stage.settled(PATIENCE)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "noticed": noticed - received.timestamp(),
        "stored": stored,
        "cpu": time.process_time() - cpu,
        "system": after.ru_stime - user.ru_stime,
        "parts": {name: await _moment(stage, sql) for name, sql in PARTS.items()},
        "posted": str(posted[0]) if posted else None,
    }


async def _has(stage: Stage, rounds: int) -> bool:
    return await stage.count("rounds") >= rounds


async def _until(condition: Any) -> None:
    while not condition():  # noqa: ASYNC110 - there is nothing to wait on
        await asyncio.sleep(0.002)


def _connected(server: Any) -> bool:
    return server.settings.ssh is None or server._client is not None


def _messages(stage: Stage) -> list[Any]:
    return stage.discord.messages(stage.discord.stats_channel)


async def _moment(stage: Stage, sql: str) -> float | None:
    rows = await stage.db.fetch(sql)
    at = rows[0]["at"] if rows else None
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    return at.timestamp() if at is not None else None


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
