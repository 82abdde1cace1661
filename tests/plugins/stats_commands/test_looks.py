"""Every picture can be read: nothing cut but names, nothing over anything else, large on a phone, in contrast."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from PIL import Image

from docs import pictured
from docs.pictured import LONG, PLAIN, SCRIPTS
from plugins.stats_commands.card import Card, EveningCard, MapCard, evening, render_evening, render_map
from plugins.stats_commands.card.board import MOST_LINES, name_runs
from plugins.stats_commands.card.draw import draw_card
from plugins.stats_commands.card.evening import draw_evening
from plugins.stats_commands.card.layout import WIDTH
from plugins.stats_commands.card.maps import draw_map
from plugins.stats_commands.evening_views import about_evening, evening_tables
from plugins.stats_commands.evenings import Evening
from roundhook.pictures import FAINT, MUTED, Canvas, Color, contrast

COUNTS = (0, 1, 2, 6, 12, 32)
PHONE, LEAST = 330, 9
DIGIT = 0.727
"""How high a digit is, as a share of the size of its type."""
FIGURE = re.compile(r"[≈✓ ]*\d[\d:.]*[%kMG]?")
LONG_TEAMS = ("Wolkenkuckucksheimer Ballspielverein von 1899", "MMMMMMMMMM & WWWWWWWWWWWWWWWWWW")

Picture = Card | MapCard | EveningCard


def days(teams: tuple[str, ...]) -> EveningCard:
    """Return a session that went on for weeks, of which the last part is shown."""
    ended = datetime(2026, 12, 23, 23, 59, tzinfo=UTC)
    span: dict[str, Any] = {"started_at": ended - timedelta(days=20), "ended_at": ended}
    return pictured.evening_card(12, 5, teams=teams, rounds=120, earlier=12_345, seconds=71_999, **span)


PICTURES: dict[str, Callable[[], Picture]] = {
    **{f"round-{count}": partial(pictured.surrender, count) for count in COUNTS},
    **{f"map-{count}": partial(pictured.map_card, count) for count in COUNTS},
    **{f"evening-{count}": partial(pictured.evening_card, count) for count in COUNTS},
    **{f"evening-of-{maps}-maps": partial(pictured.evening_card, 12, maps) for maps in (0, 1, 30)},
    "round-scripts": lambda: pictured.round_card(12, SCRIPTS),
    "round-long": lambda: pictured.surrender(12, LONG),
    "round-held": lambda: pictured.held(2),
    "round-unknown": lambda: pictured.unknown_round(6),
    "round-aborted": lambda: pictured.round_card(2, status="aborted", end_reason="aborted", result="Aborted"),
    "map-scripts": lambda: pictured.map_card(12, SCRIPTS),
    "map-long": lambda: pictured.map_card(12, LONG, teams=LONG_TEAMS, score=(12, 10)),
    "map-draw": lambda: pictured.drawn_map(6),
    "map-mixed": lambda: pictured.mixed_map(12),
    "map-unknown": lambda: pictured.unknown_map(2),
    "evening-scripts": lambda: pictured.evening_card(12, 3, SCRIPTS),
    "evening-long": lambda: pictured.evening_card(12, 8, LONG, LONG_TEAMS, score=(12, 10)),
    "evening-mixed": lambda: pictured.evening_card(32, 12, teams=()),
    "evening-draw": lambda: pictured.evening_card(6, 4, score=(2, 2)),
    "evening-days": lambda: days(pictured.TEAMS),
    "evening-days-mixed": lambda: days(()),
    "evening-unknown": lambda: pictured.unknown_evening(),
}


def drawn(picture: Picture) -> Canvas:
    """Return the drawn picture."""
    if isinstance(picture, Card):
        return draw_card(picture)
    return draw_map(picture) if isinstance(picture, MapCard) else draw_evening(picture)


@pytest.fixture(params=sorted(PICTURES), scope="module")
def canvas(request: pytest.FixtureRequest) -> Canvas:
    """Return each picture in turn."""
    return drawn(PICTURES[request.param]())


def test_texts_stay_inside_and_apart(canvas: Canvas) -> None:
    """No text leaves the picture, and none lies on another."""
    boxes = [
        (one.left, one.base - one.size * 0.7, one.right, one.base + one.size * 0.05, one.text) for one in canvas.texts
    ]

    assert [box for box in boxes if box[0] < 0 or box[2] > WIDTH or box[3] > canvas.image.height] == []
    assert [
        (a[4], b[4])
        for number, a in enumerate(boxes)
        for b in boxes[number + 1 :]
        if a[0] < b[2] - 1 and b[0] < a[2] - 1 and a[1] < b[3] and b[1] < a[3]
    ] == []


def test_figures_are_high_enough_on_a_phone(canvas: Canvas) -> None:
    """Each figure that is not set back is at least 9 pixels high on a screen 330 wide, and no type is below 6."""
    figures = [one for one in canvas.texts if FIGURE.fullmatch(one.text) and one.color not in (MUTED, FAINT)]

    assert [one for one in figures if one.size * DIGIT * PHONE / WIDTH < LEAST] == []
    assert [one for one in canvas.texts if one.size < 18] == []


def test_texts_stand_out_from_their_ground(canvas: Canvas) -> None:
    """Each text has the contrast that is asked for text, against what is above both of its ends."""
    poor = [
        (one.text, one.color, ground)
        for one in canvas.texts
        for x in (one.left + 1, one.right - 1)
        if contrast(one.color, ground := _pixel(canvas.image, x, one.base - one.size * 0.73 - 6)) < 4.5
    ]

    assert poor == []


@pytest.mark.parametrize(
    "picture",
    [
        pictured.surrender(12),
        pictured.unpaired(2),
        pictured.map_card(12),
        pictured.mixed_map(2),
        pictured.unknown_map(2),
    ],
)
def test_no_words_but_names_are_cut(picture: Picture) -> None:
    """With names of ordinary length nothing ends in an ellipsis."""
    assert [one.text for one in drawn(picture).texts if one.text.endswith("…")] == []


def test_only_names_of_players_maps_and_teams_are_cut() -> None:
    """An evening's words are whole; only names that are far too long are not."""
    plain, long = (
        drawn(pictured.evening_card(12, 8, names, teams))
        for names, teams in ((PLAIN, pictured.TEAMS), (LONG, LONG_TEAMS))
    )
    cut = {one.text.rstrip("…") for one in long.texts if one.text.endswith("…")}

    assert [one.text for one in plain.texts if one.text.endswith("…")] == []
    assert cut
    assert all(any(text in name for name in (*LONG_TEAMS, *map(pictured.plain, LONG))) for text in cut)


