"""The shared language of round plugins: events and their parts, tables, names, file names, sums."""

from core.kernel.kinds import LIVE
from core.rounds.events import (
    ALLIES,
    AXIS,
    EndReason,
    FetchedFile,
    ImportedRound,
    Pause,
    PlayerRef,
    RoundAmended,
    RoundNotice,
)
from core.rounds.filenames import (
    NOTICE_WINDOW,
    Kind,
    StatsFilename,
    is_map_name,
    kind_of,
    match_key,
    parse_stats_filename,
)
from core.rounds.names import (
    bot_guid,
    clean_name,
    color_runs,
    guest_guid,
    is_bot_guid,
    is_guest_guid,
    is_no_guid,
    is_player_guid,
    name_key,
    name_parts,
    normal_guid,
)
from core.rounds.rollups import PEOPLE, RANKED, SUMMED, WITHOUT_BOTS, day_of, keep_rollups, rebuild_rollups
from core.rounds.sightings import forget_sightings, keep_sightings, rebuild_sightings, sighting_writes
from core.rounds.tables import (
    Award,
    Duel,
    Match,
    NamePart,
    NoticeAlarm,
    OldSender,
    Player,
    PlayerDay,
    PlayerName,
    PlayerRound,
    PlayerSighting,
    PlayerTotal,
    Round,
    Session,
    SessionPlayer,
    SessionTeam,
    StatsFile,
    StoredNotice,
    SumsVersion,
    WeaponDay,
    WeaponRound,
)
from core.servers.files import Trigger

__all__ = [
    "ALLIES", "AXIS", "LIVE", "NOTICE_WINDOW", "PEOPLE", "RANKED", "SUMMED", "WITHOUT_BOTS", "Award", "Duel",
    "EndReason", "FetchedFile", "ImportedRound", "Kind", "Match", "NamePart", "NoticeAlarm", "OldSender", "Pause",
    "Player", "PlayerDay", "PlayerName", "PlayerRef", "PlayerRound", "PlayerSighting", "PlayerTotal", "Round",
    "RoundAmended", "RoundNotice", "Session", "SessionPlayer", "SessionTeam", "StatsFile", "StatsFilename",
    "StoredNotice", "SumsVersion", "Trigger", "WeaponDay", "WeaponRound", "bot_guid", "clean_name", "color_runs",
    "day_of", "forget_sightings", "guest_guid", "is_bot_guid", "is_guest_guid", "is_map_name", "is_no_guid",
    "is_player_guid", "keep_rollups", "keep_sightings", "kind_of", "match_key", "name_key", "name_parts",
    "normal_guid", "parse_stats_filename", "rebuild_rollups", "rebuild_sightings",
    "sighting_writes",
]  # fmt: skip
