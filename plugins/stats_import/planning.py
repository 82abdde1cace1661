"""Works out what the rounds of a neighbourhood are to be: notices, status, pairs, matches, sessions. No database.

Each step is a function of the rounds and notices that were read, so the order of arrival cannot matter. At the edge
of what was read, where that is not enough to decide, things stay as they are stored.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from .clock import repeated_hours
from .notices import REACH_SECONDS, Ended, Written, match_notices
from .pairing import PAIR_SECONDS, SESSION_SECONDS, Played, Result, chains, pair, read_clock, result_of
from .room import NOTHING_TOLD, Told
from .state import RoundState, Windows

AROUND_SECONDS = SESSION_SECONDS + 60
"""How much is read on each side of a change: the longest reach of anything, and a little."""
CLOCK_SECONDS = 2 * 3600
"""The same around a repeated hour, in which everything hangs together."""


def windows_around(times: Iterable[int], zone: ZoneInfo) -> Windows:
    """Return what has to be read when something has changed at *times*."""
    spans = [_around(time, zone) for time in times]
    return Windows.merged(spans)


def _around(time: int, zone: ZoneInfo) -> tuple[int, int]:
    start, end = time - AROUND_SECONDS, time + AROUND_SECONDS
    for hour in repeated_hours(zone, start - PAIR_SECONDS, end + PAIR_SECONDS):
        start, end = min(start, hour.start - CLOCK_SECONDS), max(end, hour.stop + CLOCK_SECONDS)
    return start, end


class Notice(Struct):
    """A notice that was read; ``round_id`` is its round as stored, ``name`` the round that it belongs to now."""

    ended: Ended
    told: Told
    round_id: int | None
    name: str | None = None
    moved: bool = False


class MatchPlan(Struct):
    """The match of an R1 as it is to be; ``second`` is the name of its R2."""

    first: RoundState
    second: RoundState | None
    result: Result | None


class Neighbourhood(Struct):
    """All rounds and notices of one server in some stretches of time, with what has arrived put in."""

    zone: ZoneInfo
    windows: Windows
    rounds: dict[str, RoundState]
    removed: list[RoundState] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    @property
    def by_id(self) -> dict[int, RoundState]:
        return {one.id: one for one in self.rounds.values() if one.id is not None}

    def link_notices(self, renewed: Collection[int] = ()) -> None:
        """Match notices with rounds, and mark the rounds whose notice has changed or is among the *renewed*."""
        written = [
            Written(one.filename, one.map_name, one.round_number, self.readings(one)) for one in self.rounds.values()
        ]
        aborted = {notice.ended.id for notice in self.notices if notice.told.number is not None}
        found = match_notices((notice.ended for notice in self.notices), written, aborted=aborted)
        names = {one.id: one.filename for one in [*self.rounds.values(), *self.removed] if one.id is not None}
        for notice in self.notices:
            before = names.get(notice.round_id) if notice.round_id is not None else None
            inside = self.windows.hold(notice.ended.end, before=REACH_SECONDS, after=REACH_SECONDS)
            notice.name = found.get(notice.ended.id) if inside else before
            notice.moved = inside and notice.name != before
        self._tell_rounds(names, renewed)

    def _tell_rounds(self, names: Mapping[int, str], renewed: Collection[int]) -> None:
        now = {notice.name for notice in self.notices}
        moved = [notice for notice in self.notices if notice.moved or notice.ended.id in renewed]
        lost = {names[notice.round_id] for notice in moved if notice.round_id is not None and notice.round_id in names}
        for name in lost | {notice.name for notice in moved if notice.name}:
            if (one := self.rounds.get(name)) is not None:
                one.notice_changed = True
                one.touched.append("notice")
                one.noticed = name in now

    def readings(self, one: RoundState) -> tuple[int, ...]:
        """Return each time that a round's name can mean, the stored one first."""
        for hour in repeated_hours(self.zone, one.time, one.time + 1):
            shift = (hour.stop - hour.start) // 2
            if one.time < hour.start + shift:
                return one.time, one.time + shift
        return (one.time,)

    def told(self, name: str) -> Told:
        """Return what the notice of a round says that its file is read by."""
        return next((notice.told for notice in self.notices if notice.name == name), NOTHING_TOLD)

    def tells_of(self, one: RoundState) -> bool:
        """Tell whether a round's file is read otherwise by its notice, that of now or the one that is stored."""
        mine = (notice for notice in self.notices if notice.name == one.filename or notice.round_id == one.id)
        return any(notice.told != NOTHING_TOLD for notice in mine if one.id is not None)

    def before(self, one: RoundState) -> RoundState | None:
        """Return the round before *one*, where the engine can have carried its numbers on: soon, on the same map."""
        return _before(one, self.rounds.values())

    def was_before(self, one: RoundState) -> RoundState | None:
        """Return the same as it is stored."""
        return _before(one, [*(other for other in self.rounds.values() if other.stored), *self.removed])

    def pair_rounds(self) -> None:
        """Give each R2 its R1, and each round its status."""
        ids = self.by_id
        played = self._played()
        pairs = pair(played)
        for read in played:
            if len(self.readings(self.rounds[read.name])) > 1:
                self.rounds[read.name].reading = read.time
        for one in self.rounds.values():
            before = ids.get(one.first_id) if one.first_id is not None else None
            one.partner = before.filename if before else None
            one.settled = not self.windows.hold(one.time, before=PAIR_SECONDS)
            if not one.settled:
                one.partner = pairs.get(one.filename)
                one.values["status"] = _status(one)

    def _played(self) -> list[Played]:
        times = {one.filename: self._read_by_notice(one) for one in self.rounds.values()}
        played = [_played(one, times[one.filename]) for one in self.rounds.values()]
        hours = {hour for start, end in self.windows.spans for hour in repeated_hours(self.zone, start, end)}
        for hour in sorted(hours, key=lambda hour: hour.start):
            near = [one for one in played if hour.start - PAIR_SECONDS <= one.time <= hour.stop + PAIR_SECONDS]
            read = {one.name: one for one in read_clock(near)} if any(one.other_time for one in near) else {}
            played = [read.get(one.name, one) for one in played]
        return played

    def _read_by_notice(self, one: RoundState) -> tuple[int, ...]:
        """Return the times that a name can mean; the notice says which, if there is one."""
        times = self.readings(one)
        if len(times) == 1:
            return times
        end = next((notice.ended.end for notice in self.notices if notice.name == one.filename), None)
        return times if end is None else (min(times, key=lambda time: abs(time - end)),)

    def matches(self) -> dict[str, MatchPlan]:
        """Return the match of each R1 that has one, by the R1's name."""
        seconds = {one.partner: one for one in self.rounds.values() if one.partner is not None}
        firsts = [one for one in self.rounds.values() if one.round_number == 1 and one.base != "aborted"]
        return {one.filename: MatchPlan(one, two := seconds.get(one.filename), _result(one, two)) for one in firsts}


