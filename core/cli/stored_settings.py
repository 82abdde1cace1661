"""Where a plugin's settings come from, in a process that is not the bot."""

import asyncio
import logging
from pathlib import Path

from core.config import Config
from core.db import open_database
from core.db.migration_run import table_names
from core.kernel.layers import Layers
from core.kernel.manifest import Manifest
from core.kernel.setting_rows import Rows, stored_rows

log = logging.getLogger(__name__)

SECONDS = 5.0


async def layers_of(config: Config, manifest: Manifest) -> Layers:
    """Return what the file has for a plugin, and what people have set, as far as the database can be read."""
    rows = await _rows(config, manifest.name) if manifest.options else {}
    return Layers(manifest, config.plugin.get(manifest.name, {}), rows, Path(config.folder))


async def _rows(config: Config, plugin: str) -> Rows:
    try:
        async with asyncio.timeout(SECONDS), open_database(config.database.url, read_only=True) as database:
            return await stored_rows(database, plugin) if "plugin_settings" in await table_names(database) else {}
    except Exception as error:
        log.info("the settings in the database could not be read", exc_info=error)
        return {}
