"""Brings the stored rounds of one server in line with its files and notices, around what has changed.

Read the neighbourhood, work out what it is to be, write what differs. Called again, it changes nothing.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from roundhook.db import Row
from roundhook.rounds import StatsFilename, parse_stats_filename

from . import awards, store
from .difference import GUID, NAME, PLAYER_COLUMNS, WEAPON_COLUMNS, RoundRows, rows_from
from .filing import Filing
from .notices import REACH_SECONDS, Ended
from .pairing import base_status
from .parser import StatsFile
from .planning import Neighbourhood, Notice, windows_around
from .reading import counts_alone, read, wants_earlier
from .remarks import Remark, as_json, parted, remarks_from
from .room import Told
from .state import TIMING_COLUMNS, RoundState, Windows, file_values, new_round
from .timing import FileTiming, timing_of
from .work import Work, beside
from .writing import Writer


class Outcome(Struct, frozen=True):
    """The rounds that are new, and those that were stored before and have changed."""

    imported: tuple[RoundState, ...] = ()
    amended: tuple[tuple[RoundState, tuple[str, ...]], ...] = ()


async def reconcile(
    work: Work, filing: Filing | None = None, *, ends: Sequence[int] = (), renewed: Collection[int] = ()
) -> Outcome:
    """Bring the rounds in line after files have been filed away, or notices stored of rounds that ended at *ends*.

    Args:
        work: the transaction, and the server that is meant.
        filing: what has been filed away.
        ends: when the rounds of the notices ended, Unix seconds.
        renewed: ids of stored notices that say more than before.
    """
    changes = filing.changes if filing else ()
    names = {change.filename: name for change in changes if (name := parse_stats_filename(change.filename))}
    times = [*(int(name.played_at(work.zone).timestamp()) for name in names.values()), *ends]
    if not times:
        return Outcome()
    hood = await _read(work, windows_around(times, work.zone), names.values())
    if filing is not None:
        await _apply(work, hood, filing, names)
    hood.link_notices(renewed)
    await _judge(work, hood)
    await _pair(work, hood)
    await _count(work, hood)
    writer = Writer(work.transaction, work.database.dialect, work.server, hood)
    await writer.write()
    work.missed |= writer.missed()
    await awards.write(work, hood, names.values(), filing)
    return Outcome(*await writer.finish())


async def _read(work: Work, windows: Windows, changed: Collection[StatsFilename]) -> Neighbourhood:
    seconds = sorted({name.map_name for name in changed if name.round_number == 2})
    rounds = await store.rounds_within(work.transaction, work.server, windows, lock=work.locks, maps=seconds)
    work.packed |= {one.key: one.packed for one in rounds if one.packed is not None}
    hood = Neighbourhood(work.zone, windows, {one.filename: one for one in rounds})
    wider = Windows(tuple((start - REACH_SECONDS, end + REACH_SECONDS) for start, end in windows.spans))
    maps = {name.map_name for name in changed} | {one.map_name for one in rounds}
    found = await store.notices_within(work.transaction, work.server, maps, wider)
    hood.notices = [_notice(ended, row) for ended, row in found]
    return hood


def _notice(ended: Ended, row: Row) -> Notice:
    said = json.loads(row["notice"])
    if said.get("end_reason") == "aborted":
        return Notice(ended, Told(ended.round_number, said.get("actual_duration_seconds")), row["round_id"])
    return Notice(ended, Told(pause_seconds=said.get("total_pause_seconds") or 0), row["round_id"])


async def _apply(work: Work, hood: Neighbourhood, filing: Filing, names: Mapping[str, StatsFilename]) -> None:
    """Put new rounds in, take out those that do not count any more, and give the others their new content."""
    rounds = [change for change in filing.changes if change.kind == "round"]
    await work.load([(change.filename, change.after) for change in rounds if change.after])
    for change in rounds:
        if change.after is None:
            if gone := hood.rounds.pop(change.filename, None):
                hood.removed.append(gone)
            continue
        key = change.filename, change.after
        trigger, file = filing.files[key].trigger, work.parsed[key]
        if (one := hood.rounds.get(change.filename)) is None:
            played_at = names[change.filename].played_at(work.zone)
            one = new_round(work.server, change.filename, played_at, file, change.after, trigger)
            hood.rounds[change.filename] = one
        else:
            one.values.update(file_values(file, change.after))
            if change.before == change.after:
                one.reread = True
                continue
            one.file, one.content_changed, one.trigger = file, True, trigger or "poll"  # type: ignore[assignment]


async def _judge(work: Work, hood: Neighbourhood) -> None:
    """Give each round whose content or notice has changed the status, number and winner that it has by itself.

    The file of an aborted round is written while the engine goes on to something else: its notice is believed.
    """
    open_ones = [one for one in hood.rounds.values() if _is_unjudged(one, hood)]
    await work.load([one.key for one in open_ones])
    for one in open_ones:
        file, told = work.parsed[one.key], hood.told(one.filename)
        is_told = told.number is not None
        one.base = base_status(file, aborted_notice=is_told)
        one.values["round_number"] = told.number or file.round_number
        one.values["winner_side"] = 0 if is_told else file.winner_side


def _is_unjudged(one: RoundState, hood: Neighbourhood) -> bool:
    """Tell whether a round's own status is open; an aborted R2 with the limit of an R1 may have been a real one."""
    is_told = hood.told(one.filename).number is not None
    if one.content_changed or one.reread or (one.notice_changed and (is_told or hood.tells_of(one))):
        return True
    if one.base != "aborted":
        return False
    limit = one.values["time_limit_seconds"]
    return one.notice_changed or (
        one.round_number == 2
        and any(
            (other.round_number, other.map_name, other.values["time_shown_seconds"]) == (1, one.map_name, limit)
            for other in hood.rounds.values()
        )
    )


