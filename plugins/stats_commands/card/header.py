"""The card's header: server, map, round and result on the left, the real time played on the right."""

from roundhook.pictures import (
    AMBER,
    BLACK,
    BOLD,
    FAINT,
    MEDIUM,
    MUTED,
    TEXT,
    UNKNOWN,
    WHITE,
    Canvas,
    Color,
    date_text,
    drawable,
    fit_runs,
    fit_size,
    mix,
    text_width,
)

from .colors import colored, side_color
from .data import Card
from .layout import EDGE, RIGHT, WIDTH
from .text import clock_label, clock_notes, clock_text, file_note, limit_share, result_text, status_note, winner

_HEIGHT = 206  # without a third line on either side
_LINE = 34
_CLOCK_WIDTH = 360
_TITLE_WIDTH = RIGHT - EDGE - _CLOCK_WIDTH - 32
_BAR_WIDTH = 260
_GLOW_BELOW = 120  # the glow fades out behind the first panel


def header_height(card: Card) -> int:
    """Return the header's height in pixels, the gap below it included."""
    return _HEIGHT + _LINE * max(len(_notes(card)), bool(file_note(card)))


def draw_header(canvas: Canvas, card: Card) -> None:
    """Draw the header at the top of *canvas*."""
    color = side_color(winner(card))
    glow = (0, 0, WIDTH, header_height(card) + _GLOW_BELOW)
    canvas.glow(glow, color, alpha=0.3 if winner(card) else 0.12)
    canvas.fill((0, 0, WIDTH, 5), color)
    _draw_origin(canvas, card)
    _draw_title(canvas, card)
    _draw_result(canvas, card)
    for number, (text, note_color) in enumerate(_notes(card)):
        canvas.text(EDGE, 208 + _LINE * number, text, size=21, color=note_color, width=_TITLE_WIDTH)
    _draw_clock(canvas, card)


def _notes(card: Card) -> list[tuple[str, Color]]:
    notes = [(card.match_result, MUTED), (status_note(card), AMBER)]
    return [(text, color) for text, color in notes if text.strip()]


def _draw_origin(canvas: Canvas, card: Card) -> None:
    when = f" ·  {date_text(card.played_at)}"
    room = _TITLE_WIDTH - text_width(drawable(when, MEDIUM), MEDIUM, 20) - 4
    x = canvas.runs(EDGE, 50, fit_runs(colored(card.server), BOLD, 20, room), face=BOLD, size=20)
    canvas.text(x + 4, 50, when, size=20, color=MUTED)


def _draw_title(canvas: Canvas, card: Card) -> None:
    title = drawable(card.map_name, BLACK)
    size = fit_size(title, BLACK, 68, _TITLE_WIDTH, least=40)
    canvas.text(EDGE, 122, title, size=size, color=WHITE, face=BLACK, width=_TITLE_WIDTH)


def _draw_result(canvas: Canvas, card: Card) -> None:
    label = f"ROUND {card.round_number}"
    right = EDGE + round(text_width(label, BOLD, 18)) + 28
    canvas.fill((EDGE, 142, right, 176), WHITE, alpha=0.14, radius=8)
    canvas.text(EDGE + 14, 166, label, size=18, color=WHITE, face=BOLD)
    color = mix(side_color(winner(card)), WHITE, 0.35) if winner(card) else TEXT
    room = _TITLE_WIDTH - (right - EDGE) - 16
    canvas.text(right + 16, 168, result_text(card), size=27, color=color, face=BOLD, width=room)


def _draw_clock(canvas: Canvas, card: Card) -> None:
    canvas.text_right(RIGHT, 50, clock_label(card), size=17, color=MUTED, face=BOLD)
    _draw_time(canvas, clock_text(card))
    _draw_limit(canvas, card)
    canvas.text_right(RIGHT, 181, clock_notes(card), size=20, color=MUTED, width=_CLOCK_WIDTH)
    canvas.text_right(RIGHT, 208, file_note(card), size=20, color=AMBER, width=_CLOCK_WIDTH)


def _draw_time(canvas: Canvas, time: str) -> None:
    face, color = (MEDIUM, FAINT) if time == UNKNOWN else (BLACK, WHITE)
    canvas.text_right(RIGHT, 126, time, size=fit_size(time, face, 88, _CLOCK_WIDTH), color=color, face=face)


def _draw_limit(canvas: Canvas, card: Card) -> None:
    """Draw how much of the limit was played."""
    share = limit_share(card)
    if share is None:
        return
    left = RIGHT - _BAR_WIDTH
    canvas.fill((left, 144, RIGHT, 152), WHITE, alpha=0.13, radius=4)
    canvas.fill((left, 144, left + max(8, round(_BAR_WIDTH * share)), 152), side_color(winner(card)), radius=4)
