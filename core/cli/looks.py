"""What ``roundhook check`` is made of: looks, each one line of its answer, and each kept apart from the others."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from core.errors import PeerUnavailableError, RoundhookError
from core.kernel.bounded import contained, text_of

Look = tuple[str, Callable[[], Awaitable[str]]]
"""What is looked at, and a call: it returns what was found, or raises an error of roundhook's that says what to do."""
LOOK_SECONDS = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found."""

    what: str
    ok: bool = True


async def found_by(part: str, looks: AsyncIterator[Look]) -> AsyncIterator[Finding]:
    """Do *looks* in order and give what each has found, whatever the others did.

    *part* names what they are about, if they cannot even be named.
    """
    while True:
        try:
            name, look = await contained(anext(looks))
        except StopAsyncIteration:
            return
        except Exception as error:  # noqa: BLE001 - what it is, is said in the finding
            yield _wrong(part, error)
            return
        yield await _done(name, look)


async def _done(name: str, look: Callable[[], Awaitable[str]]) -> Finding:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            said = await contained(look())
    except TimeoutError:
        return _wrong(name, PeerUnavailableError(f"there was no answer within {LOOK_SECONDS:g} s. Try again later."))
    except Exception as error:  # noqa: BLE001 - what it is, is said in the finding
        return _wrong(name, error)
    return Finding(f"{name}: {said}" if said else name)


def _wrong(name: str, error: Exception) -> Finding:
    if isinstance(error, RoundhookError):
        return Finding(f"{name}: {error}", ok=False)
    log.info("%s could not be looked at", name, exc_info=error)
    remedy = "So nothing is known about it. Run it with --verbose, and report what that says."
    return Finding(f"{name}: looking at it failed ({text_of(error)}). {remedy}", ok=False)
