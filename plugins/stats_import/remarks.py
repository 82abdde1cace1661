"""What was taken otherwise than a file says, and why, in words: kept with the round, listed by ``roundhook audit``.

A remark with an empty GUID is about the whole file.
"""

import json
import operator
from collections.abc import Iterable, Iterator

from .fields import CUMULATIVE_FIELDS, GENERATIONS, SECONDS_OF_TENTH, TIME_DEAD, TIME_PLAYED
from .lines import FIGHT, SIDE, PlayerLine
from .parser import StatsFile
from .reading import Reading, Share, read
from .weapons import WEAPONS

_PARTS = ("hits", "shots", "kills", "deaths", "head hits")
ENDSTATS = "endstats: "
"""What such a remark begins with."""
Remark = tuple[str, str]
"""GUID and text."""


def remarks_on(file: StatsFile, first: StatsFile | None = None) -> str | None:
    """Return the remarks on *file* as JSON ``[{"guid", "remark"}]``; *first* is the R1 of an R2. None without any."""
    return as_json(remarks_from(read(file, first), file, first))


def remarks_from(reading: Reading, file: StatsFile, first: StatsFile | None = None) -> list[Remark]:
    """Return the remarks on a file that has been read."""
    found = [(share.line.guid, text) for share in reading.shares for text in _on_player(share, file.generation)]
    if first is not None:
        here = {line.guid for line in file.players}
        found += [
            (line.guid, "is in the file of R1 and not in this one") for line in first.players if line.guid not in here
        ]
    return [*([("", reading.remark)] if reading.remark else []), *found]


def parted(stored: str | None) -> tuple[list[Remark], list[Remark]]:
    """Return a round's *stored* remarks: those on its stats file, and those on its endstats files."""
    found = [(one["guid"], one["remark"]) for one in json.loads(stored)] if stored else []
    parts: tuple[list[Remark], list[Remark]] = ([], [])
    for one in found:
        parts[one[1].startswith(ENDSTATS)].append(one)
    return parts


def as_json(remarks: Iterable[Remark]) -> str | None:
    """Return *remarks* as they are stored; None without any."""
    found = [{"guid": guid, "remark": text} for guid, text in sorted(remarks)]
    return json.dumps(found, ensure_ascii=False) if found else None


def _on_player(share: Share, generation: int) -> Iterator[str]:
    if share.remark:
        yield share.remark
    if not share.is_row:
        return
    yield from _odd(share.line, generation)
    if share.before is not None:
        yield from _falls(share.line, share.before)
    yield from _too_dead(share)


def _odd(line: PlayerLine, generation: int) -> Iterator[str]:
    """Name what cannot be and is left unknown."""
    if not line.odd:
        return
    columns = {field: column for column, field in GENERATIONS[generation].items()}
    columns |= {TIME_PLAYED: "time_played", TIME_DEAD: "time_dead", SIDE: "side", FIGHT: "a weapon's number"}
    for field, text in sorted(line.odd.items()):
        if field in columns:
            yield f"has {columns[field]} {text[:24]}, which cannot be: unknown"


def _falls(line: PlayerLine, before: PlayerLine) -> Iterator[str]:
    """Name what is smaller than in R1 although it only counts up; 0 is taken."""
    odd = {*line.odd, *before.odd}
    for column, field in CUMULATIVE_FIELDS.items():
        if field not in odd and line.fields[field] < before.fields[field]:
            yield f"has {column} {line.fields[field]} after {before.fields[field]} in R1: 0 is taken"
    for weapon, group in sorted(line.weapons.items()) if FIGHT not in odd else ():
        earlier = before.weapons.get(weapon, (0,) * len(_PARTS))
        if any(map(operator.lt, group, earlier)):
            for part, new, old in zip(_PARTS, group, earlier, strict=True):
                if new < old:
                    yield f"has {WEAPONS[weapon]} {part} {new} after {old} in R1: 0 is taken"


def _too_dead(share: Share) -> Iterator[str]:
    line, before = share.line, share.before
    if {TIME_PLAYED, TIME_DEAD} & {*line.odd, *(before.odd if before else ())}:
        return
    start = before.fields[TIME_PLAYED] if before is not None else 0
    played, dead = max(0, line.fields[TIME_PLAYED] - start), line.fields[TIME_DEAD]
    if dead > played:
        seconds = played * SECONDS_OF_TENTH
        yield f"was dead for {dead * SECONDS_OF_TENTH} s of {seconds} s played, says the file: {seconds} s are taken"
