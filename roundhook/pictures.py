"""The drawing kit: a canvas, bundled fonts, colours, and texts that fit. Pillow is imported when something is drawn."""

from core.pictures.canvas import Box, Canvas
from core.pictures.colors import (
    AMBER,
    FAINT,
    GOLD,
    GROUND,
    MUTED,
    PANEL,
    TEXT,
    WHITE,
    Color,
    contrast,
    mix,
    readable,
)
from core.pictures.fonts import (
    BLACK,
    BOLD,
    MEDIUM,
    drawable,
    fit_runs,
    fit_size,
    fit_text,
    has_glyph,
    text_width,
)
from core.pictures.texts import UNKNOWN, count_text, date_text, duration_text, percent_text, ratio_text

__all__ = [
    "AMBER", "BLACK", "BOLD", "FAINT", "GOLD", "GROUND", "MEDIUM", "MUTED", "PANEL", "TEXT", "UNKNOWN", "WHITE", "Box",
    "Canvas", "Color", "contrast", "count_text", "date_text", "drawable", "duration_text", "fit_runs", "fit_size",
    "fit_text", "has_glyph", "mix", "percent_text", "ratio_text", "readable", "text_width",
]  # fmt: skip
