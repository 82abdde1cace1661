"""Writes the generated parts of the documentation from the code; ``--check`` tells whether they are up to date.

A page holds a part between two comments: ``<!-- generated: NAME; run `make docs` -->`` and ``<!-- end: NAME -->``.
What stands outside them is written by hand.
"""

import argparse
import ast
import asyncio
import importlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from core import config
from core.cli import COMMANDS, add_common
from core.hookspecs import CONTRACTS
from core.kernel.folders import BUILT_IN
from core.kernel.manifest import Manifest, read_manifest
from docs.public import public, stage
from docs.source import (
    ROOT,
    AnyFunction,
    classes,
    fields,
    meaning_below,
    prose,
    sentence,
    signature,
    table,
    tree,
    type_text,
)

EXAMPLE = ROOT / "roundhook.example.toml"
_PART = re.compile(
    r"(<!-- generated: (?P<name>[a-z_ ]+); run `make docs` -->\n).*?(<!-- end: (?P=name) -->)", re.DOTALL
)
_NOT_FOR_PLUGINS = {"bind", "close", "discard", "engine", "accepted", "in_place", "options", "parts"}


def main(argv: Sequence[str] | None = None) -> int:
    """Write all pages; with ``--check`` write none and return 1 if one is not as it would be written."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only look; 1 if a page is not up to date")
    check = parser.parse_args(argv).check
    stale = {page: text for page in pages() if (text := renewed(page)) != page.read_text("utf-8")}
    for page, text in stale.items():
        if check:
            sys.stderr.write(f"{page.relative_to(ROOT)} is not up to date with the code. Run `make docs`.\n")
        else:
            page.write_text(text, "utf-8")
            sys.stdout.write(f"wrote {page.relative_to(ROOT)}\n")
    return 1 if check and stale else 0


def pages() -> list[Path]:
    """Return the pages that may hold generated parts."""
    return [*sorted((ROOT / "docs").rglob("*.md")), *sorted(BUILT_IN.glob("*/README.md"))]


def renewed(page: Path) -> str:
    """Return the text of *page* with its generated parts made anew."""

    def made(found: re.Match[str]) -> str:
        name, *arguments = found["name"].split()
        if name not in PARTS:
            raise SystemExit(f"{page}: there is no part '{name}'. Known: {', '.join(PARTS)}.")
        return f"{found[1]}\n{PARTS[name](*arguments).strip()}\n\n{found[3]}"

    return _PART.sub(made, page.read_text("utf-8"))


# Hooks and events


def hooks() -> str:
    """The hooks: heading, what happened, arguments, when."""
    functions = {one.name: one for one in tree("core/hookspecs.py").body if isinstance(one, AnyFunction)}
    return "\n\n".join(
        f"## {name}({event.argument})\n\n```python\n{signature(functions[name])}\n```\n\n{prose(functions[name])}"
        for name, event in CONTRACTS.by_hook.items()
    )


def events() -> str:
    """The events: fields, types, defaults, meanings, key."""
    found = [
        one
        for one in classes("core/rounds/events.py")
        if one.name in {event.__name__ for event in CONTRACTS.by_hook.values()}
    ]
    return "\n\n".join(_event(one) for one in found)


def _event(event: ast.ClassDef) -> str:
    key = next(one for one in event.body if isinstance(one, ast.FunctionDef) and one.name == "key")
    returned = next(one.value for one in key.body if isinstance(one, ast.Return) and one.value is not None)
    hook = next(name for name, kind in CONTRACTS.by_hook.items() if kind.__name__ == event.name)
    rows = [
        (
            f"`{name}`",
            f"`{ast.unparse(kind)}`",
            f"`{ast.unparse(default)}`" if default is not None else "*needed*",
            meaning,
        )
        for name, kind, default, meaning in fields(event.body)
        if not ast.unparse(kind).startswith("ClassVar")
    ]
    text = f"{prose(event)} Handed to [`{hook}`](hooks.md#{hook}{CONTRACTS.by_hook[hook].argument})."
    pattern = ast.unparse(returned).removeprefix("f").strip("'\"").replace("self.", "").replace(":.0f}", "}")
    return f"## {event.name}\n\n{text}\n\nKey: `{pattern}`\n\n{table(('field', 'type', 'default', 'meaning'), rows)}"


# Tables


def tables() -> str:
    """The shared tables, and those of the built-in plugins."""
    shared = [*_stored_in("core/rounds/tables.py"), *_stored_in("core/db/tables.py")]
    owned = [
        f"## Owned by {path.parent.name}\n\n" + "\n\n".join(_stored_in(str(path.relative_to(ROOT))))
        for path in sorted(BUILT_IN.glob("*/tables.py"))
    ]
    return "\n\n".join(["## Shared", *shared, *owned])


def _stored_in(path: str) -> list[str]:
    """Describe the tables of a file; a class without a table is one that tables take columns from."""
    found = {one.name: one for one in classes(path)}
    names = {name: word.value for name, one in found.items() for word in one.keywords if word.arg == "tablename"}
    shared = {name: one.body for name, one in found.items() if name not in names}
    return [_stored(found[name], str(ast.literal_eval(value)), shared) for name, value in names.items()]


def _stored(found: ast.ClassDef, name: str, shared: Mapping[str, Sequence[ast.stmt]]) -> str:
    bodies = [
        found.body,
        *(shared[base.id] for base in found.bases if isinstance(base, ast.Name) and base.id in shared),
    ]
    columns = (column for body in bodies for column in _columns(body))
    rows = [(f"`{column}`", _TYPES[_called(value)], meaning) for column, value, meaning in columns]
    return f"### {name}\n\n{prose(found)}\n\n{table(('column', 'type', 'meaning'), rows)}"


_TYPES = {
    "number": "integer", "BigInt": "integer", "Serial": "integer, made by the database", "Text": "text",
    "text": "text or NULL", "Boolean": "boolean", "Bytea": "bytes",
    "moment": "time (UTC)", "Timestamptz": "time (UTC)",
}  # fmt: skip


def _called(value: ast.expr) -> str:
    return value.func.id if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) else ""


def _columns(body: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.expr, str]]:
    for at, one in enumerate(body):
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
            yield one.targets[0].id, one.value, meaning_below(body, at)


# Settings


def settings() -> str:
    """The keys of roundhook.toml: types and defaults from the code, meanings from the example file."""
    sections: list[tuple[str, str, type[msgspec.Struct]]] = [
        ("[discord]", "discord", config.Discord),
        ("[guilds.&lt;id&gt;]", "guilds.*", config.Guild),
        ("[database]", "database", config.DatabaseSection),
        ("[storage]", "storage", config.Storage),
        ("[plugins]", "plugins", config.Plugins),
        ("[servers.&lt;key&gt;]", "servers.*", config.ServerSection),
        ("[servers.&lt;key&gt;.ssh]", "servers.*.ssh", config.Ssh),
    ]
    meanings = example_meanings()
    return "\n\n".join(
        f"### {title}\n\n{table(('key', 'type', 'default', 'meaning'), _keys(place, kind, meanings))}"
        for title, place, kind in sections
    )


def _keys(place: str, kind: type[msgspec.Struct], meanings: dict[str, str]) -> Iterator[tuple[str, ...]]:
    for field in msgspec.structs.fields(kind):
        if field.name != "ssh":
            default = (
                "*needed*"
                if field.required
                else f"`{_toml(field.default)}`"
                if field.default is not None
                else "not set"
            )
            yield f"`{field.name}`", _type_name(field.type), default, meanings[f"{place}.{field.name}"]


def example_meanings() -> dict[str, str]:
    """Return the comment above each key of the example file, by ``section.key``; ids and server keys are ``*``."""
    found, section, comment = {}, "", ""
    for line in EXAMPLE.read_text("utf-8").splitlines():
        key = re.match(r"#?([a-z_]+) = ", line)
        if line.startswith("["):
            section, comment = re.sub(r"^(guilds|servers)\.\w+", r"\1.*", line.strip("[] ")), ""
        elif key:
            found[f"{section}.{key[1]}"], comment = comment.strip(), ""
        else:
            comment = f"{comment} {line[2:]}" if line.startswith("# ") else ""
    return found


def plugin_settings() -> str:
    """The settings of all built-in plugins."""
    return "\n\n".join(f"### [plugin.{one.name}]\n\n{plugin_config(one.name)}" for one in _manifests() if one.options)


def plugin_config(name: str) -> str:
    """The settings of one built-in plugin, by its manifest."""
    options = read_manifest(BUILT_IN / name).options
    rows = [
        (f"`{one.key}`", f"{one.type}, {one.unit}".strip(", "), f"`{_toml(one.default)}`", one.meaning)
        for one in options
    ]
    return table(("key", "type", "default", "meaning"), rows) if rows else "None."


def plugin_list() -> str:
    """The built-in plugins."""
    rows = [
        (f"[{one.name}](../../plugins/{one.name}/README.md)", one.scope, str(one.priority), one.summary)
        for one in _manifests()
    ]
    return table(("plugin", "scope", "priority", "what it does"), rows)


def _manifests() -> list[Manifest]:
    return [read_manifest(file.parent) for file in sorted(BUILT_IN.glob("*/manifest.toml"))]


def _toml(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value).replace("'", '"')


def _type_name(kind: Any) -> str:
    text = str(kind).replace(" | None", "")
    plain = "number" if "int" in text else "true or false" if "bool" in text else "text"
    return f"list of {plain}s" if "tuple" in text else plain


# Commands


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
    for manifest in (read_manifest(file.parent) for file in sorted(BUILT_IN.glob("*/manifest.toml"))):
        for name, summary in manifest.cli.items():
            module = importlib.import_module(f"plugins.{manifest.name}.cli")
            declare = getattr(module, f"add_{name.replace(' ', '_')}", lambda parser: None)
            text = f"{sentence(summary)} Brought by [{manifest.name}](../../plugins/{manifest.name}/README.md)."
            yield _terminal(name, text, declare)


def _terminal(name: str, text: str, configure: Callable[[argparse.ArgumentParser], None]) -> str:
    return f"### roundhook {name}\n\n{text}\n\n{_arguments(configure, without=_options(add_common))}"


def _arguments(configure: Callable[[argparse.ArgumentParser], None], without: Sequence[str] = ()) -> str:
    parser = argparse.ArgumentParser(add_help=False)
    configure(parser)
    rows = [(_spelled(one), one.help or "") for one in parser._actions if one.help not in without]
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
    from core.discord.admin import admin_commands
    from core.discord.client import commands_in
    from core.discord.sync import build

    found = [("roundhook itself", list(admin_commands(None, (), None)))]  # type: ignore[arg-type]  # used when invoked
    for file in sorted(BUILT_IN.glob("*/commands.py")):
        module = importlib.import_module(f"plugins.{file.parent.name}.commands")
        found.append((file.parent.name, commands_in(module.loader, file.parent.name)))
    rows = [
        (*row, f"[{owner}](../../plugins/{owner}/README.md)" if "_" in owner else owner)
        for owner, commands in found
        for command in asyncio.run(build(commands))
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


# What plugin authors reach


def context() -> str:
    """Plugin, Context and what a context gives, by their docstrings."""
    places = (
        ("core/plugin.py", "Plugin", "##"), ("core/context.py", "Context", "##"),
        ("core/db/database.py", "Database", "###"), ("core/db/database.py", "Transaction", "###"),
        ("core/servers/files.py", "KeptFiles", "###"), ("core/servers/ssh.py", "Server", "###"),
        ("core/clock.py", "Clock", "###"),
        ("core/discord/messages.py", "Message", "###"), ("core/discord/messages.py", "Embed", "###"),
        ("core/discord/messages.py", "Field", "###"), ("core/discord/messages.py", "File", "###"),
    )  # fmt: skip
    return "\n\n".join(
        _class_page(next(one for one in classes(file) if one.name == name), level) for file, name, level in places
    )


def functions() -> str:
    """The functions that ``roundhook`` offers beside the classes."""
    wanted = (
        ("core/plugin.py", "plugin_of"),
        ("core/rounds/names.py", "clean_name"),
        ("core/discord/messages.py", "escape_markdown"),
    )
    found = [
        (name, one)
        for file, name in wanted
        for one in tree(file).body
        if isinstance(one, AnyFunction) and one.name == name
    ]
    return "\n\n".join(f"### {name}\n\n```python\n{signature(one)}\n```\n\n{prose(one)}" for name, one in found)


def errors() -> str:
    """The error tree and what each class means."""
    drawing = (ast.get_docstring(tree("core/errors.py")) or "").split("\n\n")[1]
    rows = [(f"`{one.name}`", prose(one)) for one in classes("core/errors.py")]
    return f"```text\n{drawing}\n```\n\n{table(('class', 'its text says'), rows)}"


def _class_page(found: ast.ClassDef, level: str) -> str:
    parts = [f"{level} {found.name}\n\n{prose(found)}"]
    rows = [
        (f"`{name}`", f"`{type_text(kind)}`", meaning)
        for name, kind, _, meaning in _attributes(found)
        if (meaning or level == "###") and name not in _NOT_FOR_PLUGINS
    ]
    if rows:
        parts.append(table(("attribute", "type", "meaning"), rows))
    for one in found.body:
        if isinstance(one, AnyFunction) and _is_shown(one) and not _is_property(one):
            parts.append(f"```python\n{signature(one)}\n```\n\n{prose(one)}")
    return "\n\n".join(parts)


def _is_shown(function: AnyFunction) -> bool:
    is_public = not function.name.startswith("_") and function.name not in _NOT_FOR_PLUGINS
    return is_public and bool(ast.get_docstring(function))


def _attributes(found: ast.ClassDef) -> Iterator[tuple[str, ast.expr, ast.expr | None, str]]:
    yield from (one for one in fields(found.body) if not one[0].startswith("_"))
    for one in found.body:
        if isinstance(one, ast.FunctionDef) and one.name == "__init__":
            yield from fields(one.body)
        elif isinstance(one, ast.FunctionDef) and _is_property(one) and ast.get_docstring(one) and one.returns:
            yield one.name, one.returns, None, prose(one).partition("\n\n")[0]


def _is_property(function: AnyFunction) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "property" for one in function.decorator_list)


PARTS: dict[str, Callable[..., str]] = {
    one.__name__: one
    for one in (
        hooks, events, tables, settings, plugin_settings, plugin_config, plugin_list, terminal, common, discord,
        context, functions, errors, public, stage,
    )
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
