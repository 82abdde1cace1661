"""Files that an editor has saved with a byte order mark, or in UTF-16, are read as if they had none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.cli import main
from core.config import load_config
from core.errors import ConfigError
from core.kernel.manifest import read_manifest
from tests.plugin_maker import write_plugin

SAVES = pytest.mark.parametrize("save", [
    lambda text: b"\xef\xbb\xbf" + text.encode(), lambda text: text.encode("utf-16"),
    lambda text: b"\xfe\xff" + text.replace("\n", "\r\n").encode("utf-16-be"), lambda text: text.encode(),
], ids=["mark", "utf-16", "utf-16 be CRLF", "none"])  # fmt: skip
Save = Callable[[str], bytes]


@SAVES
def test_settings_and_token(tmp_path: Path, save: Save) -> None:
    """Also where they name each other."""
    (tmp_path / "roundhook.toml").write_bytes(save('[discord]\ntoken = "file:tök"\ncontrol_channel = 5\n'))
    (tmp_path / "tök").write_bytes(save("MTIz.x.y\n"))
    config = load_config(tmp_path / "roundhook.toml")

    assert config.discord.control_channel == 5
    assert config.token().reveal() == "MTIz.x.y"


@SAVES
def test_a_manifest(tmp_path: Path, save: Save) -> None:
    """Its lines count as they are written."""
    folder = write_plugin(tmp_path, "pp", "")
    file = folder / "manifest.toml"
    file.write_bytes(save(file.read_text() + '[limits]\non_round_imported = 2\n[cli]\npp = "print"\n'))

    manifest = read_manifest(folder)
    assert manifest.name == "pp"
    assert manifest.place("cli", "pp") == "manifest.toml:11"


@SAVES
def test_a_plugins_command_is_found(
    tmp_path: Path, save: Save, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The settings lead to its folder, whatever wrote them."""
    code = "async def pp(terminal, arguments):\n    terminal.print('here')\n"
    folder = write_plugin(tmp_path / "mine", "pp", "", manifest='[cli]\npp = "print"\n', files={"cli.py": code})
    (folder / "manifest.toml").write_bytes(save((folder / "manifest.toml").read_text()))
    (tmp_path / "roundhook.toml").write_bytes(save('[plugins]\npaths = ["mine"]\n'))
    monkeypatch.chdir(tmp_path)

    assert main(["pp"]) == 0
    assert capsys.readouterr().out == "here\n"


@pytest.mark.parametrize(("data", "words"), [
    (b"Bot MTIz.x.y", "Copy the token alone"), (b"MTIz\xff.x.y", "that file is no text. Save it as UTF-8."),
    (b"\xef\xbb\xbf\n", "and there is nothing. Put it into the file tok."),
])  # fmt: skip
def test_a_token_file_that_holds_none(tmp_path: Path, data: bytes, words: str) -> None:
    """Told in one message, without what it holds."""
    (tmp_path / "roundhook.toml").write_text('[discord]\ntoken = "file:tok"\n')
    (tmp_path / "tok").write_bytes(data)
    with pytest.raises(ConfigError) as told:
        load_config(tmp_path / "roundhook.toml").token()

    assert words in str(told.value)
    assert "MTIz" not in str(told.value)


def test_settings_that_are_no_text(tmp_path: Path) -> None:
    """Named with what to do."""
    (tmp_path / "roundhook.toml").write_bytes(b"# K\xfcche\n[discord]\n")
    with pytest.raises(ConfigError, match=r"is not valid TOML.*Correct that line"):
        load_config(tmp_path / "roundhook.toml")
