"""The announcement card: always a picture, always the same one, never a wrong number on it."""

import io
import subprocess
import sys
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from plugins.stats_commands.card import Card, CardPlayer, render_card
from plugins.stats_commands.card import text as words
from plugins.stats_commands.card.board import MOST_LINES
from plugins.stats_commands.card.colors import name_color, panel_color
from plugins.stats_commands.card.layout import WIDTH
from plugins.stats_commands.card.table import COLUMNS, best_value, kill_ratio, ranked
from roundhook.pictures import UNKNOWN, WHITE, contrast

ROOT = Path(__file__).parents[3]
SUMMER = timezone(timedelta(hours=2), "CEST")

names = st.text(alphabet=st.characters(), max_size=60) | st.text(alphabet="^0aA*! w漢🙂é\u0301\ud800", max_size=40)


def player(number: int = 1, **values: object) -> CardPlayer:
    """Return an invented player; an even number is Allies."""
    plain = CardPlayer(
        guid=f"{number:08X}",
        name=f"^{number % 10}soldier^7{number}",
        side=2 - number % 2,
        kills=10 + number,
        deaths=5,
        damage_given=1000 + 10 * number,
        damage_received=900,
        dpm=100.0 + number,
        accuracy=0.2 + number / 1000,
        headshots=number,
        revives=1,
        gibs=0,
        time_played_seconds=600,
    )
    return replace(plain, **values)  # type: ignore[arg-type]


def unknown_player(number: int) -> CardPlayer:
    """Return a player of whom only name and side are known."""
    unknown = {field.name: None for field in fields(CardPlayer) if field.name not in ("guid", "name", "side")}
    return player(number, **unknown)


def card(*players: CardPlayer, **values: object) -> Card:
    """Return an invented round that the Allies surrendered."""
    plain = Card(
        server="alpha",
        map_name="invented_map_b2",
        round_number=1,
        played_at=datetime(2031, 3, 9, 21, 5, tzinfo=SUMMER),
        winner_side=1,
        defender_side=1,
        duration_seconds=512.4,
        time_shown_seconds=720.0,
        time_limit_seconds=720.0,
        end_reason="surrender",
        duration_source="notice",
        pause_count=2,
        total_pause_seconds=94.0,
        result="Allies surrendered",
        match_result="",
        status="ok",
        players=players,
    )
    return replace(plain, **values)  # type: ignore[arg-type]


def squad(count: int) -> tuple[CardPlayer, ...]:
    """Return *count* players on each side."""
    return tuple(player(number) for number in range(2 * count))


def opened(data: bytes) -> Image.Image:
    """Return the decoded picture, read to its end."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def test_a_card_is_a_png_whose_height_follows_the_players() -> None:
    """Every team size gives a valid PNG, one width, and more players a taller one, never above 2600."""
    pictures = [opened(render_card(card(*squad(count)))) for count in (0, 1, 3, 6, 10, 16, 17)]
    heights = [picture.height for picture in pictures]

    assert {(picture.format, picture.mode, picture.width) for picture in pictures} == {("PNG", "RGB", WIDTH)}
    assert heights == sorted(set(heights))
    assert heights[0] > 300
    assert heights[-1] <= 2600


def test_players_beyond_the_limit_are_counted_not_listed() -> None:
    """A side of 200 is one line taller than a full one; there are two."""
    full, over = (opened(render_card(card(*squad(count)))).height for count in (MOST_LINES, 200))

    assert 0 < over - full < 120


def test_the_same_card_gives_the_same_bytes() -> None:
    """Drawing is deterministic, also for the order in which players come."""
    players = squad(6)

    first = render_card(card(*players))

    assert render_card(card(*players)) == first
    assert render_card(card(*reversed(players))) == first


def test_a_side_or_a_round_without_players_is_drawn() -> None:
    """The side without players keeps its panel; an empty stats file is announced too."""
    alone = opened(render_card(card(player(1))))
    nobody = opened(render_card(card(status="empty", duration_seconds=None)))

    assert alone.height > nobody.height > 200


@pytest.mark.parametrize("side", [0, 3, -1, 99])
def test_players_on_no_side_get_a_panel_of_their_own(side: int) -> None:
    """Spectators and unknown sides are shown below the two teams."""
    teams = opened(render_card(card(*squad(3)))).height

    assert opened(render_card(card(*squad(3), player(9, side=side)))).height > teams


def test_a_card_of_unknowns_is_drawn() -> None:
    """Nothing has to be known but map, round and date."""
    nothing = {field.name: None for field in fields(Card) if field.name.endswith(("_seconds", "_count", "_reason"))}
    texts = {"result": "", "duration_source": "", "status": "unpaired", "winner_side": 0, "defender_side": 0}
    bare = card(*(unknown_player(number) for number in range(6)), **nothing, **texts)

    assert opened(render_card(bare)).width == WIDTH


def test_absurd_values_are_drawn() -> None:
    """Numbers far beyond the game's, negative ones and non-numbers never stop the card."""
    odd = player(1, kills=10**15, deaths=-3, damage_given=-5, dpm=float("nan"), accuracy=float("inf"), headshots=10**9)

    assert opened(render_card(card(odd, odd, duration_seconds=-1.0, time_limit_seconds=0.0))).width == WIDTH


