"""Cron expressions: five fields in a time zone, read by cronsim, and the times that they stand for in UTC."""

import zoneinfo
from datetime import UTC, datetime

from msgspec import Struct

from core.errors import PluginError

LONGEST = 200
"""Characters of an expression."""
_FIELDS = "minute, hour, day of the month, month, day of the week, as in '30 8 * * MON-FRI'"


class Cron(Struct, frozen=True):
    """An expression and its time zone."""

    expression: str
    """Its five fields with one blank between."""
    timezone: str

    def __str__(self) -> str:
        return f"{self.expression} {self.timezone}"

    @classmethod
    def of(cls, text: str) -> "Cron":
        """Return what was written as ``str(cron)``."""
        expression, _, timezone = text.rpartition(" ")
        return cls(expression, timezone)

    def after(self, moment: datetime) -> datetime:
        """Return its first time after *moment*, in UTC; there may be none any more (``LookupError``).

        What daylight saving skips comes at the hour's end, and what it repeats comes once, unless it is for each hour.
        """
        from cronsim import CronSim  # only plugins with a cron need it

        for local in CronSim(self.expression, moment.astimezone(zoneinfo.ZoneInfo(self.timezone))):
            if (found := local.astimezone(UTC)) > moment:  # within a repeated hour cronsim gives the first one again
                return found
        raise LookupError(f"{self} never comes again")


def read_cron(call: str, expression: object, timezone: object, now: datetime) -> Cron:
    """Return the cron of an expression; what is none, or never comes, is a ``PluginError`` that begins with *call*."""
    from cronsim import CronSimError

    if not isinstance(expression, str) or len(expression) > LONGEST or len(expression.split()) != 5:
        raise PluginError(f"{call}: {str(expression)[:LONGEST]!r} is no cron expression. Write five fields: {_FIELDS}.")
    try:
        zoneinfo.ZoneInfo(str(timezone))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise PluginError(f"{call}: {timezone!r} is no time zone. Write one as in 'Europe/Ljubljana'.") from error
    cron = Cron(" ".join(expression.split()), str(timezone))
    try:
        cron.after(now)
    except CronSimError as error:
        raise PluginError(f"{call}: {expression!r} is no cron expression ({error}). Fields: {_FIELDS}.") from error
    except (LookupError, AssertionError, ValueError, OverflowError) as error:
        raise PluginError(f"{call}: {expression!r} never comes. Fields: {_FIELDS}.") from error
    return cron
