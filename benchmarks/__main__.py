"""``python -m benchmarks [NAME…]``: runs every module here that has a ``main``, or those named; prints figures."""

import asyncio
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Awaitable
from pathlib import Path

WITHOUT = (
    "__main__", "before", "drawing", "fleet", "game_servers", "history", "measured_bot", "polling_bot", "under_load",
    "watched",
)  # fmt: skip
"""Not a measurement of its own."""


def main(names: list[str]) -> None:
    """Run the benchmarks with these names, else all."""
    found = [one.name for one in pkgutil.iter_modules([str(Path(__file__).parent)]) if one.name not in WITHOUT]
    if unknown := set(names) - set(found):
        raise SystemExit(f"There is no benchmark {', '.join(sorted(unknown))}. There are {', '.join(found)}.")
    for name in names or found:
        module = importlib.import_module(f"benchmarks.{name}")
        if hasattr(module, "main"):
            print(f"== {name}", flush=True)
            if inspect.isawaitable(ran := module.main()):
                asyncio.run(_awaited(ran))
            print(flush=True)


async def _awaited(work: Awaitable[object]) -> None:
    await work


if __name__ == "__main__":
    main(sys.argv[1:])