def test_very_long_texts_stay_inside() -> None:
    """Long server, map, result and notes are cut, so the right edge of the card stays free."""
    long = card(
        player(1, name="W" * 35, guid="F" * 100),
        server="^1" + "S" * 300,
        map_name="M" * 300,
        result="R" * 300,
        match_result="N" * 300,
        pause_count=10**12,
        duration_seconds=1e9,
        round_number=2,
    )

    picture = opened(render_card(long)).convert("RGB")

    edge = {picture.getpixel((WIDTH - 4, y)) for y in range(30, 200)}
    assert all(isinstance(pixel, tuple) and max(pixel) < 60 for pixel in edge)


@settings(max_examples=40, deadline=None)
@given(name=names)
def test_any_text_can_be_a_name(name: str) -> None:
    """No name, server, map or result makes drawing fail."""
    anything = card(player(1, name=name, guid=name), server=name, map_name=name, result=name, match_result=name)

    assert render_card(anything).startswith(b"\x89PNG")


def test_importing_the_card_does_not_import_pillow() -> None:
    """A bot that never draws does not pay for Pillow."""
    code = "import sys, plugins.stats_commands.card; sys.exit('PIL' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("side", [0, 1, 2])
def test_every_name_colour_is_readable(side: int) -> None:
    """All 32 colours of the game stand out from each panel's ground."""
    ratios = [contrast(name_color(chr(code)), panel_color(side)) for code in range(32, 128)]

    assert min(ratios) >= 4.5


def test_colour_codes_mean_what_they_mean_in_the_game() -> None:
    """Bright colours are the game's own, upper and lower case alike; none and ``^*`` are white."""
    assert [name_color(code) for code in ("", "7", "*")] == [WHITE] * 3
    assert [name_color(code) for code in "238"] == [(0, 255, 0), (255, 255, 0), (255, 128, 0)]
    assert name_color("a") == name_color("A") == (255, 153, 26)
    assert name_color("o") == name_color("O") == (255, 255, 128)


def test_dark_colours_are_lifted_and_keep_their_hue() -> None:
    """Dark blue stays blue, dark red stays red, black becomes grey."""
    blue, red, black = name_color(">"), name_color("?"), name_color("0")

    assert blue[2] > blue[0] == blue[1]
    assert red[0] > red[1] == red[2]
    assert black[0] == black[1] == black[2] > 100


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.label)
def test_unknown_is_a_dash_and_never_zero(column: object) -> None:
    """Each column shows an unknown value, and a total with an unknown part, as unknown."""
    [tested] = [one for one in COLUMNS if one is column]

    assert tested.value(unknown_player(1)) is None
    assert tested.show(None) == UNKNOWN
    assert tested.show(0) != UNKNOWN
    if tested.total is not None:
        assert tested.total([player(1), unknown_player(3)]) is None
        assert tested.total([]) is None


def test_totals_add_up() -> None:
    """A side's total is the sum of its players; without a death K/D is the kills."""
    totals = {column.label: column.total([player(1), player(3)]) for column in COLUMNS if column.total}

    assert totals["KILLS"] == 24
    assert totals["DPM"] == 204.0
    assert [kill_ratio(6, 0), kill_ratio(None, 3), kill_ratio(6, None)] == [6.0, None, None]


def test_the_best_value_is_of_both_sides() -> None:
    """Marked is the largest known value of the round; deaths are nobody's best."""
    best = {column.label: best_value(column, [*squad(3), unknown_player(9)]) for column in COLUMNS}

    assert best["KILLS"] == 15
    assert best["DEATHS"] is None


