"""The events of rounds: all that crosses between round plugins. Frozen, with a key that says when two are one.

Times are aware UTC, or ``*_unix`` seconds; durations are seconds. Sides: 0 unknown, 1 Axis, 2 Allies.
Unknown is ``None``, never 0 seconds. Only what makes the key is required to construct an event.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, TypeVar, dataclass_transform

from core.kernel.contracts import Event
from core.kernel.kinds import event
from core.rounds.filenames import Kind, kind_of
from core.rounds.names import normal_guid
from core.servers.files import Trigger

AXIS, ALLIES = 1, 2
"""The sides; 0 is unknown."""
EndReason = Literal["objective", "surrender", "time_expired", "aborted"]
"""How a round ended."""
T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def _event(hook: str, argument: str) -> Callable[[type[T]], type[T]]:
    """Declare one of our events as plugins do theirs; what the core asks of it are properties."""
    declare = event(hook=hook, argument=argument, key=("key",), about="about", server="origin", at="at", quiet="quiet")

    def declare_ours(cls: type[T]) -> type[T]:
        made: Any = declare(cls)
        made.hook, made.argument = hook, argument
        found: type[T] = made
        return found

    return declare_ours


class PlayerRef(NamedTuple):
    """A player on a roster: the GUID as stored (8 characters, upper case), and a label."""

    guid: str
    """8 characters; a bot's is ``BOT`` and 5 digits."""
    name: str
    """Without colour codes."""


class Pause(NamedTuple):
    """A pause, in Unix seconds (UTC); ``end_unix`` is None while unknown."""

    start_unix: float
    """Seconds since 1970 (UTC)."""
    end_unix: float | None
    """The same."""


@_event("on_round_notice", "notice")
class RoundNotice(Event):
    """A game server says that a round has ended."""

    server: str
    """The game server's key."""
    map_name: str
    round_number: int
    """1 or 2."""
    round_end_unix: float
    """The end of the round, or the message's time where the sender gave none."""
    winner_side: int = 0
    """0 unknown, 1 Axis, 2 Allies; so are the other sides."""
    defender_side: int = 0
    round_start_unix: float | None = None
    actual_duration_seconds: float | None = None
    """Seconds played, pauses left out."""
    wall_seconds: float | None = None
    """Seconds from start to end by the wall clock, pauses included."""
    time_limit_seconds: float | None = None
    """What the round was allowed to last."""
    pause_count: int | None = None
    total_pause_seconds: float | None = None
    pauses: tuple[Pause, ...] = ()
    end_reason: EndReason | None = None
    warmup_seconds: float | None = None
    surrender_side: int = 0
    """Who gave up."""
    surrender_caller: str = ""
    """GUID of who called the vote, as stored (8 characters)."""
    axis_players: tuple[PlayerRef, ...] = ()
    allies_players: tuple[PlayerRef, ...] = ()
    left_players: tuple[PlayerRef, ...] = ()
    """Who played and was gone before the end."""
    sender: str = ""
    """Name and version of the script that sent it."""
    source: Literal["gateway", "history"] = "gateway"
    message_id: int | None = None
    """Discord's id of the message."""
    received_at: datetime | None = None
    """The time of the message."""

    def __post_init__(self) -> None:
        for roster in ("axis_players", "allies_players", "left_players"):
            _put(self, roster, tuple(_player(entry) for entry in getattr(self, roster)))
        _put(self, "pauses", tuple(_pause(entry) for entry in self.pauses))
        _put(self, "surrender_caller", normal_guid(self.surrender_caller))
        _put(self, "received_at", _aware(self.received_at))

    @property
    def key(self) -> str:
        return f"notice:{self.server}:{self.map_name}:{self.round_number}:{self.round_end_unix:.0f}"

    @property
    def at(self) -> datetime | None:
        return _moment(self.round_end_unix)


