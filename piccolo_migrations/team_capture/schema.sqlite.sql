-- What the migrations here make of an empty database; written by `make schema`. Of d8ecc4bb4af46b777e327f2139098ba3ac982cfb44d0ebac1f9454cccc9aea15;
CREATE TABLE "lua_round_teams" (
                    id INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT NOT NULL, round_id BIGINT REFERENCES rounds (id) ON DELETE CASCADE, match_id TEXT NOT NULL,
                    round_number BIGINT NOT NULL, axis_players TEXT NOT NULL, allies_players TEXT NOT NULL,
                    actual_duration_seconds BIGINT, winner_team BIGINT, end_reason TEXT, captured_at TIMESTAMPTZ,
                    UNIQUE (server, match_id, round_number));
CREATE INDEX lua_round_teams_round ON lua_round_teams (round_id);
INSERT INTO migration (app_name, name) VALUES ('team_capture', 'team_capture_2026_11_22t10_00_00_000000'), ('team_capture', 'team_capture_2026_11_25t22_00_00_000000');
INSERT INTO plugin_tables (plugin, name) VALUES ('team_capture', 'lua_round_teams');
INSERT INTO plugin_migrations (plugin, name, sha256, widens) VALUES ('team_capture', 'team_capture_2026_11_22t10_00_00_000000', '623a2ff1676b17c9187895b3de663788d8ae208fe6bbe7419d911fe1e182d4f5', TRUE), ('team_capture', 'team_capture_2026_11_25t22_00_00_000000', '1303371e5cf4099fe47b05d5acf86de31cfe5e0fd7e1400116dc79b098b618ab', FALSE);
