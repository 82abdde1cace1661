"""An import service on each kind of database."""

import logging
from zoneinfo import ZoneInfo

import pytest

from core.db import Database
from plugins.stats_import.service import ImportService
from tests.plugins.stats_import.invented import Folder


def service_of(database: Database, folder: Folder) -> ImportService:
    zone = ZoneInfo("Europe/Ljubljana")
    return ImportService(database, zone_of=lambda _: zone, read=folder.read, log=logging.getLogger("stats_import"))


@pytest.fixture
def folder() -> Folder:
    """An empty folder of a game server."""
    return Folder()


@pytest.fixture
def service(database: Database, folder: Folder) -> ImportService:
    """The import, reading from ``folder``."""
    return service_of(database, folder)
