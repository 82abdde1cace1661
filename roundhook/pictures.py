"""The drawing kit: canvas, bundled fonts, colours, texts that fit, threads. Pillow is imported when one draws."""

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
from core.pictures.threads import DrawingThreads

__all__ = [
    "AMBER", "BLACK", "BOLD", "FAINT", "GOLD", "GROUND", "MEDIUM", "MUTED", "PANEL", "TEXT", "UNKNOWN", "WHITE", "Box",
    "Canvas", "Color", "DrawingThreads", "contrast", "count_text", "date_text", "drawable", "duration_text",
    "fit_runs", "fit_size", "fit_text", "has_glyph", "mix", "percent_text", "ratio_text", "readable", "text_width",
]  # fmt: skip
