"""The public face as pages: every name of ``roundhook`` and its modules, with its words from the source."""

import ast
import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from piccolo.table import Table

import roundhook
from core.hookspecs import CONTRACTS
from docs.source import ROOT, AnyFunction, classes, meaning_below, prose, signature, table, tree, type_text
from roundhook import RoundhookError

_NOT_FOR_PLUGINS = ("__main__", "beside")
_OURS = ("core", "devkit", "roundhook")
_IN_CONTEXT = {"Context", "Embed", "Field", "File", "Message", "Plugin"}
_NEEDED = "*needed*"
_EVENTS = {kind.type for kind in CONTRACTS.by_hook.values()}


class Attribute(NamedTuple):
    """What an object of a class has: an annotated name, or what ``__init__`` puts there."""

    name: str
    type: str
    default: str
    meaning: str


def modules() -> list[ModuleType]:
    """Return ``roundhook`` and the modules that plugins import from it; one that is not there is none."""
    names = [one.name for one in pkgutil.iter_modules(roundhook.__path__) if one.name not in _NOT_FOR_PLUGINS]
    return [roundhook, *(importlib.import_module(f"roundhook.{name}") for name in sorted(names))]


def page_of(name: str) -> str:
    """Return the file in docs/reference that describes a module."""
    return f"{name.replace('.', '-')}.md"


def module_list() -> str:
    """The modules, each with its page."""
    rows = [(f"[`{one.__name__}`]({page_of(one.__name__)})", _words(one).partition("\n")[0]) for one in modules()]
    return table(("import from", "holds"), rows)


def module(*names: str) -> str:
    """One module: all its names."""
    found = importlib.import_module(".".join(("roundhook", *names)))
    entries = [f"## {name}\n\n{_entry(found, name)}" for name in sorted(found.__all__, key=str.lower)]
    return "\n\n".join([_words(found), *entries])


def stage() -> str:
    """What a stage gives besides itself."""
    return "\n\n".join(f"## {name}\n\n{described(kind)}" for name, kind in given_by_a_stage().items())


def given_by_a_stage() -> dict[str, type]:
    """Return the classes of what a stage holds, by the way to them."""
    from core.kernel.report import Report, Status
    from devkit.discord import Message
    from devkit.game import GameServer, PlayedRound
    from devkit.stage import StageDiscord, StagePlugins

    return {
        "stage.plugins": StagePlugins,
        "What came of it": Report,
        "How a plugin stands": Status,
        "stage.discord": StageDiscord,
        "A message on it": Message,
        "stage.games": GameServer,
        "A round played there": PlayedRound,
    }


def attributes(kind: type) -> Iterator[Attribute]:
    """Give what an object of *kind* has, inherited first; properties too."""
    found: dict[str, Attribute] = {}
    for one in reversed(_definitions(kind)):
        found |= {attribute.name: attribute for attribute in _declared(one)}
    yield from (one for one in found.values() if not one.name.startswith("_"))


def methods(kind: type) -> Iterator[AnyFunction]:
    """Give the public methods of *kind*, inherited ones too; one that only hands on is told as what it calls."""
    definitions = _definitions(kind)
    names = {one.name for body in definitions for one in body.body if isinstance(one, AnyFunction)}
    for name in sorted(names):
        found = [one for body in definitions for one in body.body if isinstance(one, AnyFunction) and one.name == name]
        if not name.startswith("_") and not _is_property(found[0]):
            yield next((one for one in found if not _hands_on(one)), found[0])


def described(kind: type) -> str:
    """Return a class as it stands on a page: its words, how it is made, what it has, what it does."""
    own = _definitions(kind)[0]
    parts = [*_made(own), prose(own)]
    if rows := list(attributes(kind)):
        with_defaults = dataclasses.is_dataclass(kind)
        columns = ("attribute", "type", "default", "meaning") if with_defaults else ("attribute", "type", "meaning")
        cells = [(f"`{one.name}`", _code(one.type), _code(one.default), one.meaning) for one in rows]
        parts.append(table(columns, cells if with_defaults else [(name, of, why) for name, of, _, why in cells]))
    for method in methods(kind):
        words = prose(method) or next((prose(one) for one in _same_name(kind, method.name) if prose(one)), "")
        parts.append(f"```python\n{signature(method)}\n```\n\n{words}")
    return "\n\n".join(part for part in parts if part)


def _entry(found: ModuleType, name: str) -> str:
    value, (home, written) = getattr(found, name), _home(found, name)
    if inspect.isclass(value):
        return _class(value)
    if isinstance(written, AnyFunction):
        return (
            f"```python\n{signature(written)}\n```\n\n{prose(written)}" if inspect.isfunction(value) else prose(written)
        )
    return "\n\n".join(part for part in (_value(value, written), _below(home, name)) if part)


