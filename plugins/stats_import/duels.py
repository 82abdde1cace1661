"""Whose duel block is whose, in files of old scripts that do not name the owners. Pure functions.

Lines of both directions mirror each other (A against B 3/1 is B against A 1/3), all opponents of a block are of one
side, and kills fall within a block. Where exactly one way to cut fits, that is it; otherwise nothing is guessed.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

MAX_STEPS = 50_000
MAX_LINES = 400


class DuelLine(Struct, frozen=True):
    """One opponent of a block's owner: how often the owner killed him, and was killed by him."""

    opponent: str
    kills: int
    deaths: int


class Block(Struct, frozen=True):
    """The duels of one player."""

    owner: str
    guid: str
    lines: tuple[DuelLine, ...]


def cut_blocks(lines: Sequence[DuelLine], side_of: Mapping[str, int]) -> list[tuple[str, tuple[DuelLine, ...]]]:
    """Return owner and lines of each block; empty where they cannot be told, or not in one way only."""
    if not lines or len(lines) > MAX_LINES or any(line.opponent not in side_of for line in lines):
        return []
    search = _Search(lines, side_of)
    found = []
    for cut in search.cuts(0, {}, ()):
        found.append(cut)
        if len(found) > 1:
            return []
    if not found or search.steps > MAX_STEPS:
        return []
    return [(owner, tuple(lines[start:end])) for owner, start, end in found[0]]


_Cut = tuple[tuple[str, int, int], ...]
_Told = dict[tuple[str, str], tuple[int, int]]


class _Search(Struct):
    lines: Sequence[DuelLine]
    side_of: Mapping[str, int]
    steps: int = field(default=0)

    def cuts(self, start: int, told: _Told, blocks: _Cut) -> Iterator[_Cut]:
        """Yield each way to cut the lines from *start* on, *blocks* being cut already."""
        if start == len(self.lines):
            if all((opponent, owner) in told for owner, opponent in told):
                yield blocks
            return
        taken = {owner for owner, _, _ in blocks}
        for owner in sorted(self.side_of):
            if owner not in taken:
                yield from self._blocks_of(owner, start, told, blocks)

    def _blocks_of(self, owner: str, start: int, told: _Told, blocks: _Cut) -> Iterator[_Cut]:
        so_far = dict(told)
        for end in range(start, len(self.lines)):
            self.steps += 1
            if self.steps > MAX_STEPS or not self._fits(owner, start, end, so_far):
                return
            line = self.lines[end]
            so_far[owner, line.opponent] = line.kills, line.deaths
            if self._complete(owner, so_far, blocks):
                yield from self.cuts(end + 1, so_far, (*blocks, (owner, start, end + 1)))

    def _fits(self, owner: str, start: int, end: int, told: _Told) -> bool:
        line = self.lines[end]
        if self.side_of[line.opponent] == self.side_of[owner] or (owner, line.opponent) in told:
            return False
        if end > start and line.kills > self.lines[end - 1].kills:
            return False
        return told.get((line.opponent, owner), (line.deaths, line.kills)) == (line.deaths, line.kills)

    def _complete(self, owner: str, told: _Told, blocks: _Cut) -> bool:
        """Tell whether *owner* has a line for each earlier block that has one about him, and for no other."""
        earlier = [name for name, _, _ in blocks]
        return all(((name, owner) in told) == ((owner, name) in told) for name in earlier)
