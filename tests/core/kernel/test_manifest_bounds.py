"""Whatever lies in a plugin folder: it is that plugin's trouble, told, and costs no other anything."""

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ManifestError
from core.kernel import document
from core.kernel.discovery import discover
from core.kernel.folders import MOST_BYTES
from core.kernel.manifest import read_manifest
from roundhook.testing import Stage
from tests.plugin_maker import write_plugin

HEAD = '[plugin]\nname = "odd"\nversion = "1"\napi = 1\n'
DEEP = "x = " + "[" * 20_000 + "]" * 20_000
WIDE = "a = { " + "b = { " * 5_000 + " }" * 5_000 + " }"
ODD = {
    "nested lists": (HEAD + DEEP, "nested too deep"),
    "nested tables": (HEAD + WIDE, "nested too deep"),
    "nested a little": (HEAD + "[config.deep]\ntype = 'str'\ndefault = " + "[" * 30 + "]" * 30, "nested too deep"),
    "dotted": (HEAD + "[" + ".".join("a" * 3_000) + "]\n", "nested too deep"),
    "too large": (HEAD + "#" * MOST_BYTES, "more than 65,536 bytes"),
    "many lines": (HEAD + "[config.many]\ntype = 'list[int]'\ndefault = [\n" + "1,\n" * 20_000 + "'x']", "default"),
    "a long value": (HEAD.replace('"1"', "1" * 4_000), "manifest.toml"),
    "a large number": (HEAD + f"priority = {'9' * 4_299}", "manifest.toml"),
    "no TOML": ("\x00\xff", "not valid TOML"),
}


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_manifest_is_refused_and_the_others_are_found(tmp_path: Path, kind: str) -> None:
    write_plugin(tmp_path, "fine", "x = 1")
    text, why = ODD[kind]
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "manifest.toml").write_text(text, "utf-8")

    found = discover([str(tmp_path)])

    assert "fine" in found.manifests
    if kind != "a large number":  # which is a number
        assert why in found.errors["odd"]
        assert len(found.errors["odd"]) < 1_000


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe, a folder, a device, a link to nowhere and a link to itself in the manifest's place."""
    write_plugin(tmp_path, "fine", "x = 1")
    for name in ("pipe", "folder", "device", "nowhere", "itself"):
        (tmp_path / name).mkdir()
    os.mkfifo(tmp_path / "pipe" / "manifest.toml")
    (tmp_path / "folder" / "manifest.toml").mkdir()
    (tmp_path / "device" / "manifest.toml").symlink_to("/dev/zero")
    (tmp_path / "nowhere" / "manifest.toml").symlink_to(tmp_path / "gone")
    (tmp_path / "itself" / "manifest.toml").symlink_to("manifest.toml")

    found = discover([str(tmp_path)])

    assert "fine" in found.manifests
    assert set(found.errors) == {"pipe", "folder", "device", "nowhere", "itself"}
    assert all("cannot be read" in error for error in found.errors.values())


async def test_the_bot_starts_and_lists_them(tmp_path: Path) -> None:
    write_plugin(tmp_path, "fine", "from roundhook import Plugin\nclass Fine(Plugin):\n    pass\n")
    (tmp_path / "nested").mkdir()
    (tmp_path / "nested" / "manifest.toml").write_text(HEAD + DEEP)
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "manifest.toml")
    async with Stage(["fine"], folders=[tmp_path]) as stage:
        listed = await stage.discord.invoke("plugin list", user=stage.discord.owner_id)

    assert "nested too deep" in listed.text
    assert "no regular file" in listed.text
    assert "🟢 **fine**" in listed.text


@pytest.mark.parametrize(("line", "place"), [("1,", 7), ("']',", 5)], ids=["no end", "what may be an end"])
def test_a_line_is_found_in_bounded_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, place: int
) -> None:
    """One statement of ten thousand lines: reading it again for each would take minutes; its table is told instead."""
    text = ODD["many lines"][0].replace("1,\n" * 20_000, f"{line}\n" * 10_000)
    read: list[int] = []
    (tmp_path / "manifest.toml").write_text(text)
    monkeypatch.setattr(document, "_MOST_READ", 2 * len(text))
    monkeypatch.setattr(document, "tomllib", CountingParser(read))
    with pytest.raises(ManifestError, match=f"toml:{place}: config.many.default"):
        read_manifest(tmp_path)

    assert sum(read) <= 4 * len(text)


class CountingParser:
    """Reads TOML and notes how much."""

    TOMLDecodeError = tomllib.TOMLDecodeError

    def __init__(self, read: list[int]) -> None:
        self._read = read

    def loads(self, text: str) -> dict[str, Any]:
        self._read.append(len(text))
        return tomllib.loads(text)


@given(st.binary(max_size=300))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "manifest.toml").write_bytes(data)
    with pytest.raises(ManifestError):
        read_manifest(folder)
