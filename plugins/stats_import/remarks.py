"""What was taken otherwise than a file says, and why, in words: kept with the round, listed by ``roundhook audit``."""

import json
from collections.abc import Iterator

from .difference import CUMULATIVE_FIELDS, SECONDS_OF_TENTH, SPECTATOR, counts_alone, is_reset, stood_still
from .fields import TIME_DEAD, TIME_PLAYED
from .parser import PlayerLine, StatsFile
from .weapons import WEAPONS

_PARTS = ("hits", "shots", "kills", "deaths", "head hits")


def remarks_on(file: StatsFile, first: StatsFile | None = None) -> str | None:
    """Return the remarks on *file* as JSON ``[{"guid", "remark"}]``; *first* is the R1 of an R2. None without any."""
    before = {line.guid: line for line in first.players} if first is not None else {}
    found = [
        (line.guid, text) for line in file.players for text in _on_player(line, before.get(line.guid), file, first)
    ]
    here = {line.guid for line in file.players}
    found += [(guid, "is in the file of R1 and not in this one") for guid in before if guid not in here]
    if not found:
        return None
    return json.dumps([{"guid": guid, "remark": text} for guid, text in sorted(found)], ensure_ascii=False)


def _on_player(line: PlayerLine, before: PlayerLine | None, file: StatsFile, first: StatsFile | None) -> Iterator[str]:
    start = 0
    if first is None and not counts_alone(file) and line.side == SPECTATOR:
        return
    if first is not None and before is None:
        yield "is not in the file of R1: the numbers are taken as written"
    elif before is not None and line.side == SPECTATOR and stood_still(line, before):
        yield "is a spectator for whom nothing was added since R1: no row"
        return
    elif before is not None and is_reset(line, before):
        yield "has counters that began anew after R1 (reconnected): the numbers are taken as written"
    elif before is not None:
        yield from _falls(line, before)
        start = before.fields[TIME_PLAYED]
    yield from _too_dead(line, start)


def _falls(line: PlayerLine, before: PlayerLine) -> Iterator[str]:
    """Name what is smaller than in R1 although it only counts up; 0 is taken."""
    for column, field in CUMULATIVE_FIELDS.items():
        if line.fields[field] < before.fields[field]:
            yield f"has {column} {line.fields[field]} after {before.fields[field]} in R1: 0 is taken"
    for weapon, group in sorted(line.weapons.items()):
        for part, new, old in zip(_PARTS, group, before.weapons.get(weapon, (0,) * len(_PARTS)), strict=True):
            if new < old:
                yield f"has {WEAPONS[weapon]} {part} {new} after {old} in R1: 0 is taken"


def _too_dead(line: PlayerLine, start: int) -> Iterator[str]:
    played, dead = max(0, line.fields[TIME_PLAYED] - start), line.fields[TIME_DEAD]
    if dead > played:
        seconds = played * SECONDS_OF_TENTH
        yield f"was dead for {dead * SECONDS_OF_TENTH} s of {seconds} s played, says the file: {seconds} s are taken"
