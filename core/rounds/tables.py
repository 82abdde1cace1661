"""The tables of rounds that all round plugins share: names and columns that people outside may read, too.

Written by ``stats_import`` (files, notices, rounds, players); ``timing_override`` writes the timing columns of
``rounds``. The tables are made by the migrations in ``piccolo_migrations/core``; a test holds both to the same columns.
Times are aware UTC, durations whole seconds, ``*_unix`` seconds since 1970 (UTC). NULL means unknown.
"""

from piccolo.columns import Boolean, Bytea, Serial, Text
from piccolo.table import Table

from core.db.tables import moment, number, text


class StatsFile(Table, tablename="stats_files"):
    """A file as a game server wrote it; the raw bytes are kept so that a better parser can read it again."""

    id = Serial(primary_key=True)
    server = Text()
    filename = Text()
    sha256 = Text()
    kind = Text()
    content = Bytea(null=True, default=None)
    """zlib-compressed."""
    content_key = text()
    """Hash of the content without the header's first field: the same round under two names has one."""
    state = Text()
    """imported, duplicate, superseded, quarantined or aside."""
    reason = text()
    trigger = text()
    modified_at = moment()
    fetched_at = moment()


class Round(Table, tablename="rounds"):
    """One half of a stopwatch map."""

    id = Serial(primary_key=True)
    server = Text()
    filename = Text()
    file_sha256 = Text()
    revision = number()
    map_name = Text()
    round_number = number()
    """1 or 2; of an aborted round what its notice says, else the file."""
    played_at = moment()
    winner_side = number()
    defender_side = number()
    time_limit_seconds = number()
    time_shown_seconds = number()
    round_start_unix = number()
    round_end_unix = number()
    actual_duration_seconds = number()
    total_pause_seconds = number()
    pause_count = number()
    end_reason = text()
    duration_source = text()
    """notice, file or players."""
    duration_note = text()
    """Why that source was taken, in words."""
    file_duration_seconds = number()
    """What the file alone says (header where attackers won, else the players' clock); never overridden."""
    file_duration_source = text()
    """file or players."""
    status = Text()
    match_id = number()
    session_id = number()
    remarks = text()
    """What was taken otherwise than the file says, and why: JSON ``[{"guid", "remark"}]``, "" for the whole file."""


class Match(Table, tablename="matches"):
    """R1 and R2 of one map, sides swapped."""

    id = Serial(primary_key=True)
    server = Text()
    map_name = Text()
    round1_id = number()
    round2_id = number()
    result = text()
    winner_team = number()
    """A team of the session: 1 or 2; 0 a draw; NULL: unknown, or the line-ups are mixed. team_capture writes it."""


class Session(Table, tablename="sessions"):
    """An evening: rounds of one server with gaps of at most 60 minutes."""

    id = Serial(primary_key=True)
    server = Text()
    started_at = moment()
    ended_at = moment()


class SessionTeam(Table, tablename="session_teams"):
    """The people who played together in a session, through all swaps of sides: two rows, none for mixed line-ups."""

    session_id = number(primary_key=True)
    team = number()
    """1 (on Axis in the first round) or 2."""
    name = Text()
    """The clan tag that most of them share, else its two players with most rounds."""


class SessionPlayer(Table, tablename="session_players"):
    """Which team a player belongs to in a session."""

    session_id = number(primary_key=True)
    guid = Text()
    team = number()
    rounds = number()
    """Rounds that he played in the session, with either team."""


class Player(Table, tablename="players"):
    """A person (or bot) by GUID; the name is the last one seen, without colour codes."""

    guid = Text(primary_key=True)
    name = Text()
    is_bot = Boolean()
    first_seen = moment()
    last_seen = moment()


class PlayerName(Table, tablename="player_names"):
    """A name that a player has used, without colour codes."""

    guid = Text(primary_key=True)
    name = Text()
    first_seen = moment()
    last_seen = moment()


class PlayerSighting(Table, tablename="player_sightings"):
    """A name under which a person was seen on a server, and when last; kept by ``core.rounds.sightings``."""

    guid = Text(primary_key=True)
    server = Text()
    name = Text()
    """Without colour codes."""
    last_seen = moment()


class NamePart(Table, tablename="name_parts"):
    """Three letters in a row of a name of somebody: by these a name is found that is not typed quite so."""

    part = Text(primary_key=True)
    guid = Text()


