"""The figures of an import stand beside what is aimed at."""

from benchmarks.import_speed import Run, median, row, verdicts


def run(files: int, seconds: float, stall_ms: float = 10, peak_mb: float = 60) -> Run:
    return Run(files, seconds, stall_ms, start_stall_ms=5, peak_mb=peak_mb)


def test_the_middle_is_taken_figure_by_figure() -> None:
    """One slow run, and another one's stall, change nothing."""
    middle = median([run(1000, 2.0, stall_ms=90), run(1000, 9.0), run(1000, 2.5)])

    assert middle == run(1000, 2.5)
    assert "400 files/s" in row(middle)


def test_what_is_missed_is_said() -> None:
    """Speed counts with the most files, the stall in every run, memory as a ratio."""
    fine = verdicts("SQLite", [run(1000, 2.0), run(4000, 10.0)])
    bad = verdicts("SQLite", [run(1000, 2.0, stall_ms=51), run(4000, 10.1, peak_mb=90)])

    assert [line.split()[-1] for line in fine] == ["met"] * 3
    assert [line.split()[-1] for line in bad] == ["MISSED"] * 3
