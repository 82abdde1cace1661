"""Archives of anybody: what leaves its folder, is no file, or has no end, is refused."""

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from core.errors import BadInputError
from core.installing import trees
from core.installing.archives import unpack

MODES = {"a.zip": "", "a.tar": "w", "a.tar.gz": "w:gz", "a.tgz": "w:gz", "a.tar.bz2": "w:bz2", "a.tar.xz": "w:xz"}
by_kind = pytest.mark.parametrize("kind", MODES)


def pack(archive: Path, files: dict[str, bytes]) -> None:
    """Write an archive whose members are called as they should not be."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
            for name, data in files.items():
                opened.writestr(name, data)
        return
    with tarfile.open(archive, MODES[archive.name]) as tar:  # type: ignore[call-overload]
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


@by_kind
def test_unpacked(tmp_path: Path, kind: str) -> None:
    """Files and folders."""
    pack(tmp_path / kind, {"mvp/manifest.toml": b"[plugin]", "mvp/deep/er/plugin.py": b"x = 1"})
    unpack(tmp_path / kind, tmp_path / "out")

    assert (tmp_path / "out/mvp/deep/er/plugin.py").read_bytes() == b"x = 1"


@by_kind
@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "..\\evil", "C:evil"])
def test_nothing_leaves_its_folder(tmp_path: Path, kind: str, name: str) -> None:
    """Whatever it is called."""
    pack(tmp_path / kind, {"manifest.toml": b"", name: b"evil"})
    with pytest.raises(BadInputError, match="outside of its folder"):
        unpack(tmp_path / kind, tmp_path / "out")
    assert not list(tmp_path.rglob("*evil*"))


def test_neither_links_nor_devices(tmp_path: Path) -> None:
    """What would be read or written elsewhere."""
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
        member = tarfile.TarInfo("odd")
        member.type, member.linkname = kind, "/etc/passwd"
        with tarfile.open(tmp_path / "a.tar", "w") as tar:
            tar.addfile(member)
        with pytest.raises(BadInputError, match="odd is a link or a device"):
            unpack(tmp_path / "a.tar", tmp_path / f"out{ord(kind)}")
    link = zipfile.ZipInfo("odd")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr(link, "/etc/passwd")
    with pytest.raises(BadInputError, match="odd is a link or a device"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


@by_kind
def test_bounds(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what comes out of it, whatever it says of itself."""
    monkeypatch.setattr(trees, "MOST_BYTES", 100_000)
    monkeypatch.setattr(trees, "MOST_FILES", 3)
    pack(tmp_path / kind, {"zeros": bytes(200_000)})
    with pytest.raises(BadInputError, match="more than 0 MiB"):
        unpack(tmp_path / kind, tmp_path / "large")
    pack(tmp_path / kind, {str(number): b"" for number in range(4)})
    with pytest.raises(BadInputError, match="more than 3 files"):
        unpack(tmp_path / kind, tmp_path / "many")


@by_kind
def test_broken(tmp_path: Path, kind: str) -> None:
    """Cut off, no archive at all, or with one name twice."""
    pack(tmp_path / kind, {"a": bytes(range(256)) * 40})
    whole = (tmp_path / kind).read_bytes()
    for number, data in enumerate((whole[: len(whole) // 2], b"no archive", b"")):
        (tmp_path / kind).write_bytes(data)
        with pytest.raises(BadInputError, match="cannot be unpacked"):
            unpack(tmp_path / kind, tmp_path / f"out{number}")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@by_kind
def test_twice(tmp_path: Path, kind: str) -> None:
    """Which of the two would be meant?"""
    pack(tmp_path / kind, {"a": b"1", "./a": b"2"})
    with pytest.raises(BadInputError, match="a is in it twice"):
        unpack(tmp_path / kind, tmp_path / "out")
