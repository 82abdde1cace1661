"""A plugin's files: copied for the bot's user alone, none but files and folders, within bounds; and its manifest."""

import os
import shutil
import stat
from pathlib import Path
from typing import IO

from core.errors import BadInputError
from core.kernel.folders import MANIFEST

MOST_FILES, MOST_BYTES = 10_000, 256 * 1024 * 1024
_LEFT_OUT = (".", "__pycache__")
_CHUNK = 1024 * 1024


class Allowance:
    """What a plugin may still bring; *what* it is called when that is too much."""

    def __init__(self, what: object) -> None:
        self.what, self._files, self._bytes = what, MOST_FILES, MOST_BYTES

    def take_file(self) -> None:
        """Count a file or a folder (``BadInputError``: too many)."""
        self._files -= 1
        if self._files < 0:
            raise BadInputError(f"{self.what} has more than {MOST_FILES:,} files. Name the plugin's own folder.")

    def copy(self, source: IO[bytes], target: Path) -> None:
        """Write what *source* gives to a new file (``BadInputError``: too large)."""
        with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
            while data := source.read(_CHUNK):
                self._bytes -= len(data)
                if self._bytes < 0:
                    remedy = "Leave out what is not code or data of the plugin."
                    raise BadInputError(f"{self.what} has more than {MOST_BYTES // 1024**2} MiB. {remedy}")
                written.write(data)


def copy_tree(source: Path, target: Path, what: object, *, links: bool) -> None:
    """Copy a folder without what is hidden; *links* are followed, or refused (``BadInputError``)."""
    allowance, waiting = Allowance(what), [(source, target)]
    while waiting:
        here, there = waiting.pop()
        there.mkdir(mode=0o700)
        for entry in sorted(os.scandir(here), key=lambda entry: entry.name):
            if not entry.name.startswith(_LEFT_OUT):
                allowance.take_file()
                if _is_folder(entry, what, links=links):
                    waiting.append((Path(entry.path), there / entry.name))
                else:
                    with open(entry.path, "rb") as opened:
                        allowance.copy(opened, there / entry.name)
                    shutil.copymode(entry.path, there / entry.name)
    make_private(target)


def make_private(tree: Path) -> None:
    """Take the rights of everybody but the owner; executable files stay so."""
    for folder, _, files in os.walk(tree):
        os.chmod(folder, 0o700)
        for name in files:
            file = os.path.join(folder, name)
            os.chmod(file, (os.stat(file).st_mode & 0o100) | 0o600)


def plugin_in(folder: Path, what: object) -> Path:
    """Return the one folder with a manifest: *folder* itself, or one below it (``BadInputError``: none, or several)."""
    if (folder / MANIFEST).is_file():
        return folder
    found = sorted(one.parent for one in folder.glob(f"*/{MANIFEST}") if not one.parent.name.startswith("."))
    if not found:
        raise BadInputError(f"{what} holds no plugin: there is no {MANIFEST} in it, nor in a folder in it.")
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise BadInputError(f"{what} holds several plugins: {names}. Name the folder of one of them.")
    return found[0]


def _is_folder(entry: os.DirEntry[str], what: object, *, links: bool) -> bool:
    mode = entry.stat(follow_symlinks=links).st_mode
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise BadInputError(f"{what}: {entry.name} is a link or a device. A plugin has files and folders only.")
    return stat.S_ISDIR(mode)
