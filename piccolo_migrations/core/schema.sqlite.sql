-- What the migrations here make of an empty database; written by `make schema`. Of 71dc084a3acfee97b975c13b30d3e11e572b9b5e7791fdfa524762ab792795ae;
CREATE TABLE "migration" ("id" INTEGER PRIMARY KEY NOT NULL, "name" VARCHAR(200) NOT NULL DEFAULT '', "app_name" VARCHAR(200) NOT NULL DEFAULT '', "ran_on" TIMESTAMP NOT NULL DEFAULT current_timestamp);
CREATE TABLE stats_files (
        id INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT NOT NULL, filename TEXT NOT NULL, sha256 TEXT NOT NULL, kind TEXT NOT NULL,
        content BLOB, content_key TEXT, state TEXT NOT NULL, reason TEXT, trigger TEXT,
        modified_at TIMESTAMPTZ, fetched_at TIMESTAMPTZ, UNIQUE (server, filename, sha256));
CREATE INDEX stats_files_content_key ON stats_files (content_key);
CREATE INDEX stats_files_state ON stats_files (state);
CREATE TABLE rounds (
        id INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT NOT NULL, filename TEXT NOT NULL, file_sha256 TEXT NOT NULL,
        revision BIGINT NOT NULL DEFAULT 1, map_name TEXT NOT NULL, round_number BIGINT NOT NULL,
        played_at TIMESTAMPTZ NOT NULL, winner_side BIGINT, defender_side BIGINT,
        time_limit_seconds BIGINT, time_shown_seconds BIGINT, round_start_unix BIGINT, round_end_unix BIGINT,
        actual_duration_seconds BIGINT, total_pause_seconds BIGINT, pause_count BIGINT, end_reason TEXT,
        duration_source TEXT, duration_note TEXT, file_duration_seconds BIGINT, file_duration_source TEXT,
        status TEXT NOT NULL, match_id BIGINT, session_id BIGINT, remarks TEXT, UNIQUE (server, filename));
CREATE INDEX rounds_played_at ON rounds (server, played_at);
CREATE TABLE matches (
        id INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT NOT NULL, map_name TEXT NOT NULL, round1_id BIGINT UNIQUE, round2_id BIGINT UNIQUE,
        result TEXT, winner_team BIGINT);
CREATE TABLE sessions (
        id INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT NOT NULL, started_at TIMESTAMPTZ NOT NULL, ended_at TIMESTAMPTZ NOT NULL);
CREATE INDEX sessions_ended_at ON sessions (server, ended_at);
CREATE TABLE players (
        guid TEXT PRIMARY KEY, name TEXT NOT NULL, is_bot BOOLEAN NOT NULL DEFAULT FALSE,
        first_seen TIMESTAMPTZ, last_seen TIMESTAMPTZ);
CREATE TABLE player_names (
        guid TEXT NOT NULL, name TEXT NOT NULL, first_seen TIMESTAMPTZ, last_seen TIMESTAMPTZ, PRIMARY KEY (guid, name));
CREATE TABLE player_rounds (
        round_id BIGINT NOT NULL REFERENCES rounds (id) ON DELETE CASCADE, guid TEXT NOT NULL, name TEXT NOT NULL, raw_name TEXT NOT NULL,
        side BIGINT, kills BIGINT, deaths BIGINT, headshots BIGINT, hits BIGINT, shots BIGINT, damage_given BIGINT, damage_received BIGINT, team_damage_given BIGINT, team_damage_received BIGINT, gibs BIGINT, self_kills BIGINT, team_kills BIGINT, team_gibs BIGINT, xp BIGINT, killing_spree BIGINT, death_spree BIGINT, kill_assists BIGINT, kill_steals BIGINT, headshot_kills BIGINT, objectives_stolen BIGINT, objectives_returned BIGINT, dynamites_planted BIGINT, dynamites_defused BIGINT, times_revived BIGINT, revives_given BIGINT, constructions BIGINT, useful_kills BIGINT, useless_kills BIGINT, full_self_kills BIGINT, multikills_2 BIGINT, multikills_3 BIGINT, multikills_4 BIGINT, multikills_5 BIGINT, multikills_6 BIGINT, time_played_seconds BIGINT, time_dead_seconds BIGINT, denied_playtime_seconds BIGINT, PRIMARY KEY (round_id, guid));
