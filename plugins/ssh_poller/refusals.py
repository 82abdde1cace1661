"""What was refused in one server's folder: the admins are told of each name once."""

import itertools
import logging
from collections.abc import Awaitable, Callable, Iterable, Set

from roundhook import one_line

TOLD_AT_ONCE = 400
"""Characters: so much of what was refused at one look is told, beside how much more there is."""


class Refusals:
    """Keeps what was refused: why at this look, and which names were told of."""

    def __init__(self, server: str, log: logging.Logger, tell_admins: Callable[[str], Awaitable[None]]) -> None:
        self._server, self._log, self._tell_admins = server, log, tell_admins
        self._told: set[str] = set()
        self._to_tell: dict[str, str] = {}

    def add(self, name: str, reason: object) -> None:
        """Note why a name was refused, unless it was told already."""
        if name not in self._told:
            self._to_tell[name] = f"{self._server}: {one_line(str(reason))}"

    def forget(self, name: str) -> None:
        """Tell of a name again when it is refused again: it was fetched meanwhile."""
        self._told.discard(name)

    def keep(self, names: Set[str]) -> None:
        """Forget all names but these: the others are gone from the folder."""
        self._told &= names

    async def tell(self) -> None:
        """Tell the admins what was refused at this look; the rest of a whole folder of it is in the log only."""
        texts = list(self._to_tell.values())
        lengths = list(itertools.accumulate(len(text) + 1 for text in texts))
        fits = max(sum(length <= TOLD_AT_ONCE for length in lengths), 1)
        first, rest = texts[:fits], texts[fits:]
        for text in rest:
            self._log.warning("%s", text)
        if first:
            await self._tell_admins("\n".join([*first, *([f"{len(rest)} more are in the log."] if rest else [])]))
        self._told.update(self._to_tell)
        self._to_tell.clear()

    def export(self) -> list[str]:
        """Return the names that were told, for the next generation."""
        return sorted(self._told)

    def restore(self, names: Iterable[str]) -> None:
        """Take over what ``export`` gave."""
        self._told.update(names)
