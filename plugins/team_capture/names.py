"""What a team is called: the clan tag that most of it share, else its two players with most rounds. No database."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_BRACKETS = r"[\[\](){}<>«»=*|]"
_TAG = r"[^\W_]{2,8}"
_SEPARATOR = r"[|.\-_:~'^/\\+!»>\])}]"
_FORMS = (
    re.compile(rf"^{_BRACKETS}+(?P<tag>{_TAG}){_BRACKETS}+\W*(?=\w)"),  # [vx]kirby =vx=kirby
    re.compile(rf"\w\W*{_BRACKETS}+(?P<tag>{_TAG}){_BRACKETS}+$"),  # kirby[vx]
    re.compile(rf"^\W*(?P<tag>{_TAG}){_SEPARATOR}+(?=\w)"),  # vx.kirby .vx.kirby
    re.compile(rf"(?<=\w){_SEPARATOR}+(?P<tag>{_TAG})\W*$"),  # kirby.vx
)


class Member(NamedTuple):
    """A player of a team: his name, and how many rounds he played."""

    guid: str
    name: str
    rounds: int


def team_names(first: Sequence[Member], second: Sequence[Member]) -> tuple[str, str]:
    """Return the names of two teams; a tag that both share tells nothing."""
    tags = shared_tag(first), shared_tag(second)
    if tags[0].casefold() == tags[1].casefold():
        tags = "", ""
    return tags[0] or _two_of(first), tags[1] or _two_of(second)


def shared_tag(members: Sequence[Member]) -> str:
    """Return the tag that more than half of *members* (two at least) have in their names, "" if there is none."""
    spellings = [_tags(one.name) for one in members]
    counts = Counter(tag for found in spellings for tag in found)
    tag, count = min(counts.items(), key=lambda one: (-one[1], one[0]), default=("", 0))
    if count < 2 or count * 2 <= len(members):
        return ""
    written = Counter(found[tag] for found in spellings if tag in found)
    return min(written, key=lambda spelling: (-written[spelling], spelling))


def _tags(name: str) -> Mapping[str, str]:
    """Return what in a name may be a tag: by its small letters, as it is written."""
    found = [match["tag"] for form in _FORMS if (match := form.search(name))]
    return {tag.casefold(): tag for tag in reversed(found) if not tag.isdigit()}


def _two_of(members: Sequence[Member]) -> str:
    busiest = sorted(members, key=lambda one: (-one.rounds, one.name.casefold(), one.name, one.guid))
    return " & ".join(one.name or one.guid for one in busiest[:2])
