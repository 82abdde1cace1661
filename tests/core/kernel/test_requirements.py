"""What a plugin relies on: other plugins, installed packages, a version of roundhook."""

from pathlib import Path

import pytest

from core.errors import ManifestError, PluginError
from core.hookspecs import CONTRACTS
from core.kernel.manifest import read_manifest
from core.kernel.probe import check_contract
from tests.plugin_maker import write_plugin

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