@_event("on_file_fetched", "file")
class FetchedFile(Event):
    """A file of a game server has been fetched; its bytes are kept until it is imported."""

    server: str
    filename: str
    sha256: str
    """Of its bytes, 64 hex digits."""
    size: int = 0
    """Bytes."""
    kind: Kind | None = None
    """``round``, ``endstats`` or ``other``; read from the name unless given."""
    trigger: Trigger = "poll"
    path: str = ""
    """Where it came from; for people, never a key."""
    modified_at: datetime | None = None
    """As the game server says."""
    fetched_at: datetime | None = None

    def __post_init__(self) -> None:
        _put(self, "kind", self.kind or kind_of(self.filename))
        _put(self, "modified_at", _aware(self.modified_at))
        _put(self, "fetched_at", _aware(self.fetched_at))

    @property
    def key(self) -> str:
        return f"file:{self.server}:{self.filename}:{self.sha256}"

    @property
    def at(self) -> datetime | None:
        return self.modified_at

    @property
    def quiet(self) -> bool:
        return self.trigger == "import"


@_event("on_round_imported", "round")
class ImportedRound(Event):
    """A round is stored: its rows are committed and can be read."""

    round_id: int
    """``rounds.id``."""
    file_sha256: str
    server: str = ""
    map_name: str = ""
    round_number: int = 0
    match_id: int | None = None
    """``matches.id``."""
    session_id: int | None = None
    """``sessions.id``."""
    played_at: datetime | None = None
    """The time in the file's name."""
    filename: str = ""
    trigger: Trigger = "poll"
    notice: bool = False
    """Whether a notice is matched with it."""

    def __post_init__(self) -> None:
        _put(self, "played_at", _aware(self.played_at))

    @property
    def key(self) -> str:
        return f"round:{self.round_id}:{self.file_sha256}"

    @property
    def about(self) -> str:
        return f"round:{self.round_id}"

    @property
    def at(self) -> datetime | None:
        return self.played_at

    @property
    def quiet(self) -> bool:
        return self.trigger == "import"


@_event("on_round_amended", "amendment")
class RoundAmended(Event):
    """Something stored about a round has changed."""

    round: ImportedRound
    """The round, as it is now."""
    revision: int
    """``rounds.revision`` after the change."""
    changed: tuple[str, ...] = ()
    """Column names of ``rounds``, or ``notice`` or ``players``."""

    def __post_init__(self) -> None:
        if isinstance(self.round, Mapping):
            _put(self, "round", ImportedRound.from_json(self.round))
        _put(self, "changed", tuple(self.changed))

    @property
    def key(self) -> str:
        return f"amended:{self.round.round_id}:{self.revision}"

    @property
    def about(self) -> str:
        return self.round.about

    @property
    def origin(self) -> str:
        return self.round.server

    @property
    def at(self) -> datetime | None:
        return self.round.played_at

    @property
    def quiet(self) -> bool:
        return True

    def is_live(self, now: datetime) -> bool:
        return self.round.is_live(now)

    @property
    def version(self) -> int:
        return self.revision


EVENTS = (RoundNotice, FetchedFile, ImportedRound, RoundAmended)
"""In the order of the hooks."""


def _put(event: Event, name: str, value: object) -> None:
    object.__setattr__(event, name, value)


def _player(entry: Any) -> PlayerRef:
    guid, name = (entry["guid"], entry["name"]) if isinstance(entry, Mapping) else entry
    return PlayerRef(normal_guid(guid, name), name)


def _pause(entry: Any) -> Pause:
    start, end = (entry["start_unix"], entry["end_unix"]) if isinstance(entry, Mapping) else entry
    return Pause(start, end)


def _moment(unix: float) -> datetime | None:
    """Return a time in Unix seconds, None for one outside the calendar."""
    try:
        return datetime.fromtimestamp(unix, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _aware(moment: datetime | str | None) -> datetime | None:
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if moment is not None and moment.tzinfo is None:
        raise ValueError(
            f"{moment.isoformat()} has no time zone; events carry aware UTC times, such as datetime.now(UTC)"
        )
    return moment and moment.astimezone(UTC)
