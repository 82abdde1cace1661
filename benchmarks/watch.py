"""From a saved file to the new code's answer, with ``roundhook run --watch``: ``python -m benchmarks.watch [saves]``.

The real bot on the loopback Discord with all built-in plugins and one more, whose command is invoked again and again
after each save until the new code answers. A save in between has a syntax error: the old code has to go on.
"""

import asyncio
import logging
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from core.kernel.folders import built_in
from core.kernel.watch import watch
from roundhook.testing import Stage
from tests.plugin_maker import says

AIM_MS = 300
ASK_SECONDS = 0.005
MANIFEST = '[plugin]\nname = "says"\nversion = "1"\napi = 1\n'


async def answer_ms(stage: Stage, file: Path, word: str) -> float:
    """Save code that says *word*; return after how many milliseconds a user is answered by it."""
    await asyncio.to_thread(file.write_text, says(word), "utf-8")
    saved = time.perf_counter()
    while await said(stage) != word:  # noqa: ASYNC110 - a user asks again; nothing tells when the answer is new
        await asyncio.sleep(ASK_SECONDS)
    return (time.perf_counter() - saved) * 1000


async def said(stage: Stage) -> str:
    """Ask the command."""
    return str((await stage.discord.invoke("say", user=7, guild=1)).content)


async def main(saves: int = 100) -> None:
    """Print the figures."""
    logging.disable()
    chance, times, wrong = random.Random(1), [], 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "says"
        folder.mkdir()
        (folder / "manifest.toml").write_text(MANIFEST, "utf-8")
        (folder / "plugin.py").write_text(says("-"), "utf-8")
        async with Stage([*built_in(), "says"], folders=[name]) as stage:
            watching = asyncio.create_task(watch(stage.app.kernel))
            for number in range(saves):
                await asyncio.sleep(chance.uniform(0.05, 0.35))  # at any moment of the watch's round
                if number % 5 == 4:
                    (folder / "plugin.py").write_text("def broken(:\n", "utf-8")
                    await asyncio.sleep(0.4)
                    wrong += await said(stage) != str(number - 1)
                times.append(await answer_ms(stage, folder / "plugin.py", str(number)))
            watching.cancel()
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    print(
        f"saved to answered, {saves} saves: p50 {cuts[49]:.0f}, p99 {cuts[98]:.0f}, max {max(times):.0f} ms "
        f"(aim: at most {AIM_MS})"
    )
    print(f"after a syntax error the old code answered {saves // 5 - wrong} of {saves // 5} times")


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