class PlayerRound(Table, tablename="player_rounds"):
    """What one player did in this round alone (R2 is already differenced)."""

    round_id = number(primary_key=True)
    guid = Text()
    name = Text()
    """Without colour codes."""
    raw_name = Text()
    """As the server wrote it, with colour codes."""
    side = number()
    kills = number()
    deaths = number()
    headshots = number()
    hits = number()
    shots = number()
    damage_given = number()
    damage_received = number()
    team_damage_given = number()
    team_damage_received = number()
    gibs = number()
    self_kills = number()
    team_kills = number()
    team_gibs = number()
    xp = number()
    killing_spree = number()
    death_spree = number()
    kill_assists = number()
    kill_steals = number()
    headshot_kills = number()
    objectives_stolen = number()
    objectives_returned = number()
    dynamites_planted = number()
    dynamites_defused = number()
    times_revived = number()
    revives_given = number()
    constructions = number()
    useful_kills = number()
    useless_kills = number()
    full_self_kills = number()
    multikills_2 = number()
    multikills_3 = number()
    multikills_4 = number()
    multikills_5 = number()
    multikills_6 = number()
    time_played_seconds = number()
    time_dead_seconds = number()
    denied_playtime_seconds = number()


class WeaponRound(Table, tablename="weapon_rounds"):
    """What one player did with one weapon in this round alone."""

    round_id = number(primary_key=True)
    guid = Text()
    weapon = Text()
    hits = number()
    shots = number()
    kills = number()
    deaths = number()
    headshots = number()


class Sums:
    """What a player's rounds add up to; NULL where no file could say. Named as in ``player_rounds``."""

    kills = number()
    deaths = number()
    headshots = number()
    hits = number()
    shots = number()
    damage_given = number()
    damage_received = number()
    gibs = number()
    self_kills = number()
    team_kills = number()
    xp = number()
    revives_given = number()
    times_revived = number()
    kill_assists = number()
    time_played_seconds = number()
    time_dead_seconds = number()


class PlayerDay(Sums, Table, tablename="player_days"):
    """A person's rounds of one server and day (UTC, ``YYYY-MM-DD``) that count; kept by ``core.rounds.rollups``."""

    day = Text(primary_key=True)
    server = Text()
    guid = Text()
    rounds = number()


class PlayerTotal(Sums, Table, tablename="player_totals"):
    """The same of all days."""

    guid = Text(primary_key=True)
    server = Text()
    rounds = number()
    version = number()
    """The highest one of its server is that of what has changed last."""


class WeaponDay(Table, tablename="weapon_days"):
    """What a person did with a weapon on one server and day, in the rounds that count."""

    guid = Text(primary_key=True)
    day = Text()
    server = Text()
    weapon = Text()
    kills = number()
    hits = number()
    shots = number()


class SumsVersion(Table, tablename="sums_versions"):
    """How often something of a server's sums has gone, and not only come."""

    server = Text(primary_key=True)
    version = number()


class Award(Table, tablename="awards"):
    """An award of a round, from its endstats file; ``value`` is the text as written."""

    round_id = number(primary_key=True)
    award = Text()
    guid = Text()
    value = Text()


class Duel(Table, tablename="duels"):
    """How often one player killed another in a round, from its endstats file."""

    round_id = number(primary_key=True)
    killer_guid = Text()
    victim_guid = Text()
    kills = number()


class StoredNotice(Table, tablename="round_notices"):
    """A notice and, once matched, its round."""

    id = Serial(primary_key=True)
    server = Text()
    map_name = Text()
    round_number = number()
    round_end_unix = number()
    notice = Text()
    """The ``RoundNotice`` as JSON, field names as in the event."""
    round_id = number()
    received_at = moment()


class NoticeAlarm(Table, tablename="notice_alarms"):
    """A notice whose file is awaited until ``due_at``; ``told_at`` is when the admins were told that none came."""

    notice_id = number(primary_key=True)
    due_at = moment()
    told_at = moment()


class OldSender(Table, tablename="old_senders"):
    """A server's script that the admins were told is older than the bot's own."""

    server = Text(primary_key=True)
    sender = Text()
    """Name and version, as the notices say."""
    told_at = moment()


TABLES: tuple[type[Table], ...] = (
    StatsFile, Round, Match, Session, SessionTeam, SessionPlayer, Player, PlayerName, PlayerSighting, NamePart,
    PlayerRound, WeaponRound, PlayerDay, PlayerTotal, WeaponDay, SumsVersion, Award, Duel, StoredNotice, NoticeAlarm,
    OldSender,
)  # fmt: skip
