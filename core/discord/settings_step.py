"""One step of a settings form, as its buttons, menus and modals carry it: all of its state stands in the custom id."""

from dataclasses import dataclass, replace
from typing import Any

from core.discord.messages import component_id
from core.errors import UserFacingError

ACTION = "set"
OVERVIEW, CHOOSE, TAKE, TRUE, FALSE, WRITE, WRITTEN, BACK_TO_DEFAULT = "okvynwmd"
"""Shows all; a key was chosen; values were; yes; no; opens the modal; it was filled in; takes the row back."""
_STEPS = frozenset((OVERVIEW, CHOOSE, TAKE, TRUE, FALSE, WRITE, WRITTEN, BACK_TO_DEFAULT))
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Step:
    """What is asked for by a component, of which plugin, by whom."""

    plugin: str
    user: int
    """Who has opened the form: nobody else may use it."""
    key: str = ""
    op: str = OVERVIEW
    everywhere: bool = False
    """The values for all servers are shown and set."""
    page: int = 0

    def id(self, op: str, **changes: Any) -> str:
        """Return the custom id of a component that leads from here to *op*."""
        step = replace(self, op=op, **changes)
        mode = "a" if step.everywhere else "g"
        return component_id("", ACTION, f"{op}{mode}{step.page}:{_base36(step.user)}:{step.plugin}:{step.key}")


def read_step(args: str) -> Step:
    """Return the step that a custom id has (else ``UserFacingError``)."""
    try:
        how, user, plugin, key = args.split(":")
        if how[0] not in _STEPS or how[1] not in "ag":
            raise ValueError(how)
        return Step(plugin, int(user, 36), key, how[0], how[1] == "a", int(how[2:]))
    except (ValueError, IndexError):
        raise UserFacingError("This form is of another version of the bot. Use /plugin settings again.") from None


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"
