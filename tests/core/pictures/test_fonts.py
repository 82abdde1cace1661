"""Texts are made drawable and fit their place; the bundled fonts have the letters and their licence."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import features

from core.pictures.fonts import (
    BLACK,
    BOLD,
    FALLBACKS,
    FONTS,
    MEDIUM,
    drawable,
    fit_runs,
    fit_size,
    has_glyph,
    pieces,
    text_width,
)
from core.pictures.texts import UNKNOWN

LETTERS = "ŠĐČĆŽ šđčćž ĄĘŁŃÓŚŹŻ ąęłńóśźż ĚŘŮŽ ěřůž ŐŰ őű Кириллица Їїґ"

names = st.text(alphabet=st.characters(), max_size=60) | st.text(alphabet="^0aA*! w漢🙂é\u0301\ud800", max_size=40)


@settings(max_examples=200, deadline=None)
@given(name=names, width=st.integers(20, 400))
def test_a_fitted_name_is_never_wider_than_its_place(name: str, width: int) -> None:
    """Names are cut by measured width, ellipsis included."""
    runs = fit_runs([("1", name), ("", name)], BOLD, 18, width)

    assert sum(text_width(text, BOLD, 18) for _, text in runs) <= width


def test_only_a_name_that_does_not_fit_is_cut() -> None:
    """Short names keep their runs and colours; of a long one the reader sees that something is missing."""
    assert fit_runs([("", "a"), ("1", "bc")], BOLD, 20, 200) == [("", "a"), ("1", "bc")]
    assert fit_runs([("1", "W" * 40)], BOLD, 20, 100)[-1][1].endswith("W…")


@pytest.mark.parametrize("face", [MEDIUM, BOLD, BLACK])
def test_the_bundled_fonts_have_our_players_letters(face: str) -> None:
    """Slovene, Polish, Czech, Hungarian and Cyrillic letters and the card's own signs are covered."""
    assert [char for char in LETTERS + "0123456789…≈±·□%:" + UNKNOWN if not has_glyph(face, char)] == []


def test_names_of_all_scripts_have_their_letters() -> None:
    """No box for what the world's players are called: each letter is in a font."""
    names = "Иванъ Ἀχιλλεύς 漢字の名前 한국어 中文玩家 שלום محمد ไทย देव 🙂🎯 Հայ ქართ ᚠᛇ ┌─┐ ☠ ⚔ ♛"

    assert "□" not in drawable(names, BOLD)
    assert "□" not in drawable(names, BLACK)


@pytest.mark.skipif(not features.check("raqm"), reason="this Pillow has no Raqm, which shapes Arabic")
def test_what_is_read_from_right_to_left_stands_so() -> None:
    """Pieces stand as they are read: Latin around a Hebrew name keeps its place, the name's words change theirs."""
    assert [part for _, part in pieces("[x] שלום עולם 7", BOLD)] == ["[x] ", "עולם", " ", "שלום", " 7"]
    assert text_width("محمد", BOLD, 40) != sum(text_width(letter, BOLD, 40) for letter in "محمد")  # joined
    assert fit_runs([("1", "مح"), ("2", "مد علي")], BOLD, 20, 500) == [("2", "محمد علي")]


@pytest.mark.parametrize("width", [0, 40, 90, 300])
def test_the_size_that_fits_is_the_largest(width: int) -> None:
    """One pixel more would be too wide, unless it is the size wanted; never less than the least."""
    size = fit_size("Wolken 漢字", BOLD, 50, width, least=12)

    assert size == 12 or text_width("Wolken 漢字", BOLD, size) <= width
    assert size == 50 or text_width("Wolken 漢字", BOLD, size + 1) > width


def test_the_fonts_carry_their_licence() -> None:
    """What is bundled says where it comes from and what it permits."""
    assert "SIL OPEN FONT LICENSE" in (FONTS / "OFL.txt").read_text(encoding="utf-8")
    assert all((FONTS / face).is_file() for face in (MEDIUM, BOLD, BLACK, *FALLBACKS))
    assert "fonts-inter" in (FONTS / "README.md").read_text(encoding="utf-8")


def test_the_digits_of_the_tables_are_all_as_wide() -> None:
    """Columns of numbers line up."""
    widths = [[text_width(digit, face, 23) for digit in "0123456789"] for face in (MEDIUM, BOLD)]

    assert all(max(of_face) - min(of_face) < 0.1 for of_face in widths)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("漢字", "漢字"),
        ("🙂", "🙂"),
        ("👨‍👩‍👧", "👨👩👧"),
        ("\U00012000\U0001f1e9", "□🇩"),
        ("ไทยแลนด์ देवनागरी", "ไทยแลนด์ देवनागरी"),
        ("\uff26\uff55\uff4c\uff4c", "Full"),
        ("\U0001d4d0\U0001d4eb", "Ab"),
        ("e\u0301", "é"),
        ("z\u0351\u036b\u033da", "za"),
        ("a\u200b\u202eb\ud800", "ab"),
    ],
)
def test_what_the_fonts_lack_becomes_plain_or_a_box(text: str, shown: str) -> None:
    """One box for each missing character; styled letters become plain; marks without a place go."""
    assert drawable(text, BOLD) == shown
