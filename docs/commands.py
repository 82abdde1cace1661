"""The commands, on Discord and on the terminal, as pages show them."""

import argparse
import asyncio
import importlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from core.cli import COMMANDS, add_common
from core.kernel.folders import BUILT_IN
from docs.settings import manifests
from docs.source import sentence, table


def terminal() -> str:
    """The commands of the terminal, by their argument parsers."""
    own = [_terminal(name, sentence(summary), _own(name)) for name, summary in COMMANDS.items()]
    return "\n\n".join([*own, *_brought()])


def common() -> str:
    """The options that nearly all commands have."""
    return _arguments(add_common)


def _own(name: str) -> Callable[[argparse.ArgumentParser], None]:
    configure: Callable[[argparse.ArgumentParser], None] = importlib.import_module(f"core.cli.{name}_command").configure
    return configure


def _brought() -> Iterator[str]:
    """Give the commands of our own plugins."""
    for manifest in manifests():
        for name, summary in manifest.cli.items():
            module = importlib.import_module(f"plugins.{manifest.name}.cli")
            declare = getattr(module, f"add_{name.replace(' ', '_')}", lambda parser: None)
            text = f"{sentence(summary)} Brought by [{manifest.name}](../../plugins/{manifest.name}/README.md)."
            yield _terminal(name, text, declare)


def _terminal(name: str, text: str, configure: Callable[[argparse.ArgumentParser], None]) -> str:
    """Describe a command, and each of its actions (``plugin new``) as one of its own."""
    parser = argparse.ArgumentParser(add_help=False)
    configure(parser)
    groups = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    parts = [f"### roundhook {name}", text]
    if not all(one.required for one in groups) or not groups:
        parts.append(_table(parser, without=_options(add_common)))
    for group in groups:
        for action, inner in group.choices.items():
            words = sentence(inner.description or "")
            parts += [f"### roundhook {name} {action}", words, _table(inner, without=_options(add_common))]
    return "\n\n".join(parts)


def _arguments(configure: Callable[[argparse.ArgumentParser], None]) -> str:
    parser = argparse.ArgumentParser(add_help=False)
    configure(parser)
    return _table(parser)


def _table(parser: argparse.ArgumentParser, without: Sequence[str] = ()) -> str:
    """Show a parser's arguments; those of *without*, by their help, are told elsewhere."""
    skipped = (argparse._HelpAction, argparse._SubParsersAction)
    shown = [one for one in parser._actions if not isinstance(one, skipped) and one.help not in without]
    rows = [(_spelled(one), one.help or "") for one in shown]
    return table(("argument", "meaning"), rows) if rows else "No options of its own."


def _options(configure: Callable[[argparse.ArgumentParser], None]) -> list[str]:
    parser = argparse.ArgumentParser(add_help=False)
    configure(parser)
    return [one.help or "" for one in parser._actions]


def _spelled(action: argparse.Action) -> str:
    value = action.metavar or (f"{{{','.join(map(str, action.choices))}}}" if action.choices else action.dest.upper())
    if not action.option_strings:
        return f"`{value}{' …' if action.nargs in ('+', '*') else ''}`"
    return f"`{', '.join(action.option_strings)}{'' if action.nargs == 0 else f' {value}'}`"


def discord() -> str:
    """The commands on Discord, as they are registered there."""
    from core.discord.admin import Admin, admin_commands
    from core.discord.client import commands_in
    from core.discord.status import status_command
    from core.discord.sync import build

    nothing: Any = (None,) * 5  # what they are for is asked when they are invoked
    found = [("roundhook itself", [*admin_commands(Admin(*nothing)), status_command(None, None)])]  # type: ignore[arg-type]
    for file in sorted(BUILT_IN.glob("*/commands.py")):
        module = importlib.import_module(f"plugins.{file.parent.name}.commands")
        found.append((file.parent.name, commands_in(module.loader, file.parent.name)))
    rows = [
        (*row, f"[{owner}](../../plugins/{owner}/README.md)" if "_" in owner else owner)
        for owner, commands in found
        for command in asyncio.run(build((one, {}) for one in commands))
        for row in _invokable("", command)
    ]
    return table(("command", "what it does", "options", "from"), rows)


def _invokable(before: str, command: Any) -> Iterator[tuple[str, str, str]]:
    name, options = f"{before} {command.name}".strip(), list(command.options or ())
    subs = [one for one in options if int(one.type) in (1, 2)]
    for sub in subs:
        yield from _invokable(name, sub)
    if not subs:
        words = [f"`{one.name}`{'' if one.is_required else ' (optional)'}: {one.description}" for one in options]
        yield f"`/{name}`", command.description, "<br>".join(words)
