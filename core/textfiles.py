"""Text as people's editors save it: with or without a byte order mark. Imports nothing of ours."""

import codecs


def decoded(data: bytes) -> str:
    r"""Return the text of a file: UTF-8, or UTF-16 where its mark says so; the mark is left out.

    Raises:
        UnicodeDecodeError: it is neither.

    >>> decoded(b"\xef\xbb\xbf[discord]"), decoded("[discord]".encode("utf-16"))
    ('[discord]', '[discord]')
    """
    is_wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if is_wide else "utf-8-sig")
