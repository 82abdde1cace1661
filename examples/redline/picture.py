"""The picture of a race: the order, times and gaps."""

from roundhook.pictures import (
    AMBER,
    BLACK,
    BOLD,
    GOLD,
    MUTED,
    PANEL,
    TEXT,
    UNKNOWN,
    WHITE,
    Canvas,
    date_text,
    drawable,
    fit_size,
)

from .order import Placed
from .results import Stored

_WIDTH, _EDGE, _HEADER, _ROW = 980, 36, 160, 46
_BAR = (470, 660)
"""Where the bars of the gaps begin and end."""


def picture_of(race: Stored) -> bytes:
    """Return a PNG file. It takes some hundredths of a second: `DrawingThreads` are for that."""
    canvas = Canvas(_WIDTH, _HEADER + _ROW * len(race.order) + _EDGE)
    canvas.glow((0, 0, _WIDTH, _HEADER), GOLD, alpha=0.25)
    canvas.fill((0, 0, _WIDTH, 5), GOLD)
    origin = f"{race.server} · {date_text(race.ended_at)}"
    canvas.text(_EDGE, 48, origin, size=18, color=MUTED, width=_WIDTH - 2 * _EDGE)
    title = drawable(race.track, BLACK)
    size = fit_size(title, BLACK, 54, _WIDTH - 300, least=28)
    canvas.text(_EDGE, 110, title, size=size, color=WHITE, face=BLACK, width=_WIDTH - 300)
    canvas.text_right(_WIDTH - _EDGE, 110, f"{race.laps} laps", size=30, color=TEXT, face=BOLD)
    widest = max((_gap(race, one) or 0 for one in race.order), default=0)
    for number, placed in enumerate(race.order):
        _draw_row(canvas, race, placed, _HEADER + _ROW * number, widest)
    return canvas.png()


def _draw_row(canvas: Canvas, race: Stored, placed: Placed, top: int, widest: int) -> None:
    base, first = top + 29, placed.place == 1
    canvas.fill((_EDGE - 12, top, _WIDTH - _EDGE + 12, top + _ROW - 6), PANEL, radius=8)
    canvas.text(_EDGE, base, str(placed.place or UNKNOWN), size=22, color=GOLD if first else MUTED, face=BOLD)
    canvas.text(_EDGE + 48, base, placed.driver.name, size=22, color=WHITE if first else TEXT, face=BOLD, width=230)
    canvas.text(_EDGE + 290, base, placed.driver.car, size=17, color=MUTED, width=130)
    gap = _gap(race, placed)
    if gap and widest:
        length = max(gap * (_BAR[1] - _BAR[0]) // widest, 2)
        canvas.fill((_BAR[0], top + 16, _BAR[0] + length, top + 24), AMBER, radius=4)
    if placed.note:
        canvas.text(_BAR[1] + 14, base, placed.note, size=16, color=AMBER, width=130)
    canvas.text_right(_WIDTH - _EDGE, base, _result_text(race, placed, gap), size=22, color=TEXT, face=BOLD)


def _result_text(race: Stored, placed: Placed, gap: int | None) -> str:
    if not placed.place:
        return UNKNOWN
    if gap is None:
        return f"{placed.driver.laps - race.order[0].driver.laps} laps"
    return f"+{_time_text(gap)}" if gap else _time_text(placed.time_ms)


def _gap(race: Stored, placed: Placed) -> int | None:
    """Return the milliseconds behind the first; None of who is laps behind, or not classified."""
    first = race.order[0]
    if placed.place is None or placed.time_ms is None or first.time_ms is None:
        return None
    return placed.time_ms - first.time_ms if placed.driver.laps == first.driver.laps else None


def _time_text(milliseconds: int | None) -> str:
    if milliseconds is None:
        return UNKNOWN
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes}:{rest // 1000:02}.{rest % 1000:03}" if minutes else f"{rest / 1000:.3f}"