CREATE INDEX player_rounds_guid ON player_rounds (guid);
CREATE TABLE weapon_rounds (
        round_id BIGINT NOT NULL REFERENCES rounds (id) ON DELETE CASCADE, guid TEXT NOT NULL, weapon TEXT NOT NULL, hits BIGINT, shots BIGINT, kills BIGINT,
        deaths BIGINT, headshots BIGINT, PRIMARY KEY (round_id, guid, weapon));
CREATE TABLE awards (
        round_id BIGINT NOT NULL REFERENCES rounds (id) ON DELETE CASCADE, award TEXT NOT NULL, guid TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (round_id, award, guid, value));
CREATE TABLE duels (
        round_id BIGINT NOT NULL REFERENCES rounds (id) ON DELETE CASCADE, killer_guid TEXT NOT NULL, victim_guid TEXT NOT NULL, kills BIGINT NOT NULL,
        PRIMARY KEY (round_id, killer_guid, victim_guid));
CREATE TABLE round_notices (
        id INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT NOT NULL, map_name TEXT NOT NULL, round_number BIGINT NOT NULL,
        round_end_unix BIGINT NOT NULL, notice TEXT NOT NULL, round_id BIGINT, received_at TIMESTAMPTZ,
        UNIQUE (server, map_name, round_number, round_end_unix));
CREATE INDEX round_notices_round ON round_notices (round_id);
CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, type TEXT NOT NULL, payload TEXT NOT NULL,
        published_at TIMESTAMPTZ NOT NULL, owner TEXT NOT NULL);
CREATE TABLE deliveries (
        event_id BIGINT NOT NULL REFERENCES events (id) ON DELETE CASCADE, plugin TEXT NOT NULL,
        state TEXT NOT NULL, attempts BIGINT NOT NULL DEFAULT 0, error TEXT, updated_at TIMESTAMPTZ,
        PRIMARY KEY (event_id, plugin));
CREATE INDEX deliveries_open ON deliveries (state) WHERE state <> 'done';
CREATE TABLE plugin_states (
        plugin TEXT NOT NULL, guild_id BIGINT NOT NULL DEFAULT 0, enabled BOOLEAN NOT NULL,
        PRIMARY KEY (plugin, guild_id));
CREATE TABLE plugin_actions (
        id INTEGER PRIMARY KEY AUTOINCREMENT, plugin TEXT NOT NULL, action TEXT NOT NULL, guild_id BIGINT, user_id BIGINT, ok BOOLEAN NOT NULL,
        detail TEXT NOT NULL DEFAULT '', at TIMESTAMPTZ NOT NULL);
CREATE TABLE notice_alarms (
        notice_id BIGINT PRIMARY KEY REFERENCES round_notices (id) ON DELETE CASCADE,
        due_at TIMESTAMPTZ NOT NULL, told_at TIMESTAMPTZ);
CREATE INDEX notice_alarms_open ON notice_alarms (due_at) WHERE told_at IS NULL;
CREATE TABLE old_senders (
        server TEXT NOT NULL, sender TEXT NOT NULL, told_at TIMESTAMPTZ NOT NULL, PRIMARY KEY (server, sender));
CREATE TABLE player_days (
        day TEXT NOT NULL, server TEXT NOT NULL, guid TEXT NOT NULL, rounds BIGINT NOT NULL, kills BIGINT, deaths BIGINT, headshots BIGINT, hits BIGINT, shots BIGINT, damage_given BIGINT, damage_received BIGINT, gibs BIGINT, self_kills BIGINT, team_kills BIGINT, xp BIGINT, revives_given BIGINT, times_revived BIGINT, kill_assists BIGINT, time_played_seconds BIGINT, time_dead_seconds BIGINT,
        PRIMARY KEY (day, server, guid));
CREATE INDEX player_days_guid ON player_days (guid, day);
CREATE TABLE player_totals (
        guid TEXT NOT NULL, server TEXT NOT NULL, rounds BIGINT NOT NULL, kills BIGINT, deaths BIGINT, headshots BIGINT, hits BIGINT, shots BIGINT, damage_given BIGINT, damage_received BIGINT, gibs BIGINT, self_kills BIGINT, team_kills BIGINT, xp BIGINT, revives_given BIGINT, times_revived BIGINT, kill_assists BIGINT, time_played_seconds BIGINT, time_dead_seconds BIGINT, version BIGINT, PRIMARY KEY (guid, server));
