"""Tells other processes where plugins lie: what is pickled in the bot is looked for there by its name.

``multiprocessing`` hands ``sys.path`` to each process that it starts, while the environment of its fork server may be
an old one: an entry of ``sys.path`` that is no folder says it. Elsewhere the settings in the working directory do.
"""

import json
import os
import sys
from pathlib import Path

_HEAD = f"{os.sep}roundhook_plugins "


def tell(plugin: str, folder: Path | None) -> None:
    """Say where a plugin lies, or that it is gone, to the processes that are started from now on."""
    told = {**_told(), plugin: str(folder)}
    if folder is None:
        del told[plugin]
        told |= {name: place for name, place in _INHERITED.items() if name == plugin}
    if told != _told():
        others = [one for one in sys.path if not one.startswith(_HEAD)]
        sys.path[:] = [*others, _HEAD + json.dumps(told)] if told else others


def folder_of(plugin: str) -> Path | None:
    """Return where a plugin lies that this process has not loaded."""
    if plugin in (told := _told()):
        return Path(told[plugin])
    from core.config import load_config
    from core.kernel.discovery import discover

    found = discover(load_config(None).plugin_places).manifests
    return found[plugin].folder if plugin in found else None


def _told() -> dict[str, str]:
    entry = next((one for one in sys.path if one.startswith(_HEAD)), f"{_HEAD}{{}}")
    found: dict[str, str] = json.loads(entry.removeprefix(_HEAD))
    return found


_INHERITED = _told()
"""What the process that has started this one has said."""
