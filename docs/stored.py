"""What is stored: the tables as pages show them."""

import ast
from collections.abc import Iterator, Mapping, Sequence

from core.kernel.folders import BUILT_IN
from docs.source import ROOT, classes, meaning_below, prose, table


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
