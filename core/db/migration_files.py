"""The files of migrations: names and ids are looked at before anything runs, and what was read is what runs."""

import ast
import hashlib
import re
import traceback
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from core.errors import ConfigError, PluginError, RoundhookError
from core.syntax import tree_of

CORE_NAME = "core"
_FORM = re.compile(r"\d{4}_\d\d_\d\dt\d\d_\d\d_\d\d_\d{6}")
_EXAMPLE = "2026_11_22t12_00_00_000000"


@dataclass(frozen=True)
class Migration:
    """One file, as it was read."""

    owner: str
    path: Path
    code: bytes

    @property
    def name(self) -> str:
        return self.path.stem

    @cached_property
    def sha256(self) -> str:
        """The hash of what it says, whatever the ends of its lines."""
        return hashlib.sha256(b"\n".join(self.code.splitlines())).hexdigest()

    def forwards(self) -> Callable[[], Awaitable[Any]]:
        """Run the file, never a stale ``.pyc`` of it, and return what it does."""
        namespace: dict[str, Any] = {"__name__": self.name, "__file__": str(self.path)}
        exec(compile(self.code, str(self.path), "exec", dont_inherit=True), namespace)  # noqa: S102
        if namespace.get("ID") != self.name:
            raise self.other_id()
        function: Callable[[], Awaitable[Any]] = namespace["forwards"]
        return function

    def other_id(self, line: int = 1) -> RoundhookError:
        """Return what is raised when its ID is none, or another's."""
        return self.error(f'its ID is not its name. Write ID = "{self.name}".', line)

    def error(self, problem: str, line: int = 1) -> RoundhookError:
        """Return what is raised about it."""
        return error_about(self.owner, f"{self.path.parent.name}/{self.path.name}:{line}: {problem}")

    def failed(self, error: BaseException, copy: Path | None) -> RoundhookError:
        """Return what is raised when running it has raised *error*."""
        stack = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(self.path)]
        kept = f" The database before it is kept in {copy}." if copy else " Nothing was changed. Correct it."
        return self.error(
            f"the migration failed: {type(error).__name__}: {error}.{kept}", stack[-1].lineno or 1 if stack else 1
        )


def error_about(owner: str, problem: str) -> RoundhookError:
    """Return what is raised about the migrations of the core or of a plugin."""
    kind = ConfigError if owner == CORE_NAME else PluginError
    return kind(f"{owner}: {problem}")


def read_migrations(owner: str, folder: Path, run: Iterable[str]) -> list[Migration]:
    """Read what is in *folder*, oldest first; one that would be passed over, or never end, is refused.

    Names of what has been *run* are taken as they are.
    """
    files = sorted(one for one in folder.glob("*.py") if one.name != "__init__.py")
    found = [Migration(owner, path, path.read_bytes()) for path in files]
    for one in found:
        if not _FORM.fullmatch(one.name.removeprefix(f"{owner}_")) and one.name not in run:
            remedy = f"Call it {owner}_{_EXAMPLE}.py with the time of now, and write the same as its ID."
            raise one.error(f"its name does not fit, so it would never run. {remedy}")
        _check_id(one)
    return found


def _check_id(one: Migration) -> None:
    try:
        tree = tree_of(one.code)
    except (SyntaxError, ValueError) as error:
        raise one.error(f"{error}. Correct it.", getattr(error, "lineno", None) or 1) from error
    for node in tree.body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
            continue  # another way of writing it is seen when it is run
        if node.value.value != one.name and any(isinstance(to, ast.Name) and to.id == "ID" for to in node.targets):
            raise one.other_id(node.lineno)
    if not any(isinstance(node, ast.AsyncFunctionDef) and node.name == "forwards" for node in tree.body):
        raise one.error("it has no forwards(). Write `async def forwards()`, as the guide shows.")
