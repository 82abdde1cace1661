"""``roundhook check`` of databases and folders that cannot be used; its remedies mend them."""

import contextlib
import os
import re
import sqlite3
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from core.db import Database, open_database
from core.db.migrate import migrate
from tests.core.cli.checked import Check, fine, only, wrong
from tests.core.cli.conftest import Outside, ended, started


async def test_a_database_that_cannot_be_made(outside: Outside, check: Check) -> None:
    """Its folder is missing; made, as the remedy says, all is fine."""
    folder = outside.folder / "missing"
    outside.write_config(more=f'[database]\nurl = "sqlite:///{folder}/bot.db"')
    await only(check, f"database: database.url points into {folder}, which is no folder.", "Create it")
    folder.mkdir()
    await fine(check)


async def test_a_database_that_is_none_or_is_held(outside: Outside, check: Check) -> None:
    """Another file, and one that another program writes for long."""
    file = outside.folder / "roundhook.db"
    file.write_text("no database at all, but long enough to be looked at" * 20)
    await only(check, f"database: {file} is no SQLite database", "Correct database.url")
    file.unlink()

    async with open_database(f"sqlite:///{file}") as database:
        await migrate(database)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await only(check, f"database: {file} is held by another program", "End it")
        other.execute("ROLLBACK")
    await fine(check)


async def test_a_database_from_a_newer_version(outside: Outside, check: Check) -> None:
    """It is named, with what can be done."""
    async with open_database(f"sqlite:///{outside.folder / 'roundhook.db'}") as database:
        await migrate(database)
        await database.execute(
            "INSERT INTO migration (name, app_name, ran_on) VALUES ('core_2999', 'core', CURRENT_TIMESTAMP)"
        )
    await only(check, "database: a newer roundhook has changed it (core_2999).", "Update roundhook")


UNPRIVILEGED = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
"""Even root is bound by a file's mode then."""


async def test_a_database_and_a_storage_that_cannot_be_written(
    outside: Outside, token: dict[str, str], check: Check
) -> None:
    """Read-only files and folders are tried, not guessed; with the right to write all is fine."""
    (outside.folder / "db").mkdir()
    file, storage = outside.folder / "db" / "bot.db", outside.folder / "store"
    async with open_database(f"sqlite:///{file}") as database:
        await migrate(database)
    storage.mkdir()
    outside.write_config(more=f'[database]\nurl = "sqlite:///{file}"\n[storage]\ndir = "{storage}"')
    for place in (*file.parent.iterdir(), file.parent, storage):
        place.chmod(0o500 if place.is_dir() else 0o400)
    async with started("check", folder=outside.folder, before=UNPRIVILEGED, **token) as process:
        said = await ended(process)
    for place in (file.parent, storage, *file.parent.iterdir()):
        place.chmod(0o700)

    assert len(wrong(said)) == 2, said.out
    assert f"✗ storage: storage.dir {storage} cannot be written (Permission denied). Give the bot's user" in said.out
    assert f"✗ database: {file} cannot be written (" in said.out
    await fine(check)


@pytest.fixture
async def postgres_url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A PostgreSQL database with all tables."""
    server, name = request.getfixturevalue("postgres"), f"roundhook_check_{os.getpid()}"
    async with open_database(server) as database:
        await in_postgres(database, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
        async with open_database(url := re.sub(r"/postgres(?=\?|$)", f"/{name}", server)) as opened:
            await migrate(opened)
        yield url
        await in_postgres(database, f"DROP DATABASE {name} WITH (FORCE)", "DROP ROLE IF EXISTS roundhook_guest")


async def in_postgres(database: Database, *statements: str) -> None:
    """Run statements outside any transaction."""
    connection: Any = await asyncpg.connect(database.engine.config["dsn"])  # type: ignore[attr-defined]
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def test_postgres_that_cannot_be_written(outside: Outside, check: Check, postgres_url: str) -> None:
    """A server that takes no writes, then a user who may not make tables, then one who may not write those there."""
    outside.write_config(more=f'[database]\nurl = "{postgres_url}"')
    await fine(check)
    async with open_database(postgres_url) as database:
        name = (await database.fetch("SELECT current_database() AS name"))[0]["name"]
        await in_postgres(database, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        await only(check, "database: it answers, and cannot be written (", "read-only", "takes writes")
        await in_postgres(
            database, "SET default_transaction_read_only = off",
            f"ALTER DATABASE {name} RESET default_transaction_read_only",
            "CREATE ROLE roundhook_guest LOGIN PASSWORD 'x'", "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO roundhook_guest",
        )  # fmt: skip
        guest = re.sub(r"//[^@/]*@", "//roundhook_guest:x@", postgres_url)
        outside.write_config(more=f'[database]\nurl = "{guest}"')
        await only(check, "database: it answers, and cannot be written (", "GRANT CREATE ON SCHEMA public TO")
        await in_postgres(database, "GRANT CREATE ON SCHEMA public TO roundhook_guest")
        await only(check, "database: the bot's user may not read and write all tables (", "ALTER TABLE … OWNER TO …")
        tables = await database.fetch("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
        await in_postgres(database, *(f"ALTER TABLE {one['name']} OWNER TO roundhook_guest" for one in tables))
        await fine(check)
