"""What drawing a picture costs: milliseconds of CPU and bytes, the first time in a process and from then on."""

import statistics
import time
from collections.abc import Callable

from docs import pictured
from docs.pictured import PLAIN
from plugins.stats_commands.card import render_card, render_evening, render_map

RUNS = 12
AIM_MS = 35.0
"""For a round of twelve, once the fonts are open."""


def main() -> None:
    """Print the figures."""
    print(f"{'':22}{'first':>10}{'median':>10}   (ms of CPU)")
    _measure("round, 12 players", lambda run: render_card(pictured.surrender(12, _turned(run))), f"   aim: {AIM_MS:g}")
    _measure("map, 12 players", lambda run: render_map(pictured.map_card(12, _turned(run))))
    _measure("evening, 12 players", lambda run: render_evening(pictured.evening_card(12, 8, _turned(run))))
    _measure("evening, 32 players", lambda run: render_evening(pictured.evening_card(32, 30, _turned(run), ())))


def _measure(name: str, draw: Callable[[int], bytes], aim: str = "") -> None:
    first, *times = (_cpu_ms(draw, run) for run in range(RUNS))
    print(f"{name:22}{first:10.1f}{statistics.median(times):10.1f}{len(draw(0)) / 1000:8.0f} kB{aim}")


def _cpu_ms(draw: Callable[[int], bytes], run: int) -> float:
    began = time.process_time()
    draw(run)
    return (time.process_time() - began) * 1000


def _turned(run: int) -> tuple[str, ...]:
    """Return names in another order: other numbers, so that no picture was drawn before."""
    return PLAIN[run % len(PLAIN) :] + PLAIN[: run % len(PLAIN)]


if __name__ == "__main__":
    main()
