"""Whether this machine's clock is right: Discord says the time with each answer, and what is far off is corrected."""

import logging
from email.utils import parsedate_to_datetime

import aiohttp

from core.clock import Clock
from core.discord.troubles import Troubles

log = logging.getLogger(__name__)

PLUGIN, KEY = "roundhook", "clock"
LOOK_SECONDS, ANSWER_SECONDS = 600.0, 5.0
TOLERATED_SECONDS = 60.0
"""Off by less, nothing is announced or withheld wrongly: the clock is left alone."""
_REMEDY = (
    "The bot goes by Discord's time until then. Set the clock of the bot's machine, and let it be kept right (NTP): "
    "`timedatectl set-ntp true`."
)


class Timekeeper:
    """Compares *clock* with Discord, which answers at *rest_url* without a token."""

    def __init__(self, rest_url: str, clock: Clock, troubles: Troubles) -> None:
        self._url, self._clock, self._troubles = f"{rest_url}/gateway", clock, troubles
        self._looked_at: float | None = None

    async def look(self) -> None:
        """Correct the clock and say so, or that it is right again; at most every ten minutes."""
        now = self._clock.monotonic()
        if self._looked_at is not None and now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        try:
            ahead = await self._ahead()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.info("Discord did not say the time (%r); it is asked again later", error)
            return
        await self._judge(ahead)

    async def _ahead(self) -> float:
        """Return by how many seconds the machine's clock is ahead of Discord's, which says whole seconds."""
        before = self._clock.machine_time()
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(self._url) as answer:
            said = parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
        after = self._clock.machine_time()
        if before - 1 <= said <= after:  # it was right, however long that took, or was put forward meanwhile
            return 0.0
        return (before + after) / 2 - (said + 0.5)

    async def _judge(self, ahead: float) -> None:
        wrong = abs(ahead) > TOLERATED_SECONDS
        self._clock.ahead_seconds = ahead if wrong else 0.0
        if wrong:
            which = "ahead of" if ahead > 0 else "behind"
            text = f"The clock of the bot's machine is {_words(abs(ahead))} {which} Discord's."
            await self._troubles.trouble(PLUGIN, KEY, text, _REMEDY)
        else:
            await self._troubles.well(PLUGIN, KEY)


def _words(seconds: float) -> str:
    """Return a difference in words.

    >>> _words(3599.6)
    '1 h 0 min'
    """
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
