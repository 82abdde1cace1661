"""The public face as a page: every name of ``roundhook`` and its modules, by what Python itself knows of them."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import roundhook

SHOWN = ("stage.plugins", "stage.discord", "stage.games[…]")


def modules() -> list[ModuleType]:
    """Return ``roundhook`` and the modules that plugins import from it."""
    names = [one.name for one in pkgutil.iter_modules(roundhook.__path__) if one.name not in ("__main__", "beside")]
    return [roundhook, *(importlib.import_module(f"roundhook.{name}") for name in names)]


def public() -> str:
    """All modules, all names."""
    return "\n\n".join(_module(one) for one in modules())


def stage() -> str:
    """What a stage gives besides itself."""
    from devkit.game import GameServer
    from devkit.stage import StageDiscord, StagePlugins

    classes = dict(zip(SHOWN, (StagePlugins, StageDiscord, GameServer), strict=True))
    return "\n\n".join(f"### {name}\n\n{_class(one)}" for name, one in classes.items())


def members(kind: type) -> Iterator[tuple[str, Any]]:
    """Give the public methods and properties of a class of ours, by name, inherited ones too."""
    for name, one in inspect.getmembers_static(kind):
        origin = next((base for base in kind.__mro__ if name in vars(base)), object)
        if not name.startswith("_") and origin.__module__.split(".")[0] in ("core", "devkit", "roundhook"):
            yield name, getattr(one, "__func__", one)


def _module(module: ModuleType) -> str:
    parts = [f"## {module.__name__}\n\n{_text(module)}"]
    for name in sorted(module.__all__, key=str.lower):
        value = getattr(module, name)
        parts.append(f"### {module.__name__}.{name}\n\n{_value(name, value)}")
    return "\n\n".join(parts)


def _value(name: str, value: Any) -> str:
    if inspect.isclass(value):
        return _class(value)
    if inspect.isfunction(value):
        return f"```python\n{name}{inspect.signature(value)}\n```\n\n{_text(value)}"
    own = type(value).__module__ not in ("builtins", "typing", "types", "datetime", "pluggy._decorators")
    shown = _text(value) if own and value.__doc__ else f"`{_plain(value)}`"
    return shown or f"`{_plain(value)}`"


def _class(kind: type) -> str:
    rows = [row for name, one in members(kind) if (row := _member(name, one))]
    text = _text(kind)
    return f"{text}\n\n| member | meaning |\n| --- | --- |\n" + "\n".join(rows) if rows else text


def _member(name: str, one: Any) -> str:
    if isinstance(one, property):
        return f"| `{name}` | {_first(one.fget)} |"
    if not inspect.isfunction(one):
        return ""
    signature = str(inspect.signature(one)).replace("(self, ", "(").replace("(self)", "()").replace("|", "\\|")
    wait = "await " if inspect.iscoroutinefunction(one) else ""
    return f"| `{wait}{name}{signature}` | {_first(one)} |"


def _first(function: Any) -> str:
    return (
        " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split()).replace("|", "\\|").replace("``", "`")
    )


def _text(value: Any) -> str:
    """Return a docstring's words; its sections as lists stay in the code and in the pages by hand."""
    text = (inspect.getdoc(value) or "").partition("\n\nArgs:")[0].partition("\n\n>>>")[0]
    return text.replace("``", "`").replace("<", "&lt;")


def _plain(value: Any) -> str:
    text = str(value).replace("typing.", "")
    return text if " at 0x" not in text and len(text) < 200 else type(value).__name__