CREATE INDEX rounds_latest ON rounds (played_at);
CREATE INDEX rounds_not_counted ON rounds (id) WHERE status <> 'ok';
CREATE INDEX sessions_latest ON sessions (ended_at);
CREATE TABLE plugin_hooks (plugin TEXT PRIMARY KEY, hooks TEXT NOT NULL);
CREATE TABLE server_webhooks (webhook_id BIGINT PRIMARY KEY, server TEXT NOT NULL, created_by BIGINT, created_at TIMESTAMPTZ);
CREATE TABLE reading_marks (
        plugin TEXT NOT NULL, channel_id BIGINT NOT NULL, message_id BIGINT NOT NULL,
        PRIMARY KEY (plugin, channel_id));
CREATE TABLE refused_messages (
        channel_id BIGINT NOT NULL, message_id BIGINT NOT NULL, reason TEXT NOT NULL, at TIMESTAMPTZ NOT NULL,
        PRIMARY KEY (channel_id, message_id));
CREATE TABLE announcements (
            id INTEGER PRIMARY KEY AUTOINCREMENT, plugin TEXT NOT NULL, subject TEXT NOT NULL, round_id BIGINT, guild_id BIGINT NOT NULL,
            channel_id BIGINT NOT NULL, part BIGINT NOT NULL DEFAULT 0, content TEXT, files BLOB,
            tried TEXT NOT NULL DEFAULT '', wanted BIGINT NOT NULL, revision BIGINT NOT NULL DEFAULT 0,
            message_id BIGINT, attempts BIGINT NOT NULL DEFAULT 0, next_at TIMESTAMPTZ, error TEXT, created_at TIMESTAMPTZ,
            UNIQUE (plugin, subject, channel_id, part));
CREATE INDEX announcements_round ON announcements (round_id);
CREATE TABLE troubles (
            plugin TEXT NOT NULL, key TEXT NOT NULL, server TEXT NOT NULL DEFAULT '',
            guild_id BIGINT NOT NULL DEFAULT 0, text TEXT NOT NULL, remedy TEXT NOT NULL DEFAULT '',
            since TIMESTAMPTZ NOT NULL, told_at TIMESTAMPTZ, over_at TIMESTAMPTZ, times BIGINT NOT NULL DEFAULT 1,
            PRIMARY KEY (plugin, key, server, guild_id));
CREATE TABLE confirmations (
            token TEXT PRIMARY KEY, plugin TEXT NOT NULL, method TEXT NOT NULL, data TEXT NOT NULL,
            needed TEXT NOT NULL DEFAULT '', user_id BIGINT NOT NULL, guild_id BIGINT NOT NULL,
            good_until TIMESTAMPTZ NOT NULL);
CREATE TABLE bots (
            id BIGINT PRIMARY KEY, owner TEXT NOT NULL, host TEXT NOT NULL, pid BIGINT NOT NULL,
            since TIMESTAMPTZ NOT NULL, beat_at TIMESTAMPTZ NOT NULL, status TEXT NOT NULL);
CREATE TABLE plugin_settings (
    plugin TEXT NOT NULL, guild_id BIGINT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, user_id BIGINT,
    at TIMESTAMPTZ NOT NULL, PRIMARY KEY (plugin, guild_id, key));
CREATE TABLE plugin_store (
            plugin TEXT NOT NULL, guild_id BIGINT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
            PRIMARY KEY (plugin, guild_id, key));
CREATE TABLE plugin_jobs (
            id INTEGER PRIMARY KEY AUTOINCREMENT, plugin TEXT NOT NULL, method TEXT NOT NULL, key TEXT NOT NULL, data TEXT NOT NULL,
            due_at TIMESTAMPTZ NOT NULL, state TEXT NOT NULL, cron TEXT NOT NULL DEFAULT '',
            attempts BIGINT NOT NULL DEFAULT 0, next_at TIMESTAMPTZ, error TEXT, revision BIGINT NOT NULL DEFAULT 0);
CREATE INDEX plugin_jobs_due ON plugin_jobs (plugin, method, due_at, id) WHERE state = 'waiting';
CREATE UNIQUE INDEX plugin_jobs_once ON plugin_jobs (plugin, method, cron, key) WHERE state = 'waiting' AND (key <> '' OR cron <> '');
CREATE INDEX plugin_jobs_failed ON plugin_jobs (plugin, method) WHERE error IS NOT NULL;
CREATE TABLE plugin_tables (name TEXT PRIMARY KEY, plugin TEXT NOT NULL);
CREATE TABLE session_teams (
            session_id BIGINT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE, team BIGINT NOT NULL,
            name TEXT NOT NULL, PRIMARY KEY (session_id, team));
