"""The round card's boards: one for each side, with a line for each player, and the side's totals."""

from collections.abc import Sequence

from roundhook.pictures import BOLD, MUTED, PANEL, Canvas, text_width

from .board import MOST_LINES, Board, Figure, Heading, Line, name_runs
from .colors import side_color
from .data import Card, CardPlayer
from .layout import CORNER, EDGE, RIGHT, WIDTH, WORDS
from .table import COLUMNS, Value, best_value, ranked
from .text import more_text, played_note, role_text, side_text, winner

EMPTY_HEIGHT = 132

_SIDES = (1, 2)
_HEADINGS = tuple(Heading(label=column.label, width=column.width) for column in COLUMNS)


def boards_of(card: Card) -> list[Board]:
    """Return Axis, Allies and, if anybody is on neither, a third; nothing for a round without players."""
    if not card.players:
        return []
    groups = {side: [p for p in card.players if p.side == side] for side in _SIDES}
    if others := [p for p in card.players if p.side not in _SIDES]:
        groups[0] = others
    return [_board(card, side, ranked(players)) for side, players in groups.items()]


def draw_empty(canvas: Canvas, top: int) -> None:
    """Draw what stands in for the boards of a round without players."""
    canvas.fill((EDGE, top, RIGHT, top + EMPTY_HEIGHT), PANEL, radius=CORNER)
    text = "No player statistics for this round"
    x = (WIDTH - text_width(text, BOLD, WORDS)) / 2
    canvas.text(x, top + 75, text, size=WORDS, color=MUTED, face=BOLD)


def _board(card: Card, side: int, players: Sequence[CardPlayer]) -> Board:
    totals = [column.show(column.total(players)) if column.total else "" for column in COLUMNS]
    return Board(
        title=side_text(side).upper(),
        color=side_color(side),
        note=role_text(card, side),
        badge="WON" if side and side == winner(card) else "",
        headings=_HEADINGS,
        lines=_lines(card, players[:MOST_LINES]),
        more=more_text(len(players) - MOST_LINES),
        total=totals if players else (),
        empty="Nobody on this side",
    )


def _lines(card: Card, players: Sequence[CardPlayer]) -> list[Line]:
    best = [best_value(column, card.players) for column in COLUMNS]
    damage = max((p.damage_given or 0 for p in card.players), default=0)
    longest = max((p.time_played_seconds or 0 for p in card.players), default=0)
    return [
        Line(
            name=name_runs(player.name, player.guid),
            note=played_note(player, longest),
            figures=_figures(player, best),
            share=max(0, player.damage_given or 0) / damage if damage > 0 else 0.0,
        )
        for player in players
    ]


def _figures(player: CardPlayer, best: Sequence[Value]) -> list[Figure]:
    values = [column.value(player) for column in COLUMNS]
    return [
        Figure(text=column.show(value), best=value is not None and value == mark)
        for column, value, mark in zip(COLUMNS, values, best, strict=True)
    ]
