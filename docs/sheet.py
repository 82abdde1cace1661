"""``python -m docs.sheet``: draws all pictures anew, from invented names, into ``docs/images``.

``sheet.png`` shows them side by side, a third as large; the others are for the README.
"""

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from docs import pictured
from docs.pictured import LONG, SCRIPTS
from plugins.stats_commands.card import Card, EveningCard, MapCard, render_card, render_evening, render_map

IMAGES = Path(__file__).parent / "images"
LONG_TEAMS = ("Wolkenkuckucksheimer Verein", "sKy")
COLUMNS: tuple[tuple[Card | MapCard | EveningCard, ...], ...] = (
    (pictured.surrender(6), pictured.round_card(1), pictured.round_card(0, status="empty"), pictured.unpaired(2)),
    (pictured.map_card(12), pictured.drawn_map(2), pictured.unknown_map(2)),
    (pictured.map_card(12, SCRIPTS), pictured.mixed_map(6)),
    (pictured.evening_card(12, 8), pictured.evening_card(1, 1)),
    (
        pictured.evening_card(12, 5, LONG, teams=("Wolkenkuckucksheimer Verein", "sKy")),
        pictured.evening_card(2, 4, score=(2, 2)),
    ),
    (pictured.evening_card(32, 12, teams=()),),
)
_WIDTH, _GAP = 360, 12


def main() -> None:
    """Draw and write."""
    columns = [[_opened(rendered(card)) for card in column] for column in COLUMNS]
    (IMAGES / "sheet.png").write_bytes(_png(_sheet(columns)))
    (IMAGES / "card.png").write_bytes(render_card(pictured.surrender(6)))
    (IMAGES / "map.png").write_bytes(render_map(pictured.map_card(6)))
    (IMAGES / "evening.png").write_bytes(render_evening(pictured.evening_card(6)))


def rendered(card: Card | MapCard | EveningCard) -> bytes:
    """Return the picture of any of the three."""
    if isinstance(card, Card):
        return render_card(card)
    return render_map(card) if isinstance(card, MapCard) else render_evening(card)


def _sheet(columns: Sequence[Sequence[Image.Image]]) -> Image.Image:
    heights = [sum(one.height + _GAP for one in column) + _GAP for column in columns]
    sheet = Image.new("RGB", ((_WIDTH + _GAP) * len(columns) + _GAP, max(heights)), (60, 64, 72))
    for number, column in enumerate(columns):
        y = _GAP
        for one in column:
            sheet.paste(one, (_GAP + (_WIDTH + _GAP) * number, y))
            y += one.height + _GAP
    return sheet


def _opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    size = (_WIDTH, round(picture.height * _WIDTH / picture.width))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    main()
