"""What a picture costs, and what drawing many does to the event loop: printed as JSON, by the code that is imported.

``benchmarks/pictures.py`` runs it with an older commit's code too, so it keeps to what was always there.
"""

import asyncio
import contextlib
import json
import statistics
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from docs import pictured
from docs.pictured import PLAIN
from plugins.stats_commands.card import render_card, render_evening, render_map

PICTURES = 12
BURSTS = 3


def figures() -> dict[str, float]:
    """Return milliseconds of CPU, the first time in this process and from then on, and kilobytes."""
    found: dict[str, float] = {}
    pictures: list[tuple[str, Callable[[Any], bytes], list[Any]]] = [
        ("round of 12", render_card, [pictured.surrender(12, _turned(run)) for run in range(PICTURES)]),
        ("map of 12", render_map, [pictured.map_card(12, _turned(run)) for run in range(PICTURES)]),
        ("evening of 12", render_evening, [pictured.evening_card(12, 8, _turned(run)) for run in range(PICTURES)]),
        ("evening of 32", render_evening, [pictured.evening_card(32, 30, _turned(run), ()) for run in range(PICTURES)]),
    ]  # fmt: skip
    for name, draw, made in pictures:
        first, *times = (_cpu_ms(draw, one) for one in made)
        found |= {f"{name}: ms": statistics.median(times), f"{name}: ms, the first": first}
        found[f"{name}: kB"] = len(draw(made[0])) / 1000
    return found


async def many() -> dict[str, float]:
    """Return how many cards are drawn in a second, and for how long the loop stands still, also without them."""
    cards = [pictured.surrender(12, _turned(run)) for run in range(PICTURES)]
    draw = _drawing()
    rates: list[float] = []
    silences: list[float] = []
    usual: list[float] = []
    for _ in range(BURSTS):
        async with _heard(usual):
            await asyncio.sleep(0.3)
        began = time.perf_counter()
        async with _heard(silences):
            await asyncio.gather(*(draw(render_card, card) for card in cards))
        rates.append(PICTURES / (time.perf_counter() - began))
    return {
        "cards a second": statistics.median(rates),
        "longest silence of the loop: ms": statistics.median(silences),
        "longest silence while nothing is drawn: ms": statistics.median(usual),
    }


@contextlib.asynccontextmanager
async def _heard(silences: list[float]) -> AsyncIterator[None]:
    """Add the longest silence of the event loop during the block, in milliseconds."""
    heard = [0.0]
    beating = asyncio.create_task(_beat(heard))
    yield
    beating.cancel()
    silences.append(max(heard) * 1000)


def _drawing() -> Callable[..., Any]:
    """Return how a plugin draws: in threads; before there were any, one picture at a time."""
    import roundhook.pictures

    if hasattr(roundhook.pictures, "DrawingThreads"):
        return roundhook.pictures.DrawingThreads().draw
    alone = asyncio.Lock()

    async def draw(function: Callable[..., bytes], *arguments: object) -> bytes:
        async with alone:
            return await asyncio.to_thread(function, *arguments)

    return draw


async def _beat(silences: list[float]) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        silences.append(time.perf_counter() - before - 0.001)


def _cpu_ms(draw: Callable[[Any], bytes], what: object) -> float:
    began = time.process_time()
    draw(what)
    return (time.process_time() - began) * 1000


def _turned(run: int) -> tuple[str, ...]:
    """Return names in another order: other numbers, so that no picture was drawn before."""
    return PLAIN[run % len(PLAIN) :] + PLAIN[: run % len(PLAIN)]


if __name__ == "__main__":
    print(json.dumps(figures() | asyncio.run(many())))
