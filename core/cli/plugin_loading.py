"""Has what was changed in a plugin's folder loaded: by the bot, if one runs, else tried in this process."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from core.clock import Clock
from core.config import Config
from core.db import Database
from core.db.on_demand import DatabaseOnDemand
from core.db.presence import running
from core.errors import PluginError
from core.hookspecs import CONTRACTS
from core.kernel.discovery import Catalogue, first_enabled
from core.kernel.manifest import Manifest
from core.kernel.probe import check_contract
from core.kernel.report import Report
from core.kernel.requests import ask, thin
from core.kernel.toggles import Toggles


@dataclass(frozen=True, slots=True)
class Loading:
    """The way to what runs, or would run."""

    database: Database
    clock: Clock
    enabled: Mapping[str, bool]
    """Which plugins are on everywhere."""
    bot: bool
    """Whether one runs with this database."""

    async def load(self, manifest: Manifest, found: Catalogue, *, new: bool) -> Report:
        """Load a plugin, and switch a *new* one on; without a bot it is checked (``PluginError``: it does not load)."""
        name, toggles = manifest.name, Toggles(self.database, self.clock)
        if self.bot and (new or self.enabled.get(name)):
            report = await ask(self.database, self.clock, name, "enable" if new else "reload")
            if not report.ok:
                goes_on = "" if report.generation is None else f" The bot goes on with generation {report.generation}."
                raise PluginError(f"{report.error}{goes_on}")
            return report
        beside = [one for other, one in found.manifests.items() if self.enabled.get(other)]
        await check_contract(manifest, CONTRACTS, beside)
        if new:
            await toggles.set(name, None, enabled=True)
        await self.look(name)
        return Report(name, ok=True, version=manifest.version)

    async def stop(self, name: str) -> None:
        """Switch a plugin off (``PluginError``: the bot cannot end it)."""
        if await self._runs():
            report = await ask(self.database, self.clock, name, "disable")
            if report.generation is not None:
                raise PluginError(report.error)
        await Toggles(self.database, self.clock).set(name, None, enabled=False)

    async def look(self, name: str) -> None:
        """Let the bot see what lies in the folders now."""
        if await self._runs():
            await ask(self.database, self.clock, name, "look")

    async def record(self, name: str, action: str, detail: str) -> None:
        """Note in the plugin's history what was done."""
        toggles = Toggles(self.database, self.clock)
        await toggles.record(name, action, guild=None, user=None, ok=True, detail=detail)

    async def _runs(self) -> bool:
        return self.bot and await running(self.database, self.clock) is not None


@contextlib.asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Loading]:
    """Open the database, which is made or brought up to date, and look whether a bot uses it."""
    clock = Clock()
    async with DatabaseOnDemand(config.database.url, config.storage_dir / "backups") as database:
        await thin(database, clock)
        enabled, _ = await Toggles(database, clock).load(first_enabled(config))
        yield Loading(database, clock, enabled, await running(database, clock) is not None)
