"""An older commit beside this tree, measured in turns with it: what the machine does meanwhile strikes both."""

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parents[1]
RUNS = 5
Figures = dict[str, float]


@contextlib.contextmanager
def tree_of(commit: str) -> Iterator[Path]:
    """Give a folder with the files of *commit* for as long as the block runs."""
    with tempfile.TemporaryDirectory() as place:
        archive = Path(place) / "tree.tar"
        subprocess.run(["git", "archive", "-o", archive, commit], cwd=HERE, check=True)  # noqa: S603, S607
        shutil.unpack_archive(archive, place, filter="data")
        yield Path(place)


def compare(script: str, commit: str, runs: int = RUNS, *options: str) -> None:
    """Print what *script* of this tree measures with the code of *commit* and with ours: medians and their ratio.

    The script prints one JSON object of numbers by name. Its arguments are a folder that stays for all runs of one
    version, and the *options*.
    """
    with tree_of(commit) as before, tempfile.TemporaryDirectory() as then, tempfile.TemporaryDirectory() as now:
        found: dict[Path, list[Figures]] = {before: [], HERE: []}
        for _ in range(runs):
            for (tree, figures), folder in zip(found.items(), (then, now), strict=True):
                figures.append(_measured(script, tree, folder, *options))
    print(f"medians of {runs} runs in turns: {commit} → now, ratio")
    for name in found[HERE][0]:
        was, is_now = (statistics.median(one[name] for one in figures) for figures in found.values())
        print(f"{name}: {was:,.0f} → {is_now:,.0f}" + (f", {is_now / was:.2f}" if was else ""))


def _measured(script: str, tree: Path, *arguments: str) -> Figures:
    """Run this tree's *script* with another tree's code."""
    path = str(Path(__file__).with_name(script))
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, path, *arguments]
    ran = subprocess.run(command, cwd=tree, env=environment, check=True, stdout=subprocess.PIPE)  # noqa: S603
    figures: Figures = json.loads(ran.stdout)
    return figures
