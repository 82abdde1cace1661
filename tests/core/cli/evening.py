"""An invented evening as files in a folder."""

from pathlib import Path

from tests.plugins.stats_import.invented import ENDSTATS, first_and_second, name_of, stats_file

FIRST, SECOND = name_of("2026-01-10-210000"), name_of("2026-01-10-211000", number=2)
OTHER = name_of("2026-01-10-213000", "te_escape2")
AWARDS = name_of("2026-01-10-211002", number=2, end="-endstats")
ROUNDS = (FIRST, SECOND, OTHER)


def write_evening(folder: Path) -> Path:
    """Write a match with awards and one more round, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    one, two = first_and_second("supply")
    contents = {FIRST: one, SECOND: two, OTHER: stats_file("te_escape2", shown="3:20"), AWARDS: ENDSTATS}
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return folder
