"""The core's own tables: journal, plugins, announcements. Names and columns that people outside may read.

They are made by the migrations in ``piccolo_migrations/core``; a test holds both to the same columns. Times are aware
UTC. NULL means unknown.
"""

from collections.abc import Iterable, Sequence

from piccolo.columns import BigInt, Boolean, Bytea, Column, Serial, Text, Timestamptz
from piccolo.table import Table

from core.db.database import marks


def number(*, primary_key: bool = False) -> BigInt:
    """Return a column of whole numbers that may be NULL."""
    return BigInt(null=True, default=None, primary_key=primary_key)


def text() -> Text:
    """Return a column of text that may be NULL."""
    return Text(null=True, default=None)


def moment() -> Timestamptz:
    """Return a column of times (UTC) that may be NULL."""
    return Timestamptz(null=True, default=None)


class Announcement(Table, tablename="announcements"):
    """What should stand in a channel: one message, or a part of one; posted once and edited later."""

    id = Serial(primary_key=True)
    plugin = Text()
    subject = Text()
    """What it is about: ``round:<id>``, an event's key, or the plugin's own word."""
    round_id = number()
    guild_id = number()
    """The guild whose stats channel it is, 0 for a channel that was named."""
    channel_id = number()
    part = number()
    """From 0: a long message is several."""
    content = text()
    """JSON; NULL: nothing should stand there."""
    files = Bytea(null=True, default=None)
    """The bytes of its files until they are posted."""
    tried = Text()
    """Digests of texts that may have been posted before this one without an answer."""
    wanted = number()
    """The revision that should stand there."""
    revision = number()
    """The one that stands there; 0: nothing was posted yet."""
    message_id = number()
    attempts = number()
    next_at = moment()
    """When what Discord has refused is tried again."""
    error = text()
    created_at = moment()


class StoredEvent(Table, tablename="events"):
    """The journal: each published event, once."""

    id = Serial(primary_key=True)
    key = Text(unique=True)
    type = Text()
    payload = Text()
    published_at = moment()
    owner = Text()
    """The process that published it."""


class Delivery(Table, tablename="deliveries"):
    """One event for one plugin: pending until it has succeeded (done) or failed for good (failed)."""

    event_id = number(primary_key=True)
    plugin = Text()
    state = Text()
    attempts = number()
    error = text()
    updated_at = moment()


class PluginState(Table, tablename="plugin_states"):
    """A toggle; guild 0 means everywhere."""

    plugin = Text(primary_key=True)
    guild_id = number()
    enabled = Boolean()


class PluginHooks(Table, tablename="plugin_hooks"):
    """Which hooks a plugin handled when it was last loaded: while it cannot be, its events are recorded by that."""

    plugin = Text(primary_key=True)
    hooks = Text()
    """JSON list of names."""


class PluginSetting(Table, tablename="plugin_settings"):
    """What somebody has set of a plugin; it goes before what the file says."""

    plugin = Text(primary_key=True)
    guild_id = number()
    """0: for all."""
    key = Text()
    value = Text()
    """JSON, as the file would have it. Never a secret."""
    user_id = number()
    at = moment()


class PluginAction(Table, tablename="plugin_actions"):
    """Who did what to a plugin."""

    id = Serial(primary_key=True)
    plugin = Text()
    action = Text()
    guild_id = number()
    user_id = number()
    ok = Boolean()
    detail = Text()
    at = moment()


class StoredValue(Table, tablename="plugin_store"):
    """What a plugin keeps under a key; guild 0 is for all."""

    plugin = Text(primary_key=True)
    guild_id = number()
    key = Text()
    value = Text()
    """JSON."""


class PluginJob(Table, tablename="plugin_jobs"):
    """What a plugin's method is to be called for at a time: once (``at``), or again and again (``cron``)."""

    id = Serial(primary_key=True)
    plugin = Text()
    method = Text()
    key = Text()
    """The same key of one method is one job; empty: each is its own."""
    data = Text()
    """JSON: what the method is called with."""
    due_at = moment()
    state = Text()
    """``waiting``, ``done`` or ``failed`` (for good)."""
    cron = Text()
    """Expression and time zone of what comes again and again; such a row waits for its next time. Else empty."""
    attempts = number()
    next_at = moment()
    """When it is tried again; NULL: when it is due."""
    error = text()
    """What it has failed with for good; of a cron its latest time, until one goes well."""
    revision = number()
    """Counts how often the key was used anew: what runs meanwhile is not taken for what replaced it."""


