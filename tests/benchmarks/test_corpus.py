"""The invented evenings of the benchmarks are what a game server would write."""

from benchmarks.corpus import corpus
from core.db import Database
from plugins.stats_import.audit import audit
from tests.plugins.stats_import.conftest import service_of
from tests.plugins.stats_import.invented import Folder


async def test_invented_evenings_are_whole_and_add_up(database: Database) -> None:
    """Every file is imported, every R2 finds its R1, and the audit finds nothing impossible."""
    folder = Folder()
    for name, data in corpus(120):
        folder.put(name, data, trigger="import")

    results = await service_of(database, folder).import_files(folder.files)

    assert {result.state for result in results} == {"imported"}
    assert await database.fetch("SELECT DISTINCT status FROM rounds") == [{"status": "ok"}]
    assert await database.fetch("SELECT count(*) AS n FROM matches WHERE round2_id IS NOT NULL") == [{"n": 60}]
    found = await audit(database)
    assert found["impossible"] == []
    assert found["sums"] == []


def test_the_same_seed_is_the_same_corpus() -> None:
    """Runs can be compared; all contents differ."""
    files = list(corpus(60))

    assert files == list(corpus(60))
    assert len({content for _, content in files}) == 60
    assert len({name for name, _ in files}) == 60
