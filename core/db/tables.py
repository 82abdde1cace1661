"""The shared tables: names and columns that plugins and people outside may read.

Written by the core (journal, toggles, announcements) and by ``stats_import`` (files, notices, rounds, players);
``timing_override`` writes the timing columns of ``rounds``. The tables are made by the migrations in
``piccolo_migrations/core``; a test holds both to the same columns. Times are aware UTC, durations whole seconds,
``*_unix`` seconds since 1970 (UTC). NULL means unknown.
"""

from collections.abc import Sequence

from piccolo.columns import BigInt, Boolean, Bytea, Column, Serial, Text, Timestamptz
from piccolo.table import Table


def _number(*, primary_key: bool = False) -> BigInt:
    return BigInt(null=True, default=None, primary_key=primary_key)


def _text() -> Text:
    return Text(null=True, default=None)


def _moment() -> Timestamptz:
    return Timestamptz(null=True, default=None)


class StatsFile(Table, tablename="stats_files"):
    """A file as a game server wrote it; the raw bytes are kept so that a better parser can read it again."""

    id = Serial(primary_key=True)
    server = Text()
    filename = Text()
    sha256 = Text()
    kind = Text()
    content = Bytea(null=True, default=None)
    """zlib-compressed."""
    content_key = _text()
    """Hash of the content without the header's first field: the same round under two names has one."""
    state = Text()
    """imported, duplicate, superseded, quarantined or aside."""
    reason = _text()
    trigger = _text()
    modified_at = _moment()
    fetched_at = _moment()


class Round(Table, tablename="rounds"):
    """One half of a stopwatch map."""

    id = Serial(primary_key=True)
    server = Text()
    filename = Text()
    file_sha256 = Text()
    revision = _number()
    map_name = Text()
    round_number = _number()
    played_at = _moment()
    winner_side = _number()
    defender_side = _number()
    time_limit_seconds = _number()
    time_shown_seconds = _number()
    round_start_unix = _number()
    round_end_unix = _number()
    actual_duration_seconds = _number()
    total_pause_seconds = _number()
    pause_count = _number()
    end_reason = _text()
    duration_source = _text()
    """notice, file or players."""
    duration_note = _text()
    """Why that source was taken, in words."""
    file_duration_seconds = _number()
    """What the file alone says (header where attackers won, else the players' clock); never overridden."""
    file_duration_source = _text()
    """file or players."""
    status = Text()
    match_id = _number()
    session_id = _number()
    remarks = _text()
    """What was taken otherwise than the file says, and why: JSON ``[{"guid", "remark"}]``."""


class Match(Table, tablename="matches"):
    """R1 and R2 of one map, sides swapped."""

    id = Serial(primary_key=True)
    server = Text()
    map_name = Text()
    round1_id = _number()
    round2_id = _number()
    result = _text()


class Session(Table, tablename="sessions"):
    """An evening: rounds of one server with gaps of at most 60 minutes."""

    id = Serial(primary_key=True)
    server = Text()
    started_at = _moment()
    ended_at = _moment()


class Player(Table, tablename="players"):
    """A person (or bot) by GUID; the name is the last one seen, without colour codes."""

    guid = Text(primary_key=True)
    name = Text()
    is_bot = Boolean()
    first_seen = _moment()
    last_seen = _moment()


class PlayerName(Table, tablename="player_names"):
    """A name that a player has used, without colour codes."""

    guid = Text(primary_key=True)
    name = Text()
    first_seen = _moment()
    last_seen = _moment()


class PlayerRound(Table, tablename="player_rounds"):
    """What one player did in this round alone (R2 is already differenced)."""

    round_id = _number(primary_key=True)
    guid = Text()
    name = Text()
    """Without colour codes."""
    raw_name = Text()
    """As the server wrote it, with colour codes."""
    side = _number()
    kills = _number()
    deaths = _number()
    headshots = _number()
    hits = _number()
    shots = _number()
    damage_given = _number()
    damage_received = _number()
    team_damage_given = _number()
    team_damage_received = _number()
    gibs = _number()
    self_kills = _number()
    team_kills = _number()
    team_gibs = _number()
    xp = _number()
    killing_spree = _number()
    death_spree = _number()
    kill_assists = _number()
    kill_steals = _number()
    headshot_kills = _number()
    objectives_stolen = _number()
    objectives_returned = _number()
    dynamites_planted = _number()
    dynamites_defused = _number()
    times_revived = _number()
    revives_given = _number()
    constructions = _number()
    useful_kills = _number()
    useless_kills = _number()
    full_self_kills = _number()
    multikills_2 = _number()
    multikills_3 = _number()
    multikills_4 = _number()
    multikills_5 = _number()
    multikills_6 = _number()
    time_played_seconds = _number()
    time_dead_seconds = _number()
    denied_playtime_seconds = _number()


class WeaponRound(Table, tablename="weapon_rounds"):
    """What one player did with one weapon in this round alone."""

    round_id = _number(primary_key=True)
    guid = Text()
    weapon = Text()
    hits = _number()
    shots = _number()
    kills = _number()
    deaths = _number()
    headshots = _number()