CREATE TABLE session_players (
            session_id BIGINT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE, guid TEXT NOT NULL,
            team BIGINT NOT NULL, rounds BIGINT NOT NULL, PRIMARY KEY (session_id, guid));
CREATE TABLE plugin_migrations (name TEXT PRIMARY KEY, plugin TEXT NOT NULL, sha256 TEXT NOT NULL, widens BOOLEAN NOT NULL);
CREATE TABLE plugin_requests (
            id TEXT PRIMARY KEY, plugin TEXT NOT NULL, action TEXT NOT NULL, asked_at TIMESTAMPTZ NOT NULL,
            answer TEXT NOT NULL);
CREATE TABLE command_scopes (
            scope BIGINT PRIMARY KEY, digest TEXT NOT NULL, names TEXT NOT NULL, at TIMESTAMPTZ NOT NULL, application BIGINT);
CREATE TABLE player_sightings (
    guid TEXT NOT NULL, server TEXT NOT NULL, name TEXT NOT NULL, last_seen TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (guid, server, name));
CREATE TABLE name_parts (part TEXT NOT NULL, guid TEXT NOT NULL, PRIMARY KEY (part, guid)) WITHOUT ROWID;
CREATE INDEX player_sightings_latest ON player_sightings (server, last_seen);
CREATE INDEX rounds_offered ON rounds (server, round_number, played_at) WHERE status <> 'empty';
CREATE INDEX rounds_of_map ON rounds (map_name, server, round_number, played_at) WHERE status <> 'empty';
CREATE INDEX sessions_started_at ON sessions (server, started_at);
CREATE TABLE weapon_days (
    guid TEXT NOT NULL, day TEXT NOT NULL, server TEXT NOT NULL, weapon TEXT NOT NULL, kills BIGINT, hits BIGINT,
    shots BIGINT, PRIMARY KEY (guid, day, server, weapon)) WITHOUT ROWID;
CREATE TABLE sums_versions (server TEXT PRIMARY KEY, version BIGINT NOT NULL);
CREATE INDEX player_totals_version ON player_totals (server, version);
CREATE INDEX rounds_of_session ON rounds (session_id, played_at, status);
CREATE INDEX round_notices_unmatched ON round_notices (server) WHERE round_id IS NULL;
CREATE INDEX stats_files_refused ON stats_files (server) WHERE state = 'quarantined';
CREATE INDEX announcements_waiting ON announcements (channel_id, id, subject, message_id, next_at, wanted, revision) WHERE wanted > revision;
CREATE INDEX announcements_message ON announcements (channel_id, message_id) WHERE message_id IS NOT NULL;
CREATE INDEX announcements_latest ON announcements (plugin, created_at, subject);
CREATE INDEX announcements_single ON announcements (created_at) WHERE subject LIKE 'single:%';
INSERT INTO migration (app_name, name) VALUES ('core', 'core_2026_11_22t10_00_00_000000'), ('core', 'core_2026_11_22t12_00_00_000000'), ('core', 'core_2026_11_22t13_00_00_000000'), ('core', 'core_2026_11_25t22_00_00_000000'), ('core', 'core_2026_11_27t10_00_00_000000'), ('core', 'core_2026_11_27t11_00_00_000000'), ('core', 'core_2026_11_27t12_00_00_000000'), ('core', 'core_2026_11_27t13_00_00_000000'), ('core', 'core_2026_11_27t14_00_00_000000'), ('core', 'core_2026_11_27t15_00_00_000000'), ('core', 'core_2026_11_27t16_00_00_000000'), ('core', 'core_2026_11_27t17_00_00_000000'), ('core', 'core_2026_11_27t18_00_00_000000'), ('core', 'core_2026_11_27t19_00_00_000000'), ('core', 'core_2026_11_27t20_00_00_000000'), ('core', 'core_2026_11_27t21_00_00_000000'), ('core', 'core_2026_11_28t10_00_00_000000'), ('core', 'core_2026_11_28t11_00_00_000000'), ('core', 'core_2026_11_28t20_00_00_000000'), ('core', 'core_2026_11_28t21_00_00_000000'), ('core', 'core_2026_11_28t22_00_00_000000'), ('core', 'core_2026_11_28t23_00_00_000000');
