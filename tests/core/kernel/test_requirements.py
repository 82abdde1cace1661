"""What a plugin relies on: other plugins, installed packages, a version of roundhook."""

import json
from pathlib import Path

import pytest

from core.errors import ManifestError, PluginError
from core.hookspecs import CONTRACTS
from core.kernel.manifest import read_manifest
from core.kernel.probe import check_contract
from roundhook import ImportedRound
from roundhook.testing import Stage
from tests.plugin_maker import recorder, running, write_plugin

PLAIN = "from roundhook import Plugin\nclass One(Plugin):\n    pass\n"


def test_a_manifest_says_what_it_relies_on(tmp_path: Path) -> None:
    text = """
        requires = ["mvp_shout >= 1.2", "other"]
        packages = ["aiocsv >= 1.3", "pywin32; sys_platform == 'win32'"]
        roundhook = ">= 0.1, < 9"
        author = "Ann"
        licence = "MIT"
        homepage = "https://example.org"
        """
    one = read_manifest(write_plugin(tmp_path, "one", PLAIN, manifest=text))

    assert [(need.name, str(need.specifier)) for need in one.requires] == [("mvp_shout", ">=1.2"), ("other", "")]
    assert [str(need) for need in one.packages] == ["aiocsv>=1.3", 'pywin32; sys_platform == "win32"']
    assert str(one.roundhook) == "<9,>=0.1"
    assert (one.author, one.licence, one.homepage) == ("Ann", "MIT", "https://example.org")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('requires = "mvp"', "must be of type list"),
        ("requires = [7]", "has 7, which cannot be read"),
        ('requires = ["mvp >> 1"]', "has 'mvp >> 1', which cannot be read"),
        ('requires = ["mvp >= one"]', 'Write it as in requires = ["mvp_shout >= 1.2"]'),
        ('requires = ["Mvp-Shout"]', "Mvp-Shout"),
        ('requires = ["mvp[extra]"]', "mvp[extra]"),
        ("requires = [\"mvp; python_version > '3'\"]", "python_version"),
        ('requires = ["mvp @ https://example.org/x.zip"]', "example.org"),
        ('requires = ["one"]', "names one itself"),
        ('packages = ["aio csv"]', 'packages = ["aiocsv >= 1.3"]'),
        ('packages = ["aiocsv @ https://example.org/x.zip"]', "example.org"),
        ('roundhook = "0.2"', 'roundhook = ">= 0.2"'),
        ("roundhook = 2", "must be of type str"),
        ("licence = 7", "must be of type str"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(tmp_path: Path, line: str, says: str) -> None:
    folder = write_plugin(tmp_path, "one", PLAIN, manifest=f"\n{line}\n")
    with pytest.raises(ManifestError) as caught:
        read_manifest(folder)

    assert f"one: {folder}/manifest.toml:9: plugin.{line.split()[0]} " in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('packages = ["pluggy", "not-there >= 2", "hikari >= 99"]', "pip install 'not-there>=2' 'hikari>=99'"),
        ('packages = ["hikari >= 99"]', " is installed)"),
        ('roundhook = ">= 99"', "it needs roundhook >=99, and this is "),
    ],
)
async def test_what_is_not_installed_is_named(tmp_path: Path, line: str, says: str) -> None:
    folder = write_plugin(tmp_path, "one", PLAIN, manifest=f"\n{line}\n")
    with pytest.raises(PluginError) as caught:
        await check_contract(read_manifest(folder), CONTRACTS)

    assert f"one: {folder}/manifest.toml:9: it needs " in str(caught.value)
    assert says in str(caught.value)


async def test_what_is_installed_will_do(tmp_path: Path) -> None:
    """Also a version before a release, and what is not needed on this machine."""
    line = (
        """packages = ["pluggy >= 1", "hikari[speedups]", "not-there; python_version < '3'"]\nroundhook = ">= 0.0.1" """
    )
    assert await check_contract(read_manifest(write_plugin(tmp_path, "one", PLAIN, manifest=line)), CONTRACTS) == []


def rely(folder: Path, name: str, *requires: str, version: str = "1.0", more: str = "") -> None:
    """Write a plugin that requires others, and keeps the rounds it is told about."""
    write_plugin(folder, name, recorder(), version=version, manifest=f"requires = {json.dumps(requires)}\n{more}")


def states(stage: Stage, *names: str) -> str:
    """Return how plugins stand, each by a letter: running, off, failed."""
    return "".join(stage.plugins.status(name).state[0] for name in names)


async def test_who_requires_another_comes_after_it_goes_before_it_and_comes_back(tmp_path: Path) -> None:
    """With all that rests on it; its events wait, and nobody has to switch it on again."""
    rely(tmp_path, "base", version="1.2")
    rely(tmp_path, "ladder", "base >= 1.2")
    rely(tmp_path, "top", "ladder", "base")
    async with Stage(["top", "ladder", "base"], folders=[tmp_path]) as stage:
        assert [report.plugin for report in stage.app.reports] == ["base", "ladder", "top"]
        asked = await stage.discord.invoke(
            "plugin disable", user=7, admin=True, options={"name": "base", "everywhere": True}
        )
        assert "These require it, and run again when it does: ladder, top." in asked.text
        off = await stage.plugins.disable("base")
        assert off.ok
        assert off.notes == ("ladder, top: does not run any more, since it requires this.",)
        assert states(stage, "base", "ladder", "top") == "off"
        why = f"ladder: {tmp_path}/ladder/manifest.toml:8: it requires base>=1.2, and base is switched off. Switch"
        assert why in stage.plugins.status("ladder").error
        assert "top requires" not in stage.plugins.status("top").error
        await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
        await stage.settled()
        listed = await stage.discord.invoke("plugin list", user=7, admin=True)
        assert "🔴 **ladder** 1.0 · does not run · requires base\\>=1.2 · required by top" in listed.text

        on = await stage.plugins.enable("base")
        assert on.notes == ("ladder, top: runs again.",)
        assert states(stage, "base", "ladder", "top") == "rrr"
        await stage.settled()
        assert running(stage, "ladder").seen == running(stage, "top").seen == [1]
        assert stage.plugins.status("ladder").error == ""

        await stage.plugins.disable("ladder")
        assert states(stage, "base", "ladder", "top") == "rof"
        assert (await stage.plugins.disable("base")).notes == ()
        assert (await stage.plugins.enable("ladder")).ok is False
        assert states(stage, "base", "ladder", "top") == "off"
        assert (await stage.plugins.reload("base")).ok is False
        await stage.plugins.enable("base")
        assert states(stage, "base", "ladder", "top") == "rrr"


