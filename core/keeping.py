"""What a plugin does later, kept over reloads and restarts: jobs at a time, and jobs by the clock."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from core.errors import PluginError
from core.kernel.crons import read_cron
from core.kernel.declarations import check_async, check_method, method_of, name_of
from core.kernel.generation import Generation
from core.kernel.store import bounded_json, check_key
from core.services import Services


class Keeping:
    """The part of a context that keeps jobs.

    They run like deliveries: at least once, under a limit of 10 s, after a failure again, later each time, six times at
    most. While the plugin is off, or is being reloaded, they wait. Jobs of one method run one after another, in the
    order of their times; one that waits to be tried again holds back the later ones of its method, and nothing else.
    """

    name: str
    _generation: Generation
    _services: Services

    async def at(
        self, when: datetime | None, method: Callable[..., Awaitable[None]], data: Any = None, key: str = ""
    ) -> None:
        """Have *method* called with *data* once at a time; returns when that is committed.

        The method is kept by its name: whichever version of the plugin runs then is called; without the data, if it
        takes no argument. The same *key* again, for that method, replaces time and data; None as time takes that job
        back. Without a key each is its own. A time that has passed is now. What raises ``BadInputError`` is not tried
        again.

        Raises:
            PluginError: called in ``setup``, or inside a transaction; *when* has no time zone, *method* is no coroutine
                method of the plugin, *data* is no plain JSON data of at most 64 KiB, or *key* cannot be one.
            PeerUnavailableError: the database does not answer.
        """
        call = f"{self.name}: at()"
        self._check_may_keep(call)
        name = check_method(call, self._generation.plugin, method, *((0, 1) if data is None else (1,)))
        check_key(call, key, empty=True)
        lane, jobs = (self.name, name), self._services.kernel.jobs
        if when is not None:
            await jobs.add(lane, bounded_json(call, data), key, _in_utc(call, when))
        elif key:
            await jobs.schedule.take_back(lane, key)
        else:
            raise PluginError(f"{call}: None takes back the job of a key. Give the key that it was planned with.")

    def cron(self, expression: str, method: Callable[[], Awaitable[None]], timezone: str = "UTC") -> None:
        """Call *method* by the clock of a time zone: ``cron("30 8 * * MON-FRI", self.digest, "Europe/Ljubljana")``.

        The fields are minute, hour, day of the month, month, day of the week. A time that passed while the bot or the
        plugin was off is made up for, once. What daylight saving skips comes at the end of that hour; what it repeats
        comes once, unless it is for each hour.

        Raises:
            PluginError: it is no expression of five fields, never comes, or is declared twice for the method; the time
                zone is unknown; or *method* is no ``async def`` function without arguments.
        """
        call = f"{self.name}: cron()"
        check_async(call, method, 0)
        name = getattr(method, "__name__", "")
        name = name if method_of(self._generation.plugin, name) == method else name_of(method)
        cron = (name, str(read_cron(call, expression, timezone, self._services.clock.now())))
        if cron in self._generation.declared.crons:
            raise PluginError(f"{call}: {name} is to be called at {expression!r} already. Declare it once.")
        self._generation.declared.crons[cron] = method
        if self._generation.scope.live:
            self._services.kernel.jobs.wake()

    def _check_may_keep(self, call: str) -> None:
        if not self._generation.scope.live:
            raise PluginError(f"{call} before the plugin runs. Use self.ctx.spawn(...) in setup.")
        if self._services.database.engine.transaction_exists():
            raise PluginError(f"{call} inside a transaction. Call it after its block has ended.")


def _in_utc(call: str, when: Any) -> datetime:
    if not isinstance(when, datetime) or when.utcoffset() is None:
        example = "self.ctx.clock.now() + timedelta(hours=1)"
        raise PluginError(f"{call}: {when!r} is no time with a time zone. Write one as in {example}.")
    try:
        return when.astimezone(UTC)
    except OverflowError as error:
        raise PluginError(f"{call}: {when!r} is no time that can come.") from error
