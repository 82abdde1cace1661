"""The round card's header: server, map, round and result on the left, the real time played on the right."""

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
    fit_size,
    mix,
    text_width,
)

from .colors import side_color
from .data import Card
from .layout import EDGE, LABEL, RIGHT, SMALL, WORDS
from .text import clock_label, clock_notes, clock_text, file_note, limit_share, result_text, status_note, winner
from .top import draw_ground, draw_origin, draw_title

_HEIGHT = 220  # without a third line on either side
_LINE = 36
_CLOCK_WIDTH = 356
_TITLE_WIDTH = RIGHT - EDGE - _CLOCK_WIDTH - 24
_BAR_WIDTH = 260


def header_height(card: Card) -> int:
    """Return the header's height in pixels, the gap below it included."""
    return _HEIGHT + _LINE * max(len(_notes(card)), bool(file_note(card)))


def draw_header(canvas: Canvas, card: Card) -> None:
    """Draw the header at the top of *canvas*."""
    draw_ground(canvas, side_color(winner(card)), header_height(card), is_strong=bool(winner(card)))
    draw_origin(canvas, card.server, date_text(card.played_at), _TITLE_WIDTH)
    draw_title(canvas, card.map_name, _TITLE_WIDTH)
    _draw_result(canvas, card)
    for number, (text, color) in enumerate(_notes(card)):
        size = fit_size(text, MEDIUM, SMALL, _TITLE_WIDTH, least=20)
        canvas.text(EDGE, 218 + _LINE * number, text, size=size, color=color, width=_TITLE_WIDTH)
    _draw_clock(canvas, card)


def draw_limit(canvas: Canvas, card: Card, left: int, top: int, width: int) -> None:
    """Draw how much of the limit was played, if that is known."""
    share = limit_share(card)
    if share is not None:
        canvas.fill((left, top, left + width, top + 8), WHITE, alpha=0.13, radius=4)
        played = max(8, round(width * share))
        canvas.fill((left, top, left + played, top + 8), side_color(winner(card)), radius=4)


def _notes(card: Card) -> list[tuple[str, Color]]:
    notes = [(card.match_result, MUTED), (status_note(card), AMBER)]
    return [(text, color) for text, color in notes if text.strip()]


def _draw_result(canvas: Canvas, card: Card) -> None:
    label = f"ROUND {card.round_number}"
    right = EDGE + round(text_width(label, BOLD, LABEL)) + 28
    canvas.fill((EDGE, 142, right, 182), WHITE, alpha=0.14, radius=8)
    canvas.text(EDGE + 14, 170, label, size=LABEL, color=WHITE, face=BOLD)
    color = mix(side_color(winner(card)), WHITE, 0.35) if winner(card) else TEXT
    room = _TITLE_WIDTH - (right - EDGE) - 16
    words = result_text(card)
    size = fit_size(words, BOLD, WORDS, room, least=SMALL)
    canvas.text(right + 16, 172, words, size=size, color=color, face=BOLD, width=room)


def _draw_clock(canvas: Canvas, card: Card) -> None:
    canvas.text_right(RIGHT, 50, clock_label(card), size=LABEL, color=MUTED, face=BOLD, width=_CLOCK_WIDTH)
    _draw_time(canvas, clock_text(card))
    draw_limit(canvas, card, RIGHT - _BAR_WIDTH, 144, _BAR_WIDTH)
    canvas.text_right(RIGHT, 184, clock_notes(card), size=SMALL, color=MUTED, width=_CLOCK_WIDTH)
    canvas.text_right(RIGHT, 218, file_note(card), size=SMALL, color=AMBER, width=_CLOCK_WIDTH)


def _draw_time(canvas: Canvas, time: str) -> None:
    face, color = (MEDIUM, FAINT) if time == UNKNOWN else (BLACK, WHITE)
    canvas.text_right(RIGHT, 126, time, size=fit_size(time, face, 88, _CLOCK_WIDTH), color=color, face=face)
