"""How long a round was, by its file."""

import pytest

from plugins.stats_import.parser import parse_stats_file
from plugins.stats_import.timing import FileTiming, timing_of
from tests.plugins.stats_import.invented import name_of, named, stats_file


@pytest.mark.parametrize(
    ("header", "longest", "expected"),
    [
        ({"ninth": "716261", "winner": 1, "shown": "12:00"}, 700, FileTiming(716, "file")),
        ({"winner": 2, "shown": "9:46"}, 590, FileTiming(586, "file")),
        ({"winner": 1, "shown": "12:00"}, 510, FileTiming(510, "players")),
        ({"winner": 1, "shown": "12:00"}, None, FileTiming(None, None)),
        ({"winner": 2, "shown": "0:00"}, 510, FileTiming(510, "players")),
        ({"winner": 2, "shown": "71:05"}, 72, FileTiming(72, "players")),
        ({"winner": 0, "shown": "9:46"}, 590, FileTiming(590, "players")),
        ({"ninth": "-5000", "winner": 2, "shown": "9:46"}, 590, FileTiming(586, "file")),
        ({"ninth": "99999999", "winner": 1, "shown": "12:00"}, 590, FileTiming(590, "players")),
    ],
)
def test_where_the_time_comes_from(header: dict[str, object], longest: int | None, expected: FileTiming) -> None:
    """The ninth field, else the next limit where the attackers won, else the players' clock; never a full limit."""
    data = stats_file(**header)  # type: ignore[arg-type]
    file = parse_stats_file(data, named(name_of("2025-10-19-220000")))

    assert timing_of(file, longest) == expected