class Sums:
    """What a player's rounds add up to; NULL where no file could say. Named as in ``player_rounds``."""

    kills = _number()
    deaths = _number()
    headshots = _number()
    hits = _number()
    shots = _number()
    damage_given = _number()
    damage_received = _number()
    gibs = _number()
    self_kills = _number()
    team_kills = _number()
    xp = _number()
    revives_given = _number()
    times_revived = _number()
    kill_assists = _number()
    time_played_seconds = _number()
    time_dead_seconds = _number()


class PlayerDay(Sums, Table, tablename="player_days"):
    """A person's rounds of one server and day (UTC, ``YYYY-MM-DD``) that count; kept by ``core.db.rollups``."""

    day = Text(primary_key=True)
    server = Text()
    guid = Text()
    rounds = _number()


class PlayerTotal(Sums, Table, tablename="player_totals"):
    """The same of all days."""

    guid = Text(primary_key=True)
    server = Text()
    rounds = _number()


class Award(Table, tablename="awards"):
    """An award of a round, from its endstats file; ``value`` is the text as written."""

    round_id = _number(primary_key=True)
    award = Text()
    guid = Text()
    value = Text()


class Duel(Table, tablename="duels"):
    """How often one player killed another in a round, from its endstats file."""

    round_id = _number(primary_key=True)
    killer_guid = Text()
    victim_guid = Text()
    kills = _number()


class StoredNotice(Table, tablename="round_notices"):
    """A notice and, once matched, its round."""

    id = Serial(primary_key=True)
    server = Text()
    map_name = Text()
    round_number = _number()
    round_end_unix = _number()
    notice = Text()
    """The ``RoundNotice`` as JSON, field names as in the event."""
    round_id = _number()
    received_at = _moment()


class NoticeAlarm(Table, tablename="notice_alarms"):
    """A notice whose file is awaited until ``due_at``; ``told_at`` is when the admins were told that none came."""

    notice_id = _number(primary_key=True)
    due_at = _moment()
    told_at = _moment()


class OldSender(Table, tablename="old_senders"):
    """A server's script that the admins were told is older than the bot's own."""

    server = Text(primary_key=True)
    sender = Text()
    """Name and version, as the notices say."""
    told_at = _moment()


class Announcement(Table, tablename="announcements"):
    """A message that the bot has posted about something, so that it is posted once and edited later."""

    id = Serial(primary_key=True)
    plugin = Text()
    subject = Text()
    """What it is about: ``round:<id>`` or an event's key."""
    round_id = _number()
    guild_id = _number()
    channel_id = _number()
    message_id = _number()
    revision = _number()


class StoredEvent(Table, tablename="events"):
    """The journal: each published event, once."""

    id = Serial(primary_key=True)
    key = Text(unique=True)
    type = Text()
    payload = Text()
    published_at = _moment()
    owner = Text()
    """The process that published it."""


class Delivery(Table, tablename="deliveries"):
    """One event for one plugin: pending until it has succeeded (done) or failed for good (failed)."""

    event_id = _number(primary_key=True)
    plugin = Text()
    state = Text()
    attempts = _number()
    error = _text()
    updated_at = _moment()


class PluginState(Table, tablename="plugin_states"):
    """A toggle; guild 0 means everywhere."""

    plugin = Text(primary_key=True)
    guild_id = _number()
    enabled = Boolean()


class PluginHooks(Table, tablename="plugin_hooks"):
    """Which hooks a plugin handled when it was last loaded: while it cannot be, its events are recorded by that."""

    plugin = Text(primary_key=True)
    hooks = Text()
    """JSON list of names."""


class PluginAction(Table, tablename="plugin_actions"):
    """Who did what to a plugin."""

    id = Serial(primary_key=True)
    plugin = Text()
    action = Text()
    guild_id = _number()
    user_id = _number()
    ok = Boolean()
    detail = Text()
    at = _moment()


SHARED_TABLES: tuple[type[Table], ...] = (
    StatsFile, Round, Match, Session, Player, PlayerName, PlayerRound, WeaponRound, PlayerDay, PlayerTotal,
    Award, Duel, StoredNotice, NoticeAlarm, OldSender, Announcement, StoredEvent, Delivery, PluginState, PluginHooks,
    PluginAction,
)  # fmt: skip


def columns_of(table: type[Table], *, without: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the column names of *table* in order, so that SQL is generated and columns are named once."""
    columns: list[Column] = table._meta.columns
    return tuple(column._meta.name for column in columns if column._meta.name not in without)


def insert_sql(table: type[Table], columns: Sequence[str], suffix: str = "") -> str:
    """Return an INSERT for *columns* of *table* with one ``?`` each, followed by *suffix* (ON CONFLICT, RETURNING)."""
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table._meta.tablename} ({', '.join(columns)}) VALUES ({marks}) {suffix}".rstrip()
