"""The game's own folder: the installed script, its settings, its outbox."""

import json
import shutil
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "lua"
"""What is installed on a game server."""

SCRIPT, CONFIG, OUTBOX = "roundhook.lua", "roundhook_config.lua", "roundhook_outbox"


class GameHome:
    """The folder ``fs_homepath``. Nothing in it is served over SSH."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._game = path / "legacy"

    def install(self, webhook_url: str, *, is_enabled: bool = True) -> None:
        """Put the script and its settings in place; a running Lua state reads them at the next level."""
        self._game.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SCRIPTS / SCRIPT, self._game / SCRIPT)
        config = self._game / CONFIG
        config.touch(mode=0o600)
        config.write_text(config_text([webhook_url], enabled=is_enabled), encoding="utf-8")

    def waiting(self) -> list[str]:
        """Return the names of the notices that no webhook has taken yet, oldest first."""
        return sorted(path.name for path in (self._game / OUTBOX).glob("[0-9]*.payload"))


def config_text(webhook_urls: list[str], **settings: bool | int | str) -> str:
    """Return a ``roundhook_config.lua``; every text in it is quoted as JSON, which Lua reads alike."""
    urls = ", ".join(json.dumps(url) for url in webhook_urls)
    others = "".join(f", {name} = {json.dumps(value)}" for name, value in settings.items())
    return f"return {{ webhook_urls = {{ {urls} }}{others} }}\n"
