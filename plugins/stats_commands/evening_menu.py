"""The menus below an evening, and what is answered when something is chosen."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from roundhook import Message

from . import evening_views
from .evening_card import best_in
from .evenings import Evening, Evenings

if TYPE_CHECKING:
    import hikari

MOST_CHOICES = 25
_NAME = 80
ACTION, CHOOSE = "evening", "choose"


def menus(component_id: Callable[[str, object], str], evening: Evening) -> tuple[Any, ...]:
    """Return two rows: a menu of tables, and one of the evening's players."""
    tables = [(f"team:{team}", f"Table of {name}") for team, name in sorted(evening.teams.items())]
    tables = tables or [("team:0", "Table of all players")]
    tables += [("weapons:", "Weapons"), ("awards:", "Awards")]
    players = [(f"player:{one.guid}", one.name or one.guid) for one in evening.players[:MOST_CHOICES]]
    number = evening.session["id"]
    rows = [_menu(component_id(ACTION, f"{number}:tables"), "More of this evening …", tables)]
    if players:
        rows.append(_menu(component_id(ACTION, f"{number}:players"), "A player's evening …", players))
    return tuple(rows)


def choose(component_id: Callable[[str, object], str], sessions: Sequence[Any], labels: Sequence[str]) -> Any:
    """Return the row to choose one of these sessions from."""
    choices = [(f"{row['id']}:", label) for row, label in zip(sessions, labels, strict=True)]
    return _menu(component_id(ACTION, CHOOSE), "Show an evening …", choices)


async def chosen(evenings: Evenings, evening: Evening, choice: str) -> Message:
    """Return the answer to what was chosen in a menu."""
    kind, _, which = choice.partition(":")
    session = evening.session["id"]
    if kind == "weapons":
        return evening_views.weapons_message("Weapons", await evenings.weapons(session))
    if kind == "awards":
        return evening_views.session_awards_message(await evenings.awards(session))
    if kind == "player":
        weapons = await evenings.weapons(session, which)
        return evening_views.evening_player_message(evening, which, weapons, best_in(evening.players).get(which, ""))
    return evening_views.team_message(evening, int(which) if which in ("1", "2") else 0)


def _menu(custom_id: str, placeholder: str, choices: list[tuple[str, str]]) -> "hikari.impl.MessageActionRowBuilder":
    import hikari  # the terminal reads this plugin too

    row = hikari.impl.MessageActionRowBuilder()
    menu = row.add_text_menu(custom_id, placeholder=placeholder, min_values=1)
    for value, label in choices:
        menu.add_option(label[:_NAME], value)
    return row
