"""A package that is upgraded while the bot runs with the old one is named at the next reload."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from roundhook.testing import Stage
from tests.plugin_maker import running, save, write_plugin

USES = """
import soup_maker
from roundhook import Plugin

class Uses(Plugin):
    taste = soup_maker.TASTE
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that packages are installed in."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in ("soup_maker", "idle_one"):
        sys.modules.pop(name, None)


def install(site: Path, name: str, version: str, *modules: str) -> None:
    """Do what pip does, as far as anybody can see it."""
    for old in site.glob(f"{name}-*.dist-info"):
        for file in old.iterdir():
            file.unlink()
        old.rmdir()
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text("".join(f"{one}.py,,\n" for one in modules))
    for module in modules:
        (site / f"{module}.py").write_text(f"TASTE = {version!r}\n")


async def test_it_is_named_at_reload(site: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In the answer, the log, and the refusal of what relied on the new one; not for others, nor what nobody uses."""
    install(site, "Soup", "1.0", "soup_maker")
    install(site, "idle", "1.0", "idle_one")
    uses = write_plugin(tmp_path, "uses", USES)
    write_plugin(tmp_path, "other", "from roundhook import Plugin\nclass Other(Plugin):\n    pass\n")
    async with Stage(["uses", "other"], folders=[tmp_path]) as stage:
        assert (await stage.plugins.reload("uses")).notes == ()
        install(site, "Soup", "2.0", "soup_maker")
        install(site, "idle", "2.0", "idle_one")
        said = "Soup 1.0 is in use and 2.0 is installed, which needs a restart of the bot."

        report = await stage.plugins.reload("uses")
        assert (report.ok, report.notes) == (True, (said,))
        assert (await stage.plugins.reload("other")).notes == ()
        save(uses / "plugin.py", USES.replace("import soup_maker", "import soup_maker, idle_one"))
        reply = await stage.discord.invoke("plugin reload", admin=True, user=99, options={"name": "uses"})
        assert reply.content.endswith(said)
        assert "idle" not in reply.content
        assert running(stage, "uses").taste == "1.0"
        save(uses / "plugin.py", USES.replace("TASTE", "SMELL"))
        report = await stage.plugins.reload("uses")

    assert report.error.endswith(f"has no attribute 'SMELL'. Correct it and reload. {said}")
    assert [one.name for one in caplog.records if one.getMessage() == said] == ["roundhook.uses"] * 2
