"""The terminal commands that plugins bring: found in their manifests, imported when they are called."""

import argparse
import functools
import keyword
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import PluginError
from core.kernel.folders import manifest_text, plugin_folders
from core.shown import one_line
from core.textfiles import decoded

_imported: list[str] = []
"""The packages of plugins whose commands have been imported."""


@dataclass(frozen=True, slots=True)
class PluginCommand:
    """One command, of one word or two, as a plugin's manifest lists it."""

    words: tuple[str, ...]
    summary: str
    folder: Path


def sentence(summary: str) -> str:
    """Return the summary of a command as its help says it."""
    return f"{summary[:1].upper()}{summary[1:]}."


def add(commands: Any, groups: dict[str, Any], taken: Sequence[str], words: Sequence[str]) -> None:
    """Give the parser the plugins' commands.

    Args:
        commands: where commands of one word go.
        groups: where those of two go, by the first; one that is missing is made.
        taken: the first words that roundhook itself has.
        words: what was typed: only that command's plugin is imported.
    """
    known: set[tuple[str, ...]] = {(name,) for name in taken if not isinstance(groups.get(name), argparse.Action)}
    listed = sorted(_listed(words), key=lambda one: one.words)
    for one in listed:
        first, place, text = one.words[0], commands, sentence(one.summary)
        if len(one.words) > 1:
            if first not in groups and first not in taken:
                group = commands.add_parser(first, help=_together(listed, first))  # each says itself what it does
                groups[first] = group.add_subparsers(metavar="action", required=True)
            place = groups.get(first)
        if place is None or one.words in known:
            continue  # the refusal of its plugin says that the name is taken
        known.add(one.words)
        parser = place.add_parser(one.words[-1], help=one.summary, description=text)
        if tuple(words[: len(one.words)]) == one.words:
            _configure(parser, one)


def _together(listed: Sequence[PluginCommand], first: str) -> str:
    """Return the line of help of a group: what its one command does, or the names of several."""
    members = {one.words[1]: one.summary for one in reversed(listed) if one.words[0] == first and len(one.words) > 1}
    if len(members) > 1:
        return ", ".join(sorted(members))
    return "".join(f"{name}: {summary}" for name, summary in members.items())


def forget() -> None:
    """Let go of the plugins whose commands were imported: the command has ended, or was not called after all."""
    while _imported:
        from core.kernel import loader

        loader.forget(_imported.pop())


def _listed(words: Sequence[str]) -> Iterator[PluginCommand]:
    """Give the commands in the manifests; one that cannot be read lists none, which its plugin's refusal explains."""
    for folder in plugin_folders(_paths(words)):
        for name, summary in _table(functools.partial(manifest_text, folder), "cli").items():
            if name.split() and isinstance(summary, str):
                shown = one_line(summary).replace("%", "%%")  # argparse prints it, and fills in what follows a %
                yield PluginCommand(tuple(one_line(name).split()[:2]), shown, folder)


def _paths(words: Sequence[str]) -> list[str]:
    """Return where plugins lie by the settings that the command line names; mistakes in them are told elsewhere."""
    finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    finder.add_argument("--config", nargs="?", type=Path)
    file = finder.parse_known_args(words)[0].config or Path("roundhook.toml")
    paths = _table(lambda: decoded(file.read_bytes()), "plugins").get("paths", ())
    storage = _table(lambda: decoded(file.read_bytes()), "storage").get("dir", "data")
    places = [*paths, f"{storage}/plugins"] if isinstance(paths, list) else [f"{storage}/plugins"]
    try:
        folder = file.absolute().parent
    except FileNotFoundError:  # the working directory is gone
        return []
    return [str(folder / os.path.expanduser(one)) for one in places if isinstance(one, str)]


def _table(read: Callable[[], str], name: str) -> Mapping[str, Any]:
    try:
        table = tomllib.loads(read()).get(name)
    except (OSError, ValueError, RecursionError):
        return {}
    return table if isinstance(table, dict) else {}


def _configure(parser: argparse.ArgumentParser, command: PluginCommand) -> None:
    """Import the command's plugin and let it declare its options; what is wrong is told with file and line."""
    from core.cli import add_common, load_for_good
    from core.kernel import loader
    from core.kernel.manifest import read_manifest

    manifest, function = read_manifest(command.folder), "_".join(command.words).replace("-", "_")
    source = loader.read_source(manifest.name, manifest.folder, "cli")
    _imported.append(package := loader.new_package(manifest.name))
    module = loader.import_now(source, package, "cli")
    name = f"{function}_" if keyword.iskeyword(function) else function  # Python keeps words for itself
    if not callable(run := getattr(module, name, None)):
        problem = f"there is no `async def {name}(terminal, arguments)`, which the manifest's [cli] promises. Write it."
        raise PluginError(f"{manifest.name}: cli.py:1: {problem}")
    if declare := getattr(module, f"add_{function}", None):
        declare(parser)
    add_common(parser)
    parser.set_defaults(run=functools.partial(_run, manifest, run, package), load=load_for_good)


async def _run(manifest: Any, run: Callable[..., Any], package: str, arguments: argparse.Namespace) -> int:
    from core.cli.setup import config_of
    from core.cli.stored_settings import layers_of
    from core.cli.terminal import Terminal
    from core.kernel import loader
    from core.kernel.own_tables import tables_in

    config = config_of(arguments)
    async with Terminal(config, (await layers_of(config, manifest)).everywhere()) as terminal:
        terminal.db.bind(*tables_in(loader.modules_of(package).values()))
        return int(await run(terminal, arguments) or 0)
