"""Changes settings while the bot runs: a guild's is read at its next use, one for all makes a new generation."""

import asyncio
import dataclasses
from pathlib import Path

from msgspec import structs

from core.errors import PluginError, UserFacingError
from core.kernel.changes import Changes
from core.kernel.layers import Layers, plugin_table
from core.kernel.options import Option, usable
from core.kernel.report import Report
from core.kernel.setting_rows import FOR_ALL, Change, with_change
from core.kernel.slot import Slot
from core.likeness import did_you_mean
from core.shown import code

TAKE_BACK = "-"
"""What is written for a value to take the row back."""


class SettingChanges(Changes):
    """The part of the kernel that sets."""

    async def layers(self, name: str) -> Layers:
        """Return where a plugin's settings come from at this moment, whether or not it runs."""
        slot = self._slot(name)
        if slot.generation is not None:
            return structs.replace(slot.generation.layers, rows=self.settings.of(name))
        loop, rows = asyncio.get_running_loop(), await self.settings.load(name)
        table = await loop.run_in_executor(self.reader, plugin_table, self._config, name)
        return Layers(slot.manifest, table, rows, Path(self._config.folder))

    async def set_setting(
        self, name: str, key: str, text: str, guild: int | None = None, *, user: int | None = None
    ) -> Report:
        """Set what somebody has written (as in the file; ``-`` takes the row back), for one guild or for all.

        Raises:
            UserFacingError: there is no such setting, or it cannot be that; says what can.
        """
        if guild is not None and guild not in self._config.guilds:
            raise UserFacingError(f"Guild {guild} is not in the settings: add [guilds.{guild}] first.")
        change = _change(await self.layers(name), key, text, guild or FOR_ALL, user)
        return await self._change(name, "settings", guild, user, lambda slot: self._set(slot, change))

    async def _set(self, slot: Slot, change: Change) -> Report:
        if change.guild or slot.generation is None:
            await self.settings.put(slot.name, change)
            report = Report(slot.name, ok=True, **slot.now())
            if not change.guild and slot.enabled:  # it could not be loaded: perhaps it can now
                report = await self._reported(slot, self._reload)
                report = dataclasses.replace(
                    report, ok=True, error="", notes=tuple(filter(None, (*report.notes, report.error)))
                )
        else:
            error_before = slot.error
            report = await self._reported(slot, self._set_for_all, change)
            slot.error = error_before if not report.ok else slot.error
        return dataclasses.replace(report, done=change.said)

    async def _set_for_all(self, slot: Slot, change: Change) -> float:
        """Put a new generation of the same code in place of what runs; without one the row is as it was."""
        if (old := slot.generation) is None:
            raise PluginError(f"{slot.name} has been stopped meanwhile. Set it again.")
        option = next((one for one in old.manifest.options if one.key == change.key), None)
        if change.value is not None and (option is None or usable(option, change.value) is None):
            raise PluginError(f"{slot.name} has been changed meanwhile. Look at its settings again.")
        rows = with_change(self.settings.of(slot.name), change)
        new = await self._replacement.prepare_same(slot, old, rows)
        try:
            async with self.settings.tried(slot.name, change):
                pause = await self._replacement.replace(slot, old, new)
        finally:
            if slot.generation is not new:
                await self._replacement.dispose(new)
        self.dispatcher.unpark(slot.name)
        return pause


def _change(layers: Layers, key: str, text: str, guild: int, user: int | None) -> Change:
    """Return the change that somebody has asked for (else ``UserFacingError``)."""
    name, row = layers.manifest.name, layers.rows.get(guild, {}).get(key)
    option = next((one for one in layers.manifest.options if one.key == key), None)
    if text.strip() == TAKE_BACK and row is not None:
        return Change(key, None, guild, user, f"{key} taken back")
    option = _settable(layers, option, key, guild)
    if text.strip() == TAKE_BACK:
        raise UserFacingError(
            f"`{key}` of {name} is not set {'here' if guild else 'for all'}: there is nothing to take back."
        )
    try:
        value = option.parsed(text)
    except ValueError as error:
        raise UserFacingError(f"`{key}` of {name} is as it was. {error}") from None
    if value == row and type(value) is type(row):
        raise UserFacingError(f"`{key}` of {name} is that already.")
    return Change(key, value, guild, user, f"{key} = {option.told(value)}")


def _settable(layers: Layers, option: Option | None, key: str, guild: int) -> Option:
    name = layers.manifest.name
    if option is None:
        keys = [one.key for one in layers.manifest.options]
        there = ", ".join(map(code, keys)) or "none"
        raise UserFacingError(f"{name} has no setting {code(key)}. {did_you_mean(key, keys, code)}It has: {there}.")
    if option.secret:
        raise UserFacingError(
            f'`{key}` of {name} is a secret and never stands in the database. Write `{key} = "env:NAME"` or '
            f'`"file:PATH"` below `[plugin.{name}]` of the settings file, put it there, and reload the plugin.'
        )
    if guild and not option.per_guild:
        raise UserFacingError(f"`{key}` of {name} is for all servers of this bot: only its owner sets it.")
    return option
