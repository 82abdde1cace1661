"""Unpacks an archive: files and folders only, each within the folder it is unpacked into, within bounds."""

import bz2
import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from core.errors import BadInputError
from core.installing.trees import Allowance

_PACKED: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".tgz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
"""By the end of the name; what is not here is not packed."""
_BROKEN = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, gzip.BadGzipFile, RuntimeError,
    NotImplementedError, UnicodeError,
)  # fmt: skip
Member = tuple[str, bool, bool, Callable[[], AbstractContextManager[IO[bytes]]]]
"""Its name, whether it is a folder, whether it is a file, and how it is opened."""


def unpack(archive: Path, target: Path) -> None:
    """Unpack *archive* into the new folder *target*.

    Raises:
        BadInputError: it is broken, too large, or holds something that no plugin has.
    """
    target.mkdir(mode=0o700)
    members = _of_zip if archive.suffix == ".zip" else _of_tar
    allowance = Allowance(archive)
    try:
        for name, is_folder, is_file, opened in members(archive, target):
            allowance.take_file()
            place = target / _inside(archive, name)
            if not (is_folder or is_file):
                raise BadInputError(f"{archive}: {name} is a link or a device. A plugin has files and folders only.")
            (place if is_folder else place.parent).mkdir(parents=True, exist_ok=True)
            if is_file:
                with opened() as source:
                    allowance.copy(source, place)
    except FileExistsError as error:
        raise BadInputError(f"{archive}: {Path(error.filename).name} is in it twice. Pack it anew.") from error
    except (*_BROKEN, OSError) as error:
        if getattr(error, "errno", None) is not None:
            raise  # it is the disk, and not what is in the archive
        raise BadInputError(f"{archive} cannot be unpacked ({error}). Fetch it anew, or pack it anew.") from error


def _inside(archive: Path, name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or ":" in name:
        raise BadInputError(f"{archive}: {name!r} would lie outside of its folder. Nothing of it was unpacked.")
    return path


def _of_zip(archive: Path, _: Path) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as opened:
        for one in opened.infolist():
            kind = stat.S_IFMT(one.external_attr >> 16)
            is_file = not one.is_dir() and kind in (0, stat.S_IFREG)
            yield one.filename, one.is_dir(), is_file, partial(opened.open, one)


def _of_tar(archive: Path, target: Path) -> Iterator[Member]:
    """Give the members of a tar file, which is unpacked first: so its own headers are within bounds too."""
    plain = target.with_name(f"{target.name}.tar")
    with _PACKED.get(archive.suffix, _plain)(archive) as packed:
        Allowance(archive).copy(packed, plain)
    with tarfile.open(plain) as opened:
        for one in opened:
            yield one.name, one.isdir(), one.isreg(), partial(_read, opened, one)


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    opened = archive.extractfile(member)
    if opened is None:
        raise tarfile.ReadError(f"{member.name} holds nothing")
    return opened


def _plain(path: Path) -> IO[bytes]:
    return path.open("rb")
