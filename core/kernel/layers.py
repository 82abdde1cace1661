"""Where a plugin's settings come from: a guild's row, the row for all, ``[plugin.<name>]`` of the file, the default."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct, field

from core.config import Config, read_tables
from core.errors import ConfigError
from core.kernel.manifest import Manifest
from core.kernel.options import Option, Settings, usable
from core.kernel.setting_rows import FOR_ALL, Rows

Source = Literal["here", "everywhere", "file", "default"]


class Aside(Struct, frozen=True):
    """A row that is no value of its setting (any more), and is not used."""

    guild: int
    key: str
    why: str
    remedy: str


class Layers(Struct, frozen=True):
    """All that is known of a plugin's settings at one moment."""

    manifest: Manifest
    table: Mapping[str, Any] = field(default_factory=dict)
    """``[plugin.<name>]`` of the file, as it was when the plugin was loaded."""
    rows: Rows = field(default_factory=dict)
    folder: Path = Path()
    """What relative paths of secrets count from."""

    def everywhere(self) -> Settings:
        """Return the values for all, as the plugin reads them (``ConfigError``: a mistake in the file, a secret)."""
        return self.manifest.settings(self.table, self.rows.get(FOR_ALL, {}), self.folder)

    def found(self, option: Option, guild: int) -> tuple[Any, Source]:
        """Return what is in force, as it stands there, and where; *guild* 0: for all."""
        if guild and option.per_guild and self._row(option, guild) is not None:
            return self._row(option, guild), "here"
        if self._row(option, FOR_ALL) is not None:
            return self._row(option, FOR_ALL), "everywhere"
        return (self.table[option.key], "file") if option.key in self.table else (option.default, "default")

    def notes(self) -> Iterator[str]:
        """Give, in words, the rows that go before a value of the file, and those that are not used."""
        yield from self.before_file()
        yield from (f"{one.why} {one.remedy}" for one in self.asides())

    def before_file(self) -> Iterator[str]:
        """Give, in words, the rows that go before a value of the file."""
        options = {option.key: option for option in self.manifest.options}
        for guild, rows in self.rows.items():
            where = f" for guild {guild}" if guild else ""
            for key in rows:
                if key in self.table and (option := options.get(key)) and self._row(option, guild) is not None:
                    row, file = (option.told(one) for one in (rows[key], self.table[key]))
                    yield f"{key} is {row}{where} by /plugin settings, which goes before {file} in the file."

    def asides(self) -> Iterator[Aside]:
        """Give the rows that are not used."""
        options = {option.key: option for option in self.manifest.options}
        for guild, rows in self.rows.items():
            for key, value in rows.items():
                if why := _why_not(options.get(key), key, value, guild):
                    for_all = "" if guild else " everywhere:True"
                    take_back = f"/plugin settings name:{self.manifest.name} key:{key} value:-{for_all}"
                    remedy = f"`{take_back}` takes it back{'; or set it anew' if key in options else ''}."
                    yield Aside(guild, key, f"What was set of {key} is not used: {why}", remedy)

    def _row(self, option: Option, guild: int) -> Any:
        """Return the row's value if it is one, None where there is none."""
        value = self.rows.get(guild, {}).get(option.key)
        allowed = value is not None and (not guild or option.per_guild) and usable(option, value) is not None
        return value if allowed else None


def in_guild(manifest: Manifest, config: Settings, rows: Rows, guild: int) -> Settings:
    """Return the values of the settings that each guild may have its own of; *config* has those for all."""
    own = rows.get(guild, {})
    values = {one.key: (one, own.get(one.key)) for one in manifest.options if one.per_guild}
    found = {key: usable(option, row) for key, (option, row) in values.items()}
    return Settings(
        {key: config[key] if value is None else value for key, value in found.items()},
        'has no scope = "guild" in the manifest\'s [config]: ctx.config has what is for all',
    )


def plugin_table(config: Config, name: str) -> Mapping[str, Any]:
    """Return ``[plugin.<name>]`` as the file has it now (``ConfigError``: it cannot be read)."""
    tables = read_tables(Path(config.file)).get("plugin", {}) if config.file else config.plugin
    table = tables.get(name, {}) if isinstance(tables, Mapping) else tables
    if not isinstance(table, Mapping):
        raise ConfigError(f"plugin.{name} is no table. Write [plugin.{name}] and its keys below.")
    return table


def _why_not(option: Option | None, key: str, value: Any, guild: int) -> str:
    """Return why a row is no value, "" if it is one."""
    if option is None:
        return "the plugin has no such setting any more."
    if option.secret:
        return "it is a secret now, which never stands in the database."
    if guild and not option.per_guild:
        return "it is for all guilds now."
    try:
        option.typed(key, value)
    except ConfigError as error:
        return str(error).removesuffix(" Correct it.")
    return ""
