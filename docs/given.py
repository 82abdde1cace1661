"""What plugins are handed: hooks, events, the context and the errors, as pages show them."""

import ast
from collections.abc import Iterator

from core.hookspecs import CONTRACTS
from docs.source import AnyFunction, classes, fields, prose, signature, table, tree, type_text

_NOT_FOR_PLUGINS = {"bind", "close", "discard", "engine", "accepted", "in_place", "options", "parts"}


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
        if one.name in {kind.type for kind in CONTRACTS.by_hook.values()}
    ]
    return "\n\n".join(_event(one) for one in found)


def _event(event: ast.ClassDef) -> str:
    key = next(one for one in event.body if isinstance(one, ast.FunctionDef) and one.name == "key")
    returned = next(one.value for one in key.body if isinstance(one, ast.Return) and one.value is not None)
    hook = next(name for name, kind in CONTRACTS.by_hook.items() if kind.type == event.name)
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


def context() -> str:
    """Plugin, Context and what a context gives, by their docstrings."""
    places = (
        ("core/plugin.py", "Plugin", "##"), ("core/context.py", "Context", "##"),
        ("core/context.py", "Guild", "###"), ("core/kernel/store.py", "Store", "###"),
        ("core/db/database.py", "Database", "###"), ("core/db/transaction.py", "Transaction", "###"),
        ("core/servers/files.py", "KeptFiles", "###"), ("core/servers/ssh.py", "Server", "###"),
        ("core/clock.py", "Clock", "###"),
        ("core/discord/messages.py", "Message", "###"), ("core/discord/messages.py", "Embed", "###"),
        ("core/discord/messages.py", "Field", "###"), ("core/discord/messages.py", "File", "###"),
    )  # fmt: skip
    found = [(next(one for one in classes(file) if one.name == name), level) for file, name, level in places]
    for file in ("core/keeping.py", "core/saying.py"):  # parts of a context that stand in files of their own
        found[1][0].body += classes(file)[-1].body[1:]
    return "\n\n".join(_class_page(*one) for one in found)


def functions() -> str:
    """The functions that ``roundhook`` offers beside the classes."""
    wanted = (
        ("core/plugin.py", "plugin_of"),
        ("core/rounds/names.py", "clean_name"),
        ("core/shown.py", "escape_markdown"),
        ("core/shown.py", "code"),
        ("core/shown.py", "code_block"),
        ("core/shown.py", "one_line"),
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
    rows = {  # by name: the parts of a context say who it is, each
        name: (f"`{name}`", f"`{type_text(kind)}`", meaning)
        for name, kind, _, meaning in _attributes(found)
        if (meaning or level == "###") and name not in _NOT_FOR_PLUGINS
    }
    if rows:
        parts.append(table(("attribute", "type", "meaning"), rows.values()))
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
