"""The picture of a map: who has won it, both rounds side by side, and each player's two rounds."""

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

from .board import BORDER, draw_boards, draw_panel, height_of
from .colors import side_color, team_color
from .data import Card, MapCard
from .header import draw_limit
from .layout import EDGE, GAP, LABEL, PAD, RIGHT, SMALL, WIDTH
from .panels import EMPTY_HEIGHT, draw_empty
from .squads import boards_of
from .text import clock_notes, clock_text, file_note, role_text, side_text, status_note, verdict, winner
from .top import draw_ground, draw_origin, draw_score, draw_title, score_width

_TOP = 212
_ROUND = 216
_SIDE_LINE, _SIDE_WIDTH = 32, 94
_ROUND_WIDTH = (RIGHT - EDGE - GAP) // 2
_INSIDE = _ROUND_WIDTH - BORDER - 2 * PAD
_SCORE = 96
_RESULT = 36


def draw_map(card: MapCard) -> Canvas:
    """Return the drawn picture."""
    boards = boards_of(card)
    rounds_bottom = _TOP + _ROUND + _SIDE_LINE * any(map(_fault, card.rounds))
    boards_top = rounds_bottom + GAP
    canvas = Canvas(WIDTH, boards_top + (height_of(boards) or EMPTY_HEIGHT) + EDGE)
    draw_ground(canvas, _color(card), _TOP, is_strong=bool(card.winner))
    _draw_top(canvas, card)
    for number in (0, 1):
        _draw_round(canvas, card, number, rounds_bottom)
    if not boards:
        draw_empty(canvas, boards_top)
    draw_boards(canvas, boards, boards_top)
    return canvas


def _color(card: MapCard) -> Color:
    return team_color(card.winner if card.winner and card.teams else 0)


def _draw_top(canvas: Canvas, card: MapCard) -> None:
    width = RIGHT - EDGE - _draw_evening(canvas, card)
    draw_origin(canvas, card.rounds[0].server, date_text(card.rounds[0].played_at), width)
    draw_title(canvas, card.rounds[0].map_name, width)
    color = mix(_color(card), WHITE, 0.25) if card.winner and card.teams else TEXT
    size = fit_size(card.result, BOLD, _RESULT, RIGHT - EDGE, least=30)
    canvas.text(EDGE, 176, card.result, size=size, color=color, face=BOLD, width=RIGHT - EDGE)


def _draw_evening(canvas: Canvas, card: MapCard) -> float:
    """Draw the score of the evening; return how much room it takes."""
    if not card.teams:
        return 0.0
    width = score_width(card.score, _SCORE)
    canvas.text_right(RIGHT, 50, "EVENING", size=LABEL, color=MUTED, face=BOLD)
    draw_score(canvas, RIGHT - width, 130, card.score, _SCORE)
    return max(width, text_width("EVENING", BOLD, LABEL)) + 32


def _draw_round(canvas: Canvas, card: MapCard, number: int, bottom: int) -> None:
    one, left = card.rounds[number], EDGE + number * (_ROUND_WIDTH + GAP)
    draw_panel(canvas, (left, _TOP, left + _ROUND_WIDTH, bottom), side_color(winner(one)))
    x, right = left + BORDER + PAD, left + _ROUND_WIDTH - PAD
    end = canvas.text(x, _TOP + 40, f"ROUND {one.round_number}", size=LABEL, color=MUTED, face=BOLD)
    canvas.text_right(right, _TOP + 40, clock_notes(one), size=LABEL, color=MUTED, width=right - end - 12)
    _draw_time(canvas, one, x, right)
    draw_limit(canvas, one, x, _TOP + 126, _INSIDE)
    _draw_sides(canvas, card, number, x)
    fault = _fault(one)
    size = fit_size(fault, MEDIUM, LABEL, _INSIDE, least=18)
    canvas.text(x, _TOP + 234, fault, size=size, color=AMBER, width=_INSIDE)


def _draw_time(canvas: Canvas, one: Card, x: int, right: int) -> None:
    """Draw the time, and beside it how the round ended."""
    time, words = clock_text(one), verdict(one)
    color = FAINT if time == UNKNOWN else WHITE
    end = canvas.text(x, _TOP + 110, time, size=fit_size(time, BLACK, 72, _INSIDE / 2), color=color, face=BLACK) + 16
    color = mix(side_color(winner(one)), WHITE, 0.35) if winner(one) else TEXT
    size = fit_size(words, BOLD, 32, right - end, least=LABEL)
    canvas.text_right(right, _TOP + 110, words, size=size, color=color, face=BOLD, width=right - end)


def _draw_sides(canvas: Canvas, card: MapCard, number: int, x: int) -> None:
    """Draw which team was on which side, or which side attacked where that is not known."""
    one, axis = card.rounds[number], card.axis_teams[number]
    for line, side in enumerate((1, 2)):
        base = _TOP + 170 + _SIDE_LINE * line
        color = mix(side_color(side), WHITE, 0.25)
        team = (axis if side == 1 else 3 - axis) if axis and card.teams else 0
        words, ink = (card.teams[team - 1], team_color(team)) if team else (role_text(one, side), MUTED)
        if words:
            canvas.text(x, base, side_text(side).upper(), size=LABEL, color=color, face=BOLD)
            canvas.text(x + _SIDE_WIDTH, base, words, size=SMALL, color=ink, width=_INSIDE - _SIDE_WIDTH)


def _fault(one: Card) -> str:
    """Return what is wrong with a round or its file, or nothing."""
    return " · ".join(filter(None, (file_note(one), status_note(one).split(":")[0])))
