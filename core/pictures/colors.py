"""Colours: a dark palette, mixing, and what can be read on what."""

from collections.abc import Iterable

Color = tuple[int, int, int]
"""Red, green, blue, each 0 to 255."""

GROUND: Color = (13, 16, 22)
"""What a picture lies on."""
PANEL: Color = (22, 27, 35)
"""A raised part of it."""
WHITE: Color = (255, 255, 255)
"""For what is to stand out most."""
TEXT: Color = (228, 233, 240)
"""For what is read."""
MUTED: Color = (146, 157, 173)
"""For what stands beside it."""
FAINT: Color = (141, 151, 167)
"""For what may be overlooked."""
GOLD: Color = (255, 202, 64)
"""For winners."""
AMBER: Color = (255, 171, 92)
"""For what deserves a second look."""
READABLE = 4.5
"""Contrast ratio, WCAG's limit for text."""


def mix(color: Color, other: Color, share: float) -> Color:
    """Return *color* with *share* (0 to 1) of *other* in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(color, other, strict=True))
    return (red, green, blue)


def contrast(color: Color, ground: Color) -> float:
    """Return the contrast ratio of the two, 1 to 21."""
    low, high = sorted((_luminance(color), _luminance(ground)))
    return (high + 0.05) / (low + 0.05)


def readable(color: Color, grounds: Iterable[Color]) -> Color:
    """Return *color*, lifted towards white until text in it can be read on each of *grounds*."""
    steps = (mix(color, WHITE, step / 50) for step in range(51))
    return next(lifted for lifted in steps if all(contrast(lifted, ground) >= READABLE for ground in grounds))


def _luminance(color: Color) -> float:
    red, green, blue = ((c / 255 / 12.92) if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color)
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)
