"""What ``roundhook plugin new`` makes, and the names that it refuses."""

import builtins
import importlib.util
import keyword
import sys
from pathlib import Path

from core.config import Config
from core.errors import ConfigError
from core.kernel.discovery import discover
from core.kernel.document import NAME

_TEMPLATE = Path(__file__).with_name("template")
"""What a new plugin is made of; ``.txt`` keeps tools from taking its files for ours."""
_OURS = ("core", "devkit", "imported_round", "piccolo_migrations", "plugin", "plugins", "roundhook")


def make(config: Config, name: str) -> Path:
    """Make the plugin *name* in the first of ``[plugins] paths``, else where we are; return its folder.

    Raises:
        ConfigError: the name does not go; says why, and which would.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(f"'{name}' cannot be a plugin's name. Use a-z, 0-9 and _, beginning with a letter.")
    folder = (Path(config.plugins.paths[0]) if config.plugins.paths else Path.cwd()) / name
    if folder.exists():
        raise ConfigError(f"{folder} exists already. Choose another name.")
    if reason := _taken(config, name):
        raise ConfigError(f"'{name}' cannot be a plugin's name: {reason}. Say more, such as 'my_{name}'.")
    _write(folder, name)
    return folder


def _taken(config: Config, name: str) -> str:
    """Return who has the name already, "" if nobody has it."""
    catalogue = discover(config.plugin_places)
    if name in catalogue.manifests:
        return f"the plugin in {catalogue.manifests[name].folder} has it"
    if name in _OURS:
        return "it is a word of roundhook's own"
    if keyword.iskeyword(name) or keyword.issoftkeyword(name) or hasattr(builtins, name):
        return "it is a word of Python's"
    return "a Python module has it, and one would hide the other" if _is_module(name) else ""


def _is_module(name: str) -> bool:
    """Tell whether *name* can be imported; a mere folder of that name is no module."""
    spec = None if name in sys.stdlib_module_names else importlib.util.find_spec(name)
    return name in sys.stdlib_module_names or (spec is not None and spec.origin is not None)


def _write(folder: Path, name: str) -> None:
    words = {"name": name, "class_name": "".join(part.capitalize() for part in name.split("_"))}
    words["package"] = f"roundhook-{name.replace('_', '-').strip('-')}"
    for file in sorted(_TEMPLATE.rglob("*.*")):
        place = folder / str(file.relative_to(_TEMPLATE)).removesuffix(".txt").format(**words)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(file.read_text("utf-8").format(**words), "utf-8")
