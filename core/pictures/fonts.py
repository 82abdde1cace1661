"""Type: bundled fonts, and text made drawable and fitting, in any script. Pillow is imported at first use.

What a face lacks is drawn in the first of the fallback fonts that has it. A text is cut into pieces of one font and one
direction, and these stand in the order in which they are read; each is shaped by Raqm where Pillow has it, as its
wheels do.
"""

import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, Layout

Ink = TypeVar("Ink")
"""What a run of text is drawn in."""

MEDIUM = "Inter-Medium.otf"
"""The face of ordinary text."""
BOLD = "Inter-Bold.otf"
"""The face of names and headings."""
BLACK = "InterDisplay-Black.otf"
"""The face of large figures and titles."""

_SCRIPTS = ("NotoSansHebrew.ttf", "NotoSansArabic.ttf", "NotoSansThai.ttf", "NotoSansDevanagari.ttf")
FALLBACKS = (*_SCRIPTS, "NotoEmoji.ttf", "NotoSansCJK.otf", "Unifont.otf")
"""Fonts for what the faces lack, the best first."""

FONTS = Path(__file__).parent / "fonts"
ELLIPSIS = "…"

_STAND_IN = "□"
_MISSING = "\U0010ffff"  # no font has it
_MARKS = frozenset({"Mn", "Me"})
_UNDRAWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", *_MARKS})
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_LONGEST = 256  # characters looked at; more never fit
_PROBE_SIZE = 16  # pixels


@lru_cache(maxsize=128)
def font(face: str, size: int) -> "FreeTypeFont":
    """Return the bundled *face* at *size* pixels."""
    from PIL import ImageFont

    return ImageFont.truetype(FONTS / face, size, layout_engine=_layout())


def has_glyph(face: str, char: str) -> bool:
    """Tell whether *face* can draw *char*: what it lacks all looks alike."""
    return char == " " or _shape(face, char) != _nothing(face)


def drawable(text: str, face: str) -> str:
    """Return *text* as *face* and the fallback fonts can draw it.

    Controls and marks that belong to no letter of their script go (also emoji joiners and piled-up accents); styled
    letters such as full-width ones become plain; what no font has becomes one box for each character.
    """
    return _drawable(text[:_LONGEST], face)


def text_width(text: str, face: str, size: int) -> float:
    """Return the width of *text*, as it is drawn, in pixels."""
    return _width(drawable(text, face), face, size)


@lru_cache(maxsize=4096)
def pieces(text: str, face: str) -> tuple[tuple[str, str], ...]:
    """Cut drawable *text* into font and text of each piece, in the order in which they stand from left to right."""
    found: list[tuple[str, str]] = []
    for is_rtl, stretch in _stretches(text):
        parts = [(one, "".join(chars)) for one, chars in groupby(stretch, lambda char: _font_of(face, char))]
        found += [(one, _turned(part)) for one, part in reversed(parts)] if is_rtl else parts
    return tuple(found)


def fit_runs(runs: Iterable[tuple[Ink, str]], face: str, size: int, width: float) -> list[tuple[Ink, str]]:
    """Return *runs* made drawable and cut, with an ellipsis, to *width* pixels.

    Where anything is written from right to left, the longest run's ink is that of all: colours that change within a
    word would tear its letters apart.
    """
    whole = [(ink, drawable(text, face)) for ink, text in runs]
    if len(whole) > 1 and any(_is_rtl(char) for _, text in whole for char in text):
        whole = [(max(whole, key=lambda run: len(run[1]))[0], "".join(text for _, text in whole))]
    if sum(_width(text, face, size) for _, text in whole) <= width:
        return [(ink, text) for ink, text in whole if text]
    return _cut(whole, face, size, width - _width(ELLIPSIS, face, size))


def fit_text(text: str, face: str, size: int, width: float) -> str:
    """Return *text* made drawable and cut, with an ellipsis, to *width* pixels."""
    return "".join(part for _, part in fit_runs([("", text)], face, size, width))


def fit_size(text: str, face: str, size: int, width: float, *, least: int = 9) -> int:
    """Return the largest size, at most *size* and at least *least* pixels, at which *text* is within *width*."""
    wanted = text_width(text, face, size)
    if wanted > width > 0:
        size = min(size, max(least, int(size * width / wanted) + 1))
    while size > least and text_width(text, face, size) > width:
        size -= 1
    return size