def _class(kind: type) -> str:
    words, name = prose(_definitions(kind)[0]), kind.__name__
    if name in _IN_CONTEXT:
        return f"{words.partition(chr(10))[0]} All of it: [{name}](context.md#{name.lower()})."
    if name in _EVENTS:
        return f"{words} Its fields: [{name}](events.md#{name.lower()})."
    if issubclass(kind, RoundhookError):
        return f"{words} What follows when it is raised: [Errors](errors.md)."
    if issubclass(kind, Table):
        stored = kind._meta.tablename
        return f"{words} The table [`{stored}`](tables.md#{stored}): its columns are the attributes."
    return described(kind)


def _made(own: ast.ClassDef) -> Iterator[str]:
    """Give how an object is made, where the class says what the arguments are."""
    for one in own.body:
        if isinstance(one, ast.FunctionDef) and one.name == "__init__" and "Args:" in (ast.get_docstring(own) or ""):
            arguments = signature(one).removeprefix("def __init__(self").removesuffix(" -> None")
            yield f"```python\n{own.name}({arguments.removeprefix(', ')}\n```"


def _declared(found: ast.ClassDef) -> Iterator[Attribute]:
    for at, one in enumerate(found.body):
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            if not ast.unparse(one.annotation).startswith("ClassVar"):
                default = ast.unparse(one.value) if one.value else _NEEDED
                yield Attribute(one.target.id, type_text(one.annotation), default, meaning_below(found.body, at))
        elif isinstance(one, ast.FunctionDef) and one.name == "__init__":
            yield from _assigned(one)
        elif isinstance(one, ast.FunctionDef) and _is_property(one) and ast.get_docstring(one) and one.returns:
            yield Attribute(one.name, type_text(one.returns), "", " ".join(prose(one).split()))


def _assigned(init: ast.FunctionDef) -> Iterator[Attribute]:
    """Give what ``self`` gets; without an annotation its type is the argument's, or the class that is called."""
    kinds = {one.arg: one.annotation for one in (*init.args.args, *init.args.kwonlyargs)}
    for at, one in enumerate(init.body):
        if isinstance(one, (ast.Assign, ast.AnnAssign)):
            target = one.targets[0] if isinstance(one, ast.Assign) else one.target
            if isinstance(target, ast.Attribute) and not target.attr.startswith("_"):
                kind = one.annotation if isinstance(one, ast.AnnAssign) else None
                if kind is None and isinstance(one.value, ast.Name):
                    kind = kinds.get(one.value.id)
                of = type_text(kind) if kind else _type_of(one.value)
                yield Attribute(target.attr, of, "", meaning_below(init.body, at))


def _type_of(value: ast.expr | None) -> str:
    """Return the class of a value that is made on the spot."""
    if isinstance(value, ast.Constant):
        return type(value.value).__name__
    return ast.unparse(value.func) if isinstance(value, ast.Call) else ""


def _definitions(kind: type) -> list[ast.ClassDef]:
    """Return the source of *kind* and of our classes that it is derived from, nearest first."""
    ours = [one for one in kind.__mro__ if one.__module__.split(".")[0] in _OURS]
    return [next(two for two in classes(_path(one.__module__)) if two.name == one.__name__) for one in ours]


def _same_name(kind: type, name: str) -> Iterator[AnyFunction]:
    for one in _definitions(kind):
        yield from (two for two in one.body if isinstance(two, AnyFunction) and two.name == name)


def _home(found: ModuleType, name: str) -> tuple[str, ast.stmt | None]:
    """Return the file in which a name of a public module is made, and the statement that makes it."""
    for node in ast.walk(tree(_path(found.__name__))):
        if isinstance(node, ast.ImportFrom) and node.module and any(one.name == name for one in node.names):
            path = _path(node.module)
            makers = (one for one in tree(path).body if name in _names(one))
            return path, next(makers, None)
    return "", None


def _names(made: ast.stmt) -> list[str]:
    if isinstance(made, (AnyFunction, ast.ClassDef)):
        return [made.name]
    targets = made.targets if isinstance(made, ast.Assign) else [made.target] if isinstance(made, ast.AnnAssign) else []
    return [one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)]


def _below(path: str, name: str) -> str:
    body = tree(path).body if path else []
    return next((meaning_below(body, at) for at, one in enumerate(body) if name in _names(one)), "")


def _value(value: Any, written: ast.stmt | None) -> str:
    """Return a constant as it is, an alias as it is written."""
    if isinstance(value, (int, float, str, tuple)) and not hasattr(value, "__origin__"):
        return _code(repr(value))
    source = written.value if isinstance(written, (ast.Assign, ast.AnnAssign)) else None
    return _code(type_text(source)) if source and not isinstance(source, ast.Call) else ""


def _path(name: str) -> str:
    file = inspect.getsourcefile(importlib.import_module(name))
    return str(Path(file or "").resolve().relative_to(ROOT))


def _words(found: ModuleType) -> str:
    return prose(tree(_path(found.__name__)))


def _code(text: str) -> str:
    return f"`{text}`" if text not in ("", _NEEDED) else text


def _is_property(function: AnyFunction) -> bool:
    return any(ast.unparse(one).rpartition(".")[2] in ("property", "setter") for one in function.decorator_list)


def _hands_on(function: AnyFunction) -> bool:
    return bool(function.args.vararg and function.args.kwarg)
