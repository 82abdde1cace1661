"""``roundhook plugin install`` and ``update``: a plugin is fetched, looked at, put in its place and loaded."""

import argparse
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from core.cli.plugin_loading import Loading, opened
from core.cli.setup import answer, config_of
from core.config import Config
from core.errors import ConfigError, PluginError, RoundhookError
from core.installing.fetching import Fetched, fetch
from core.installing.looks import check_name, look_at
from core.installing.places import Place
from core.installing.sources import Source, read_source
from core.kernel.discovery import discover
from core.kernel.report import Report


def configure_install(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``install``."""
    which = "a folder, an archive (.zip, .tar.gz), a git address (@ref behind it), or a requirement for pip"
    parser.add_argument("source", metavar="SOURCE", help=which)


def configure_update(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``update``."""
    parser.add_argument("name", metavar="NAME", help="the plugin; it is fetched from where it came from")


async def install(arguments: argparse.Namespace) -> None:
    """Install what the source holds, and switch it on."""
    await _put(arguments, config_of(arguments), read_source(arguments.source))


async def update(arguments: argparse.Namespace) -> None:
    """Put what the source holds now in place of what is installed; whether it is on stays as it is."""
    check_name(arguments.name)
    await _put(arguments, config_of(arguments), None, arguments.name)


async def _put(arguments: argparse.Namespace, config: Config, given: Source | None, updated: str = "") -> None:
    place = Place(config.storage_dir)
    with _files_told(updated or str(given)), place.alone() as made:
        source = given or place.origin(updated)
        async with opened(config) as loading:
            found = discover(config.plugin_places)
            before = found.manifests[updated].version if updated in found.manifests else ""
            with _named(source, made / "tree"):
                fetched = fetch(source, made, place.root / updated if updated else None)
                new = look_at(fetched, source, place, found, updated, loading.enabled)
            back = f"{updated} {before} is back in its place." if updated else "Nothing was installed."
            async with _undone(loading, new.name, back, updated=bool(updated)):
                with place.swapped(new.name, fetched.tree, made) as folder:
                    report = await _load(config, loading, fetched, new.name, updated=bool(updated))
            await loading.record(new.name, arguments.action, f"version {new.version} from {source}")
            on = not updated or loading.enabled.get(new.name, False)
            document = {
                "name": new.name, "version": new.version, "before": before or None, "source": str(source),
                "folder": folder, "enabled": on, "generation": report.generation, "notes": report.notes,
            }  # fmt: skip
            done = f"is in place of {before or 'what could not be read'}" if updated else f"is installed in {folder}"
            answer(arguments, document, f"{new.name} {new.version} {done}. {_state(report, on=on)}")


async def _load(config: Config, loading: Loading, fetched: Fetched, name: str, *, updated: bool) -> Report:
    found = discover(config.plugin_places)
    if name not in found.manifests:
        raise PluginError(found.errors.get(name) or found.errors.get(fetched.folder.name) or found.absence(name))
    return await loading.load(found.manifests[name], found, new=not updated)


@contextlib.asynccontextmanager
async def _undone(loading: Loading, name: str, back: str, *, updated: bool) -> AsyncIterator[None]:
    """Where the block fails, have the bot see what is there again, and say so."""
    try:
        yield
    except RoundhookError as error:
        if not updated:
            await loading.stop(name)
        await loading.look(name)
        raise type(error)(f"{error} {back}") from error.__cause__


def _state(report: Report, *, on: bool) -> str:
    if report.generation is not None:
        return " ".join((f"The bot runs it: generation {report.generation}.", *report.notes))
    on_discord = f"`/plugin enable name:{report.plugin} everywhere:True` on Discord switches it on."
    return "It is loaded when the bot is started." if on else f"It is switched off. {on_discord}"


@contextlib.contextmanager
def _named(source: Source, tree: Path) -> Iterator[None]:
    """Let what is wrong in the new files be told by where they came from, not by where they lie meanwhile."""
    try:
        yield
    except RoundhookError as error:
        text = str(error).removeprefix(f"{tree.name}: ")  # in place of a name that the manifest does not give
        raise type(error)(text.replace(str(tree), str(source))) from error.__cause__


@contextlib.contextmanager
def _files_told(what: str) -> Iterator[None]:
    """Tell in one line which file cannot be read or written (``ConfigError``)."""
    try:
        yield
    except OSError as error:
        problem = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        remedy = "Give the user that the bot runs as the right to it, and look whether the disk is full."
        raise ConfigError(f"{what} was not installed: {problem}. {remedy}") from error
