"""Names of players and files: cleaned, escaped, read."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.rounds.filenames import kind_of, parse_stats_filename
from core.rounds.names import (
    bot_guid,
    clean_name,
    color_runs,
    guest_guid,
    is_bot_guid,
    is_guest_guid,
    is_player_guid,
    normal_guid,
)
from core.shown import escape_markdown, one_line

names = st.text(alphabet=st.characters(codec="utf-8"), max_size=30)
SPECIAL = set("\\*_~`|>#[]()<@:")


@given(names)
@example("^1a^^2b")
@example("^\x1f0")
@example("^/fnx^d NO MERCY")
def test_color_runs_and_clean_name_tell_the_same_text(name: str) -> None:
    """What is drawn in colours is what is written without."""
    assert "".join(text for _, text in color_runs(name)).strip() == clean_name(name)


@given(names)
def test_an_escaped_name_has_no_bare_special_character(name: str) -> None:
    """Each character that Discord reads as Markdown, mention or link stands behind a backslash; what is seen stays."""
    escaped = escape_markdown(name)

    position = 0
    while position < len(escaped):
        if escaped[position] == "\\":
            position += 2
            continue
        assert escaped[position] not in SPECIAL
        position += 1
    assert escaped.replace("@\u200b", "@").replace("\\", "") == one_line(name).replace("\\", "")


@pytest.mark.parametrize(
    "text", ["@everyone", "<@123>", "https://evil.example", "[a](b)", "1. list", "> quote", "||spoiler||"]
)
def test_what_discord_would_act_on_is_defused(text: str) -> None:
    """Mentions, links, lists and quotes are shown letter by letter."""
    assert escape_markdown(text) != text


@pytest.mark.parametrize(
    ("guid", "name", "expected"),
    [
        ("0123456789abcdef0123456789abcdef", "a", "01234567"),
        (" deadbeef ", "a", "DEADBEEF"),
        ("OMNIBOT05", "^1Bot", bot_guid("Bot")),
        ("", "a", ""),
        ("NO_GUID", "^1guest", guest_guid("guest")),
        ("unknown", "guest", guest_guid("guest")),
        (guest_guid("guest#2"), "guest", guest_guid("guest#2")),
    ],
)
def test_guids_have_one_form(guid: str, name: str, expected: str) -> None:
    """Long, short, bots' and missing ones."""
    assert normal_guid(guid, name) == expected


def test_bots_and_people_are_told_apart() -> None:
    """By the form of the GUID alone."""
    assert is_bot_guid(bot_guid("x"))
    assert not is_player_guid(bot_guid("x"))
    assert is_guest_guid(guest_guid("x"))
    assert not is_player_guid(guest_guid("x"))
    assert is_player_guid("DEADBEEF")
    assert not is_player_guid("deadbeef")


@pytest.mark.parametrize(
    ("filename", "kind"),
    [
        ("2026-01-02-030405-supply-round-1.txt", "round"),
        ("2026-01-02-030405-te_escape2_fixed-round-2.txt", "round"),
        ("2026-01-02-030405-supply-round-1-endstats.txt", "endstats"),
        ("2026-01-02-030405-supply-round-1_endstats.txt", "endstats"),
        ("2026-01-02-030405-supply-round-3.txt", "other"),
        ("2026-13-02-030405-supply-round-1.txt", "other"),
        ("2026-01-02-250405-supply-round-1.txt", "other"),
        ("../2026-01-02-030405-supply-round-1.txt", "other"),
        ("2026-01-02-030405-a/b-round-1.txt", "other"),
        ("2026-01-02-030405-a\n-round-1.txt", "other"),
        ("2026-01-02-030405-supply-round-1.txt\n", "other"),
        ("٢٠٢٦-01-02-030405-supply-round-1.txt", "other"),
        ("2026-01-02-030405-" + "x" * 200 + "-round-1.txt", "other"),
        ("", "other"),
    ],
)
def test_the_kind_of_a_file_is_in_its_name(filename: str, kind: str) -> None:
    """Anything that is not a name the game server writes is ``other``."""
    assert kind_of(filename) == kind


def test_a_time_that_a_clock_change_repeats_can_mean_two() -> None:
    """The name carries the server's wall clock without zone."""
    zone = ZoneInfo("Europe/Ljubljana")
    autumn, spring, plain = (
        parse_stats_filename(f"{day}-supply-round-1.txt")
        for day in ("2026-10-25-023000", "2026-03-29-023000", "2026-01-02-030405")
    )
    assert autumn is not None
    assert spring is not None
    assert plain is not None

    assert autumn.possible_times(zone) == (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    )
    assert spring.possible_times(zone) == (datetime(2026, 3, 29, 1, 30, tzinfo=UTC),)
    assert plain.played_at(zone) == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)
    assert (plain.map_name, plain.round_number) == ("supply", 1)
