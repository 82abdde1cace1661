"""What a command in the terminal asks of the running bot: a row of ``plugin_requests``, answered in it."""

import asyncio
import logging
import uuid
from datetime import timedelta

import msgspec

from core.clock import Clock
from core.db.database import Database
from core.db.presence import running
from core.errors import PeerUnavailableError
from core.kernel.kernel import Kernel
from core.kernel.report import Report

LOOK_SECONDS = 2.0
ANSWER_SECONDS, ASK_AGAIN_SECONDS = 120.0, 0.1
KEPT = timedelta(days=1)
"""How long a row stays whose command was killed."""

log = logging.getLogger(__name__)


async def answer_requests(kernel: Kernel, database: Database, clock: Clock) -> None:
    """Do what is asked, again and again."""
    while True:
        await clock.sleep(LOOK_SECONDS)
        try:
            await _answer(kernel, database)
        except Exception:
            log.exception("what the terminal asks could not be looked for; tried again in %g s", LOOK_SECONDS)


async def thin(database: Database, clock: Clock) -> None:
    """Forget what was asked long ago."""
    await database.execute("DELETE FROM plugin_requests WHERE asked_at < ?", (clock.now() - KEPT,))


async def ask(database: Database, clock: Clock, plugin: str, action: str) -> Report:
    """Have the bot that uses *database* do something with a plugin, and return what came of it.

    Raises:
        PeerUnavailableError: it ends meanwhile, or does not answer.
    """
    key = uuid.uuid4().hex
    sql = "INSERT INTO plugin_requests (id, plugin, action, asked_at, answer) VALUES (?, ?, ?, ?, '')"
    await database.execute(sql, (key, plugin, action, clock.now()))
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await _answered(database, clock, key)
    except TimeoutError:
        problem = f"The bot has not answered within {ANSWER_SECONDS:g} s. `roundhook status` and its log say how it is."
        raise PeerUnavailableError(f"{plugin}: {problem}") from None
    finally:
        await database.execute("DELETE FROM plugin_requests WHERE id = ?", (key,))


async def _answered(database: Database, clock: Clock, key: str) -> Report:
    while True:
        rows = await database.fetch("SELECT plugin, answer FROM plugin_requests WHERE id = ?", (key,))
        if rows and rows[0]["answer"]:
            return msgspec.json.decode(rows[0]["answer"], type=Report)
        if await running(database, clock) is None:
            raise PeerUnavailableError("The bot has ended meanwhile. Its log says why; try again when it runs.")
        await asyncio.sleep(ASK_AGAIN_SECONDS)


async def _answer(kernel: Kernel, database: Database) -> None:
    sql = "SELECT id, plugin, action FROM plugin_requests WHERE answer = '' ORDER BY asked_at"
    for row in await database.fetch(sql):
        report = await _done(kernel, row["plugin"], row["action"])
        text = msgspec.json.encode(report).decode()
        await database.execute("UPDATE plugin_requests SET answer = ? WHERE id = ?", (text, row["id"]))


async def _done(kernel: Kernel, plugin: str, action: str) -> Report:
    if action == "look":
        await kernel.look_again()
        return Report(plugin, ok=True)
    changes = {"enable": kernel.enable, "disable": kernel.disable, "reload": kernel.reload}
    if action not in changes:
        return Report(plugin, ok=False, error=f"{plugin}: the bot that runs cannot '{action}'. Restart it.")
    return await changes[action](plugin)
