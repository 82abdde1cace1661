"""The boards of a map's picture: the players of each team, with both rounds of each side by side. No drawing."""

from collections.abc import Iterable, Sequence

from roundhook.pictures import UNKNOWN, Color, count_text

from .board import MOST_LINES, Board, Figure, Heading, Line, name_runs
from .colors import side_color, team_color
from .data import CardPlayer, MapCard
from .table import Column, best_value
from .text import more_text, side_text

_COLUMNS = (
    Column(label="KILLS", width=86, value=lambda p: p.kills),
    Column(label="DEATHS", width=100, value=lambda p: p.deaths, high_is_best=False),
    Column(label="DPM", width=96, value=lambda p: p.dpm),
)

Pair = tuple[CardPlayer | None, CardPlayer | None]
"""A player's two rounds; None where he did not play."""


def boards_of(card: MapCard) -> list[Board]:
    """Return a board for each team, or for who began on each side where the teams are not known."""
    pairs = sorted(_pairs(card), key=lambda pair: (-_damage(pair), _of(pair).guid, _of(pair).name))
    groups: dict[int, list[Pair]] = {1: [], 2: [], 0: []}
    for pair in pairs:
        groups[_group(card, pair)].append(pair)
    return [_board(card, group, of_group, pairs) for group, of_group in groups.items() if of_group]


def _pairs(card: MapCard) -> Iterable[Pair]:
    first, second = ({_key(player): player for player in one.players} for one in card.rounds)
    return [(first.get(key), second.get(key)) for key in {**first, **second}]


def _key(player: CardPlayer) -> str:
    return player.guid or player.name


def _of(pair: Pair) -> CardPlayer:
    """Return the player, as he was called last."""
    return next(one for one in reversed(pair) if one)


def _damage(pair: Pair) -> int:
    return sum(max(0, one.damage_given or 0) for one in pair if one)


def _group(card: MapCard, pair: Pair) -> int:
    """Return a player's team, or where that is not known the side on which he began; 0: neither."""
    number = next(number for number, one in enumerate(pair) if one)
    player = pair[number]
    side = player.side if player and player.side in (1, 2) else 0
    axis = card.axis_teams[number] if card.teams else number + 1
    return (axis if side == 1 else 3 - axis) if side and axis else side


def _board(card: MapCard, group: int, players: Sequence[Pair], everybody: Sequence[Pair]) -> Board:
    title, color = _title(card, group)
    return Board(
        title=title,
        color=color,
        badge="WON" if _has_teams(card) and group and group == card.winner else "",
        headings=[heading for one in card.rounds for heading in _headings(one.round_number)],
        lines=_lines(players[:MOST_LINES], everybody),
        more=more_text(len(players) - MOST_LINES),
    )


def _headings(number: int) -> list[Heading]:
    groups = (*("",) * (len(_COLUMNS) - 1), f"ROUND {number}")
    return [Heading(label=one.label, width=one.width, group=group) for one, group in zip(_COLUMNS, groups, strict=True)]


def _has_teams(card: MapCard) -> bool:
    return bool(card.teams) and all(card.axis_teams)


def _title(card: MapCard, group: int) -> tuple[str, Color]:
    if group and _has_teams(card):
        return card.teams[group - 1], team_color(group)
    return (f"{side_text(group).upper()} IN ROUND 1", side_color(group)) if group else ("NO SIDE", side_color(0))


def _lines(players: Sequence[Pair], everybody: Sequence[Pair]) -> list[Line]:
    most = max(map(_damage, everybody), default=0)
    played = [[pair[number] for pair in everybody if pair[number]] for number in (0, 1)]
    best = [[best_value(column, filter(None, one)) for column in _COLUMNS] for one in played]
    return [
        Line(
            name=name_runs(_of(pair).name, _of(pair).guid),
            figures=[
                _figure(column, player, mark)
                for player, marks in zip(pair, best, strict=True)
                for column, mark in zip(_COLUMNS, marks, strict=True)
            ],
            share=_damage(pair) / most if most else 0.0,
        )
        for pair in players
    ]


def _figure(column: Column, player: CardPlayer | None, mark: float | None) -> Figure:
    value = column.value(player) if player else None
    return Figure(text=count_text(value) if player else UNKNOWN, best=value is not None and value == mark)
