"""roundhook.toml → typed settings. Every mistake names the key, the value found and the remedy."""

import difflib
import os
import posixpath
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from core.config_checks import MOST, check_lines, check_rest_url, check_server, check_token, guild_id
from core.config_checks import SERVER_KEY as SERVER_KEY
from core.errors import ConfigError
from core.secret import Secret as Secret
from core.secret import read_secret, shown
from core.shown import without_tokens
from core.textfiles import decoded

DEFAULT_FILE = "roundhook.toml"
_TOKEN = re.compile(r"[!-~]{1,200}")
"""What an HTTP header can carry."""

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)
Snowflake = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
Said = Annotated[str, msgspec.Meta(min_length=1)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file. Its values are not shown: addresses, databases' and plugins' settings may be secrets."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Discord(Section, frozen=True):
    """``[discord]``: which bot, and where webhooks post."""

    token: str = "env:ROUNDHOOK_TOKEN"  # noqa: S105 - where it is, not what it is
    rest_url: str = "https://discord.com/api/v10"
    control_channel: Snowflake | tuple[Snowflake, ...] = 0

    @property
    def control_channels(self) -> tuple[int, ...]:
        """The channels that webhooks post in: none, one, or, as a channel takes fifteen webhooks only, several."""
        given = self.control_channel
        return tuple(dict.fromkeys(filter(None, (given,) if isinstance(given, int) else given)))


class Guild(Section, frozen=True):
    """``[guilds.<id>]``: one Discord server."""

    stats_channel: Snowflake = 0
    admin_channel: Snowflake = 0
    admin_roles: tuple[Snowflake, ...] = ()


class DatabaseSection(Section, frozen=True):
    """``[database]``."""

    url: str = "sqlite:///roundhook.db"


class Storage(Section, frozen=True):
    """``[storage]``: downloads, cards and backups."""

    dir: str = "data"


class Plugins(Section, frozen=True):
    """``[plugins]``: what runs at the first start, and where further ones lie."""

    enabled: tuple[str, ...] | None = None
    """Those of the first start; None: what ``plugins/`` holds."""
    paths: tuple[str, ...] = ()
    watch: bool = False


class Ssh(Section, frozen=True):
    """``[servers.<key>] ssh``: the way to a game server's files."""

    host: Said
    user: Said
    key_file: Said
    known_hosts: Said
    stats_dir: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 22


class ServerSection(Section, frozen=True):
    """``[servers.<key>]``: one game server."""

    timezone: str = "UTC"
    webhook_ids: tuple[Snowflake, ...] = ()
    guilds: tuple[Snowflake, ...] = ()
    ssh: Ssh | None = None
    webhook_url: str = ""
    """Where the address is that it posts to (``env:NAME`` or ``file:PATH``)."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone that the names of its files are written in."""
        return ZoneInfo(self.timezone)


class Config(Section, frozen=True):
    """All settings: a table of the file each, paths made absolute. ``plugin`` is what the manifests will check."""

    discord: Discord = Discord()
    guilds: dict[int, Guild] = {}
    database: DatabaseSection = DatabaseSection()
    storage: Storage = Storage()
    plugins: Plugins = Plugins()
    servers: dict[str, ServerSection] = {}
    plugin: dict[str, dict[str, Any]] = {}
    folder: str = "."
    file: str = ""
    """Where it was read; "": nowhere."""

    @property
    def storage_dir(self) -> Path:
        """The folder for downloads, cards and backups (made when missing by whoever writes first)."""
        return Path(self.storage.dir)

    @property
    def plugin_places(self) -> tuple[str, ...]:
        """Where further plugins lie: ``plugins.paths``, and what ``roundhook plugin install`` has put into storage."""
        return (*self.plugins.paths, str(self.storage_dir / "plugins"))

    def token(self) -> Secret:
        """Read the bot's token from where ``discord.token`` says it is.

        Raises:
            ConfigError: it is not there.
        """
        token = read_secret("discord.token", self.discord.token, Path(self.folder))
        if not _TOKEN.fullmatch(token.reveal()):
            raise ConfigError(
                f"discord.token ({self.discord.token}) leads to something that is no token (not shown here): it has "
                "blanks, line ends or odd characters in it. Copy the token alone from the Developer Portal."
            )
        return token

    def webhook_url(self, server: str) -> Secret | None:
        """Return the address in ``servers.<key>.webhook_url``, None if there is no such setting.

        Raises:
            ConfigError: it is set, and there is nothing where it points to.
        """
        place = self.servers[server].webhook_url
        return read_secret(f"servers.{server}.webhook_url", place, Path(self.folder)) if place else None

    def sees(self, guild_id: int, server: str) -> bool:
        """Tell whether a guild sees a server's rounds. A server that is not in the file is seen by all."""
        settings = self.servers.get(server)
        return settings is None or not settings.guilds or guild_id in settings.guilds

    def hidden_servers(self, guild_id: int) -> list[str]:
        """Return the servers that a guild does not see."""
        return [server for server in self.servers if not self.sees(guild_id, server)]


def load_config(path: Path | None) -> Config:
    """Read *path*; without one, ``roundhook.toml`` in the working directory if it is there, else the defaults.

    Raises:
        ConfigError: the file is missing or something in it is wrong.
    """
    if path is None:
        default = _here() / DEFAULT_FILE
        return load_config(default) if default.exists() else parse_config({}, default.parent)
    file = path.resolve()
    return msgspec.structs.replace(parse_config(read_tables(path), file.parent), file=str(file))


def _here() -> Path:
    """Return the working directory, in which ``roundhook.toml`` can be looked for."""
    try:
        (here := Path.cwd()).joinpath(DEFAULT_FILE).exists()
    except OSError as error:
        raise ConfigError(
            f"The folder that this was typed in cannot be looked into ({error.strerror}). Go to the folder of "
            f"{DEFAULT_FILE}, or name that file with --config."
        ) from error
    return here


def read_tables(path: Path) -> dict[str, Any]:
    """Read the file's tables, unchecked.

    Raises:
        ConfigError: the file is missing or no TOML.
    """
    try:
        return tomllib.loads(decoded(path.read_bytes()))
    except OSError as error:
        remedy = "Copy roundhook.example.toml there, or name one with --config."
        if not isinstance(error, FileNotFoundError):
            remedy = "Let the user that this runs as read it, or name another with --config."
        raise ConfigError(f"{path} cannot be read ({error.strerror}). {remedy}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}. Correct that line.") from error


def parse_config(data: Mapping[str, Any], folder: Path) -> Config:
    """Check *data* (the file's tables) and return the settings; relative paths count from *folder*.

    Raises:
        ConfigError: an unknown key, a wrong type, or a value that cannot be.
    """
    _refuse_unknown("", data, _keys(Config) - {"folder", "file"})
    config = Config(
        discord=_section("discord", data.get("discord", {}), Discord),
        guilds={guild_id(key): _section(f"guilds.{key}", one, Guild) for key, one in _tables("guilds", data)},
        database=_section("database", data.get("database", {}), DatabaseSection),
        storage=_section("storage", data.get("storage", {}), Storage),
        plugins=_section("plugins", data.get("plugins", {}), Plugins),
        servers={key: _section(f"servers.{key}", one, ServerSection) for key, one in _tables("servers", data)},
        plugin={key: dict(_table(f"plugin.{key}", one)) for key, one in _tables("plugin", data)},
        folder=str(folder),
    )
    check_lines("", {name: table for name, table in data.items() if name != "plugin"})
    check_token(config.discord.token)
    check_rest_url(config.discord.rest_url)
    for key, server in config.servers.items():
        check_server(key, server.timezone, server.webhook_url)
    _check_apart(config.servers)
    for guild, settings in config.guilds.items():
        if guild in settings.admin_roles:
            remedy = "That is the role of everybody: name other roles."
            raise ConfigError(f"guilds.{guild}.admin_roles holds the guild's own id. {remedy}")
    return _with_absolute_paths(config, folder)


def convert(key: str, value: object, to: type[T]) -> T:
    """Return *value* as *to*, strictly.

    Raises:
        ConfigError: naming *key*, the value and what is wanted.
    """
    try:
        return msgspec.convert(value, to, strict=True)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        where = key + place.rstrip("`").replace("[...]", "")
        raise ConfigError(f"{where} is {shown(where, _value_at(value, place))}: {reason}. Correct it.") from None


def _section(name: str, data: object, kind: type[S]) -> S:
    table = _table(name, data)
    _refuse_unknown(f"{name}.", table, _keys(kind))
    if isinstance(table.get("ssh"), Mapping):
        _refuse_unknown(f"{name}.ssh.", table["ssh"], _keys(Ssh))
    return convert(name, dict(table), kind)


def _keys(kind: type[msgspec.Struct]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(kind)}


def _refuse_unknown(prefix: str, data: Mapping[str, Any], known: set[str]) -> None:
    for key, value in data.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"Did you mean {prefix}{near[0]}?" if near else f"Known here: {', '.join(sorted(known))}."
            found = without_tokens(f"{prefix}{key} (= {shown(prefix + key, value)})")
            raise ConfigError(f"{found} is not a setting. {hint} Correct or remove it.")


def _tables(name: str, data: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    return _table(name, data.get(name, {}), f"holds tables: write [{name}.<key>]").items()


def _table(name: str, value: object, what: str = "") -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        what = what or f"is a table: write [{name}] and its keys below"
        raise ConfigError(f"{name} is {shown(name, value)}. It {what}.")
    return value


def _check_apart(servers: Mapping[str, ServerSection]) -> None:
    """Refuse two servers with one folder or one webhook: what comes from there would be of both."""
    owners: dict[tuple[object, ...], str] = {}
    for key, server in servers.items():
        for what, thing, remedy in _its_own(server):
            if (other := owners.setdefault(thing, key)) != key:
                raise ConfigError(f"servers.{other} and servers.{key} have one {what}. {remedy}")


def _its_own(server: ServerSection) -> Iterator[tuple[str, tuple[object, ...], str]]:
    """Give what no other server may have: what it is called, what it is, and how to have another."""
    another = "Each needs its own: /setup server makes one. Leave it to the one whose script posts through it."
    for webhook in server.webhook_ids:
        yield f"webhook ({webhook} in webhook_ids)", (webhook,), another
    if server.webhook_url:
        yield f"webhook (webhook_url is {server.webhook_url})", (server.webhook_url,), another
    if ssh := server.ssh:
        folder = posixpath.normpath(ssh.stats_dir)
        home = "" if folder.startswith("/") else ssh.user  # what is no whole path counts from the user's home
        where = f"folder ({ssh.host}:{ssh.port} {folder})"
        yield where, (ssh.host.lower(), ssh.port, home, folder), "Correct ssh of one, or remove that server."


def _with_absolute_paths(config: Config, folder: Path) -> Config:
    replace = msgspec.structs.replace

    def absolute(path: str) -> str:
        return str(folder / os.path.expanduser(path))  # of a user whom nobody knows it stays as it is

    def moved(ssh: Ssh) -> Ssh:
        return replace(ssh, key_file=absolute(ssh.key_file), known_hosts=absolute(ssh.known_hosts))

    scheme, is_file, path = config.database.url.partition("sqlite:///")
    url = f"{is_file}{absolute(path)}" if is_file and not scheme else config.database.url
    ways = ((key, server, server.ssh) for key, server in config.servers.items())
    return replace(
        config,
        database=replace(config.database, url=url),
        storage=replace(config.storage, dir=absolute(config.storage.dir)),
        plugins=replace(config.plugins, paths=tuple(map(absolute, config.plugins.paths))),
        servers={key: replace(server, ssh=ssh and moved(ssh)) for key, server, ssh in ways},
    )


def _value_at(value: object, place: str) -> object:
    for part in place.rstrip("`").split("."):
        if part and isinstance(value, Mapping):
            value = value.get(part.split("[")[0])
    return value
