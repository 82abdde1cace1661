"""Evenings on an engine that counts as the game does: through resets, rematches on one map, late joiners and leavers.

What really happened in each round is kept beside the files.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from tests.plugins.stats_import.invented import MP40, Folder, Line, name_of, stats_file

COUNTED = {"damage_given": 0, "damage_received": 1, "gibs": 4}
WEAPON = ("hits", "shots", "kills", "deaths", "headshots")
LIMIT = 720


@dataclass
class Counters:
    """A player's session: what the engine carries on."""

    seconds: int = 0
    rounds: int = 0
    weapon: list[int] = field(default_factory=lambda: [0] * 5)
    fields: dict[int, int] = field(default_factory=lambda: dict.fromkeys(COUNTED.values(), 0))

    def play(self, seconds: int, random: Random) -> dict[str, int]:
        """Play so long; return what was added."""
        kills, deaths, hits = (seconds // pace + random.randint(0, 2) for pace in (20, 25, 6))
        weapon = [hits, 3 * hits, kills, deaths, hits // 4]
        added = {0: kills * 110 + random.randint(0, 90), 1: deaths * 110 + random.randint(0, 90), 4: kills // 3}
        self.seconds += seconds
        self.weapon = [old + new for old, new in zip(self.weapon, weapon, strict=True)]
        self.fields = {index: old + added[index] for index, old in self.fields.items()}
        columns = {name: added[index] for name, index in COUNTED.items()}
        return {**dict(zip(WEAPON, weapon, strict=True)), **columns, "time_played_seconds": seconds}


@dataclass(frozen=True)
class Truth:
    """A round as it was: its length, what its file allows, and what each player did."""

    seconds: int
    allowed: int
    players: dict[str, dict[str, int]]


@dataclass
class Evening:
    """Files in the order in which they are written, and what is true of each."""

    random: Random
    is_old: bool
    """A server that carries a match into the next one on the same map."""
    folder: Folder = field(default_factory=Folder)
    truths: dict[str, Truth] = field(default_factory=dict)
    sessions: dict[str, Counters] = field(default_factory=dict)
    now: datetime = datetime(2026, 3, 1, 19, tzinfo=UTC)

    def match(self, map_name: str, *, is_reset: bool) -> None:
        """Play R1 and R2; *is_reset*: the map is reset between them."""
        to_beat = self._round(map_name, 1, LIMIT)
        if is_reset:
            rounds = self.random.randint(0, 1)
            self.sessions = {guid: Counters(rounds=rounds) for guid in self.sessions}
        self._round(map_name, 2, to_beat)

    def begin(self, *, is_new_map: bool) -> None:
        """Clear the counters as the engine does before a match."""
        if is_new_map or not self.is_old:
            self.sessions = {}

    def _round(self, map_name: str, number: int, limit: int) -> int:
        random = self.random
        ending = random.choice(("won", "held", "surrendered"))
        seconds = limit if ending == "held" else random.randint(limit // 3 // 6, limit * 4 // 5 // 6) * 6
        has_ninth = random.random() < 0.5
        shown = seconds if ending == "won" else limit
        players, lines = {}, []
        for guid, played in self._cast(seconds):
            session = self.sessions.setdefault(guid, Counters())
            players[guid] = session.play(played, random)
            own = {**session.fields, 25: 0}
            lines.append(Line(guid, guid, session.rounds, 1 + int(guid[-1], 16) % 2, {MP40: session.weapon},
                              session.seconds // 6, {**dict.fromkeys((2, 3, 5, 6, 7), 0), **own}))  # fmt: skip
            session.rounds += 1
        self.now += timedelta(seconds=seconds + random.randint(40, 200))
        data = stats_file(
            map_name, number, lines, limit=_clock(limit), shown=_clock(shown), winner=2 if ending == "won" else 1,
            ninth=str(seconds * 1000) if has_ninth else None,
        )  # fmt: skip
        local = self.now + timedelta(hours=1)
        name = name_of(f"{local:%Y-%m-%d-%H%M%S}", map_name, number)
        self.folder.put(name, data)
        self.truths[name] = Truth(seconds, seconds if has_ninth else shown, players)
        return shown

    def _cast(self, seconds: int) -> Iterator[tuple[str, int]]:
        """Yield who plays and how long: two all the time, others come late, reconnect, or leave for good."""
        for guid in ("AAAAAAA1", "AAAAAAA2"):
            yield guid, seconds
        for guid in ("BBBBBBB3", "BBBBBBB4", "BBBBBBB5"):
            chance = self.random.random()
            if chance < 0.25:
                self.sessions.pop(guid, None)
            if chance < 0.15:
                continue
            yield guid, seconds if chance > 0.7 else self.random.randint(1, seconds // 6) * 6


def evening(random: Random) -> Evening:
    """Return an evening of matches, on a server old or new."""
    played = Evening(random, random.random() < 0.6)
    before = ""
    for _ in range(random.randint(1, 4)):
        map_name = random.choice(("supply", "supply", "radar"))
        played.begin(is_new_map=map_name != before)
        played.match(map_name, is_reset=random.random() < 0.3)
        before = map_name
    return played


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"