async def test_what_is_absent_off_failed_or_of_another_version_is_named(tmp_path: Path) -> None:
    rely(tmp_path, "base", version="1.1")
    rely(tmp_path, "odd", version="first")
    rely(tmp_path, "away")
    write_plugin(tmp_path, "broken", "x = 1")
    needs = {
        "absent": ("nobody", "and there is no plugin 'nobody'. Add its folder to [plugins] paths."),
        "without": ("away", "and away is switched off. Switch it on with /plugin enable away."),
        "unlucky": ("broken", "and broken does not run: plugin.py:1: plugin.py has no Plugin class"),
        "young": ("base >= 1.2", "and base 1.1 does not fit that. Take versions that fit each other."),
        "exact": ("odd >= 1", f"and the version 'first' of odd cannot be compared ({tmp_path}/odd/manifest.toml:4)."),
        "one": ("two", "it requires itself: one → two → three → one. Take one of these requirements out."),
        "two": ("three", "it requires itself: two → three → one → two."),
        "three": ("one", "it requires itself: three → one → two → three."),
        "beside": ("one", f"and one does not run: {tmp_path}/one/"),
    }
    for name, (need, _) in needs.items():
        rely(tmp_path, name, need)
    rely(tmp_path, "any", "odd", "base")
    rely(tmp_path, "young_offline", "base", more="offline = true")
    names = ["base", "odd", "broken", *needs, "any", "young_offline"]
    async with Stage(names, folders=[tmp_path], broken=True) as stage:
        for name, (need, why) in needs.items():
            assert f"{name}: {tmp_path}/{name}/manifest.toml:8: it requires " in stage.plugins.status(name).error
            assert why in stage.plugins.status(name).error, need
        assert "it is offline = true and requires base, which is not." in stage.plugins.status("young_offline").error
        assert states(stage, "base", "odd", "any") == "rrr"

        rely(tmp_path, "base", version="1.2")
        assert (await stage.plugins.reload("base")).notes == ("young: runs again.",)
        rely(tmp_path, "nobody")
        assert (await stage.plugins.enable("nobody")).notes == ("absent: runs again.",)
        rely(tmp_path, "three")
        assert (await stage.plugins.reload("three")).notes == ("two, one, beside: runs again.",)


async def test_a_reload_that_a_running_plugin_excludes_is_refused_and_the_old_goes_on(tmp_path: Path) -> None:
    rely(tmp_path, "base", version="1.2")
    rely(tmp_path, "ladder", "base >= 1.2, < 2")
    async with Stage(["base", "ladder"], folders=[tmp_path]) as stage:
        for version in ("1.1", "2.0", "second"):
            rely(tmp_path, "base", version=version)
            report = await stage.plugins.reload("base")
            assert not report.ok
            assert f"ladder, which runs, requires base<2,>=1.2 ({tmp_path}/ladder/manifest.toml:8), and" in report.error
            assert "To change both, disable ladder first." in report.error
        rely(tmp_path, "base", "ladder", version="1.3")
        report = await stage.plugins.reload("base")
        assert "it requires itself: base → ladder → base." in report.error
        rely(tmp_path, "base", version="1.3")
        rely(tmp_path, "ladder", "more", "base >= 1.3")
        assert "there is no plugin 'more'" in (await stage.plugins.reload("ladder")).error
        assert stage.plugins.status("ladder").generation == stage.plugins.status("base").generation == 1
        rely(tmp_path, "ladder", "base >= 1.3")
        assert "base 1.2 does not fit that" in (await stage.plugins.reload("ladder")).error

        assert (await stage.plugins.disable("ladder")).ok
        assert (await stage.plugins.reload("base")).version == "1.3"
        assert (await stage.plugins.enable("ladder")).ok


async def test_one_that_goes_may_still_call_what_it_requires(tmp_path: Path) -> None:
    """It is emptied first: its handlers end, and its teardown runs, while the other serves."""
    calling = """
from roundhook import Plugin

class Guest(Plugin):
    async def teardown(self):
        self.ctx.log.warning("the last answer: %s", await self.ctx.call("base.answer"))
"""
    head = "from roundhook import Plugin, offer\nclass Base(Plugin):\n"
    write_plugin(tmp_path, "base", f"{head}    @offer\n    async def answer(self):\n        return 7\n")
    write_plugin(tmp_path, "guest", calling, manifest='requires = ["base"]')
    async with Stage(["guest", "base"], folders=[tmp_path]) as stage:
        assert (await stage.plugins.disable("base")).ok
        assert "the last answer: 7" in "\n".join(stage.app.kernel.logbook.last("guest", 3))
