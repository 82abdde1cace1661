"""The card's composition: a header that tells how the round ended, below it a panel for each side.

Panels stand one above the other, not side by side: Discord shows a picture about 550 pixels wide, and only over the
full width the numbers are still readable there.
"""

from roundhook.pictures import Canvas

from .data import Card
from .header import draw_header, header_height
from .layout import EDGE, WIDTH
from .panels import EMPTY_HEIGHT, draw_empty, draw_panel, panels_of

_GAP = 20


def draw_card(card: Card) -> Canvas:
    """Return the drawn card."""
    panels = panels_of(card)
    heights = [panel.height for panel in panels] or [EMPTY_HEIGHT]
    top = header_height(card)
    canvas = Canvas(WIDTH, top + sum(heights) + _GAP * (len(heights) - 1) + EDGE)
    draw_header(canvas, card)
    if not panels:
        draw_empty(canvas, top)
    for panel in panels:
        draw_panel(canvas, card, panel, top)
        top += panel.height + _GAP
    return canvas
