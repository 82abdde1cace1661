"""Which intents hikari's event classes need: a listener that would never be called is refused, with what to write."""

import inspect
import sys
from collections.abc import Collection, Iterator
from typing import Any

import hikari
from hikari.events.base_events import get_required_intents_for
from hikari.events.poll_events import BasePollVoteEvent

from core.errors import PluginError
from core.kernel.declarations import check_async
from core.kernel.intents import OWN, SWITCHES, bits, line_for, names_of
from core.kernel.manifest import Manifest

_UNSAID: dict[type[hikari.Event], Collection[hikari.Intents]] = {
    BasePollVoteEvent: (hikari.Intents.GUILD_MESSAGE_POLLS, hikari.Intents.DIRECT_MESSAGE_POLLS),
    hikari.DMTypingEvent: (hikari.Intents.DM_MESSAGE_TYPING,),
}
"""What Discord wants for them, and hikari does not say, or says wrongly."""


def check_listener(manifest: Manifest, event_type: Any, listener: Any) -> None:
    """Refuse (``PluginError``) what is no event, what cannot be called with one, and what would never be called."""
    if not (isinstance(event_type, type) and issubclass(event_type, hikari.Event)):
        raise PluginError(f"{manifest.name}: listen({event_type!r}, …): name one of hikari's event classes.")
    check_async(f"{manifest.name}: listen({event_type.__name__})", listener, 1)
    asked = bits(manifest.intents)
    if missing := missing_for(event_type, OWN | asked):
        place = manifest.place("plugin", "intents")
        raise PluginError(
            f"{manifest.name}: {event_type.__name__} never arrives: the plugin does not ask Discord for it. Write in "
            f"[plugin] ({place}): {line_for(asked | missing)}{_switches_for(missing)}"
        )


def missing_for(event_type: type[hikari.Event], intents: int) -> int:
    """Return what is missing from *intents* for an event to arrive; 0 if it, or one of its kind, can."""
    groups = [int(group) for group in groups_of(event_type)]
    if not groups or any(group & intents == group for group in groups):
        return 0
    return groups[0] & ~intents


def groups_of(event_type: type[hikari.Event]) -> Iterator[hikari.Intents]:
    """Give the intents of which one will do; of a base class, those of the events that derive from it."""
    if inspect.isabstract(event_type):
        for derived in derived_of(event_type):
            yield from groups_of(derived)
    else:
        unsaid = [groups for known, groups in _UNSAID.items() if issubclass(event_type, known)]
        yield from unsaid[0] if unsaid else get_required_intents_for(event_type)


def derived_of(event_type: type[hikari.Event]) -> Iterator[type[hikari.Event]]:
    """Give the events that derive from another, without what a class was before it was given slots.

    ``attrs`` makes such a class anew; the first one is there until garbage is looked for, and nothing is known of it.
    """
    for derived in event_type.__subclasses__():
        if getattr(sys.modules.get(derived.__module__), derived.__name__, derived) is derived:
            yield derived


def _switches_for(intents: int) -> str:
    """Return what has to be done besides, for the privileged ones."""
    switches = [f"'{SWITCHES[name][0]}'" for name in names_of(intents) if name in SWITCHES]
    return f" and switch on {' and '.join(switches)} in the Developer Portal (Bot)" if switches else ""
