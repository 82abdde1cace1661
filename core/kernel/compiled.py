"""A plugin's files, compiled: kept beside them as Python keeps its own, by what they say and never by their time."""

import contextlib
import hashlib
import importlib.util
import marshal
import os
import re
import sys
import types
from collections.abc import Iterator
from modulefinder import ModuleFinder
from opcode import opmap
from pathlib import Path

_RELATIVE = re.compile(rb"\bfrom[\s\\]*\.")
_IMPORT, _FINDER = opmap["IMPORT_NAME"], ModuleFinder()
_FORM = importlib.util.MAGIC_NUMBER + f" 1 {sys.flags.optimize} ".encode()
"""What else than its source a compiled file depends on; count up when what is kept changes."""

Compiled = tuple[types.CodeType, tuple[tuple[int, str], ...]]
"""A file's code and its relative imports, each with its dots."""

_MOST = 512
_latest: dict[str, tuple[bytes, Compiled]] = {}
"""Of each file what it said last: to keep what it said before would take more with each reload."""


def compiled(data: bytes, path: str) -> Compiled:
    """Compile a file's bytes; what is kept of exactly these, at this place, is taken instead."""
    found = _latest.get(path)
    if found is None or found[0] != data:
        found = data, _compiled(data, path)
        _latest.pop(path, None)
        _latest[path] = found
        for oldest in list(_latest)[:-_MOST]:
            _latest.pop(oldest, None)
    return found[1]


def _compiled(data: bytes, path: str) -> Compiled:
    kept, digest = _place(path), hashlib.sha256(_FORM + os.fsencode(path) + b"\0" + data).digest()
    if (found := _read(kept, digest)) is not None:
        return found
    code = compile(data, path, "exec", dont_inherit=True)
    made = code, tuple(_imports(code)) if _RELATIVE.search(data) else ()
    _keep(kept, digest + marshal.dumps(made))
    return made


def _place(path: str) -> Path | None:
    """Return where that is kept: Python's folder, under a name of ours; None: Python is not to write such files."""
    return None if sys.dont_write_bytecode else Path(importlib.util.cache_from_source(path, optimization="roundhook"))


def _read(kept: Path | None, digest: bytes) -> Compiled | None:
    """Return what is kept, if it was made of the same; one that is cut off or odd is made anew."""
    if kept is not None:
        with contextlib.suppress(OSError, EOFError, ValueError, TypeError):
            data = kept.read_bytes()
            if data.startswith(digest):
                found: Compiled = marshal.loads(data[len(digest) :])  # noqa: S302 - as safe as the code beside it
                return found
    return None


def _keep(kept: Path | None, data: bytes) -> None:
    """Write it whole or not at all; in another user's folder, where it would be in the way, it is not written."""
    with contextlib.suppress(OSError):
        if kept is not None and kept.parents[1].stat().st_uid == os.geteuid():
            part = kept.with_name(f"{kept.name}.{os.getpid()}.{id(data)}")
            kept.parent.mkdir(exist_ok=True)
            part.write_bytes(data)
            part.replace(kept)


def _imports(code: types.CodeType) -> Iterator[tuple[int, str]]:
    """Give what compiled code imports, its functions too: parsing it once more takes longer than to compile it."""
    left = [code]
    for one in left:
        left += [part for part in one.co_consts if isinstance(part, types.CodeType)]
        if _IMPORT in one.co_code[::2]:
            for kind, found in _FINDER.scan_opcodes(one):
                if kind == "relative_import":
                    yield from _named(*found)


def _named(level: int, names: tuple[str, ...] | None, module: str) -> Iterator[tuple[int, str]]:
    if module:
        yield level, module
    for one in names or ():
        yield level, ".".join(filter(None, (module, one)))
