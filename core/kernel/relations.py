"""Which plugin requires which: who is refused, who goes with whom, who comes back, and in which order."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping

from core.errors import PluginError
from core.kernel.manifest import Manifest
from core.kernel.reliance import check_required, misfit
from core.kernel.slot import Slot


class Relations:
    """Looks at the plugins in *slots*; *not_found* says why there is none of a name."""

    def __init__(self, slots: Mapping[str, Slot], not_found: Callable[[str], str]) -> None:
        self._slots, self._not_found = slots, not_found
        self._leaving: set[str] = set()

    def absence(self, name: str) -> str:
        """Return why a plugin does not run, or not any more, with the remedy; "" if it does."""
        slot = self._slots.get(name)
        if slot is None:
            return self._not_found(name)
        if not slot.enabled:
            return f"{name} is switched off. Switch it on with /plugin enable {name}."
        if slot.generation is None or name in self._leaving:
            return f"{name} does not run: {slot.error.removeprefix(f'{name}: ') or 'it is being loaded.'}"
        return ""

    def check(self, slot: Slot, manifest: Manifest) -> None:
        """Refuse a version that lacks what it requires, or that one which runs excludes (``PluginError``)."""
        slot.lacking = True
        check_required(manifest, {name: one.manifest for name, one in self._slots.items()}, self.absence)
        slot.lacking = False
        for other in self.requirers(manifest.name):
            for need in other.manifest.requires:
                if need.name == manifest.name and (lack := misfit(need, manifest)):
                    where = f"{other.manifest.folder}/{other.manifest.place('plugin', 'requires')}"
                    raise PluginError(
                        f"{manifest.name}: {other.name}, which runs, requires {need} ({where}), and {lack} "
                        f"To change both, disable {other.name} first."
                    )

    @contextlib.contextmanager
    def leaving(self, name: str) -> Iterator[None]:
        """For the block, nobody is let in who requires this plugin."""
        self._leaving.add(name)
        try:
            yield
        finally:
            self._leaving.discard(name)

    def requirers(self, name: str) -> list[Slot]:
        """Return the plugins that run and require *name*."""
        return [slot for slot in self._requiring(name) if slot.generation is not None]

    def waiting(self) -> list[Slot]:
        """Return the plugins that are on and do not run, for lack of what they require."""
        return [slot for slot in self._slots.values() if slot.generation is None and slot.enabled and slot.lacking]

    def all_requirers(self, name: str) -> list[str]:
        """Return the names of the plugins that run and require *name*, also over others."""
        found, look = dict[str, None](), [name]
        for one in look:  # which grows
            more = [slot.name for slot in self.requirers(one) if slot.name not in found]
            found |= dict.fromkeys(more)
            look += more
        return list(found)

    def named_by(self, name: str) -> tuple[str, ...]:
        """Return the names of the plugins that require *name*, whether they run or not."""
        return tuple(slot.name for slot in self._requiring(name))

    def in_order(self, names: Iterable[str]) -> list[str]:
        """Return *names*, each behind those that it requires, otherwise as they were."""
        given, ordered = dict.fromkeys(names), dict[str, None]()

        def add(name: str, way: tuple[str, ...]) -> None:
            if name not in ordered and name not in way:
                slot = self._slots.get(name)
                for need in slot.manifest.requires if slot else ():
                    if need.name in given:
                        add(need.name, (*way, name))
                ordered[name] = None

        for name in given:
            add(name, ())
        return list(ordered)

    def _requiring(self, name: str) -> list[Slot]:
        slots = list(self._slots.values())
        return [slot for slot in slots if any(need.name == name for need in slot.manifest.requires)]
