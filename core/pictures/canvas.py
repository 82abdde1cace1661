"""A surface to draw on: smooth shapes, glows and text on one picture. Pillow is imported at first use."""

import io
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from core.pictures.colors import GROUND, Color
from core.pictures.fonts import MEDIUM, drawable, fit_text, font, pieces, text_width

if TYPE_CHECKING:
    from PIL import Image

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are outside."""

_FINER = 8  # corners are drawn this many times larger, then reduced


class Drawn(NamedTuple):
    """A text as it stands on a canvas: from *left* to *right* on the base line *base*."""

    left: float
    base: float
    right: float
    text: str
    face: str
    size: int
    color: Color


class Canvas:
    """One picture to draw on. Sizes and places are pixels from the top left; texts stand on their base line."""

    def __init__(self, width: int, height: int) -> None:
        from PIL import Image, ImageDraw

        self.image: Image.Image = Image.new("RGB", (width, height), GROUND)
        """Pillow's picture, for what is not offered here."""
        self.draw = ImageDraw.Draw(self.image)
        """Pillow's pen on it."""
        self.texts: list[Drawn] = []
        """What has been written, in order."""

    def fill(self, box: Box, color: Color, *, alpha: float = 1.0, radius: int = 0) -> None:
        """Fill *box*, its corners rounded; *alpha* from 0 (nothing) to 1 (opaque)."""
        width, height = box[2] - box[0], box[3] - box[1]
        if width <= 0 or height <= 0:
            return
        radius = min(radius, width // 2, height // 2)
        if alpha < 1:
            mask = _rounded(width, height, radius)
            self.image.paste(color, box, mask.point(_faded(alpha)))
            return
        left, top, right, bottom = box
        self.image.paste(color, (left, top + radius, right, bottom - radius))
        if radius > 0:
            ends = _rounded(width, 2 * radius, radius)
            self.image.paste(color, (left, top, right, top + radius), ends.crop((0, 0, width, radius)))
            self.image.paste(color, (left, bottom - radius, right, bottom), ends.crop((0, radius, width, 2 * radius)))

    def glow(self, box: Box, color: Color, *, alpha: float) -> None:
        """Fill *box* with *color*: *alpha* at the top left corner, nothing at the right and lower edges."""
        self.image.paste(color, box, _fading(box[2] - box[0], box[3] - box[1], round(alpha * 255)))

    def text(
        self, x: float, y: float, text: str, *, size: int, color: Color, face: str = MEDIUM, width: float | None = None
    ) -> float:
        """Draw *text* from *x* on base line *y*, cut to *width*; return where it ends."""
        shown = fit_text(text, face, size, 1e9 if width is None else width)
        return self.runs(x, y, [(color, shown)], face=face, size=size)

    def text_right(
        self, x: float, y: float, text: str, *, size: int, color: Color, face: str = MEDIUM, width: float | None = None
    ) -> float:
        """Draw *text* so that it ends at *x* on base line *y*, cut to *width*; return where it begins."""
        shown = fit_text(text, face, size, 1e9 if width is None else width)
        begin = x - text_width(shown, face, size)
        self.runs(begin, y, [(color, shown)], face=face, size=size)
        return begin

    def runs(self, x: float, y: float, runs: Iterable[tuple[Color, str]], *, face: str, size: int) -> float:
        """Draw fitted *runs*, each in its colour, from *x* on base line *y*; return where they end."""
        for color, text in runs:
            begin, shown = x, drawable(text, face)
            for one, part in pieces(shown, face):
                self._stamp(x, y, _written(one, size, part), color)
                x += font(one, size).getlength(part)
            if shown.strip():
                self.texts.append(Drawn(begin, y, x, shown, face, size, color))
        return x

    def _stamp(self, x: float, y: float, written: "tuple[Image.Image, int, int]", color: Color) -> None:
        mask, left, top = written
        self.image.paste(color, (round(x) + left, round(y) + top), mask)

    def png(self) -> bytes:
        """Return the picture as a PNG file, packed quickly rather than small."""
        file = io.BytesIO()
        self.image.save(file, "PNG", compress_level=2)
        return file.getvalue()


@lru_cache(maxsize=2048)
def _written(face: str, size: int, text: str) -> "tuple[Image.Image, int, int]":
    """Return *text* as a mask, and where its left upper corner lies from the start of its base line."""
    from PIL import Image, ImageDraw

    left, top, right, bottom = map(int, font(face, size).getbbox(text, anchor="ls"))
    mask = Image.new("L", (max(right - left, 1), max(bottom - top, 1)))
    ImageDraw.Draw(mask).text((-left, -top), text, fill=255, font=font(face, size), anchor="ls")
    return mask, left, top


@lru_cache(maxsize=16)
def _faded(alpha: float) -> list[int]:
    return [round(level * alpha) for level in range(256)]


@lru_cache(maxsize=64)
def _rounded(width: int, height: int, radius: int) -> "Image.Image":
    from PIL import Image

    mask = Image.new("L", (width, height), 255)
    if radius > 0:
        corner = _corner(radius)
        turns = (None, Image.Transpose.ROTATE_270, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_90)
        places = ((0, 0), (width - radius, 0), (width - radius, height - radius), (0, height - radius))
        for turn, place in zip(turns, places, strict=True):
            mask.paste(corner if turn is None else corner.transpose(turn), place)
    return mask


@lru_cache(maxsize=16)
def _corner(radius: int) -> "Image.Image":
    from PIL import Image, ImageDraw

    large = Image.new("L", (radius * _FINER, radius * _FINER), 0)
    reach = 2 * radius * _FINER - 1
    ImageDraw.Draw(large).ellipse((0, 0, reach, reach), fill=255)
    return large.reduce(_FINER)


@lru_cache(maxsize=16)
def _fading(width: int, height: int, strongest: int) -> "Image.Image":
    from PIL import Image, ImageChops

    down = Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_180)
    across = down.transpose(Image.Transpose.ROTATE_90)
    both = ImageChops.multiply(down, across).point(lambda level: round(level * strongest / 255))
    return both.resize((width, height), Image.Resampling.BICUBIC)
