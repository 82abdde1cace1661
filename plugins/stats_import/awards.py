"""Links endstats files to rounds, whichever came first, and keeps the rounds' awards and duels."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from roundhook.db import columns_of
from roundhook.rounds import Award, Duel, StatsFilename, parse_stats_filename

from . import store
from .contents import StoredFile
from .endstats import REACH_SECONDS, RosterEntry, names_near, oddities, resolve
from .filing import Filing
from .parser import StatsFile
from .planning import Neighbourhood
from .remarks import ENDSTATS, as_json, parted
from .state import RoundState
from .work import Work

_AWARD_COLUMNS = columns_of(Award, without=("round_id",))
_DUEL_COLUMNS = columns_of(Duel, without=("round_id",))
_TABLES = (("awards", Award, _AWARD_COLUMNS), ("duels", Duel, _DUEL_COLUMNS))


async def write(
    work: Work, hood: Neighbourhood, changed: Iterable[StatsFilename], filing: Filing | None = None
) -> None:
    """Bring awards and duels in line around the files that have *changed*, rounds and endstats alike.

    A change is felt by rounds at twice the reach, through an endstats file between; theirs lie at thrice the reach.
    """
    names = list(changed)
    bounds = [names_near(name, 2) for name in names]
    files = await _endstats(work, names, filing)
    if not files:
        return
    links = link(files, hood.rounds.values())
    near = {(name.map_name, name.round_number) for file in files if (name := parse_stats_filename(file.filename))}
    rounds = [one for one in hood.rounds.values() if (one.map_name, one.round_number) in near and _within(one, bounds)]
    await _write_rows(work, rounds, links)


async def _endstats(work: Work, names: Sequence[StatsFilename], filing: Filing | None) -> list[StoredFile]:
    """Return the endstats files that count around *names*; those around what has arrived were read with it."""
    if filing is None or not filing.around >= {name.filename for name in names}:
        wanted = [names_near(name, 3) for name in names]
        return await store.endstats_between(work.transaction, work.server, wanted)
    return [file for file in filing.files.values() if file.kind == "endstats" and file.state == "imported"]


def link(files: Iterable[StoredFile], rounds: Iterable[RoundState]) -> dict[str, list[StoredFile]]:
    """Return the endstats files of each round that has some: the nearest round of the same map and number."""
    names = [name for one in rounds if (name := parse_stats_filename(one.filename))]
    links: dict[str, list[StoredFile]] = {}
    for file in sorted(files, key=lambda file: file.filename):
        if (own := parse_stats_filename(file.filename)) is None:
            continue
        distances = [
            (distance, name.filename)
            for name in names
            if (name.map_name, name.round_number) == (own.map_name, own.round_number)
            and (distance := abs(name.local_time - own.local_time)) <= timedelta(seconds=REACH_SECONDS)
        ]
        if distances:
            links.setdefault(min(distances)[1], []).append(file)
    return links


async def _write_rows(work: Work, rounds: list[RoundState], links: Mapping[str, list[StoredFile]]) -> None:
    by_id = {one.id: one for one in rounds if one.id is not None}
    wanted = await _wanted(work, by_id, links)
    for table, kind, columns in _TABLES:
        stored = await store.rows_of_rounds(work.transaction, table, columns, by_id)
        changed = [round_id for round_id in by_id if stored[round_id] != wanted[round_id][table]]
        await work.transaction.execute_many(f"DELETE FROM {table} WHERE round_id = ?", [(one,) for one in changed])
        rows = ((round_id, *row) for round_id in changed for row in sorted(wanted[round_id][table]))
        await work.transaction.insert(kind, columns_of(kind), rows)
        for round_id in changed:
            by_id[round_id].touched.append(table)
    await _write_remarks(work, rounds, links)


async def _write_remarks(work: Work, rounds: Iterable[RoundState], links: Mapping[str, list[StoredFile]]) -> None:
    """Note with each round what of its endstats files is left out; rounds stored before are written at the end."""
    late = []
    for one in rounds:
        files = [work.endstats[file.filename, file.sha256] for file in links.get(one.filename, [])]
        on_file, before = parted(one.values["remarks"])
        odd = oddities(files, _roster(work.parsed[one.key])) if any(file.odd for file in files) else []
        if odd or before:
            one.values["remarks"] = as_json([*on_file, *{(guid, f"{ENDSTATS}{text}") for guid, text in odd}])
            late += [(one.values["remarks"], one.id)] if one.is_fresh else []
    await work.transaction.execute_many("UPDATE rounds SET remarks = ? WHERE id = ?", late)


async def _wanted(
    work: Work, rounds: Mapping[int, RoundState], links: Mapping[str, list[StoredFile]]
) -> dict[int, dict[str, set[tuple[Any, ...]]]]:
    linked = {round_id: links.get(one.filename, []) for round_id, one in rounds.items()}
    await work.load([rounds[round_id].key for round_id, files in linked.items() if files])
    await work.load_endstats([(file.filename, file.sha256) for files in linked.values() for file in files])
    wanted: dict[int, dict[str, set[tuple[Any, ...]]]] = {}
    for round_id, files in linked.items():
        roster = _roster(work.parsed[rounds[round_id].key]) if files else []
        awards, duels = resolve([work.endstats[file.filename, file.sha256] for file in files], roster)
        wanted[round_id] = {"awards": set(awards), "duels": set(duels)}
    return wanted


def _roster(file: StatsFile) -> list[RosterEntry]:
    return [RosterEntry(player.guid, player.raw_name, player.side) for player in file.players]


def _within(one: RoundState, bounds: Iterable[tuple[str, str]]) -> bool:
    return any(start <= one.filename < end for start, end in bounds)
