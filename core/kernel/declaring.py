"""Puts a plugin's contract in place of the one before, if those who rely on it can go on."""

import logging
from collections.abc import Mapping

from core.errors import PluginError
from core.kernel.contract_file import class_place
from core.kernel.contracts import Contracts
from core.kernel.generation import Generation
from core.kernel.kinds import Kind
from core.kernel.served import serve
from core.kernel.slot import Slot

_log = logging.getLogger(__name__)


def dependents(slots: Mapping[str, Slot], owner: str, hook: str = "") -> list[str]:
    """Return the loaded plugins that name *owner* in `requires`, or implement *hook*."""
    return sorted(
        slot.name
        for slot in slots.values()
        if slot.name != owner and (hook in slot.impls or (slot.generation and _requires(slot.generation, owner)))
    )


class Declaring:
    """Changes what is declared. It is called within a swap, and waits for nothing."""

    def __init__(self, contracts: Contracts, slots: Mapping[str, Slot]) -> None:
        self._contracts, self._slots = contracts, slots
        self._told: dict[str, str] = {}

    def check(self, new: Generation) -> None:
        """Refuse a contract that takes away what a loaded plugin relies on (``PluginError``, which names it)."""
        owner = new.manifest.name
        kinds = {kind.type: kind for kind in new.kinds}
        for kind in self._contracts.of(owner):
            problem = _breaks(kind, kinds.get(kind.type))
            users = dependents(self._slots, owner, kind.hook) if problem else []
            if users:
                place = class_place(new.source, kind.cls.__name__)
                remedy = f"Leave what was there (fields with a default may be added), or switch {users[0]} off first."
                raise PluginError(
                    f"{owner}: {place}: {kind.type} {problem}, and {', '.join(users)} relies on it. {remedy}"
                )

    def put(self, owner: str, new: Generation | None) -> None:
        """Declare what *new* does, or nothing, for *owner*; handlers that waited for a hook are found."""
        if self._contracts.replace(owner, new.kinds if new else ()):
            self._bind()
        serve(owner, new.contract if new else None)

    def _bind(self) -> None:
        for slot in self._slots.values():
            if slot.generation is not None:
                if slot.error and slot.error == self._told.pop(slot.name, None):
                    slot.error = ""
                try:
                    slot.generation.bind(self._contracts)
                except PluginError as error:
                    slot.error = self._told[slot.name] = f"{error} Until then its handlers are those of before."
                    _log.error("%s", slot.error)


def _breaks(old: Kind, new: Kind | None) -> str:
    """Return in words what those who handle *old* miss in *new*, "" if nothing."""
    if new is None:
        return "is gone"
    for what, was, now in (("hook", old.hook, new.hook), ("argument", old.argument, new.argument)):
        if was != now:
            return f"has another {what}, {now} instead of {was}"
    if old.key != new.key:
        return f"has another key, {new.key} instead of {old.key}"
    return new.form.breaks(old.form)


def _requires(generation: Generation, owner: str) -> bool:
    return any(one.name == owner for one in generation.manifest.requires)