def _cut(runs: list[tuple[Ink, str]], face: str, size: int, room: float) -> list[tuple[Ink, str]]:
    kept: list[tuple[Ink, str]] = []
    for ink, text in runs:
        part = _head(text, face, size, room)
        room -= _width(part, face, size)
        if len(part) < len(text):
            return [*kept, (ink, part.rstrip() + ELLIPSIS)]
        kept.append((ink, part))
    return kept


@lru_cache(maxsize=8192)
def _width(text: str, face: str, size: int) -> float:
    """Return the width of drawable *text*."""
    return sum(font(one, size).getlength(part) for one, part in pieces(text, face))


def _head(text: str, face: str, size: int, room: float) -> str:
    """Return as much of *text* as fits: a guess by its mean letter, then letter by letter."""
    width = _width(text, face, size)
    if width > 2 * room > 0:
        text = text[: int(len(text) * room / width) * 2 + 8]
    while text and _width(text, face, size) > room:
        text = text[:-1]
    return text


@cache
def _layout() -> "Layout":
    from PIL import ImageFont, features

    return ImageFont.Layout.RAQM if features.check("raqm") else ImageFont.Layout.BASIC


def _turned(text: str) -> str:
    """Return a piece that is read from right to left as it is given to Pillow: without Raqm it turns nothing itself."""
    from PIL import ImageFont

    return text if _layout() == ImageFont.Layout.RAQM or not any(map(_is_rtl, text)) else text[::-1]


def _stretches(text: str) -> Iterable[tuple[bool, str]]:
    """Cut *text* where its direction changes; what has none goes to the right-to-left letters on both its sides."""
    strong = [True if _is_rtl(char) else False if unicodedata.bidirectional(char) == "L" else None for char in text]
    before, after = _filled(strong), _filled(strong[::-1])[::-1]
    signs = zip(text, (bool(one and other) for one, other in zip(before, after, strict=True)), strict=True)
    return [(is_rtl, "".join(char for char, _ in group)) for is_rtl, group in groupby(signs, lambda sign: sign[1])]


def _filled(strong: list[bool | None]) -> list[bool]:
    """Return for each place the last direction up to there."""
    last, found = False, []
    for one in strong:
        last = last if one is None else one
        found.append(last)
    return found


@cache
def _is_rtl(char: str) -> bool:
    return unicodedata.bidirectional(char) in _RIGHT_TO_LEFT


@lru_cache(maxsize=4096)
def _drawable(text: str, face: str) -> str:
    return "".join(_drawable_char(face, char) for char in unicodedata.normalize("NFC", text))


@lru_cache(maxsize=4096)
def _drawable_char(face: str, char: str) -> str:
    category = unicodedata.category(char)
    if category in _UNDRAWN:
        return char if category in _MARKS and any(has_glyph(one, char) for one in _SCRIPTS) else ""
    if has_glyph(face, char):
        return char
    plain = unicodedata.normalize("NFKC", char)
    drawn = "".join(c for c in plain if unicodedata.category(c) not in _UNDRAWN)
    if drawn and drawn != char and all(has_glyph(face, c) for c in drawn):
        return drawn
    return char if any(has_glyph(one, char) for one in (BOLD, *FALLBACKS)) else _STAND_IN


@lru_cache(maxsize=4096)
def _font_of(face: str, char: str) -> str:
    """Return the font that draws *char*; what none has is a box of the face."""
    wanted = _SCRIPTS if unicodedata.category(char) in _MARKS else (face, BOLD, *FALLBACKS)
    return next((one for one in wanted if has_glyph(one, char)), face)


@cache
def _nothing(face: str) -> tuple[tuple[int, int], bytes]:
    return _shape(face, _MISSING)


def _shape(face: str, char: str) -> tuple[tuple[int, int], bytes]:
    mask = _probe(face).getmask(char)
    return mask.size, bytes(mask)


@cache
def _probe(face: str) -> "FreeTypeFont":
    """Return *face* as it draws a character by itself: Raqm would set a mark on a dotted circle."""
    from PIL import ImageFont

    return ImageFont.truetype(FONTS / face, _PROBE_SIZE, layout_engine=ImageFont.Layout.BASIC)
