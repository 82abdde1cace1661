"""The card's colours: ET's table for names, made readable on the dark ground, and those of the sides."""

from functools import cache

from roundhook.pictures import PANEL, WHITE, Color, mix, readable
from roundhook.rounds import color_runs

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
    return readable((red, green, blue), _grounds())


def colored(name: str) -> list[tuple[Color, str]]:
    """Split a name with colour codes into runs of one colour each."""
    return [(name_color(code), text) for code, text in color_runs(name)]


@cache
def _grounds() -> tuple[Color, ...]:
    return tuple(mix(panel_color(side), WHITE, STRIPE) for side in (0, 1, 2))
