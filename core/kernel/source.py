"""What a generation is made of: the code that it imports, its manifest, and the data that it reads when it is loaded.

A file that nothing imports is no code, whatever its name ends in: it is neither read nor checked.
"""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from core.errors import PluginError
from core.kernel.compiled import compiled
from core.kernel.folders import MANIFEST, manifest_text

ENTRIES = ("plugin", "contract", "tables")
"""The modules that the bot looks for; the others are imported by these."""
_WHOLE_BYTES = 1024 * 1024
"""Of larger data only the size and the time count."""
MIGRATIONS = "piccolo_migrations"

Stamp = tuple[int, ...] | int | None
"""What tells whether a file was saved: None is a file that is not there, a number the system's error."""


class Source:
    """A plugin's folder as one generation has seen it. What was read is what runs, never a stale ``.pyc``."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.files: dict[str, bytes] = {}
        """The code, by dotted module name without the package (``""`` is ``__init__``)."""
        self.paths: dict[str, Path] = {}
        """Where each module lies."""
        self.data: dict[Path, None] = {}
        """Other files in the folder that were read while it was loaded."""
        self.stamps: dict[Path, Stamp] = {}
        """All that it was made from as it was then, and what it has looked for and not found."""
        self._sha256 = ""
        self._manifest = ""
        self.stamps[folder / MANIFEST] = stamp_of(folder / MANIFEST)

    def read(self, *entries: str) -> None:
        """Read and compile-check what *entries* import, each other's files too; a ``PluginError`` names file and line.

        Imports within functions count: what they find later is what lies there now.
        """
        with contextlib.suppress(OSError, ValueError):  # who reads the manifest for its own sake tells that
            self._manifest = manifest_text(self.folder)
        self._note_migrations()
        left = ["", *entries]
        while left:
            module = left.pop()
            if module not in self.files and self._may_be(module) and self.find(module):
                left += reversed(self._imported(module))

    def find(self, module: str) -> bool:
        """Look for one module as ``import`` does, links and folders included; tell whether it is there."""
        if module in self.files:
            return True
        place = self.folder.joinpath(*module.split(".")) if module else self.folder
        paths = [place / "__init__.py", *([place.with_name(f"{place.name}.py")] if module else ())]
        for path, stamp in [(path, stamp_of(path)) for path in paths]:
            if isinstance(stamp, int):
                self.stamps[path] = stamp
                raise self._unreadable(path, os.strerror(stamp))
            if stamp is not None and stat.S_ISREG(stamp[-1]):
                return self._take(module, path, stamp, self._bytes(path))
        if place.is_dir():
            return self._take(module, paths[0], None, b"")
        self.stamps |= dict.fromkeys(paths)
        return False

    def modules(self) -> list[str]:
        """Return what could be imported, for who has written a name wrong."""
        beside = {one.stem for one in self.folder.glob("*.py")}
        beside |= {f"{one.parent.name}.{one.stem}" for one in self.folder.glob("*/*.py")}
        return sorted({*self.files, *beside})

    def is_package(self, module: str) -> bool:
        """Tell whether a module that was found is a folder."""
        return self.paths[module].name == "__init__.py"

    def note_data(self, path: Path) -> None:
        """Note that a file in the folder is read while the plugin is loaded."""
        if path not in self.paths.values() and not path.is_dir():
            self.stamps[path], self.data[path] = stamp_of(path), None

    def forget_data(self, path: Path) -> None:
        """Note that a file in the folder is the plugin's own to write."""
        if self.data.pop(path, path) is None:
            self.stamps.pop(path, None)

    def settle(self) -> None:
        """Fix the hash: the plugin is loaded."""
        self._sha256 = self._digest()

    @property
    def sha256(self) -> str:
        """The hash of all that it was made from."""
        return self._sha256 or self._digest()

    def _note_migrations(self) -> None:
        """Note the migrations that lie in the folder: they are run when it is loaded; a new one is other source."""
        place = self.folder / MIGRATIONS
        self.stamps[place] = stamp_of(place)
        for path in sorted(place.glob("*.py")):
            self.stamps[path], self.data[path] = stamp_of(path), None

    def _may_be(self, module: str) -> bool:
        """Tell whether a name can be a module: within a file it is something else."""
        parent = module.rpartition(".")[0]
        return parent not in self.files or self.is_package(parent)

    def _digest(self) -> str:
        parts = {MANIFEST: self._manifest.encode()}
        parts |= {self._relative(self.paths[module]): data for module, data in list(self.files.items())}
        parts |= {self._relative(path): _content(path) for path in list(self.data)}
        digest = hashlib.sha256()
        for name, data in sorted(parts.items()):
            digest.update(f"{name}\0{len(data)}\0".encode() + data)
        return digest.hexdigest()

    def _take(self, module: str, path: Path, stamp: Stamp, data: bytes) -> bool:
        self.files[module], self.paths[module], self.stamps[path] = data, path, stamp
        self.data.pop(path, None)
        return True

    def _bytes(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise self._unreadable(path, error.strerror) from error

    def _unreadable(self, path: Path, why: str | None) -> PluginError:
        problem = f"{path} cannot be read ({why}). Make it readable for the bot's user."
        return PluginError(f"{self.name}: {self._relative(path)}:1: {problem}")

    def _imported(self, module: str) -> list[str]:
        """Return the plugin's own modules that the code of *module* names, with the folders that they lie in."""
        path, data = self.paths[module], self.files[module]
        try:
            _, imports = compiled(data, str(path))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None) or data[: data.find(b"\0") + 1].count(b"\n") + 1
            problem = getattr(error, "msg", None) or error
            raise PluginError(
                f"{self.name}: {self._relative(path)}:{line}: {problem}. Correct it and reload."
            ) from error
        parts = module.split(".") if module else []
        package = parts if self.is_package(module) else parts[:-1]
        return [one for level, name in imports for one in _absolute(package, level, name)]

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else str(path)


def read_source(name: str, folder: Path, *entries: str) -> Source:
    """Read what is code in *folder*, beginning at *entries* (else the bot's); a ``PluginError`` names file and line."""
    source = Source(name, folder)
    source.read(*(entries or ENTRIES))
    return source


def stamp_of(path: Path) -> Stamp:
    """Return what changes when a file is saved, replaced, gone or unreadable; of a folder, the names of code in it."""
    try:
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            return *sorted(hash(name) for name in os.listdir(path) if name.endswith(".py")), found.st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return error.errno or -1
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode


def _absolute(package: list[str], level: int, name: str) -> Iterator[str]:
    """Give the module that is meant, after each folder on the way to it."""
    if level <= len(package) + 1:
        parts = [*package[: len(package) + 1 - level], *name.split(".")]
        yield from (".".join(parts[:size]) for size in range(1, len(parts) + 1) if parts[-1] != "*")


def _content(path: Path) -> bytes:
    stamp = stamp_of(path)
    if isinstance(stamp, tuple) and stamp[1] <= _WHOLE_BYTES:
        with contextlib.suppress(OSError):
            return path.read_bytes()
    return repr(stamp[:2] if isinstance(stamp, tuple) else stamp).encode()
