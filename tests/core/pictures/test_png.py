"""A drawn picture is packed so that everybody can open it, pixel for pixel."""

import asyncio
import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.pictures.canvas import Canvas
from core.pictures.colors import Color
from core.pictures.png import packed
from core.pictures.threads import DrawingThreads

shares = st.integers(0, 255)


@settings(max_examples=30, deadline=None)
@given(width=st.integers(1, 40), height=st.integers(1, 600), color=st.tuples(shares, shares, shares))
def test_what_is_packed_comes_out_again(width: int, height: int, color: Color) -> None:
    """Each pixel of a picture of any size, also where it is packed in several strips."""
    picture = Image.radial_gradient("L").resize((width, height)).convert("RGB")
    picture.paste(color, (width // 2, height // 3, width, height))

    data = packed(picture)

    Image.open(io.BytesIO(data)).verify()  # the sums of its parts
    opened = Image.open(io.BytesIO(data))
    assert (opened.format, opened.mode, opened.size) == ("PNG", "RGB", (width, height))
    assert opened.tobytes() == picture.tobytes()
    assert len(_stream_of(data)) == height * (3 * width + 1)


@pytest.mark.parametrize("alpha", [0.0, 0.13, 0.75, 1.0])
@pytest.mark.parametrize("radius", [0, 2, 14, 90])
def test_a_box_is_filled_alike_at_all_its_corners(alpha: float, radius: int) -> None:
    """Mirrored it looks the same; its middle has the colour, what is outside stays."""
    canvas = Canvas(100, 60)
    before = canvas.image.copy()

    canvas.fill((10, 10, 90, 50), (250, 130, 10), alpha=alpha, radius=radius)

    flips = [Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM]
    assert all(canvas.image.transpose(flip).tobytes() == canvas.image.tobytes() for flip in flips)
    assert canvas.image.getpixel((9, 30)) == before.getpixel((9, 30))
    middle = canvas.image.getpixel((50, 30))
    assert isinstance(middle, tuple)
    assert middle[0] == pytest.approx(13 + (250 - 13) * alpha, abs=2)


def _stream_of(data: bytes) -> bytes:
    """Return what is packed in a PNG file, as zlib gives it, which looks at its sum too."""
    start = data.index(b"IDAT")
    (length,) = struct.unpack(">I", data[start - 4 : start])
    return zlib.decompress(data[start + 4 : start + 4 + length])


async def test_a_burst_gives_the_same_bytes() -> None:
    """A picture that is drawn alone is packed by two threads, one of many by its own; the file is the same."""
    canvas, threads = Canvas(300, 200), DrawingThreads()
    canvas.text(20, 120, "Schönes Wetter", size=40, color=(250, 130, 10))

    alone = await threads.draw(canvas.png)
    many = await asyncio.gather(*(threads.draw(canvas.png) for _ in range(6)))

    assert set(many) == {alone}
