"""The demo: an evening on loopback, everything real but the two ends."""

import asyncio
import logging
import re
import shutil
import time
from pathlib import Path
from typing import Any

from core.cli.screen import say
from core.cli.setup import print_table
from core.errors import ConfigError
from core.shown import one_line
from devkit.game import GameServer
from devkit.stage import Stage

EVENING: tuple[dict[str, Any], ...] = (
    {"map_name": "supply", "surrender_at": 512, "seed": 11},
    {"map_name": "supply", "duration": 631, "seed": 12},
    {"map_name": "te_escape2", "duration": 408, "pauses": ((120, 37),), "seed": 13},
    {"map_name": "te_escape2", "seed": 14},
)
"""What is played; longer evenings begin anew."""
_TOKEN = re.compile(r"-[0-9a-f]{8}\.")
"""What marks a posted file as a certain message's."""
BETWEEN_SECONDS = 840
"""How far the evening's clock goes on between two rounds."""


async def play(out: Path, rounds: int, *, verbose: bool) -> None:
    """Play *rounds* rounds, show each step as it happens, and leave database and cards in *out*.

    Raises:
        ConfigError: *out* cannot be written.
    """
    await asyncio.to_thread(_make_room, out)
    say("A Discord and a game server on loopback; the bot between them is the real one.\n")
    steps = Steps()
    logging.getLogger("roundhook").setLevel(logging.INFO)
    logging.getLogger("roundhook").addHandler(steps)
    logging.getLogger("roundhook").propagate = verbose
    async with Stage(database=f"sqlite:///{out / 'roundhook.db'}", folder=out / ".stage") as stage:
        steps.say("the bot is connected, its plugins run: " + ", ".join(_running(stage)))
        delays = [await _play(stage, steps, out, number) for number in range(max(rounds, 1))]
        await stage.settled()
        await _show_stored(stage)
    logging.getLogger("roundhook").removeHandler(steps)
    await asyncio.to_thread(shutil.rmtree, out / ".stage", ignore_errors=True)
    _show_places(out, delays)


class Steps(logging.Handler):
    """Shows steps, and what the plugins log, with the milliseconds since the file appeared."""

    def __init__(self) -> None:
        super().__init__()
        self._zero: float | None = None

    def zero(self, moment: float | None) -> None:
        """Count from *moment* (monotonic seconds) on; None: do not count."""
        self._zero = moment

    def say(self, text: str) -> None:
        """Show one step."""
        since = "        " if self._zero is None else f"{(time.monotonic() - self._zero) * 1000:5.0f} ms"
        say(f"  {since}  {text}", flush=True)

    def emit(self, record: logging.LogRecord) -> None:
        self.say(f"{record.name.removeprefix('roundhook.'):<16} {one_line(record.getMessage())}")


async def _play(stage: Stage, steps: Steps, out: Path, number: int) -> float:
    """Play one round and return the milliseconds from the file's appearance to the message."""
    if number:
        await stage.clock.advance(BETWEEN_SECONDS)
    plan = EVENING[number % len(EVENING)]
    game = stage.games["local"]
    channel = stage.discord.stats_channel
    seen = {message.id for message in stage.discord.messages(channel)}
    steps.zero(None)
    say(f"\n{plan['map_name']}: a round is played, its notice is sent by lua/roundhook.lua in a real Lua 5.4")
    watcher = asyncio.get_running_loop().create_task(_appearance(game, steps))
    played = await game.play_round(**plan)
    await watcher
    message = await stage.discord.wait_for_message(channel, lambda one: one.id not in seen, timeout=30)
    delay = (time.monotonic() - (played.written_monotonic or time.monotonic())) * 1000
    steps.say(f"{'discord':<16} posted: {message.text.splitlines()[0]}")
    for name, data in message.files.items():
        plain = _TOKEN.sub(".", name)
        await asyncio.to_thread((out / plain).write_bytes, data)
    return delay


async def _appearance(game: GameServer, steps: Steps) -> None:
    """Count from the moment at which a new stats file is there."""
    before = set(game.root.glob("*.txt"))
    while not set(game.root.glob("*.txt")) - before:  # noqa: ASYNC110 - a folder has no event
        await asyncio.sleep(0.002)
    steps.zero(time.monotonic())
    steps.say(f"{'game server':<16} the stats file is there")


async def _show_stored(stage: Stage) -> None:
    rows = await stage.db.fetch(
        "SELECT r.*, (SELECT count(*) FROM player_rounds p WHERE p.round_id = r.id) AS players "
        "FROM rounds r ORDER BY r.id"
    )
    say("\nStored:")
    table = [
        (row["id"], row["map_name"], f"R{row['round_number']}", _minutes(row["time_shown_seconds"]),
         _minutes(row["actual_duration_seconds"]), row["duration_source"], row["end_reason"], row["players"])
        for row in rows
    ]  # fmt: skip
    print_table(("id", "map", "", "file says", "really", "by", "end", "players"), table)


def _show_places(out: Path, delays: list[float]) -> None:
    cards = sorted(out.glob("*.png"))
    say(f"\nFile to message: {', '.join(f'{delay:.0f} ms' for delay in delays)}")
    say(f"Database: {out / 'roundhook.db'}")
    for card in cards:
        say(f"Card:     {card}")


def _running(stage: Stage) -> list[str]:
    return [report.plugin for report in stage.app.reports if report.ok]


def _make_room(out: Path) -> None:
    """Make *out*, without what an earlier demo left there.

    Raises:
        ConfigError: it is not to be had.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        for old in (*out.glob("round-*.png"), *out.glob("map-*.png"), *out.glob("roundhook.db*")):
            old.unlink()
        shutil.rmtree(out / ".stage", ignore_errors=True)
        (out / ".stage").mkdir()
    except OSError as error:
        raise ConfigError(f"--out {out} cannot be written ({error.strerror}). Name another folder.") from error


def _minutes(seconds: int | None) -> str:
    return "–" if seconds is None else f"{seconds // 60}:{seconds % 60:02d}"