def _before(one: RoundState, others: Iterable[RoundState]) -> RoundState | None:
    earlier = (other for other in others if (other.time, other.filename) < (one.time, one.filename))
    last = max(earlier, key=lambda other: (other.time, other.filename), default=None)
    near = last is not None and one.time - last.time <= PAIR_SECONDS and last.map_name == one.map_name
    return last if near else None


def _status(one: RoundState) -> str:
    if one.base == "unplayed":
        return "ok" if one.partner is not None else "aborted"
    if one.base != "ok":
        return one.base
    return "unpaired" if one.round_number == 2 and one.partner is None else "ok"


def _played(one: RoundState, times: tuple[int, ...]) -> Played:
    return Played(
        one.filename, times[0], one.map_name, one.round_number, one.base == "aborted",
        one.values["time_limit_seconds"], one.values["time_shown_seconds"], times[1] if len(times) > 1 else None,
        one.base == "unplayed",
    )  # fmt: skip


def _result(first: RoundState, second: RoundState | None) -> Result | None:
    if second is None or "empty" in (first.base, second.base):
        return None
    return result_of(_sides(first), _sides(second))


def _sides(one: RoundState) -> tuple[int, int]:
    return one.values["winner_side"] or 0, one.values["defender_side"] or 0


class SessionPlan(Struct):
    """A session as it is to be; ``id`` is None for a new one."""

    id: int | None
    rounds: list[RoundState]
    whole: bool
    """Whether ``rounds`` are all of it: else it is at least as long as they say."""

    @property
    def started_at(self) -> datetime:
        return min(one.played_at for one in self.rounds)

    @property
    def ended_at(self) -> datetime:
        return max(one.played_at for one in self.rounds)


def unclear_sessions(rounds: Collection[RoundState]) -> set[int]:
    """Return the sessions that have to be read whole.

    Those which now hang together with another one, and those around a repeated hour, where times may be read anew.
    """
    found = (_session_ids(chain) for chain in _chains(rounds))
    doubtful = [one.time for one in rounds if one.reading is not None]
    near = (one for one in rounds for time in doubtful if abs(one.time - time) <= 2 * CLOCK_SECONDS)
    return {one for ids in found if len(ids) > 1 for one in ids} | _session_ids(near)


def plan_sessions(rounds: Iterable[RoundState], whole: Collection[int]) -> list[SessionPlan]:
    """Return the sessions that *rounds* belong to; of those in *whole* all rounds are there: they may be cut or joined.

    The smaller id is kept.
    """
    given: set[int] = set()
    plans = []
    for chain in _chains(rounds):
        kept = min(_session_ids(chain) - given, default=None)
        plans.append(SessionPlan(kept, chain, kept is None or kept in whole))
        given |= {kept} & set(whole) if kept is not None else set()
    return plans


def _chains(rounds: Iterable[RoundState]) -> list[list[RoundState]]:
    ordered = sorted(rounds, key=lambda one: one.order)
    return [[ordered[index] for index in chain] for chain in chains([one.order[0] for one in ordered])]


def _session_ids(chain: Iterable[RoundState]) -> set[int]:
    return {one.values["session_id"] for one in chain if one.values["session_id"] is not None}