async def _pair(work: Work, hood: Neighbourhood) -> None:
    """Pair the rounds; again when an R2 that pairs otherwise than before turns out to be an unplayed one."""
    hood.pair_rounds()
    while True:
        ids = hood.by_id
        moved = [one for one in hood.rounds.values() if one.base == "ok" and _has_other_first(one, hood, ids)]
        await work.load([one.key for one in moved])
        unplayed = [one for one in moved if counts_alone(work.parsed[one.key])]
        if not unplayed:
            return
        for one in unplayed:
            one.base = "unplayed"
        hood.pair_rounds()


async def _count(work: Work, hood: Neighbourhood) -> None:
    """Work out the rows of each round whose content, R1 or notice has changed, and its time."""
    ids = hood.by_id
    open_ones = [one for one in hood.rounds.values() if _is_open(one, hood, ids)]
    firsts = {one.filename: first for one in open_ones if (first := _first_of(one, hood))}
    await work.load([one.key for one in (*open_ones, *firsts.values())])
    told = {one.filename: hood.told(one.filename) for one in open_ones}
    alone = (one for one in open_ones if one.filename not in firsts)
    odd = [one for one in alone if wants_earlier(work.parsed[one.key], told[one.filename])]
    earlier = {one.filename: before for one in odd if (before := hood.before(one))}
    await work.load([one.key for one in earlier.values()])

    def rows() -> dict[str, tuple[RoundRows, list[Remark]]]:
        counted = {}
        for one in open_ones:
            file, name = work.parsed[one.key], one.filename
            first, before = (work.parsed[part[name].key] if name in part else None for part in (firsts, earlier))
            reading = read(file, first, before, told[name])
            counted[name] = rows_from(reading, file.generation), remarks_from(reading, file, first)
        return counted

    counted = await beside(len(open_ones), rows)
    for one in open_ones:
        one.rows, remarks = counted[one.filename]
        one.values["remarks"] = as_json([*remarks, *parted(one.values["remarks"])[1]])
        _time(one, work.parsed[one.key], one.rows.longest_seconds)
    await _keep_equal_rows(work, open_ones)


def _first_of(one: RoundState, hood: Neighbourhood) -> RoundState | None:
    """Return the R1 that is in a round's numbers; an R2 that its notice calls aborted has no match, and one too."""
    if one.partner is not None:
        return hood.rounds[one.partner]
    before = hood.before(one) if hood.told(one.filename).number == 2 else None
    return before if before is not None and before.values["round_number"] == 1 else None


def _is_open(one: RoundState, hood: Neighbourhood, ids: Mapping[int, RoundState]) -> bool:
    if one.content_changed or one.reread or _has_other_first(one, hood, ids):
        return True
    if one.notice_changed and (not one.noticed or one.values["remarks"] or one.base == "aborted" or hood.tells_of(one)):
        return True
    is_told = hood.told(one.filename).number is not None
    if one.settled or one.partner is not None or not (one.values["remarks"] or one.base == "aborted" or is_told):
        return False
    before, was = hood.before(one), hood.was_before(one)
    return before is not was or (before is not None and (before.content_changed or before.notice_changed))


def _has_other_first(one: RoundState, hood: Neighbourhood, ids: Mapping[int, RoundState]) -> bool:
    """Tell whether an R2 that is stored belongs to another R1 than before, or to one with another content."""
    if one.content_changed or one.settled or one.round_number == 1:
        return False
    before = ids.get(one.first_id) if one.first_id is not None else None
    first = hood.rounds.get(one.partner) if one.partner is not None else None
    return before is not first or (one.first_id is not None and before is None) or bool(first and first.content_changed)


def _time(one: RoundState, file: StatsFile, longest_seconds: int | None) -> None:
    """Write the file's view of the time where it has changed; what a notice said stays, for others to judge anew."""
    timing = timing_of(file, longest_seconds)
    if one.values["status"] == "aborted" and longest_seconds is not None:  # its header is about another round
        timing = FileTiming(longest_seconds, "players")
    view = {"file_duration_seconds": timing.seconds, "file_duration_source": timing.source}
    lost = (one.notice_changed or one.reread) and not one.noticed and one.values["duration_source"] == "notice"
    anew = one.content_changed or (one.notice_changed and not one.noticed) or lost
    if not anew and all(one.values[column] == value for column, value in view.items()):
        return
    one.values.update(view)
    if anew or one.values["duration_source"] != "notice":
        one.values.update(dict.fromkeys(TIMING_COLUMNS))
        one.values.update(actual_duration_seconds=timing.seconds, duration_source=timing.source)


async def _keep_equal_rows(work: Work, open_ones: Iterable[RoundState]) -> None:
    """Leave the rows of stored rounds alone that would be written as they are."""
    stored = {one.id: one for one in open_ones if one.id is not None}
    if not stored:
        return
    players = await store.rows_of_rounds(work.transaction, "player_rounds", PLAYER_COLUMNS, stored)
    weapons = await store.rows_of_rounds(work.transaction, "weapon_rounds", WEAPON_COLUMNS, stored)
    for round_id, one in stored.items():
        if one.rows is None:
            continue
        if (set(one.rows.players), set(one.rows.weapons)) == (players[round_id], weapons[round_id]):
            one.rows = None
        else:
            one.people_before = frozenset((row[GUID], row[NAME]) for row in players[round_id])
            one.touched.append("players")
