"""A board: a panel with a title, headings and a line for each player or map. All pictures list things this way."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from roundhook.pictures import (
    BOLD,
    FAINT,
    GOLD,
    GROUND,
    MEDIUM,
    MUTED,
    TEXT,
    UNKNOWN,
    WHITE,
    Canvas,
    Color,
    drawable,
    fit_runs,
    fit_size,
    mix,
    text_width,
)

from .colors import STRIPE, colored, ground_of, name_color
from .layout import CORNER, EDGE, FIGURE, GAP, LABEL, PAD, RIGHT, SMALL, WORDS

BORDER = 6
LEFT = EDGE + PAD
INSIDE = RIGHT - PAD - LEFT
MOST_LINES = 16
"""So many are listed; the rest are counted."""

_HEAD = 64
_GROUPS = 30
_LINE = 54
_UNDER = 24  # what a line is higher with words below the name
_FOOT = 12
_TOTAL = 46
_LEAST_NAME = 30
_GUID_CODE = "9"  # grey
_BAR_GAP = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A column: what stands above it and how wide it is."""

    label: str
    width: int
    color: Color = MUTED
    group: str = ""
    """What stands above this column and those before it that have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What stands in one column of one line."""

    text: str
    best: bool = False
    color: Color = TEXT
    size: int = FIGURE


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A player or a map."""

    name: list[tuple[Color, str]]
    note: str = ""
    """Beside the name, where there is room."""
    under: str = ""
    """Below the name."""
    is_first: bool = False
    """Whether what stands below the name is a first place."""
    figures: Sequence[Figure] = ()
    share: float = 0.0
    """How long the line below the name is, 0 to 1."""
    bars: Sequence[float | None] = ()
    """Heights, 0 to 1; None: nothing."""
    tops: frozenset[int] = frozenset()
    """Which bars are the highest of all players."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One panel as it will be drawn."""

    title: str
    color: Color
    headings: Sequence[Heading]
    lines: Sequence[Line]
    note: str = ""
    badge: str = ""
    more: str = ""
    """What is said of those that have no line."""
    total: Sequence[str] = ()
    empty: str = ""
    """What is said where there is no line."""
    bars: int = 0
    """Width of the bars; 0: none."""
    bars_label: str = ""
    height: int = field(init=False)
    line: int = field(init=False)

    def __post_init__(self) -> None:
        """Measure."""
        line = _LINE + _UNDER * any(one.under for one in self.lines)
        rows = len(self.lines) * line + _LINE * (bool(self.more) + (not self.lines))
        object.__setattr__(self, "line", line)
        object.__setattr__(self, "height", self.head + rows + _TOTAL * bool(self.total) + _FOOT)

    @property
    def head(self) -> int:
        """Height of title and headings."""
        return _HEAD + _GROUPS * any(one.group for one in self.headings)

    @property
    def room(self) -> int:
        """Width for names."""
        bars = self.bars + _BAR_GAP if self.bars else 0
        return INSIDE - sum(one.width for one in self.headings) - bars - 12

    @property
    def columns(self) -> list[tuple[Heading, int]]:
        """Each column with its right edge."""
        right = LEFT + INSIDE - sum(one.width for one in self.headings)
        return [(one, right := right + one.width) for one in self.headings]


def name_runs(name: str, guid: str) -> list[tuple[Color, str]]:
    """Return a name in its colours; the identity in grey where there is nothing to draw."""
    if drawable(name, BOLD).strip() and any(drawable(text, BOLD).strip() for _, text in colored(name)):
        return colored(name.strip())
    return [(name_color(_GUID_CODE), drawable(guid, BOLD).strip() or "unnamed")]


def draw_boards(canvas: Canvas, boards: Sequence[Board], top: int) -> int:
    """Draw *boards* one below the other from *top* on; return where the last one ends."""
    for board in boards:
        _draw(canvas, board, top)
        top += board.height + GAP
    return top - GAP * bool(boards)


def height_of(boards: Sequence[Board]) -> int:
    """Return what *boards* take, one below the other."""
    return sum(board.height for board in boards) + GAP * max(0, len(boards) - 1)


def draw_panel(canvas: Canvas, box: tuple[int, int, int, int], color: Color) -> None:
    """Draw the ground of a panel with its border in *color*."""
    left, top, right, bottom = box
    canvas.fill(box, color, radius=CORNER)
    canvas.fill((left + BORDER, top, right, bottom), ground_of(color), radius=CORNER - 2)


def draw_badge(canvas: Canvas, x: int, base: int, text: str) -> int:
    """Draw *text* on gold from *x* on; return where it ends."""
    width = badge_width(text)
    canvas.fill((x, base - 26, x + width, base + 7), GOLD, radius=6)
    canvas.text(x + 11, base - 2, text, size=LABEL, color=GROUND, face=BOLD)
    return x + width


def badge_width(text: str) -> int:
    """Return how wide a badge is."""
    return round(text_width(text, BOLD, LABEL)) + 22


