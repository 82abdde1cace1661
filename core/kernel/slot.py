"""A plugin's place in the kernel: what stays when its code is replaced."""

import asyncio
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from core.kernel.breaker import Breaker
from core.kernel.manifest import Manifest
from core.kernel.scope import Gate

if TYPE_CHECKING:
    from core.kernel.delivery import Delivery
    from core.kernel.generation import Generation
    from core.kernel.report import Report

CONCURRENT = 64
"""Deliveries that one plugin handles at once."""

State = Literal["running", "off", "failed"]


@dataclass(slots=True)
class HookStats:
    """Counts and the latest times of one plugin's handler of one hook."""

    counts: Counter[str] = field(default_factory=Counter)
    """By outcome: ``done``, ``failed``, ``timed out``."""
    milliseconds: deque[float] = field(default_factory=lambda: deque(maxlen=256))


class Places:
    """So many may be taken at once; who finds none waits for one, in order. (A semaphore's look takes far longer.)"""

    def __init__(self, count: int) -> None:
        self.free = count
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Return when there is a place, which is then taken."""
        if self.free:
            self.free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # it was handed over in the moment of the cancellation
                self.give_back()
            raise

    def give_back(self) -> None:
        """Hand a place to whoever waits first, or have it free."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.free += 1


class Slot:
    """One plugin, whatever runs of it now: its toggle, its gate, its breakers and counts."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.enabled = False
        """The toggle for everywhere."""
        self.off_guilds: set[int] = set()
        self.generation: Generation | None = None
        self.generations = 0
        """How many have been made; the number of the last."""
        self.error = ""
        """Why it does not run, or why the last reload failed."""
        self.hooks: frozenset[str] = frozenset()
        """Those that the last version that could be loaded handles, also in an earlier run."""
        self.waiting_reload: asyncio.Task[Report] | None = None
        """The reload that has been asked for and waits for its turn."""
        self.lock = asyncio.Lock()
        self.gate = Gate()
        self.places = Places(CONCURRENT)
        self.breakers: defaultdict[str, Breaker] = defaultdict(Breaker)
        self.stats: defaultdict[str, HookStats] = defaultdict(HookStats)
        self.renewed = asyncio.Event()
        """Set, and replaced, when other code has come: what failed before may work now."""
        self.parked: list[Delivery] = []
        """Deliveries that wait until the plugin is on again."""

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def state(self) -> State:
        if self.generation is not None:
            return "running"
        return "failed" if self.enabled and self.error else "off"

    def renew(self) -> None:
        """Close the breakers and try at once what they held back: the code is another."""
        self.breakers.clear()
        self.renewed.set()
        self.renewed = asyncio.Event()

    def on_in(self, guild_id: int) -> bool:
        """Tell whether the plugin is on for a guild."""
        return self.enabled and guild_id not in self.off_guilds

    def handles(self, hook: str) -> bool:
        """Tell whether an event of *hook* is for the plugin; one that is on but could not be loaded gets it later."""
        if self.generation is not None:
            return hook in self.generation.impls
        return self.enabled and hook in self.hooks

    def order(self) -> tuple[int, str]:
        """The place among plugins of one stage: by the manifest, never by load order."""
        return self.manifest.order()
