"""The picture of an evening: its score, its maps, and for each player what he was best in and a bar for each map.

The bars are damage per minute, map by map: they stand in the player's own line, where a chart of its own would name
everybody once more, and they say something also where there are no teams and so no score.
"""

import math
from collections.abc import Sequence
from datetime import timedelta

from roundhook.pictures import (
    BOLD,
    MEDIUM,
    MUTED,
    TEXT,
    WHITE,
    Canvas,
    count_text,
    date_text,
    duration_text,
    fit_size,
    mix,
    ratio_text,
    text_width,
)

from .board import MOST_LINES, Board, Figure, Heading, Line, badge_width, draw_badge, draw_boards, height_of, name_runs
from .colors import team_color
from .data import EveningCard, EveningMap, EveningPlayer
from .layout import EDGE, RIGHT, SMALL, WIDTH, WORDS
from .panels import EMPTY_HEIGHT, draw_empty
from .table import kill_ratio
from .text import more_text
from .top import draw_ground, draw_origin, draw_score, draw_title, score_width

_TICK, _STAR = "✓", "★"
_TOP, _TOP_MIXED = 276, 196
_SCORE = 120
_TEAM = 40
_TIME = 240
_BARS = 236
_MOST_BARS = 30
_FIGURES = (("DPM", 100), ("KILLS", 102), ("K/D", 112))

Bars = Sequence[float | None]
"""A player's damage per minute, map by map."""


def draw_evening(card: EveningCard) -> Canvas:
    """Return the drawn picture."""
    boards = [*_map_boards(card), *_player_boards(card)]
    top = _TOP if card.teams else _TOP_MIXED
    missing = 0 if card.players else EMPTY_HEIGHT + EDGE
    canvas = Canvas(WIDTH, top + height_of(boards) + EDGE + missing)
    ahead = _ahead(card)
    draw_ground(canvas, team_color(ahead), top, is_strong=bool(ahead))
    draw_origin(canvas, card.server, date_text(card.started_at), RIGHT - EDGE)
    (_draw_teams if card.teams else _draw_mixed)(canvas, card)
    low = draw_boards(canvas, boards, top)
    if missing:
        draw_empty(canvas, low + EDGE if boards else top)
    return canvas


def _ahead(card: EveningCard) -> int:
    """Return the team that has won more maps; 0: none."""
    if not card.teams or card.score[0] == card.score[1]:
        return 0
    return 1 if card.score[0] > card.score[1] else 2


def _span(card: EveningCard) -> str:
    """Return until when and how much was played."""
    rounds = f"{card.rounds} round{'' if card.rounds == 1 else 's'}"
    earlier = f", without {card.earlier} earlier" if card.earlier else ""
    is_long = card.ended_at - card.started_at >= timedelta(days=1)
    day = f"{card.ended_at:%a} {card.ended_at.day} {card.ended_at:%b}, " if is_long else ""
    return f"until {day}{card.ended_at:%H:%M} · {rounds}{earlier} · {duration_text(card.seconds)} played"


def _draw_teams(canvas: Canvas, card: EveningCard) -> None:
    """Draw the score between the names of the teams."""
    width = score_width(card.score, _SCORE)
    left = (WIDTH - width) / 2
    draw_score(canvas, left, 172, card.score, _SCORE)
    ahead, room = _ahead(card), left - EDGE - 28
    for team, name in enumerate(card.teams, 1):
        _draw_team(canvas, name, team, room, is_ahead=team == ahead)
    words = _span(card)
    canvas.text(
        max(EDGE, (WIDTH - text_width(words, MEDIUM, SMALL)) / 2),
        236,
        words,
        size=SMALL,
        color=MUTED,
        width=RIGHT - EDGE,
    )


def _draw_team(canvas: Canvas, name: str, team: int, room: float, *, is_ahead: bool) -> None:
    size = fit_size(name, BOLD, _TEAM, room, least=WORDS)
    color = mix(team_color(team), WHITE, 0.15)
    draw = canvas.text if team == 1 else canvas.text_right
    draw(EDGE if team == 1 else RIGHT, 134, name, size=size, color=color, face=BOLD, width=room)
    if is_ahead:
        draw_badge(canvas, EDGE if team == 1 else RIGHT - badge_width("WON"), 180, "WON")


