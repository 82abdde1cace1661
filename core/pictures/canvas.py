"""A surface to draw on: smooth shapes, glows and text on one picture. Pillow is imported at first use."""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from core.pictures.colors import GROUND, Color
from core.pictures.fonts import MEDIUM, drawable, fit_text, font, pieces, text_width
from core.pictures.png import packed

if TYPE_CHECKING:
    from PIL import Image
    from PIL._imaging import ImagingCore

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
            self.image.paste(color, box, _rounded(width, height, radius, alpha))
            return
        left, top, right, bottom = box
        self.image.paste(color, (left, top + radius, right, bottom - radius))
        if radius > 0:
            for edge, y in zip(_edges(width, radius), (top, bottom - radius), strict=True):
                self.image.paste(color, (left, y, right, y + radius), edge)

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
                mask, left, top, advance = _written(one, size, part)
                corner = (round(x) + left, round(y) + top)
                self.image.im.paste(color, (*corner, corner[0] + mask.size[0], corner[1] + mask.size[1]), mask)
                x += advance
            if shown.strip():
                self.texts.append(Drawn(begin, y, x, shown, face, size, color))
        return x

    def png(self) -> bytes:
        """Return the picture as a PNG file."""
        return packed(self.image)


@lru_cache(maxsize=2048)
def _written(face: str, size: int, text: str) -> "tuple[ImagingCore, int, int, float]":
    """Return *text* as a mask, where its left upper corner lies from the start of its base line, and how far it goes.

    Pillow's own mask, not a picture made of it: to make one takes longer than to draw the letters.
    """
    mask, (left, top) = font(face, size).getmask2(text, "L", anchor="ls")
    return mask, left, top, font(face, size).getlength(text)


@lru_cache(maxsize=64)
def _edges(width: int, radius: int) -> "tuple[Image.Image, Image.Image]":
    """Return the upper and the lower *radius* pixels of a rounded box."""
    whole = _rounded(width, 2 * radius, radius, 1.0)
    return whole.crop((0, 0, width, radius)), whole.crop((0, radius, width, 2 * radius))


@lru_cache(maxsize=64)
def _rounded(width: int, height: int, radius: int, alpha: float) -> "Image.Image":
    from PIL import Image

    mask = Image.new("L", (width, height), round(255 * alpha))
    if radius > 0:
        places = ((0, 0), (width - radius, 0), (width - radius, height - radius), (0, height - radius))
        for corner, place in zip(_corners(radius, alpha), places, strict=True):
            mask.paste(corner, place)
    return mask


@lru_cache(maxsize=16)
def _corners(radius: int, alpha: float) -> "tuple[Image.Image, ...]":
    """Return the corners of a rounded box, clockwise from the left upper one."""
    from PIL import Image, ImageDraw

    large = Image.new("L", (radius * _FINER, radius * _FINER), 0)
    reach = 2 * radius * _FINER - 1
    ImageDraw.Draw(large).ellipse((0, 0, reach, reach), fill=255)
    corner = large.reduce(_FINER).point([round(level * alpha) for level in range(256)])
    turns = (Image.Transpose.ROTATE_270, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_90)
    return (corner, *map(corner.transpose, turns))


@lru_cache(maxsize=16)
def _fading(width: int, height: int, strongest: int) -> "Image.Image":
    from PIL import Image, ImageChops

    down = Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_180)
    across = down.transpose(Image.Transpose.ROTATE_90)
    both = ImageChops.multiply(down, across).point(lambda level: round(level * strongest / 255))
    return both.resize((width, height), Image.Resampling.BICUBIC)
