"""Modules that a library takes along and nobody here uses are left out while it is imported."""

import dataclasses
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from core.left_out import absent, dataclasses_later, later

NAME = "colorsys"
START = """
import asyncio, sys
from pathlib import Path
from core.app import bot_application
from core.config import parse_config
from core.errors import ConfigError
from core.servers.ssh_files import library

SETTINGS = {"discord": {"token": "file:token"}}

async def main():
    try:
        async with bot_application(parse_config(SETTINGS, Path("."))):
            pass
    except ConfigError as error:
        assert "token" in str(error), error

asyncio.run(main())
library()
assert {"hikari.impl", "asyncssh.sftp"} <= set(sys.modules)
left = ("aiohttp.web", "aiohttp.web_app", "asyncssh.crypto.x509", "cryptography.x509", "asyncpg", "black")
print(*(name for name in left if name in sys.modules))
from aiohttp import web
assert web.Application()
"""

LIBRARY = """
from dataclasses import dataclass, field

@dataclass
class First:
    one: int
    many: list = field(default_factory=list)

class Plain(First):
    pass

@dataclass
class Second(First):
    two: str = "a"
"""


@pytest.fixture(autouse=True)
def _not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, NAME, raising=False)


def test_absent_is_not_found_in_the_block_alone() -> None:
    """Who imports it gets the error of a module that is not installed; afterwards it is there."""
    with absent(NAME), absent(NAME), pytest.raises(ModuleNotFoundError):
        __import__(NAME)

    assert hasattr(__import__(NAME), "hls_to_rgb")


def test_later_is_imported_when_used() -> None:
    """Who has imported it in the block uses the real one afterwards."""
    with later(NAME):
        stands = __import__(NAME)
        assert stands is sys.modules[NAME]

    assert NAME not in sys.modules
    assert stands.hls_to_rgb is __import__(NAME).hls_to_rgb


def test_what_is_there_stays() -> None:
    """A module that somebody has imported already is left as it is."""
    real = __import__(NAME)

    with absent(NAME), later(NAME):
        assert __import__(NAME) is real

    assert sys.modules[NAME] is real


def test_dataclasses_are_worked_out_with_their_first_object() -> None:
    """They are as any other from then on, what they are derived from too; those of others are so at once."""
    before = dataclasses.dataclass
    with dataclasses_later("library"):
        library = _declared("library.part")
        other = _declared("other.part")

    assert dataclasses.dataclass is before
    assert [dataclasses.is_dataclass(one) for one in (library.First, library.Second, other.First)] == [
        False, False, True,
    ]  # fmt: skip
    assert repr(library.Plain(1)) == "Plain(one=1, many=[])"
    assert library.Second(1, [2], two="b") == library.Second(1, [2], two="b") != library.Second(1, [2])
    assert [one.name for one in dataclasses.fields(library.Second)] == ["one", "many", "two"]


def _declared(name: str) -> types.ModuleType:
    """Return a module that declares dataclasses as libraries do."""
    module = types.ModuleType(name)
    exec(LIBRARY, vars(module))  # noqa: S102
    return module


def test_the_bot_does_without(tmp_path: Path) -> None:
    """A bot that reaches game servers has neither hikari's web server nor X.509; who asks for one of them gets it."""
    asked, root = [sys.executable, "-c", START], str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": root}
    ran = subprocess.run(asked, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout.strip()) == (0, ""), ran.stderr
