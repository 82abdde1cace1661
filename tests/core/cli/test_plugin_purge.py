"""``roundhook plugin purge``: all that is a plugin's goes, and nothing of one whose name begins alike."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.cli import screen
from roundhook import ImportedRound
from roundhook.testing import Stage
from tests.core.cli.conftest import Command
from tests.plugin_maker import running, write_plugin

STORES = """
from roundhook import Plugin, hookimpl

class Stores(Plugin):
    async def setup(self):
        self.ctx.cron("0 0 1 1 *", self.tick)

    async def tick(self):
        pass

    @hookimpl
    async def on_round_imported(self, round):
        await self.ctx.store.set("round", round.round_id)
        await self.ctx.send(5, "hello")
        await self.ctx.db.execute(f"INSERT INTO {self.ctx.name}_b VALUES (1, 1)")
"""
MIGRATION = """
from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from roundhook.db import statements

ID, VERSION, DESCRIPTION = "NAME_2026_11_22t12_00_00_000000", "1.38.0", "NAME"

async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="NAME", description=DESCRIPTION)
    manager.add_raw(statements(
        "CREATE TABLE NAME_a (id BIGINT PRIMARY KEY)", "INSERT INTO NAME_a VALUES (1)",
        "CREATE TABLE NAME_b (id BIGINT PRIMARY KEY, a BIGINT REFERENCES NAME_a (id))",
    ))
    return manager
"""
NAMES = ["mvp", "mvp_shout"]


def write(folder: Path) -> None:
    for name in NAMES:
        file = f"piccolo_migrations/{name}_2026_11_22t12_00_00_000000.py"
        write_plugin(folder / "plugins", name, STORES, files={file: MIGRATION.replace("NAME", name)})
    (folder / "roundhook.toml").write_text('[plugins]\nenabled = []\npaths = ["plugins"]\n')


def stage(folder: Path, url: str) -> Stage:
    now = datetime.now(UTC)  # that of the commands: they look whether the bot runs
    return Stage(NAMES, folders=[folder / "plugins"], database=url, begins=now)


async def test_purge(roundhook: Command, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks, takes away in one step, and the plugin begins anew; refused while the bot runs it."""
    write(tmp_path)

    async def purge(name: str, *words: str) -> tuple[int, str]:
        said = await asyncio.to_thread(roundhook, "plugin", "purge", name, *words, "--db", database_url)
        return said.code, said.out + said.err

    async with stage(tmp_path, database_url) as running_bot:
        await running_bot.publish(ImportedRound(round_id=1, file_sha256="a"))
        await running_bot.settled()
        await running_bot.db.execute("UPDATE bots SET host = 'elsewhere'")
        await running_bot.plugins.enable("mvp")
        refused = await purge("mvp", "--yes")
        assert refused[0] == 1
        assert "The bot runs, and mvp is on" in refused[1]
        await running_bot.plugins.disable("mvp")

        monkeypatch.setattr(screen, "ask", lambda question: "n")
        said = await asyncio.to_thread(roundhook, "plugin", "purge", "mvp", "--json", "--db", database_url)
        assert (said.code, said.out) == (1, "")
        assert said.err.startswith("mvp has stored ")
        assert said.err.endswith("Remove it for good? [y/N] Nothing was removed.\n")
        assert await running_bot.count("mvp_b") == 1
        code, told_of = await purge("mvp", "--yes")
        assert code == 0
        for told in ("1 rows of plugin_store", "1 rows of plugin_jobs", "1 rows of announcements", "the table mvp_a"):
            assert told in told_of
        assert "mvp_shout" not in told_of
        rows = await running_bot.db.fetch(
            "SELECT plugin, key FROM plugin_store UNION SELECT plugin, method FROM plugin_jobs"
        )
        assert {row["plugin"] for row in rows} == {"mvp_shout"}
        assert await running_bot.count("mvp_shout_b") == 1
        assert (await running_bot.plugins.enable("mvp")).ok
        assert await running_bot.count("mvp_a") == 1
        assert await running_bot.count("mvp_b") == 0
        assert await running(running_bot, "mvp").ctx.store.items() == {}
    assert (await purge("mvp", "--yes"))[0] == 0
    assert await purge("mvp", "--yes") == (0, "Nothing of mvp is stored.\n")
    for name in ("core", "roundhook", "Mvp", "mvp%"):
        assert f"'{name}' is no plugin's name" in (await purge(name, "--yes"))[1]
    async with stage(tmp_path, database_url) as again:
        assert await again.count("mvp_shout_b") == 1
