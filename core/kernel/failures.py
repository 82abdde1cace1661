"""Events and jobs that a plugin has failed on for good: a trouble until they are done after all."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Protocol

from core.db.database import Row
from core.journal import Journal
from core.kernel.contracts import Contracts
from core.kernel.jobs import Jobs
from core.kernel.kinds import envelope_of

_KEY, _JOB, _LACKS = "failed:", "failed job:", "job without a method:"
_REMEDY = "It is tried again when the plugin's code changes and at the next start; `/events replay` tries now."

_JOB_REMEDY = "It is tried again when the plugin's code changes and at the next start; /plugin logs says more."
_LACKS_REMEDY = (
    "They wait, and run when a version has the method again. Write it again; one that does nothing lets them go."
)


class Troubles(Protocol):
    """Where a trouble is noted, and its end."""

    async def trouble(self, plugin: str, key: str, text: str, remedy: str = "", *, server: str = "") -> None:
        """Note a trouble, or that it goes on."""

    async def well(self, plugin: str, key: str, *, server: str = "") -> None:
        """Note that it is over."""

    async def open(self) -> list[Row]:
        """Return the troubles that are not over."""


async def tell_failures(journal: Journal, contracts: Contracts, troubles: Troubles) -> None:
    """Note a trouble for each plugin, kind of event and server of which something failed for good, and what is over.

    It is a ``PeerUnavailableError`` if the database does not answer.
    """
    found = await _failures(journal, contracts)
    for (plugin, kind, server), errors in found.items():
        text = f"{len(errors)} {kind} could not be handled; the latest: {errors[0]}"
        await troubles.trouble(plugin, f"{_KEY}{kind}", text, _REMEDY, server=server)
    for row in await troubles.open():
        kind = row["key"].removeprefix(_KEY)
        if kind != row["key"] and (row["plugin"], kind, row["server"]) not in found:
            await troubles.well(row["plugin"], row["key"], server=row["server"])


async def tell_jobs(jobs: Jobs, troubles: Troubles) -> None:
    """Note a trouble for each method whose jobs failed for good, or wait for a method that is gone, and what is over.

    It is a ``PeerUnavailableError`` if the database does not answer.
    """
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for row in await jobs.schedule.failures():
        text = f"A job of {row['method']} could not be done; the latest: {row['error']}"
        found[row["plugin"], f"{_JOB}{row['method']}"] = text, _JOB_REMEDY
    for job, version, count in await jobs.missing():
        text = f"{count} jobs wait for the method {job.method}, which version {version} lacks."
        found[job.plugin, f"{_LACKS}{job.method}"] = text, _LACKS_REMEDY
    for (plugin, key), (text, remedy) in found.items():
        await troubles.trouble(plugin, key, text, remedy)
    for row in await troubles.open():
        if row["key"].startswith((_JOB, _LACKS)) and (row["plugin"], row["key"]) not in found:
            await troubles.well(row["plugin"], row["key"])


async def _failures(journal: Journal, contracts: Contracts) -> Mapping[tuple[str, str, str], list[str]]:
    """Return the errors, the latest first, by plugin, type of event and server."""
    errors: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in await journal.failures():
        errors[row["plugin"], row["type"], _origin(contracts, row)].append(row["error"] or "")
    return errors


def _origin(contracts: Contracts, row: Row) -> str:
    try:
        return envelope_of(contracts.decode(row["type"], row["payload"])).origin
    except (KeyError, TypeError, ValueError, RecursionError):
        return ""  # of a version that this one cannot read