def test_the_end_of_a_long_session_has_a_day() -> None:
    """By its time alone a session of weeks would be one of an evening."""
    cards = (days(()), days(LONG_TEAMS), pictured.evening_card(12, 5))
    ends = [next(one.text for one in drawn(card).texts if "until" in one.text).partition(" ·")[0] for card in cards]

    assert ends == [*["until Wed 23 Dec, 23:59"] * 2, f"until {cards[2].ended_at:%H:%M}"]


@pytest.mark.parametrize(("hours", "style"), [(3, "t"), (23, "t"), (24, "f"), (500, "f")])
def test_the_end_of_a_long_session_has_a_day_in_words_too(hours: int, style: str) -> None:
    """In the small line and in the tables."""
    began = datetime(2026, 3, 2, 20, tzinfo=UTC)
    session: dict[str, Any] = {"server": "puran", "started_at": began, "ended_at": began + timedelta(hours=hours)}
    nothing: dict[str, Any] = {key: {} for key in ("teams", "team_of", "by_map", "axis")}
    evening = Evening(session=session, rounds=(), players=(), earlier=0, **nothing)
    end = f"<t:{int(session['ended_at'].timestamp())}:{style}>"

    assert f" to {end}" in about_evening(evening)
    assert f" – {end}" in evening_tables(evening, "Session")[0].description


def test_the_same_data_gives_the_same_bytes() -> None:
    """Both new pictures are drawn the same way each time."""
    assert render_map(pictured.map_card(6)) == render_map(pictured.map_card(6))
    assert render_evening(pictured.evening_card(6)) == render_evening(pictured.evening_card(6))


def test_who_has_no_line_costs_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that never pauses has hundreds of players in a session: as many names are looked at as are shown."""
    looked_at: list[str] = []

    def counted(name: str, guid: str) -> list[tuple[Color, str]]:
        looked_at.append(guid)
        return name_runs(name, guid)

    monkeypatch.setattr(evening, "name_runs", counted)

    texts = {one.text for one in draw_evening(pictured.evening_card(500, 40)).texts}

    assert len(looked_at) == 2 * MOST_LINES
    assert "and 234 more" in texts


def _pixel(image: Image.Image, x: float, y: float) -> tuple[int, int, int]:
    found = image.getpixel((min(max(round(x), 0), image.width - 1), round(y)))
    assert isinstance(found, tuple)
    return int(found[0]), int(found[1]), int(found[2])
