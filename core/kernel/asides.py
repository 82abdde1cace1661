"""Settings in the database that a plugin does not take (any more): a trouble of their guild until that is over."""

from collections.abc import Iterable
from typing import Protocol

from msgspec import structs

from core.db.database import Row
from core.kernel.setting_rows import SettingRows
from core.kernel.slot import Slot

_KEY = "setting:"


class Troubles(Protocol):
    """Where a trouble is noted, and its end."""

    async def trouble(self, plugin: str, key: str, text: str, remedy: str = "", *, guild: int = 0) -> None:
        """Note a trouble."""

    async def well(self, plugin: str, key: str, *, guild: int = 0) -> None:
        """Note that it is over."""

    async def open(self) -> list[Row]:
        """Return the troubles that are not over."""


async def tell_asides(slots: Iterable[Slot], settings: SettingRows, troubles: Troubles) -> None:
    """Note a trouble for each setting that is left aside by a plugin that runs, and what is over.

    It is a ``PeerUnavailableError`` if the database does not answer.
    """
    running = {slot.name: slot.generation.layers for slot in slots if slot.generation is not None}
    told = {
        (row["plugin"], row["key"], row["guild_id"]) for row in await troubles.open() if row["key"].startswith(_KEY)
    }
    found = set()
    for name, layers in running.items():
        for aside in structs.replace(layers, rows=settings.of(name)).asides():
            found.add(where := (name, f"{_KEY}{aside.key}", aside.guild))
            if where not in told:
                await troubles.trouble(name, where[1], aside.why, aside.remedy, guild=aside.guild)
    for plugin, key, guild in told - found:
        if plugin in running:
            await troubles.well(plugin, key, guild=guild)
