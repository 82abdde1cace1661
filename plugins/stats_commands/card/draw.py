"""The round card's composition: a header that tells how the round ended, below it a board for each side.

Boards stand one above the other, not side by side: only over the full width figures are large enough on a phone.
"""

from roundhook.pictures import Canvas

from .board import draw_boards, height_of
from .data import Card
from .header import draw_header, header_height
from .layout import EDGE, WIDTH
from .panels import EMPTY_HEIGHT, boards_of, draw_empty


def draw_card(card: Card) -> Canvas:
    """Return the drawn card."""
    boards = boards_of(card)
    top = header_height(card)
    canvas = Canvas(WIDTH, top + (height_of(boards) or EMPTY_HEIGHT) + EDGE)
    draw_header(canvas, card)
    if not boards:
        draw_empty(canvas, top)
    draw_boards(canvas, boards, top)
    return canvas
