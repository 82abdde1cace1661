"""The names that plugins' modules have for ``pickle``: the same in every generation, process and run.

Under ``roundhook_plugins.<plugin>.<module>`` stands an alias. It has the names of the generation whose code asks, so
that the old and the new one each find their own; for who is none of the two, of the one that serves.
"""

import contextlib
import contextvars
import importlib
import re
import sys
import types
from collections.abc import Iterator
from typing import Any

NAMESPACE = "roundhook_plugins"
_NUMBER = re.compile(r"__g\d+$")


@contextlib.contextmanager
def asking(package: str) -> Iterator[None]:
    """Let the names mean the generation *package*, for who asks within."""
    token = ASKING.set(package)
    try:
        yield
    finally:
        ASKING.reset(token)


def plugin_of(package: str) -> str:
    """Return the plugin that a generation's package belongs to."""
    return _NUMBER.sub("", package.removeprefix(f"{NAMESPACE}."))


def stable(module: str) -> str:
    """Return the name that a module has for ``pickle``: its own, unless it is a generation's."""
    first, *rest = module.split(".")
    return ".".join((first, plugin_of(rest[0]), *rest[1:])) if first == NAMESPACE and rest else module


def meant(name: str) -> str:
    """Return the generation's module that a name for ``pickle`` means now; "" while nothing of its plugin is loaded."""
    _, plugin, *inner = name.split(".")
    living = _LIVING.get(plugin, ())
    package = next((one for one in (ASKING.get(), _SERVING.get(plugin)) if one in living), living[-1] if living else "")
    return ".".join((package, *inner)) if package else ""


def add(package: str) -> None:
    """Note that a generation is being loaded."""
    living = _LIVING.setdefault(plugin_of(package), [])
    if package not in living:
        living.append(package)


def serve(plugin: str, package: str) -> None:
    """Let a plugin's names mean *package* ("": none) for who is no generation's code."""
    _SERVING[plugin] = package


def remove(package: str) -> bool:
    """Forget a generation whose modules are gone, with the aliases that mean nothing any more. Is one left?"""
    plugin = plugin_of(package)
    living = _LIVING[plugin] = [one for one in _LIVING.get(plugin, ()) if one != package]
    first, aliases = f"{NAMESPACE}.{plugin}", _ALIASES.get(plugin, set())
    for name in list(aliases):
        if not any(name.replace(first, one, 1) in sys.modules for one in living):
            sys.modules.pop(name, None)
            aliases.discard(name)
    if not living:
        _ALIASES.pop(plugin, None)
        _LIVING.pop(plugin)
        _SERVING.pop(plugin, None)
        vars(sys.modules[NAMESPACE]).pop(plugin, None)
    return bool(living)


def alias(name: str) -> types.ModuleType:
    """Return what stands under a name for ``pickle``; it and the folders that it lies in are there from now on."""
    for parent in _with_parents(name):
        sys.modules.setdefault(parent, _Alias(parent))
        _ALIASES.setdefault(name.split(".")[1], set()).add(parent)
    return sys.modules[name]


def rename(module: types.ModuleType) -> None:
    """Give what a folder's ``__init__.py`` defines its name for ``pickle``; what lies in a plain file has it."""
    name = stable(module.__name__)
    if name == module.__name__:
        return
    left = list(vars(module).values())
    while left:
        one = left.pop()
        if isinstance(one, type | types.FunctionType) and one.__module__ == module.__name__:
            one.__module__ = name
            left += vars(one).values()


class _Alias(types.ModuleType):
    """Has the names of the module that is meant by who asks."""

    def __getattribute__(self, name: str) -> Any:
        own = super().__getattribute__
        module = meant(own("__name__"))
        if module not in sys.modules and name.startswith("__"):  # who only looks at all modules has nothing imported
            return own(name)
        try:
            found = importlib.import_module(module)
        except (ImportError, ValueError) as error:
            raise AttributeError(f"{own('__name__')} has no {name}: {error}") from error
        return getattr(found, name)


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:size]) for size in range(2, len(parts) + 1)]


ASKING: contextvars.ContextVar[str] = contextvars.ContextVar("asking", default="")
"""The package of the generation whose code runs."""
_LIVING: dict[str, list[str]] = {}
"""The packages of each plugin's generations, the last one last."""
_SERVING: dict[str, str] = {}
_ALIASES: dict[str, set[str]] = {}
