"""A stage whose settings stand in a file, for the tests that edit it while the bot runs."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import devkit.stage
from core.config import Config, load_config


class FiledStage(devkit.stage.Stage):
    """``edit`` saves other settings of a plugin; nothing takes notice before a reload."""

    _tables: dict[str, Any]
    file: Path

    def edit(self, plugin: str, **values: Any) -> None:
        """Give ``[plugin.<name>]`` these keys."""
        self._tables["plugin"] = {**self._tables.get("plugin", {}), plugin: values}
        self.file.write_text("\n".join(toml_lines(self._tables)), "utf-8")

    def _config(self, folder: Path) -> Config:
        token = folder / "token"
        token.write_text(self.discord.token)
        self._tables = devkit.stage._merged(self._own_tables(folder, token), self._overrides)
        self.file = folder / "roundhook.toml"
        self.file.write_text("\n".join(toml_lines(self._tables)), "utf-8")
        return load_config(self.file)


def toml_lines(table: Mapping[str, Any], *path: str) -> Iterator[str]:
    """Give a table as TOML: its values, then its tables."""
    if path:
        yield f"[{'.'.join(path)}]"
    yield from (f"{key} = {json.dumps(value)}" for key, value in table.items() if not isinstance(value, Mapping))
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from toml_lines(value, *path, key)
