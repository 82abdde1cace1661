"""Calls between plugins: what one offers is answered for another, under its limit, with plain data both ways."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from core.errors import CallError, PluginUnavailableError
from core.kernel import loader
from core.kernel.bounded import TookTooLongError, bounded, text_of
from core.kernel.generation import Generation
from core.kernel.offers import Offer
from core.kernel.plain import HOLDS, plain
from core.kernel.scope import CHAIN, ROOT
from core.kernel.slot import HookStats, Slot
from core.likeness import did_you_mean


class Calls:
    """Answers calls of what the plugins in *slots* offer; *absence* says why a plugin does not run."""

    def __init__(self, slots: Mapping[str, Slot], absence: Callable[[str], str]) -> None:
        self._slots, self._absence = slots, absence
        self._waiting: dict[object, tuple[frozenset[str], str]] = {}
        """Of each call that waits at a gate: the plugins that wait for its answer, and the one that is reloaded."""

    async def call(self, caller: str, target: str, arguments: Mapping[str, Any]) -> Any:
        """Return a copy of what the offer *target* (``plugin.name``) answers to *caller*, a plugin or "".

        Raises:
            PluginUnavailableError: nobody offers that now, or its plugin waits for the caller.
            CallError: it was called in vain.
        """
        chain = CHAIN.get()
        if target in chain:
            circle = " → ".join((*chain[chain.index(target) :], target))
            raise PluginUnavailableError(f"{circle}: they wait for each other. Let one of them do without the other.")
        given = {name: _given(target, name, value) for name, value in arguments.items()}
        await self._passed(target.partition(".")[0], frozenset((caller, *(one.partition(".")[0] for one in chain))))
        slot, generation, offer = self._found(target)
        try:
            offer.signature.bind(**given)
        except TypeError as error:
            problem = f"{target} was called with other arguments than it takes: {error}"
        else:
            return await self._answer(slot, generation, offer, given, caller)
        raise CallError(f"{problem}. It is {offer.name}{offer.signature}.")

    async def _passed(self, name: str, callers: frozenset[str]) -> None:
        """Wait while a plugin is being reloaded; not if that waits for one of the *callers*: they go on to its end."""
        slot = self._slots.get(name)
        while slot is not None and slot.gate.closed and not self._waits_for(name, callers):
            with self._wait(callers, name):
                await slot.gate.passed()

    def _waits_for(self, name: str, callers: frozenset[str]) -> bool:
        """Tell whether a plugin's reload waits, maybe through others, for a call that one of *callers* makes."""
        look, seen = [name], set[str]()
        while look:
            if (one := look.pop()) in callers:
                return True
            if one not in seen:
                seen.add(one)
                look += [goal for waiting, goal in self._waiting.values() if one in waiting]
        return False

    @contextlib.contextmanager
    def _wait(self, callers: frozenset[str], name: str) -> Iterator[None]:
        key = object()
        self._waiting[key] = callers, name
        try:
            yield
        finally:
            del self._waiting[key]

    def _found(self, target: str) -> tuple[Slot, Generation, Offer]:
        name, _, offered = target.partition(".")
        slot = self._slots.get(name)
        if slot is None or slot.generation is None:
            raise PluginUnavailableError(f"{target} cannot be called: {self._absence(name)}")
        offer = slot.generation.offers.get(offered)
        if offer is None:
            offers, hint = ", ".join(slot.generation.offers) or "nothing", did_you_mean(offered, slot.generation.offers)
            raise PluginUnavailableError(
                f"{target} cannot be called: {name} {slot.manifest.version} offers {offers}. {hint}Correct the name."
            )
        return slot, slot.generation, offer

    async def _answer(
        self, slot: Slot, generation: Generation, offer: Offer, given: Mapping[str, Any], caller: str
    ) -> Any:
        target, what, started = f"{slot.name}.{offer.name}", f"offer:{offer.name}", time.perf_counter()
        breaker = slot.breakers[what, caller]
        if not slot.admits(breaker):
            problem = f"{target} is not called for a while: it failed again and again. It is tried again by itself,"
            remedy = f"at once when its code is another: mend {slot.name}, whose log says more."
            raise PluginUnavailableError(f"{problem} {remedy}")
        outcome, kind = "given up", CallError  # unless it ends before whoever has called
        try:
            answer = await _done(target, generation, offer, given)
            outcome = "done"
            slot.judge(breaker, what, caller, None)
            return answer
        except TookTooLongError as error:
            outcome, problem = "timed out", f"{error}; it was at {_place(error, generation)}"
            slot.judge(breaker, what, caller, error, timed_out=True)
            generation.log.error("%s, called by %s, %s", target, caller or "a test", problem)
        except Exception as error:
            outcome, problem = "failed", text_of(error)
            if isinstance(error, PluginUnavailableError):
                kind = PluginUnavailableError  # what is missing is another's
            else:
                slot.judge(breaker, what, caller, error)
            generation.log.exception("%s, called by %s, failed", target, caller or "a test")
        finally:
            breaker.told_nothing()
            _count(slot.calls[offer.name], outcome, started)
        # out of the block, so that nothing of the other plugin hangs on the error
        raise kind(f"{target} failed: {problem.rstrip('.')}. The log of {slot.name} says more.")


def _given(target: str, name: str, value: Any) -> Any:
    try:
        return plain(value)
    except ValueError as error:
        problem = str(error)
    raise CallError(f"{target}: the argument {name} is not plain data: {problem}. Give only {HOLDS}.")


async def _done(target: str, generation: Generation, offer: Offer, given: Mapping[str, Any]) -> Any:
    """Run the offer in a task and a context of its own; its plugin is at work until it has ended."""
    context = generation.scope.context(ROOT.get() or object())
    context.run(CHAIN.set, (*CHAIN.get(), target))
    work, activity = offer.function(**given), generation.scope.activity
    activity.begin()

    def ended() -> None:
        if asyncio.iscoroutine(work):
            work.close()  # it was never begun if the task was cancelled before its first step
        activity.end()

    answer = await bounded(work, offer.limit, context=context, ended=ended)
    try:
        return plain(answer)
    except ValueError as error:
        raise TypeError(f"it returned what is no plain data: {error}. Return only {HOLDS}") from None


def _place(error: TookTooLongError, generation: Generation) -> str:
    return loader.place_in(error.stack, generation.source) or loader.START


def _count(stats: HookStats, outcome: str, started: float) -> None:
    stats.counts[outcome] += 1
    stats.milliseconds.append((time.perf_counter() - started) * 1000)
