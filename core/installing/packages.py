"""Installs a package and what it needs into a folder of its own, by pip; what the bot has already stays as it is."""

import importlib.metadata
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import BadInputError, ConfigError, RoundhookError
from core.installing.sources import Source
from core.installing.tools import run
from core.kernel.folders import ENTRY_POINTS

_MISSING = "Python cannot be started again to run pip. Install the package into the bot's environment by hand."


def install(source: Source, target: Path, instead: Path | None) -> Path:
    """Install what *source* requires into the new folder *target*; return the folder of the plugin in it.

    It will stand in place of the folder *instead*, whose packages do not count as there.

    Raises:
        BadInputError: pip refuses it, or there is no plugin in it.
        ConfigError: there is no pip, or it needs another version of what the bot uses.
        PeerUnavailableError: the index does not answer.
    """
    target.mkdir(mode=0o700)
    found = _planned(source, target.with_name("plan.json"))
    for one in found:
        _refuse_another_version(source, one["metadata"]["name"], one["metadata"]["version"], instead)
    _pip(source, "--quiet", "--no-deps", "--no-compile", "--target", str(target), "--", *_pinned(source, found))
    return _plugin_in(source, target)


def _planned(source: Source, file: Path) -> list[Mapping[str, Any]]:
    """Return what pip would install here, besides what there is."""
    _pip(source, "--quiet", "--dry-run", "--report", str(file), "--", source.address)
    plan: list[Mapping[str, Any]] = json.loads(file.read_text("utf-8"))["install"]
    if not any(one["requested"] for one in plan):
        remedy = "It is found there: `roundhook plugin list` shows it. To have it here, uninstall it there."
        raise ConfigError(f"{source} is installed in the environment that the bot runs in. {remedy}")
    return plan


def _pinned(source: Source, plan: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in plan:
        name, version = one["metadata"]["name"], one["metadata"]["version"]
        direct = f"{name} @ {one['download_info']['url']}" if one["is_direct"] else f"{name}=={version}"
        yield source.address if one["requested"] else direct


def _refuse_another_version(source: Source, name: str, version: str, instead: Path | None) -> None:
    """Refuse what would stand beside another version of itself that the bot can import (``ConfigError``)."""
    try:
        has = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return
    goes = instead is not None and Path(str(has.locate_file(""))).resolve() == instead.resolve()
    if has.version != version and not goes:
        problem = f"{source} needs {name} {version}, and the bot has {has.version}"
        raise ConfigError(f"{problem}. In the environment that the bot runs in: pip install '{name}=={version}'")


def _plugin_in(source: Source, target: Path) -> Path:
    points = [
        point
        for one in importlib.metadata.distributions(path=[str(target)])
        for point in one.entry_points
        if point.group == ENTRY_POINTS
    ]
    if len(points) != 1:
        which = "several plugins: " + ", ".join(sorted(one.name for one in points)) if points else "no plugin"
        remedy = f"A package names the one that it brings as an entry point in the group {ENTRY_POINTS}."
        raise BadInputError(f"{source} brings {which}. {remedy}")
    return target.joinpath(*points[0].value.partition(":")[0].split("."))


def _pip(source: Source, *words: str) -> None:
    def failed(said: str) -> RoundhookError:
        if "No module named pip" in said:
            return ConfigError(f"There is no pip beside {sys.executable}. Run `{sys.executable} -m ensurepip`.")
        remedy = "Check its name and version, and that it is for this Python."
        return BadInputError(f"{source} cannot be installed: {said}. {remedy}")

    command = [sys.executable, "-P", "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--retries=1"]
    run([*command, *words], os.environ, _MISSING, failed)
