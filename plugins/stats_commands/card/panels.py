"""The card's panels: one for each side, with a row for each player, and the side's totals."""

from dataclasses import dataclass

from roundhook.pictures import (
    BOLD,
    FAINT,
    GOLD,
    GROUND,
    MEDIUM,
    MUTED,
    PANEL,
    TEXT,
    UNKNOWN,
    WHITE,
    Canvas,
    Color,
    drawable,
    fit_runs,
    fit_size,
    mix,
    text_width,
)

from .colors import STRIPE, colored, name_color, panel_color, side_color
from .data import Card, CardPlayer
from .layout import EDGE, RIGHT, WIDTH
from .table import COLUMNS, Column, best_value, ranked
from .text import played_note, role_text, side_text, winner

MOST_PLAYERS = 32
EMPTY_HEIGHT = 132

_SIDES = (1, 2)
_PAD = 24
_BORDER = 6
_CORNER = 14
_HEAD = 60
_FOOT = 12
_LEFT = EDGE + _PAD
_CELLS_WIDTH = sum(column.width for column in COLUMNS)
_NAME_WIDTH = RIGHT - _PAD - _CELLS_WIDTH - _LEFT - 12
_GUID_CODE = "9"  # grey


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """How large rows are, in pixels; many players get smaller ones."""

    up_to: int
    height: int
    text: int


