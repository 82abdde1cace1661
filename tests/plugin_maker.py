"""Writes plugins into a folder, and looks at those that run, for the tests that load them."""

import asyncio
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from roundhook.testing import Stage

MANIFEST = """
[plugin]
name = "{name}"
version = "{version}"
api = 1
scope = "{scope}"
priority = {priority}
"""


def write_plugin(
    folder: Path,
    name: str,
    code: str,
    *,
    version: str = "1",
    scope: str = "global",
    priority: int = 100,
    manifest: str = "",
    files: Mapping[str, str] | None = None,
) -> Path:
    """Write the plugin *name* below *folder* and return its own folder; *manifest* is added to the usual one."""
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    head = MANIFEST.format(name=name, version=version, scope=scope, priority=priority)
    (place / "manifest.toml").write_text(head + textwrap.dedent(manifest), "utf-8")
    for file, content in {"plugin.py": code, **(files or {})}.items():
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        (place / file).write_text(textwrap.dedent(content), "utf-8")
    return place


def save(path: Path, text: str) -> None:
    """Put *text* in place of what *path* holds in one step, as editors do: nobody finds a half of it."""
    whole = path.parents[1] / f"{path.name}.new"
    whole.write_text(text, "utf-8")
    whole.replace(path)


MIGRATION = """# here
from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from roundhook.db import statements
ID = "{name}"
VERSION = "1.38.0"
DESCRIPTION = "x"
async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="x", description=DESCRIPTION)
    manager.add_raw(statements({statements}))
    return manager
"""


def migration(name: str, *statements: str) -> str:
    """Return the migration *name* that runs *statements*."""
    return MIGRATION.format(name=name, statements=", ".join(map(repr, statements)))


RECORDER = """
from roundhook import Plugin, hookimpl

class Recorder(Plugin):
    async def setup(self):
        self.seen = []

    @hookimpl{mark}
    async def on_round_imported(self, round):
        {body}
        self.seen.append(round.round_id)

    @hookimpl{mark}
    async def on_round_amended(self, amendment):
        self.seen.append(("amended", amendment.round.round_id, amendment.revision))
"""


def recorder(*, mark: str = "", body: str = "pass") -> str:
    """Return the code of a plugin that keeps the ids of the rounds it was told about in ``seen``."""
    return RECORDER.format(mark=mark, body=textwrap.indent(textwrap.dedent(body).strip(), " " * 8).strip())


SAYS = """
import lightbulb
from roundhook import Plugin

loader = lightbulb.Loader()

@loader.command
class Say(lightbulb.SlashCommand, name="say", description="says it"):
    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        await context.respond("WORD")

class Says(Plugin):
    async def setup(self):
        self.ctx.add_commands(loader)
"""


def says(word: str) -> str:
    """Return the code of a plugin whose command ``/say`` answers with *word*."""
    return SAYS.replace("WORD", word)


def running(stage: "Stage", name: str) -> Any:
    """Return the plugin object that serves now."""
    generation = stage.app.kernel.slots[name].generation
    assert generation is not None
    return generation.plugin


async def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Return when *condition* holds; for what no event tells."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - there is nothing to wait on
            await asyncio.sleep(0.002)


async def idle() -> None:
    """Let everything run that can run now."""
    for _ in range(20):
        await asyncio.sleep(0)
