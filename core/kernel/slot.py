"""A plugin's place in the kernel: what stays when its code is replaced."""

import asyncio
import logging
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from core.clock import Clock
from core.errors import BadInputError
from core.kernel.breaker import Breaker
from core.kernel.gate import Gate
from core.kernel.kinds import Envelope
from core.kernel.manifest import Manifest
from core.kernel.scope import Scope

if TYPE_CHECKING:
    from core.kernel.delivery import Delivery
    from core.kernel.generation import Generation
    from core.kernel.probe import Impl
    from core.kernel.report import Report
    from core.kernel.source import Source

log = logging.getLogger(__name__)

CONCURRENT = 64
"""Deliveries that one plugin handles at once."""

State = Literal["running", "off", "failed"]


@dataclass(slots=True)
class HookStats:
    """Counts and the latest times of one plugin's handler of one hook, or of one of its offers."""

    counts: Counter[str] = field(default_factory=Counter)
    """By outcome: ``done``, ``failed``, ``timed out``; of an offer ``given up`` too."""
    milliseconds: deque[float] = field(default_factory=lambda: deque(maxlen=256))


class Places:
    """So many may be taken at once; who finds none waits for one, in order. (A semaphore's look takes far longer.)"""

    def __init__(self, count: int) -> None:
        self.free = count
        self._first: deque[asyncio.Future[None]] = deque()
        self._then: deque[asyncio.Future[None]] = deque()

    def take_free(self) -> bool:
        """Take a place if one is free; tell whether it was."""
        if not self.free:
            return False
        self.free -= 1
        return True

    async def take(self, *, first: bool = True) -> None:
        """Return when there is a place, which is then taken; without *first*, after all those with it."""
        if self.take_free():
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._first if first else self._then).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # it was handed over in the moment of the cancellation
                self.give_back()
            raise

    def give_back(self) -> None:
        """Hand a place to whoever waits first, or have it free."""
        while waiting := self._first or self._then:
            place = waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.free += 1


class Slot:
    """One plugin, whatever runs of it now: its toggle, its gate, its breakers and counts."""

    def __init__(self, manifest: Manifest, clock: Clock) -> None:
        self.manifest = manifest
        self._clock = clock
        self.enabled = False
        """The toggle for everywhere."""
        self.off_guilds: set[int] = set()
        self.generation: Generation | None = None
        self.leaving: Generation | None = None
        """What ran before, until what it has spawned has ended and it is disposed."""
        self.tried: Source | None = None
        """What its folder held when a generation was last made of it, also in vain."""
        self.generations = 0
        """How many have been made; the number of the last."""
        self.lacking = False
        """At the last look it lacked something that it requires: it comes back with that."""
        self.error = ""
        """Why it does not run, or why the last reload failed."""
        self.awaits = False
        """Whether it does not run because what another plugin declares is not there; it is loaded when it is."""
        self.hooks: frozenset[str] = frozenset()
        """Those that the last version that could be loaded handles, also in an earlier run."""
        self.waiting_reload: asyncio.Task[Report] | None = None
        """The reload that has been asked for and waits for its turn."""
        self.lock = asyncio.Lock()
        self.gate = Gate()
        self.places = Places(CONCURRENT)
        self.breakers: defaultdict[tuple[str, str], Breaker] = defaultdict(Breaker)
        """By hook and game server, or by ``offer:<name>`` and caller: what fails for one counts against nobody else."""
        self.stats: defaultdict[str, HookStats] = defaultdict(HookStats)
        self.calls: defaultdict[str, HookStats] = defaultdict(HookStats)
        """By offer."""
        self.renewed = asyncio.Event()
        """Set, and replaced, when other code has come: what failed before may work now."""
        self.parked: list[Delivery] = []
        """Deliveries that wait until the plugin is on again."""
        self.withheld: list[Delivery] | None = None
        """While it is behind: what has come since it is on, and waits until what it has missed is known."""
        self.caught_up: tuple[int, tuple[str, ...], int] = (0, (), 0)
        """Which generation has a delivery of each event of which types, up to which event."""

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def state(self) -> State:
        return "running" if self.generation else "failed" if self.enabled and self.error else "off"

    @property
    def is_idle(self) -> bool:
        """Whether it is off and nothing of it is left: it may be forgotten when its folder is gone."""
        return not (self.enabled or self.generation or self.leaving or self.parked or self.lock.locked())

    @property
    def impls(self) -> "dict[str, Impl]":
        """The handlers of what runs, by hook."""
        return self.generation.impls if self.generation else {}

    def now(self) -> dict[str, Any]:
        """Return what runs, for a report: its number, version and hash."""
        number, source_hash = (self.generation.number, self.generation.source_hash) if self.generation else (None, "")
        return {"generation": number, "version": self.manifest.version, "source_hash": source_hash}

    def caught_up_to(self, types: tuple[str, ...]) -> int:
        """Return up to which event what runs has caught up with these types; 0: it has still to look at all."""
        generation, known, event = self.caught_up
        return event if (generation, known) == (self.generations, types) else 0

    def scopes(self) -> list[Scope]:
        """Return the scopes that have something under way: of what runs, and of what is leaving."""
        return [one.scope for one in (self.generation, self.leaving) if one is not None]

    def breaker(self, event: Envelope) -> Breaker:
        """Return the breaker that stands before an event."""
        return self.breakers[event.hook, event.origin]

    def note(
        self, hook: str, origin: str, seconds: float, problem: BaseException | None, *, timed_out: bool,
        breaker: Breaker | None = None,
    ) -> None:  # fmt: skip
        """Note how a call of a handler (or of a job's method) has ended; *breaker* is what stood before it."""
        stats = self.stats[hook]
        stats.milliseconds.append(seconds * 1000)
        outcome = "done" if problem is None else "timed out" if timed_out else "failed"
        stats.counts[outcome] += 1
        breaker = breaker or self.breakers[hook, origin]
        if problem is None:
            breaker.succeeded()
        else:
            self.judge(breaker, hook, origin, problem, timed_out=timed_out)

    def admits(self, breaker: Breaker) -> bool:
        """Tell whether a call may go through now."""
        return breaker.admit(self._clock.monotonic())

    def judge(
        self, breaker: Breaker, hook: str, origin: str, problem: BaseException | None, *, timed_out: bool = False
    ) -> None:
        """Let the breaker that stood before a call know how it has ended."""
        if problem is None or isinstance(problem, BadInputError):  # the handler works: it tells that the input does not
            breaker.succeeded()
        elif breaker.failed(self._clock.monotonic(), timed_out=timed_out):
            where = f"{hook} for {origin}" if origin else hook
            log.error("%s fails again and again in %s: it is not called for a while", self.name, where)

    def closed_to(self) -> dict[str, str]:
        """Return the state of each breaker that is not closed, by ``hook`` or ``hook for server``."""
        held = ((*key, one.state) for key, one in self.breakers.items() if one.state != "closed")
        return {f"{hook} for {server}" if server else hook: state for hook, server, state in held}

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
        return hook in self.generation.impls if self.generation else self.enabled and hook in self.hooks
