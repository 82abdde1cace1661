"""The announcement card: one round as a PNG picture.

Importing this does not import Pillow; drawing does. The drawing takes tens of milliseconds, so call `render_card` in a
thread.
"""

from .data import Card, CardPlayer
from .draw import draw_card

__all__ = ["Card", "CardPlayer", "render_card"]


def render_card(card: Card) -> bytes:
    """Return *card* as a PNG picture, 1200 pixels wide; the same card gives the same bytes.

    Any text is drawn: what the bundled fonts lack becomes a box, what is too long ends in an ellipsis. At most 32
    players are listed for a side, and the rest are counted.
    """
    return draw_card(card).png()
