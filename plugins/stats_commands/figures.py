"""Numbers and times in words; what is unknown is a dash."""


def clock(seconds: float | None) -> str:
    """Return seconds as ``8:32``; unknown is a dash. Cut, not rounded, as the game does.

    >>> clock(512.9)
    '8:32'
    """
    if seconds is None:
        return "–"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def counted(number: int, what: str) -> str:
    """Return a number of things in words: ``1 round``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def n(value: int | None) -> str:
    """Return a count: ``1,234``; unknown is a dash."""
    return "–" if value is None else f"{value:,}"


def one(value: float | None) -> str:
    """Return one decimal; unknown is a dash."""
    return "–" if value is None else f"{value:.1f}"


def two(value: float | None) -> str:
    """Return two decimals; unknown is a dash."""
    return "–" if value is None else f"{value:.2f}"


def percent(value: float | None) -> str:
    """Return a share, 0 to 1, in per cent; unknown is a dash."""
    return "–" if value is None else f"{value * 100:.1f} %"


def hours(seconds: int | None) -> str:
    """Return seconds as ``2 h 09 min``; unknown is a dash."""
    return "–" if seconds is None else f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
