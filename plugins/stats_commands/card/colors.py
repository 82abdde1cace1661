"""The card's colours: ET's table for names, made readable on the dark ground, those of the sides and of the teams."""

from functools import cache

from roundhook.pictures import PANEL, WHITE, Color, mix, readable
from roundhook.rounds import color_runs

STRIPE = 0.025
"""Share of white in every other row."""

_AXIS: Color = (240, 82, 82)
_ALLIES: Color = (74, 152, 255)
_NO_SIDE: Color = (140, 150, 166)
_TEAMS: dict[int, Color] = {1: (45, 206, 184), 2: (184, 148, 255)}

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


def team_color(team: int) -> Color:
    """Return a team's colour, which is not that of a side: teams change sides. Grey for none."""
    return _TEAMS.get(team, _NO_SIDE)


def ground_of(color: Color) -> Color:
    """Return the ground of a panel whose colour is *color*."""
    return mix(PANEL, color, 0.1)


def panel_color(side: int) -> Color:
    """Return the ground of a side's panel."""
    return ground_of(side_color(side))


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
    colors = [*map(side_color, (0, 1, 2)), *map(team_color, (1, 2))]
    return tuple(mix(ground_of(color), WHITE, STRIPE) for color in colors)
