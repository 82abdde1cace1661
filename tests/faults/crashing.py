"""The real bot, which dies at a step, such as its third commit: ``python crashing.py '3 a commit' run``.

A step is what the world outside can see: a commit, a call to Discord or the game server, a file that is kept; the
process dies right before or right after it. Counting begins with SIGUSR1; each step is noted in ``steps.log``.
"""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh
import hikari

from core.cli import main
from core.db.sqlite import SqliteDatabase, WarmConnection
from core.rounds.files import Files

Work = Callable[..., Any]


class Steps:
    """Counts steps once it is armed, and ends the process at the one that is due."""

    def __init__(self, due: str) -> None:
        self._due, self._counts = due, Counter[str]()
        self._armed = False
        signal.signal(signal.SIGUSR1, self._arm)

    def _arm(self, *_: object) -> None:
        self._armed = True

    def take(self, name: str) -> None:
        """Note a step; it may be the last."""
        if not self._armed:
            return
        self._counts[name] += 1
        step = f"{self._counts[name]} {name}"
        with Path("steps.log").open("a", encoding="utf-8") as log:
            log.write(f"{step}\n")
        if step == self._due:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, owner: Any, method: str, name: Callable[..., str]) -> None:
        """Make each call of a method two steps; *name* makes their name of its arguments, "" for none."""
        inner = getattr(owner, method)

        async def watched(*args: Any, **kwargs: Any) -> Any:
            what = name(*args, **kwargs)
            if not what:
                return await inner(*args, **kwargs)
            self.take(f"before {what}")
            result = await inner(*args, **kwargs)
            self.take(f"after {what}")
            return result

        setattr(owner, method, watched)


def _statement(_: WarmConnection, sql: str, *__: object) -> str:
    return "a commit" if sql == "COMMIT" else ""


def _at_once(database: SqliteDatabase, *_: object) -> str:
    return "" if database.engine.transaction_exists() else "a commit"


def _request(_: object, route: Any, **__: object) -> str:
    return f"{route.method} {route.route.path_template}"


if __name__ == "__main__":
    steps = Steps(sys.argv[1])
    steps.watch(WarmConnection, "execute", _statement)
    steps.watch(SqliteDatabase, "_write", _at_once)
    steps.watch(hikari.impl.RESTClientImpl, "_request", _request)
    steps.watch(Files, "put", lambda *_, **__: "a file is kept")
    steps.watch(asyncssh.SFTPClientFile, "read", lambda *_, **__: "a file is read")
    sys.exit(main(sys.argv[2:]))