_SIZES = (
    _Rows(up_to=6, height=44, text=23),
    _Rows(up_to=10, height=38, text=21),
    _Rows(up_to=16, height=34, text=19),
    _Rows(up_to=MOST_PLAYERS, height=30, text=18),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One side as it will be drawn."""

    side: int
    players: list[CardPlayer]
    """All of the side, in the order of the rows."""
    rows: _Rows

    @property
    def hidden(self) -> int:
        """How many players have no row."""
        return max(0, len(self.players) - MOST_PLAYERS)

    @property
    def height(self) -> int:
        """Pixels."""
        lines = len(self.players) - self.hidden + (self.hidden > 0) + 1
        return _HEAD + lines * self.rows.height + _FOOT


def panels_of(card: Card) -> list[Panel]:
    """Return Axis, Allies and, if anybody is on neither, a third; nothing for a round without players."""
    if not card.players:
        return []
    groups = {side: [p for p in card.players if p.side == side] for side in _SIDES}
    if others := [p for p in card.players if p.side not in _SIDES]:
        groups[0] = others
    most = max(map(len, groups.values()))
    rows = next((size for size in _SIZES if most <= size.up_to), _SIZES[-1])
    return [Panel(side=side, players=ranked(players), rows=rows) for side, players in groups.items()]


def draw_empty(canvas: Canvas, top: int) -> None:
    """Draw what stands in for the panels of a round without players."""
    canvas.fill((EDGE, top, RIGHT, top + EMPTY_HEIGHT), PANEL, radius=_CORNER)
    text = "No player statistics for this round"
    x = (WIDTH - text_width(text, BOLD, 26)) / 2
    canvas.text(x, top + 75, text, size=26, color=MUTED, face=BOLD)


def draw_panel(canvas: Canvas, card: Card, panel: Panel, top: int) -> None:
    """Draw *panel* with its upper edge at *top*."""
    bottom = top + panel.height
    canvas.fill((EDGE, top, RIGHT, bottom), side_color(panel.side), radius=_CORNER)
    canvas.fill((EDGE + _BORDER, top, RIGHT, bottom), panel_color(panel.side), radius=_CORNER - 2)
    _draw_head(canvas, card, panel, top)
    y = _draw_rows(canvas, card, panel, top + _HEAD)
    if panel.hidden:
        more = f"and {panel.hidden} more"
        canvas.text(_LEFT, _base(panel, y), more, size=panel.rows.text, color=MUTED)
        y += panel.rows.height
    _draw_totals(canvas, panel, y)


def _draw_head(canvas: Canvas, card: Card, panel: Panel, top: int) -> None:
    base = top + 40
    color = mix(side_color(panel.side), WHITE, 0.15)
    x = canvas.text(_LEFT, base, side_text(panel.side).upper(), size=27, color=color, face=BOLD) + 14
    x = canvas.text(x, base - 2, role_text(card, panel.side), size=18, color=MUTED) + 14
    if panel.side and panel.side == winner(card):
        _draw_badge(canvas, round(x), base)
    for column, right in _cells() if panel.players else ():
        canvas.text_right(right, base - 2, column.label, size=16, color=MUTED, face=BOLD)


def _draw_badge(canvas: Canvas, x: int, base: int) -> None:
    width = round(text_width("WON", BOLD, 16)) + 22
    canvas.fill((x, base - 22, x + width, base + 4), GOLD, radius=6)
    canvas.text(x + 11, base - 3, "WON", size=16, color=GROUND, face=BOLD)


def _draw_rows(canvas: Canvas, card: Card, panel: Panel, y: int) -> int:
    best = [best_value(column, card.players) for column in COLUMNS]
    damage = max((p.damage_given or 0 for p in card.players), default=0)
    longest = max((p.time_played_seconds or 0 for p in card.players), default=0)
    for number, player in enumerate(panel.players[:MOST_PLAYERS]):
        if number % 2:
            canvas.fill((EDGE + _BORDER, y, RIGHT, y + panel.rows.height), WHITE, alpha=STRIPE)
        _draw_damage(canvas, panel, y, (player.damage_given or 0) / damage if damage > 0 else 0.0)
        _draw_name(canvas, panel, y, player, longest)
        _draw_values(canvas, panel, y, player, best)
        y += panel.rows.height
    return y


def _draw_damage(canvas: Canvas, panel: Panel, y: int, share: float) -> None:
    """Draw a line below the name, as long as the player's share (0 to 1) of the most damage."""
    low = y + panel.rows.height - 1
    canvas.fill((_LEFT, low - 3, _LEFT + round(_NAME_WIDTH * share), low), side_color(panel.side), alpha=0.75, radius=1)


def _draw_name(canvas: Canvas, panel: Panel, y: int, player: CardPlayer, longest: float) -> None:
    size, base = panel.rows.text, _base(panel, y)
    end = canvas.runs(_LEFT, base, _name(player, size), face=BOLD, size=size) + 12
    note = played_note(player, longest)
    if end + text_width(note, MEDIUM, size - 5) <= _LEFT + _NAME_WIDTH:
        canvas.text(end, base, note, size=size - 5, color=MUTED)


def _name(player: CardPlayer, size: int) -> list[tuple[Color, str]]:
    runs = fit_runs(colored(player.name.strip()), BOLD, size, _NAME_WIDTH)
    if any(text.strip() for _, text in runs):
        return runs
    guid = drawable(player.guid, BOLD).strip() or "unnamed"
    return fit_runs([(name_color(_GUID_CODE), guid)], BOLD, size, _NAME_WIDTH)


def _draw_values(canvas: Canvas, panel: Panel, y: int, player: CardPlayer, best: list[float | None]) -> None:
    for (column, right), mark in zip(_cells(), best, strict=True):
        value = column.value(player)
        face, color = (BOLD, GOLD) if value is not None and value == mark else (MEDIUM, TEXT)
        cell = _Cell(column=column, right=right, base=_base(panel, y), size=panel.rows.text)
        _draw_cell(canvas, cell, column.show(value), face, color)


def _draw_totals(canvas: Canvas, panel: Panel, y: int) -> None:
    size, base = panel.rows.text - 2, _base(panel, y) + 4
    if not panel.players:
        canvas.text(_LEFT, base - 8, "Nobody on this side", size=size, color=MUTED)
        return
    canvas.fill((_LEFT, y + 5, RIGHT - _PAD, y + 6), WHITE, alpha=0.16)
    canvas.text(_LEFT, base, "Total", size=size, color=MUTED, face=BOLD)
    for column, right in _cells():
        if column.total is not None:
            cell = _Cell(column=column, right=right, base=base, size=size)
            _draw_cell(canvas, cell, column.show(column.total(panel.players)), BOLD, MUTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """Where a number goes, in pixels."""

    column: Column
    right: int
    base: int
    size: int


def _draw_cell(canvas: Canvas, cell: _Cell, text: str, face: str, color: Color) -> None:
    size = fit_size(text, face, cell.size, cell.column.width - 8)
    canvas.text_right(cell.right, cell.base, text, size=size, color=FAINT if text == UNKNOWN else color, face=face)


def _cells() -> list[tuple[Column, int]]:
    """Return each column with its right edge."""
    right = RIGHT - _PAD - _CELLS_WIDTH
    return [(column, right := right + column.width) for column in COLUMNS]


def _base(panel: Panel, y: int) -> int:
    return y + panel.rows.height // 2 + round(panel.rows.text * 0.36)
