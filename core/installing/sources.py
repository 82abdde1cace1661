"""What is meant by SOURCE: a folder, an archive, a git address, or a requirement for pip."""

import os
import re
from pathlib import Path
from typing import Literal

import msgspec

from core.errors import ConfigError

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_REMOTE = re.compile(r"(git\+)?(https?|ssh|git|file)://\S+|[\w.-]+@[\w.-]+:\S+")
_AT = (
    re.compile(r"(?P<address>.+\.git)@(?P<ref>\w[\w./+-]*)"),
    re.compile(r"(?P<address>.+[/:][^/:@]+)@(?P<ref>\w[\w.+-]*)"),
)
"""What follows an @ behind the repository's name is a branch, a tag or a commit; an @ before it, a user."""
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_KINDS = "a folder, an archive (.zip, .tar.gz), a git address, or a requirement for pip such as 'mvp-shout >= 1.2'"


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a plugin comes from."""

    kind: Literal["folder", "archive", "git", "package"]
    address: str
    """An absolute path, a git address, or a requirement."""
    ref: str = ""
    """Of a git repository: a branch, a tag or a commit."""

    def __str__(self) -> str:
        return without_credentials(f"{self.address}@{self.ref}" if self.ref else self.address)

    def __repr__(self) -> str:
        return f"Source({self})"


def read_source(text: str) -> Source:
    """Return what *text* means; relative paths count from the working directory.

    Raises:
        ConfigError: it is none of the four, or there is nothing at that path.
    """
    path = Path(os.path.expanduser(text))  # of a user whom nobody knows it stays as it is
    if _is_repository(path):
        return Source("git", str(path.resolve()))
    if path.is_dir():
        return Source("folder", str(path.resolve()))
    if path.is_file():
        return Source("package" if text.endswith(".whl") else _archive(path), str(path.resolve()))
    if _REMOTE.fullmatch(text):
        return _remote(text)
    address, ref = _split(str(path))
    if ref and _is_repository(Path(address)):
        return Source("git", str(Path(address).resolve()), ref)
    if text.startswith((".", "/", "~")) or text.endswith((*ARCHIVES, ".whl")):
        raise ConfigError(f"There is no {text}. Name {_KINDS}.")
    return _requirement(text)


def without_credentials(text: str) -> str:
    """Return *text* without the names and passwords in the addresses in it."""
    return _CREDENTIALS.sub("", text)


def _is_repository(path: Path) -> bool:
    """Tell whether a folder is a bare repository; one with a work tree is taken as the folder that it is."""
    return (path / "HEAD").is_file() and (path / "objects").is_dir()


def _archive(path: Path) -> Literal["archive"]:
    if not path.name.endswith(ARCHIVES):
        raise ConfigError(f"{path} is no archive that can be read. It must end in {', '.join(ARCHIVES)} or .whl.")
    return "archive"


def _remote(text: str) -> Source:
    if text.startswith("http") and text.endswith((*ARCHIVES, ".whl")):
        raise ConfigError(f"{without_credentials(text)} is a file elsewhere. Load it down, and name it here.")
    return Source("git", *_split(text.removeprefix("git+")))


def _split(address: str) -> tuple[str, str]:
    """Return an address and what stands behind its @, "" if there is none."""
    found = next((match for one in _AT if (match := one.fullmatch(address))), None)
    return (found["address"], found["ref"]) if found else (address, "")


def _requirement(text: str) -> Source:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Source("package", str(Requirement(text)))
    except InvalidRequirement:
        raise ConfigError(f"'{text}' cannot be read. Name {_KINDS}.") from None
