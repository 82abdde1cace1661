"""Type: bundled fonts, and text made drawable and fitting. Pillow is imported at first use."""

import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Ink = TypeVar("Ink")
"""What a run of text is drawn in."""

MEDIUM = "Inter-Medium.otf"
"""The face of ordinary text."""
BOLD = "Inter-Bold.otf"
"""The face of names and headings."""
BLACK = "InterDisplay-Black.otf"
"""The face of large figures and titles."""

FONTS = Path(__file__).parent / "fonts"
ELLIPSIS = "…"

_STAND_IN = "□"
_MISSING = "\U0010ffff"  # no font has it
_UNDRAWN = frozenset({"Cc", "Cf", "Cs", "Mn", "Me", "Zl", "Zp"})
_LONGEST = 256  # characters looked at; more never fit
_PROBE_SIZE = 16  # pixels


@lru_cache(maxsize=64)
def font(face: str, size: int) -> "FreeTypeFont":
    """Return the bundled *face* at *size* pixels.

    The basic layout is on every machine and gives the same picture on all; Raqm is not.
    """
    from PIL import ImageFont

    return ImageFont.truetype(FONTS / face, size, layout_engine=ImageFont.Layout.BASIC)


def has_glyph(face: str, char: str) -> bool:
    """Tell whether *face* can draw *char*: what it lacks all looks alike."""
    return char == " " or _shape(face, char) != _nothing(face)


def drawable(text: str, face: str) -> str:
    """Return *text* as *face* can draw it.

    Marks and controls without a place of their own go (also emoji joiners and piled-up accents); styled letters such
    as full-width ones become plain; what is missing still becomes one box for each character.
    """
    return "".join(_drawable_char(face, char) for char in unicodedata.normalize("NFC", text[:_LONGEST]))


def text_width(text: str, face: str, size: int) -> float:
    """Return the width of *text*, as it is drawn, in pixels."""
    return _width(drawable(text, face), face, size)


def fit_runs(runs: Iterable[tuple[Ink, str]], face: str, size: int, width: float) -> list[tuple[Ink, str]]:
    """Return *runs* made drawable and cut, with an ellipsis, to *width* pixels."""
    whole = [(code, drawable(text, face)) for code, text in runs]
    if sum(_width(text, face, size) for _, text in whole) <= width:
        return [(code, text) for code, text in whole if text]
    return _cut(whole, face, size, width - _width(ELLIPSIS, face, size))


def fit_text(text: str, face: str, size: int, width: float) -> str:
    """Return *text* made drawable and cut, with an ellipsis, to *width* pixels."""
    return "".join(part for _, part in fit_runs([("", text)], face, size, width))


def fit_size(text: str, face: str, size: int, width: float, *, least: int = 9) -> int:
    """Return the largest size, at most *size* and at least *least* pixels, at which *text* is within *width*."""
    while size > least and text_width(text, face, size) > width:
        size -= 1
    return size


def _cut(runs: list[tuple[Ink, str]], face: str, size: int, room: float) -> list[tuple[Ink, str]]:
    kept: list[tuple[Ink, str]] = []
    for code, text in runs:
        part = _head(text, face, size, room)
        room -= _width(part, face, size)
        if len(part) < len(text):
            return [*kept, (code, part.rstrip() + ELLIPSIS)]
        kept.append((code, part))
    return kept


def _width(text: str, face: str, size: int) -> float:
    """Return the width of drawable *text*."""
    return font(face, size).getlength(text) if text else 0.0


def _head(text: str, face: str, size: int, room: float) -> str:
    while text and _width(text, face, size) > room:
        text = text[:-1]
    return text


@lru_cache(maxsize=4096)
def _drawable_char(face: str, char: str) -> str:
    if unicodedata.category(char) in _UNDRAWN:
        return ""
    if has_glyph(face, char):
        return char
    plain = unicodedata.normalize("NFKC", char)
    drawn = "".join(c for c in plain if unicodedata.category(c) not in _UNDRAWN)
    return drawn if drawn and all(has_glyph(face, c) for c in drawn) else _STAND_IN


@cache
def _nothing(face: str) -> tuple[tuple[int, int], bytes]:
    return _shape(face, _MISSING)


def _shape(face: str, char: str) -> tuple[tuple[int, int], bytes]:
    mask = font(face, _PROBE_SIZE).getmask(char)
    return mask.size, bytes(mask)
