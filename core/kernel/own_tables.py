"""The Piccolo tables that a generation's modules define: bound to the database, and let go of with the modules."""

import sys
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING

from core.kernel.names import stable

if TYPE_CHECKING:
    from piccolo.table import Table


def tables_in(modules: Iterable[ModuleType]) -> "list[type[Table]]":
    """Return the table classes that *modules* define."""
    from piccolo.table import Table

    found = [(module, one) for module in modules for one in list(vars(module).values()) if isinstance(one, type)]
    return [one for module, one in found if issubclass(one, Table) and one.__module__ == stable(module.__name__)]


def let_go(modules: Iterable[ModuleType]) -> None:
    """Take what *modules* define out of Piccolo's registries, which would keep every generation for ever."""
    if "piccolo.table" not in sys.modules or not (gone := set(tables_in(modules))):
        return
    from piccolo.columns.reference import LAZY_COLUMN_REFERENCES
    from piccolo.table import TABLE_REGISTRY

    TABLE_REGISTRY[:] = [one for one in TABLE_REGISTRY if one not in gone]
    lazy = LAZY_COLUMN_REFERENCES.foreign_key_columns
    lazy[:] = [one for one in lazy if one._meta.table not in gone]
    for key in [one for table in gone for one in table._meta.foreign_key_columns]:
        others = getattr(key._foreign_key_meta.references, "_meta", None)  # a name has none
        if others is not None:
            others._foreign_key_references[:] = [one for one in others._foreign_key_references if one is not key]
