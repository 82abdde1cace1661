"""The shared tables, first version."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.ddl import statements

ID = "core_2026_11_22t10_00_00_000000"
VERSION = "1.38.0"
DESCRIPTION = "shared tables"

_PLAYER_NUMBERS = (
    "side", "kills", "deaths", "headshots", "hits", "shots", "damage_given", "damage_received", "team_damage_given",
    "team_damage_received", "gibs", "self_kills", "team_kills", "team_gibs", "xp", "killing_spree", "death_spree",
    "kill_assists", "kill_steals", "headshot_kills", "objectives_stolen", "objectives_returned", "dynamites_planted",
    "dynamites_defused", "times_revived", "revives_given", "constructions", "useful_kills", "useless_kills",
    "full_self_kills", "multikills_2", "multikills_3", "multikills_4", "multikills_5", "multikills_6",
    "time_played_seconds", "time_dead_seconds", "denied_playtime_seconds",
)  # fmt: skip

_OF_ROUND = "round_id BIGINT NOT NULL REFERENCES rounds (id) ON DELETE CASCADE"

_FILES_AND_ROUNDS = (
    """CREATE TABLE IF NOT EXISTS stats_files (
        id {id}, server TEXT NOT NULL, filename TEXT NOT NULL, sha256 TEXT NOT NULL, kind TEXT NOT NULL,
        content {bytes}, content_key TEXT, state TEXT NOT NULL, reason TEXT, trigger TEXT,
        modified_at {moment}, fetched_at {moment}, UNIQUE (server, filename, sha256))""",
    "CREATE INDEX IF NOT EXISTS stats_files_content_key ON stats_files (content_key)",
    "CREATE INDEX IF NOT EXISTS stats_files_state ON stats_files (state)",
    """CREATE TABLE IF NOT EXISTS rounds (
        id {id}, server TEXT NOT NULL, filename TEXT NOT NULL, file_sha256 TEXT NOT NULL,
        revision BIGINT NOT NULL DEFAULT 1, map_name TEXT NOT NULL, round_number BIGINT NOT NULL,
        played_at {moment} NOT NULL, winner_side BIGINT, defender_side BIGINT,
        time_limit_seconds BIGINT, time_shown_seconds BIGINT, round_start_unix BIGINT, round_end_unix BIGINT,
        actual_duration_seconds BIGINT, total_pause_seconds BIGINT, pause_count BIGINT, end_reason TEXT,
        duration_source TEXT, duration_note TEXT, file_duration_seconds BIGINT, file_duration_source TEXT,
        status TEXT NOT NULL, match_id BIGINT, session_id BIGINT, UNIQUE (server, filename))""",
    "CREATE INDEX IF NOT EXISTS rounds_played_at ON rounds (server, played_at)",
    "CREATE INDEX IF NOT EXISTS rounds_session ON rounds (session_id)",
    """CREATE TABLE IF NOT EXISTS matches (
        id {id}, server TEXT NOT NULL, map_name TEXT NOT NULL, round1_id BIGINT UNIQUE, round2_id BIGINT UNIQUE,
        result TEXT)""",
    """CREATE TABLE IF NOT EXISTS sessions (
        id {id}, server TEXT NOT NULL, started_at {moment} NOT NULL, ended_at {moment} NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS sessions_ended_at ON sessions (server, ended_at)",
)

_PLAYERS = (
    """CREATE TABLE IF NOT EXISTS players (
        guid TEXT PRIMARY KEY, name TEXT NOT NULL, is_bot BOOLEAN NOT NULL DEFAULT FALSE,
        first_seen {moment}, last_seen {moment})""",
    """CREATE TABLE IF NOT EXISTS player_names (
        guid TEXT NOT NULL, name TEXT NOT NULL, first_seen {moment}, last_seen {moment}, PRIMARY KEY (guid, name))""",
    f"""CREATE TABLE IF NOT EXISTS player_rounds (
        {_OF_ROUND}, guid TEXT NOT NULL, name TEXT NOT NULL, raw_name TEXT NOT NULL,
        {", ".join(f"{name} BIGINT" for name in _PLAYER_NUMBERS)}, PRIMARY KEY (round_id, guid))""",
    "CREATE INDEX IF NOT EXISTS player_rounds_guid ON player_rounds (guid)",
    f"""CREATE TABLE IF NOT EXISTS weapon_rounds (
        {_OF_ROUND}, guid TEXT NOT NULL, weapon TEXT NOT NULL, hits BIGINT, shots BIGINT, kills BIGINT,
        deaths BIGINT, headshots BIGINT, PRIMARY KEY (round_id, guid, weapon))""",
    f"""CREATE TABLE IF NOT EXISTS awards (
        {_OF_ROUND}, award TEXT NOT NULL, guid TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (round_id, award, guid, value))""",
    f"""CREATE TABLE IF NOT EXISTS duels (
        {_OF_ROUND}, killer_guid TEXT NOT NULL, victim_guid TEXT NOT NULL, kills BIGINT NOT NULL,
        PRIMARY KEY (round_id, killer_guid, victim_guid))""",
)

_NOTICES = (
    """CREATE TABLE IF NOT EXISTS round_notices (
        id {id}, server TEXT NOT NULL, map_name TEXT NOT NULL, round_number BIGINT NOT NULL,
        round_end_unix BIGINT NOT NULL, notice TEXT NOT NULL, round_id BIGINT, received_at {moment},
        UNIQUE (server, map_name, round_number, round_end_unix))""",
    "CREATE INDEX IF NOT EXISTS round_notices_round ON round_notices (round_id)",
    """CREATE TABLE IF NOT EXISTS announcements (
        id {id}, plugin TEXT NOT NULL, subject TEXT NOT NULL, round_id BIGINT, guild_id BIGINT NOT NULL,
        channel_id BIGINT NOT NULL, message_id BIGINT NOT NULL, revision BIGINT, UNIQUE (plugin, subject, guild_id))""",
    "CREATE INDEX IF NOT EXISTS announcements_round ON announcements (round_id)",
)

_JOURNAL = (
    """CREATE TABLE IF NOT EXISTS events (
        id {id}, key TEXT NOT NULL UNIQUE, type TEXT NOT NULL, payload TEXT NOT NULL,
        published_at {moment} NOT NULL, owner TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS deliveries (
        event_id BIGINT NOT NULL REFERENCES events (id) ON DELETE CASCADE, plugin TEXT NOT NULL,
        state TEXT NOT NULL, attempts BIGINT NOT NULL DEFAULT 0, error TEXT, updated_at {moment},
        PRIMARY KEY (event_id, plugin))""",
    "CREATE INDEX IF NOT EXISTS deliveries_open ON deliveries (state) WHERE state <> 'done'",
    """CREATE TABLE IF NOT EXISTS plugin_states (
        plugin TEXT NOT NULL, guild_id BIGINT NOT NULL DEFAULT 0, enabled BOOLEAN NOT NULL,
        PRIMARY KEY (plugin, guild_id))""",
    """CREATE TABLE IF NOT EXISTS plugin_actions (
        id {id}, plugin TEXT NOT NULL, action TEXT NOT NULL, guild_id BIGINT, user_id BIGINT, ok BOOLEAN NOT NULL,
        detail TEXT NOT NULL DEFAULT '', at {moment} NOT NULL)""",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="core", description=DESCRIPTION)
    manager.add_raw(statements(*_FILES_AND_ROUNDS, *_PLAYERS, *_NOTICES, *_JOURNAL))
    return manager