def _draw(canvas: Canvas, board: Board, top: int) -> None:
    draw_panel(canvas, (EDGE, top, RIGHT, top + board.height), board.color)
    _draw_head(canvas, board, top)
    y = top + board.head
    for number, line in enumerate(board.lines):
        _draw_line(canvas, board, line, y, is_odd=bool(number % 2))
        y += board.line
    for words in filter(None, (board.more, "" if board.lines else board.empty)):
        canvas.text(LEFT, y + 36, words, size=SMALL, color=MUTED, width=INSIDE)
        y += _LINE
    if board.total:
        _draw_total(canvas, board, y)


def _draw_head(canvas: Canvas, board: Board, top: int) -> None:
    base = top + 44
    room = board.room - (badge_width(board.badge) + 12 if board.badge else 0)
    color = mix(board.color, WHITE, 0.15)
    size = fit_size(board.title, BOLD, 34, room, least=WORDS)
    x = canvas.text(LEFT, base, board.title, size=size, color=color, face=BOLD, width=room) + 12
    if board.note and x + text_width(board.note, MEDIUM, SMALL) <= LEFT + room:
        x = canvas.text(x, base, board.note, size=SMALL, color=MUTED) + 12
    if board.badge:
        draw_badge(canvas, round(x), base, board.badge)
    if board.lines:
        _draw_headings(canvas, board, top)


def _draw_headings(canvas: Canvas, board: Board, top: int) -> None:
    base = top + board.head - 20
    for heading, right in board.columns:
        room = heading.width - 14
        label, size = heading.label, fit_size(heading.label, BOLD, LABEL, room, least=18)
        canvas.text_right(right, base, label, size=size, color=heading.color, face=BOLD, width=room)
        if heading.group:
            canvas.text_right(right, top + 36, heading.group, size=LABEL, color=TEXT, face=BOLD)
    if board.bars:
        canvas.text(LEFT + board.room + 12, base, board.bars_label, size=LABEL, color=MUTED, face=BOLD)


def _draw_line(canvas: Canvas, board: Board, line: Line, y: int, *, is_odd: bool) -> None:
    if is_odd:
        canvas.fill((EDGE + BORDER, y, RIGHT, y + board.line), mix(ground_of(board.color), WHITE, STRIPE))
    low = y + board.line - 1
    canvas.fill((LEFT, low - 3, LEFT + round(board.room * line.share), low), board.color, alpha=0.75, radius=1)
    base = y + 40
    _draw_name(canvas, board, line, base)
    if line.under:
        color = GOLD if line.is_first else MUTED
        canvas.text(LEFT, base + 29, line.under, size=SMALL, color=color, width=board.room)
    for (heading, right), figure in zip(board.columns, line.figures, strict=True):
        _draw_figure(canvas, heading, right, base + (board.line - _LINE) // 2, figure)
    if board.bars:
        _draw_bars(canvas, board, line, y)


def _draw_name(canvas: Canvas, board: Board, line: Line, base: int) -> None:
    size = fit_size("".join(text for _, text in line.name), BOLD, FIGURE, board.room, least=_LEAST_NAME)
    end = canvas.runs(LEFT, base, fit_runs(line.name, BOLD, size, board.room), face=BOLD, size=size) + 12
    if line.note and end + text_width(line.note, MEDIUM, SMALL) <= LEFT + board.room:
        canvas.text(end, base, line.note, size=SMALL, color=MUTED)


def _draw_figure(canvas: Canvas, heading: Heading, right: int, base: int, figure: Figure) -> None:
    face, color = (BOLD, GOLD if figure.color == TEXT else figure.color) if figure.best else (MEDIUM, figure.color)
    room = heading.width - 10
    size = fit_size(figure.text, face, figure.size, room, least=LABEL)
    color = FAINT if figure.text == UNKNOWN else color
    canvas.text_right(right, base, figure.text, size=size, color=color, face=face, width=room)


def _draw_bars(canvas: Canvas, board: Board, line: Line, y: int) -> None:
    if not line.bars:
        return
    left, low, high = LEFT + board.room + 12, y + board.line - 10, board.line - 20
    step = min(board.bars / len(line.bars), 40.0)
    for number, share in enumerate(line.bars):
        begin, end = round(left + step * number), round(left + step * (number + 1)) - (3 if step > 8 else 1)
        canvas.fill((begin, low, end, low + 2), WHITE, alpha=0.2)
        if share is not None:
            color = GOLD if number in line.tops else board.color
            canvas.fill((begin, low - max(2, round(high * share)), end, low), color, radius=2)


def _draw_total(canvas: Canvas, board: Board, y: int) -> None:
    canvas.fill((LEFT, y + 5, LEFT + INSIDE, y + 6), WHITE, alpha=0.16)
    canvas.text(LEFT, y + 40, "Total", size=SMALL, color=MUTED, face=BOLD)
    for (heading, right), text in zip(board.columns, board.total, strict=True):
        size = fit_size(text, BOLD, WORDS, heading.width - 8, least=18)
        canvas.text_right(right, y + 40, text, size=size, color=MUTED, face=BOLD)