def test_nothing_is_best_that_says_nothing() -> None:
    """No mark for one player alone, for zeros, or for a value that three share."""
    [kills] = [column for column in COLUMNS if column.label == "KILLS"]

    assert best_value(kills, [player(1)]) is None
    assert best_value(kills, [player(1, kills=0), player(2, kills=0)]) is None
    assert best_value(kills, [player(number, kills=4) for number in range(3)]) is None
    assert best_value(kills, [player(number, kills=4) for number in range(2)]) == 4


def test_players_stand_by_damage_with_the_unknown_last() -> None:
    """Most damage first, then kills."""
    order = ranked([unknown_player(1), player(2), player(3, damage_given=1020, kills=30), player(4)])

    assert [p.guid[-1] for p in order] == ["4", "3", "2", "1"]


def test_the_file_is_quoted_when_it_is_not_true() -> None:
    """A difference within the clock's own error is not worth a word; an unknown real time is."""
    by_players = card(duration_source="players")

    assert words.file_note(card()) == words.file_note(by_players) == "file said 12:00"
    assert words.file_note(card(duration_seconds=None)) == "file said 12:00"
    assert words.file_note(card(time_shown_seconds=505.0)) == "file said 8:25"
    assert words.file_note(replace(by_players, time_shown_seconds=505.0)) == ""
    assert words.file_note(card(time_shown_seconds=512.0)) == words.file_note(card(time_shown_seconds=None)) == ""


def test_the_clock_says_how_well_it_knows() -> None:
    """Only the server's own measurement stands without a remark."""
    cards = [card(duration_source=source) for source in ("notice", "file", "players")]
    unknown = card(duration_source="players", duration_seconds=None)

    assert [words.clock_text(one) for one in [*cards, unknown]] == ["8:32", "8:32", "≈8:32", UNKNOWN]
    assert len({words.clock_label(one) for one in [*cards, unknown]}) == 4
    assert words.clock_label(cards[0]) == "TIME PLAYED"


def test_limit_and_pauses() -> None:
    """What is unknown is left out; no pauses is said only when it is known."""
    unlimited = card(time_limit_seconds=None)

    assert words.clock_notes(card()) == "limit 12:00 · 2 pauses (1:34)"
    assert words.clock_notes(card(pause_count=1, total_pause_seconds=None)) == "limit 12:00 · 1 pause"
    assert words.clock_notes(replace(unlimited, pause_count=0)) == "no pauses"
    assert words.clock_notes(replace(unlimited, pause_count=None)) == ""


def test_share_of_the_limit() -> None:
    """The bar never leaves its track and needs both times."""
    assert [words.limit_share(card(duration_seconds=real)) for real in (360.0, 900.0, None)] == [0.5, 1.0, None]
    assert [words.limit_share(card(time_limit_seconds=limit)) for limit in (None, 0.0, -5.0)] == [None] * 3


def test_winner_and_roles_are_told_only_where_the_file_knows_them() -> None:
    """An aborted round's file does not; nor is there an attacker when the defender is unknown."""
    untrusted = [card(status="aborted"), card(end_reason="aborted")]

    assert [words.role_text(card(), side) for side in (0, 1, 2)] == ["", "defended", "attacked"]
    assert words.role_text(card(defender_side=0), 1) == ""
    assert [(words.winner(one), words.role_text(one, 1)) for one in untrusted] == [(0, "")] * 2


def test_the_result_falls_back_on_what_is_known() -> None:
    """Words given win; else the reason, else the winner, else nothing."""
    wordless = card(result="")

    assert words.result_text(card()) == "Allies surrendered"
    assert words.result_text(wordless) == "Surrender"
    assert words.result_text(replace(wordless, end_reason=None, winner_side=2)) == "Allies won"
    assert words.result_text(replace(wordless, end_reason="something new", winner_side=0)) == ""


def test_only_rounds_with_a_fault_carry_a_note() -> None:
    """An ordinary round says nothing about its status."""
    assert words.status_note(card()) == ""
    assert all(words.status_note(card(status=status)) for status in ("unpaired", "aborted", "empty"))


def test_a_shorter_stay_is_mentioned() -> None:
    """Half a minute less than the longest is worth a word; an unknown time is not."""
    assert words.played_note(player(1, time_played_seconds=245), 600) == "played 4:05"
    assert words.played_note(player(1, time_played_seconds=594), 600) == ""
    assert words.played_note(unknown_player(1), 600) == ""
