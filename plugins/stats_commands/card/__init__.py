"""The pictures of a round, a map and an evening, as PNG files.

Importing this does not import Pillow; drawing does. The drawing takes tens of milliseconds: `DrawingThreads` do it.
The same data gives the same bytes. Any text is drawn: what is too long ends in an ellipsis. Each board lists at most
`board.MOST_LINES` players or maps, and the rest are counted.
"""

from .data import Card, CardPlayer, EveningCard, EveningMap, EveningPlayer, MapCard
from .draw import draw_card
from .evening import draw_evening
from .maps import draw_map

__all__ = [
    "Card", "CardPlayer", "EveningCard", "EveningMap", "EveningPlayer", "MapCard", "render_card", "render_evening",
    "render_map",
]  # fmt: skip


def render_card(card: Card) -> bytes:
    """Return the picture of a round."""
    return draw_card(card).png()


def render_map(card: MapCard) -> bytes:
    """Return the picture of a map: both rounds side by side, and who has won."""
    return draw_map(card).png()


def render_evening(card: EveningCard) -> bytes:
    """Return the picture of an evening: score, maps, teams, and each player's damage per minute map by map."""
    return draw_evening(card).png()
