"""Brings a plugin's tables to what its new generation is written for, also while the one before runs."""

import ast
import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from core.db.migrate import Due, back_up, look, owner_of, run
from core.db.shape import columns_in
from core.errors import PluginError
from core.kernel import loader
from core.kernel.generation import Generation
from core.kernel.host import Host
from core.kernel.manifest import Manifest
from core.kernel.own_tables import tables_in
from core.kernel.slot import Slot

if TYPE_CHECKING:
    from piccolo.table import Table

Drain = Callable[[Generation], Awaitable[None]]


class Migrating:
    """Reads migrations, runs them, and binds the tables of a generation before it is set up."""

    def __init__(self, host: Host, drain: Drain) -> None:
        self._host, self._drain = host, drain

    async def due(self, manifest: Manifest) -> Due:
        """Read what is to be run."""
        return await look(self._host.database, owner_of(manifest.name, manifest.folder))

    async def ready(self, slot: Slot, generation: Generation, due: Due | None) -> None:
        """Run what is due and bind the tables; the generation keeps what its author should know, and the pause."""
        if due is not None:
            generation.held_ms = await self._run(slot, due)
            generation.migrated = [one.name for one in due.waiting]
            self._note(generation, *due.notes)
        tables = tables_in(loader.modules_of(generation.package).values())
        self._host.database.bind(*tables)
        for table in tables:
            if lacking := await self._lacking(table):
                place = loader.place_where(generation.source, functools.partial(_defines, table.__name__))
                self._note(generation, f"{place}: {lacking} Write a migration in piccolo_migrations/ that makes it.")

    async def _run(self, slot: Slot, due: Due) -> float:
        """Run what is due, after a copy; while a version runs its events are held. Return for how long."""
        database, backups = self._host.database, self._host.config.storage_dir / "backups"
        copy = await back_up(database, backups) if due.waiting else None
        try:
            if slot.generation is None or not due.waiting:
                await run(database, due)
                return 0.0
            started = time.perf_counter()
            with slot.gate.hold():
                await self._drain(slot.generation)
                await run(database, due, beside=slot.manifest.version)
            return (time.perf_counter() - started) * 1000
        except BaseException:
            if copy is not None:  # nothing was changed
                await asyncio.to_thread(copy.unlink, missing_ok=True)
            raise

    async def _lacking(self, table: "type[Table]") -> str:
        name = table._meta.tablename
        if not (there := await columns_in(self._host.database, name)):
            return f"there is no table {name} in the database."
        lacking = [one._meta.db_column_name for one in table._meta.columns if one._meta.db_column_name not in there]
        return f"the table {name} has no column {', '.join(lacking)} in the database." if lacking else ""

    def _note(self, generation: Generation, *notes: str) -> None:
        for note in notes:
            generation.log.warning("%s", note)
            generation.note = f"{generation.note} {note}".strip()


def told_with(error: PluginError, generation: Generation) -> PluginError:
    """Return *error* of a generation that could not be set up, with what its author should know besides."""
    ran = f"{', '.join(generation.migrated)} has been run before, and stays." if generation.migrated else ""
    text = " ".join(filter(None, (str(error), ran, generation.note)))
    return error if text == str(error) else PluginError(text)


def _defines(name: str, node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and node.name == name