def _draw_mixed(canvas: Canvas, card: EveningCard) -> None:
    maps = len(card.maps)
    draw_title(canvas, f"{maps} map{'' if maps == 1 else 's'}", RIGHT - EDGE)
    canvas.text(EDGE, 160, _span(card), size=SMALL, color=MUTED, width=RIGHT - EDGE)


def _map_boards(card: EveningCard) -> list[Board]:
    if not card.maps:
        return []
    shown = card.maps[-MOST_LINES:]
    times = card.teams or ("ROUND 1", "ROUND 2")
    colors = (team_color(1), team_color(2)) if card.teams else (MUTED, MUTED)
    headings = [Heading(label=label, width=_TIME, color=color) for label, color in zip(times, colors, strict=True)]
    return [
        Board(
            title="MAPS",
            color=team_color(0),
            headings=headings,
            lines=[_map_line(card, one) for one in shown],
            more=more_text(len(card.maps) - len(shown)).replace("more", "before them"),
        )
    ]


def _map_line(card: EveningCard, one: EveningMap) -> Line:
    note = "draw" if one.winner == 0 else "" if card.teams else one.result
    figures = [_time_figure(one, team, has_won=bool(card.teams) and one.winner == team) for team in (1, 2)]
    return Line(name=[(WHITE, one.name)], note=note, figures=figures)


def _time_figure(one: EveningMap, team: int, *, has_won: bool) -> Figure:
    """Return a team's time; that of the map's winner is ticked."""
    seconds = one.times[team - 1]
    held = seconds is None and one.is_whole
    text = "held" if held else duration_text(seconds)
    color = mix(team_color(team), WHITE, 0.15) if has_won else MUTED if held else TEXT
    return Figure(text=f"{_TICK} {text}" if has_won else text, color=color, best=has_won)


def _player_boards(card: EveningCard) -> list[Board]:
    """Return a board for each team; the rest, and everybody where there are no teams, on one of their own."""
    bars = [[_known(value) for value in one.dpm_by_map[-_MOST_BARS:]] for one in card.players]
    tops = _tops(bars)
    highest = max((value for row in bars for value in row if value is not None), default=0.0)
    groups: dict[int, list[tuple[EveningPlayer, Bars]]] = {1: [], 2: [], 0: []}
    for player, row in zip(card.players, bars, strict=True):
        groups[player.team if card.teams and player.team in (1, 2) else 0].append((player, row))
    boards = []
    for team, of_team in groups.items():
        lines = [_player_line(player, row, tops, highest) for player, row in of_team[:MOST_LINES]]
        if lines:
            boards.append(_player_board(card, team, lines, len(of_team) - len(lines)))
    return boards


def _known(value: float | None) -> float | None:
    return max(value, 0.0) if value is not None and math.isfinite(value) else None


def _tops(bars: Sequence[Bars]) -> list[float]:
    """Return for each map the most that anybody has."""
    longest = max(map(len, bars), default=0)
    return [max((row[at] or 0.0 for row in bars if at < len(row)), default=0.0) for at in range(longest)]


def _player_board(card: EveningCard, team: int, lines: Sequence[Line], hidden: int) -> Board:
    title = card.teams[team - 1] if team else ("NO TEAM" if card.teams else "PLAYERS")
    return Board(
        title=title,
        color=team_color(team),
        headings=[Heading(label=label, width=width) for label, width in _FIGURES],
        lines=lines,
        more=more_text(hidden),
        bars=_BARS,
        bars_label="DPM MAP BY MAP",
    )


def _player_line(one: EveningPlayer, bars: Bars, tops: Sequence[float], highest: float) -> Line:
    values = (count_text(one.dpm), count_text(one.kills), ratio_text(kill_ratio(one.kills, one.deaths)))
    return Line(
        name=name_runs(one.name, one.guid),
        under=one.best.replace("1st ", f"{_STAR} ") if one.best.startswith("1st ") else one.best,
        is_first=one.best.startswith("1st "),
        figures=[Figure(text=text) for text in values],
        bars=[None if value is None or not highest else value / highest for value in bars],
        tops=frozenset(at for at, value in enumerate(bars) if value and value == tops[at]),
    )
