"""The card's colours: ET's table for names, made readable on the dark ground, and the palette."""

from functools import cache

Color = tuple[int, int, int]

GROUND: Color = (13, 16, 22)
GROUND_LOW: Color = (9, 11, 15)
PANEL: Color = (22, 27, 35)
WHITE: Color = (255, 255, 255)
TEXT: Color = (228, 233, 240)
MUTED: Color = (146, 157, 173)
FAINT: Color = (96, 106, 122)
GOLD: Color = (255, 202, 64)
AMBER: Color = (255, 171, 92)

STRIPE = 0.025
"""Share of white in every other row."""

_AXIS: Color = (240, 82, 82)
_ALLIES: Color = (74, 152, 255)
_NO_SIDE: Color = (140, 150, 166)

# ET: Legacy, src/qcommon/q_math.c, g_color_table (red, green, blue as shares); the index is ColorIndex of q_shared.h,
# (c - '0') & 31, so `^a`, `^A` and `^!` are one colour. `^*` is COLOR_NULL: back to the default.
_TABLE: tuple[tuple[float, float, float], ...] = (
    (0.0, 0.0, 0.0),
    (1.0, 0.0, 0.0),
    (0.0, 1.0, 0.0),
    (1.0, 1.0, 0.0),
    (0.0, 0.0, 1.0),
    (0.0, 1.0, 1.0),
    (1.0, 0.0, 1.0),
    (1.0, 1.0, 1.0),
    (1.0, 0.5, 0.0),
    (0.5, 0.5, 0.5),
    (0.75, 0.75, 0.75),
    (0.75, 0.75, 0.75),
    (0.0, 0.5, 0.0),
    (0.5, 0.5, 0.0),
    (0.0, 0.0, 0.5),
    (0.5, 0.0, 0.0),
    (0.5, 0.25, 0.0),
    (1.0, 0.6, 0.1),
    (0.0, 0.5, 0.5),
    (0.5, 0.0, 0.5),
    (0.0, 0.5, 1.0),
    (0.5, 0.0, 1.0),
    (0.2, 0.6, 0.8),
    (0.8, 1.0, 0.8),
    (0.0, 0.4, 0.2),
    (1.0, 0.0, 0.2),
    (0.7, 0.1, 0.1),
    (0.6, 0.2, 0.0),
    (0.8, 0.6, 0.2),
    (0.6, 0.6, 0.2),
    (1.0, 1.0, 0.75),
    (1.0, 1.0, 0.5),
)
_RESET = "*"
_DEFAULT_INDEX = 7
_READABLE = 4.5  # contrast ratio, WCAG's limit for text


def side_color(side: int) -> Color:
    """Return a side's colour: red Axis, blue Allies, grey for the rest."""
    return {1: _AXIS, 2: _ALLIES}.get(side, _NO_SIDE)


def panel_color(side: int) -> Color:
    """Return the ground of a side's panel."""
    return mix(PANEL, side_color(side), 0.1)


@cache
def name_color(code: str) -> Color:
    """Return the colour of colour code *code* (one character, or "" for none), lifted until it is readable."""
    index = (ord(code) - ord("0")) & 31 if code and code != _RESET else _DEFAULT_INDEX
    red, green, blue = (round(share * 255) for share in _TABLE[index])
    return _lifted((red, green, blue))


def mix(color: Color, other: Color, share: float) -> Color:
    """Return *color* with *share* (0 to 1) of *other* in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(color, other, strict=True))
    return (red, green, blue)


def contrast(color: Color, ground: Color) -> float:
    """Return the contrast ratio of the two, 1 to 21."""
    low, high = sorted((_luminance(color), _luminance(ground)))
    return (high + 0.05) / (low + 0.05)


def _lifted(color: Color) -> Color:
    steps = (mix(color, WHITE, step / 50) for step in range(51))
    return next(lifted for lifted in steps if all(contrast(lifted, ground) >= _READABLE for ground in _grounds()))


@cache
def _grounds() -> tuple[Color, ...]:
    return tuple(mix(panel_color(side), WHITE, STRIPE) for side in (0, 1, 2))


def _luminance(color: Color) -> float:
    red, green, blue = ((c / 255 / 12.92) if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color)
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)
