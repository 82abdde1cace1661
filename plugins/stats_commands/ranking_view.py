"""A page of a board in words. Pure; names are escaped."""

from collections.abc import Mapping, Sequence

from roundhook import Embed, Message, escape_markdown

from .figures import counted, hours, n, one, percent, two
from .rankings import RATES, Place
from .samples import places
from .views import BLUE

PAGE = 10
"""Players on a page."""


def board_page(
    title: str, where: str, board: Sequence[Place], number: int, category: str, names: Mapping[str, str], own: str = ""
) -> Message:
    """Return a page, from 0: equal values share a place, and each says what it is made of; *own* stands below."""
    page = slice(PAGE * number, PAGE * (number + 1))
    ranks = ranks_of(board, category)[page]
    lines = [board_line(rank, place, category, names) for rank, place in zip(ranks, board[page], strict=True)]
    text = "\n".join([f"{where}\n", *lines, *([f"\n{own}"] if own else [])])
    return Message(embeds=(Embed(title=title, description=text, color=BLUE),))


def ranks_of(board: Sequence[Place], category: str) -> list[str]:
    """Return the rank of each place of a board."""
    return places([shown(category, place.value) for place in board])


def board_line(rank: str, place: Place, category: str, names: Mapping[str, str]) -> str:
    """Return a player on a board in a line."""
    return f"{rank} **{_name(place.guid, names)}** — {shown(category, place.value)} ({_made_of(category, place)})"


def unranked_line(guid: str, place: Place | None, category: str, names: Mapping[str, str], needed: str) -> str:
    """Return in words why somebody is on no board."""
    name = _name(guid, names)
    if place is None:
        return f"**{name}** has no place: no complete round counts for {category} here."
    has = f"{shown(category, place.value)} ({_made_of(category, place)})"
    return f"**{name}** has no place yet: {has} is too little{needed}."


def shown(category: str, value: float) -> str:
    """Return a value of a category as it is shown."""
    if category == "accuracy":
        return percent(min(value, 1.0))
    return two(value) if category == "kd" else one(value) if category == "dpm" else n(int(value))


def _name(guid: str, names: Mapping[str, str]) -> str:
    return escape_markdown(names.get(guid, "")) or guid


def _made_of(category: str, place: Place) -> str:
    rounds = counted(place.rounds, "round")
    if category == "accuracy":
        return f"{rounds}, {n(place.shots)} shots"
    return f"{rounds}, {hours(place.seconds)}" if category in RATES else rounds