class PluginTable(Table, tablename="plugin_tables"):
    """A table that a plugin's migrations have made."""

    name = Text(primary_key=True)
    plugin = Text()


class PluginMigration(Table, tablename="plugin_migrations"):
    """A migration of a plugin as it was when it ran."""

    name = Text(primary_key=True)
    plugin = Text()
    sha256 = Text()
    widens = Boolean()
    """It has only added: an earlier version of the plugin works with what it has left."""


class ServerWebhook(Table, tablename="server_webhooks"):
    """A webhook that was accepted for a game server while the bot ran, besides those in the settings."""

    webhook_id = BigInt(primary_key=True)
    server = Text()
    created_by = number()
    created_at = moment()


class ReadingMark(Table, tablename="reading_marks"):
    """How far a plugin has read a channel: all up to this message is handled or refused."""

    plugin = Text(primary_key=True)
    channel_id = number()
    """0: whichever it followed before there were marks."""
    message_id = number()


class RefusedMessage(Table, tablename="refused_messages"):
    """A message that a plugin has refused for good."""

    channel_id = number(primary_key=True)
    message_id = number()
    reason = Text()
    at = moment()


class Trouble(Table, tablename="troubles"):
    """Something that a person has to mend."""

    plugin = Text(primary_key=True)
    key = Text()
    server = Text()
    guild_id = number()
    text = Text()
    remedy = Text()
    since = moment()
    told_at = moment()
    over_at = moment()
    times = number()


class Confirmation(Table, tablename="confirmations"):
    """What somebody was asked before something is lost or stopped, or is shown in pages, until it is too old."""

    token = Text(primary_key=True)
    plugin = Text()
    method = Text()
    data = Text()
    """JSON."""
    needed = Text()
    """What he must still be allowed to do then."""
    user_id = number()
    guild_id = number()
    good_until = moment()


class PluginRequest(Table, tablename="plugin_requests"):
    """What a command in the terminal asks of the running bot, until it has read the answer."""

    id = Text(primary_key=True)
    plugin = Text()
    action = Text()
    """``enable``, ``disable``, ``reload``, or ``look`` for what lies in the folders."""
    asked_at = moment()
    answer = Text()
    """JSON: what came of it; empty until the bot has done it."""


class CommandScope(Table, tablename="command_scopes"):
    """What the bot has registered as commands: in a guild, or (0) globally."""

    scope = BigInt(primary_key=True)
    application = number()
    """The bot that has: with another token nothing is known."""
    digest = Text()
    """Of the commands; empty: there are some of which nothing is known."""
    names = Text()
    """JSON: what they are called."""
    at = moment()


class RunningBot(Table, tablename="bots"):
    """The bot that uses this database: one row, or none."""

    id = BigInt(primary_key=True)
    owner = Text()
    host = Text()
    pid = number()
    since = moment()
    beat_at = moment()
    """When it was last heard of."""
    status = Text()
    """JSON: what ``roundhook status`` shows."""


TABLES: tuple[type[Table], ...] = (
    Announcement, StoredEvent, Delivery, PluginState, PluginHooks, PluginSetting, PluginAction, StoredValue, PluginJob,
    PluginTable, PluginMigration, ServerWebhook, ReadingMark, RefusedMessage, Trouble, Confirmation, PluginRequest,
    CommandScope, RunningBot,
)  # fmt: skip


def columns_of(table: type[Table], *, without: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the column names of *table* in order, so that SQL is generated and columns are named once."""
    columns: list[Column] = table._meta.columns
    return tuple(column._meta.name for column in columns if column._meta.name not in without)


def insert_sql(table: type[Table], columns: Sequence[str], suffix: str = "") -> str:
    """Return an INSERT for *columns* of *table* with one ``?`` each, followed by *suffix* (ON CONFLICT, RETURNING)."""
    into = f"INSERT INTO {table._meta.get_formatted_tablename()} ({quoted(columns)})"
    return f"{into} VALUES ({marks(len(columns))}) {suffix}".rstrip()


def quoted(columns: Iterable[str]) -> str:
    """Return a list of columns as SQL, whatever they are called.

    >>> quoted(["order", "mapName"])
    '"order", "mapName"'
    """
    return ", ".join(f'"{name}"' for name in columns)
