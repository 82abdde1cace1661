"""Names and GUIDs of players: colour codes, cleaning, identity."""

import functools
import hashlib
import re

from core.likeness import plain
from core.shown import letters

# `^` and one printable character that is neither `^` nor a blank: real names use `^/` and `^?` too.
_COLOR_CODE = re.compile(r"\^([^\s^\x00-\x1f\x7f])")
_GUID = re.compile(r"[0-9A-F]{8}")
_BOT_GUID = "OMNIBOT"
_NO_GUIDS = frozenset({"", "NO_GUID", "NOGUID", "NO GUID", "UNKNOWN", "NONE", "NULL", "NIL", "N/A", "-", "?"})
"""What game servers that do not check GUIDs send in place of one."""
_GUEST = "NOID"

GUID_LENGTH = 8
LONGEST_KEY = 40
"""Letters of a name by which it is found."""


def clean_name(name: str) -> str:
    """Return *name* without colour codes, outer blanks and what cannot be seen (controls, directions of writing).

    >>> clean_name("^/fnx^d NO MERCY")
    'fnx NO MERCY'
    """
    return _COLOR_CODE.sub("", letters(name)).strip()


def color_runs(name: str) -> list[tuple[str, str]]:
    """Split *name* into (colour code, text) runs; the code is "" before the first one.

    >>> color_runs("a^1b^7c")
    [('', 'a'), ('1', 'b'), ('7', 'c')]
    """
    pieces = _COLOR_CODE.split(letters(name))
    runs = [("", pieces[0]), *zip(pieces[1::2], pieces[2::2], strict=True)]
    return [(code, text) for code, text in runs if text]


@functools.lru_cache(4096)
def name_key(name: str) -> str:
    """Return *name* as it is looked for: without colour codes, case, accents and blanks.

    >>> name_key("^/fnx^d NO MERCY")
    'fnxnomercy'
    """
    return plain(clean_name(name))[:LONGEST_KEY]


def name_parts(key: str) -> set[str]:
    """Return each three letters in a row of a ``name_key``; its beginning and its end are blanks.

    >>> sorted(name_parts("olz"))
    [' ol', 'lz ', 'olz', 'z  ']
    """
    padded = f" {key}  "
    return {padded[place : place + 3] for place in range(len(padded) - 2)}


def normal_guid(guid: str, name: str = "") -> str:
    """Return the identity used in events and tables: 8 characters, upper case.

    Senders of notices give 32 hex digits, stats files 8. All bots of slots 0 to 9 share one GUID text
    (``OMNIBOT0``), so a bot is told apart by its cleaned name instead; so is a guest, whose client has no GUID.
    """
    short = guid.strip().upper()
    if short.startswith(_BOT_GUID):
        return bot_guid(name)
    if name and short and is_no_guid(short):
        return guest_guid(name)
    return short[:GUID_LENGTH]


def bot_guid(name: str) -> str:
    """Return a bot's identity: ``BOT`` and 5 hex digits of a hash of its cleaned name."""
    return "BOT" + hashlib.sha256(clean_name(name).encode()).hexdigest()[:5].upper()


def guest_guid(name: str) -> str:
    """Return the identity of who has no GUID: ``NOID`` and 4 hex digits of a hash of the cleaned name."""
    return _GUEST + hashlib.sha256(clean_name(name).encode()).hexdigest()[:4].upper()


def is_no_guid(text: str) -> bool:
    """Tell whether *text*, which stands where a GUID should, says that there is none.

    >>> is_no_guid("NO_GUID"), is_no_guid("unknown"), is_no_guid("D8423F90")
    (True, True, False)
    """
    return text.strip().upper() in _NO_GUIDS


def is_guest_guid(guid: str) -> bool:
    """Tell whether *guid* (as stored) is that of somebody without one."""
    return guid.startswith(_GUEST)


def is_bot_guid(guid: str) -> bool:
    """Tell whether *guid* (as stored) is a bot's."""
    return guid.startswith("BOT")


def is_player_guid(guid: str) -> bool:
    """Tell whether *guid* (as stored) is a person's: 8 hex digits, upper case."""
    return _GUID.fullmatch(guid) is not None
