"""Which of the names that there are somebody means who has typed a part of one, or made a mistake.

The likeness itself is rapidfuzz's (docs/decisions/0020), which is imported when it is first needed.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

T = TypeVar("T")

CHOICES = 25
"""As many as Discord shows while somebody types."""
LIKE = 0.6
"""From here on, of 1, something is like what was typed: one mistake in three letters, two in five."""
SHORTEST = 3
"""Of fewer letters any name is like any other: they are only looked for as they stand."""
MEANT = 3
"""Names that a refusal asks about."""
_BLANK = re.compile(r"\s+")
_JOINT = re.compile(r"[\s_-]+")


class Nearness(NamedTuple):
    """How near a name is to what was typed; the smaller the nearer."""

    kind: int
    """0 the same, 1 it begins so, 2 it holds it, 3 it is like it."""
    distance: float = 0.0
    """0 to 1, of what is only like it."""

    @property
    def holds(self) -> bool:
        """Whether the name holds what was typed."""
        return self.kind < 3


def plain(text: str) -> str:
    """Return *text* as it is compared: without case, accents and blanks.

    >>> plain("Črt  ONE")
    'crtone'
    """
    if not text.isascii():
        text = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return _BLANK.sub("", text.casefold())


def nearness(typed: str, name: str) -> Nearness | None:
    """Return how near a *name* is to what was *typed*, both ``plain``; None: it is not."""
    if typed == name:
        return Nearness(0)
    if typed in name:
        return Nearness(1 if name.startswith(typed) else 2)
    if len(typed) < SHORTEST or (alike := _alike(typed, name)) < LIKE:
        return None
    return Nearness(3, 1 - alike)


def ranked(things: Iterable[T], near: Callable[[T], Nearness | None]) -> list[T]:
    """Return those of *things* that are *near*, the nearest first; of equal ones in the order given."""
    found = [(place, one) for one in things if (place := near(one)) is not None]
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def fitting(typed: str, names: Iterable[str], most: int = CHOICES) -> list[str]:
    """Return those of *names* that hold what is typed, else those like it, the nearest first.

    Hyphens and underscores count as blanks.

    >>> fitting("mvp shuot", ["ladder", "mvp_shout"])
    ['mvp_shout']
    """
    wanted = _joined(typed)
    near = {name: place for name in names if (place := nearness(wanted, _joined(name)))}
    holds = any(place.holds for place in near.values())
    return ranked(near, lambda name: near[name] if near[name].holds or not holds else None)[:most]


def did_you_mean(typed: str, names: Iterable[str], shown: Callable[[str], str] = str) -> str:
    """Return the question, with a blank after it, that helps who has typed a wrong name; "" if none is like it.

    >>> did_you_mean("mvp_shot", ["ladder", "mvp_shout"])
    'Did you mean mvp_shout? '
    """
    near = [shown(one) for one in fitting(typed, sorted(names), MEANT)] if typed else []
    return f"Did you mean {' or '.join(near)}? " if near else ""


def _joined(name: str) -> str:
    return _JOINT.sub("", plain(name)) or name


def _alike(typed: str, name: str) -> float:
    """Return how like they are, 0 to 1: as a whole, as far as was typed, and in any part."""
    from rapidfuzz import fuzz
    from rapidfuzz.distance import OSA

    whole = OSA.normalized_similarity(typed, name)
    begun = OSA.normalized_similarity(typed, name[: len(typed)])
    part = fuzz.partial_ratio(typed, name) / 100 if len(typed) <= len(name) else 0.0
    return max(whole, 0.95 * begun, 0.9 * part)
