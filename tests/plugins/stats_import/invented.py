"""Invented stats files in the real form: each generation, R2 counting on from R1, and an evening with every oddity."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from core.rounds.filenames import StatsFilename, parse_stats_filename
from roundhook.rounds import FetchedFile, RoundNotice, Trigger

FLOATS = {8, 21, 22, 23, 24, 25, 26}
CUMULATIVE = {0, 1, 2, 3, 4, 5, 6, 7, 20}
MP40, GRENADE, KNIFE = 4, 11, 0


@dataclass(frozen=True)
class Line:
    """A player line. ``tenths`` are minutes played, in tenths; ``fields`` overrule single extended fields."""

    guid: str
    name: str = "somebody"
    rounds: int = 0
    side: int = 1
    weapons: Mapping[int, Sequence[int]] = field(default_factory=lambda: {MP40: (20, 50, 3, 2, 5)})
    tenths: int = 60
    fields: Mapping[int, int] = field(default_factory=dict)

    def text(self, count: int = 38) -> str:
        """Return the line with *count* extended fields."""
        mask = sum(1 << weapon for weapon in self.weapons)
        groups = " ".join(str(value) for weapon in sorted(self.weapons) for value in self.weapons[weapon])
        values = {index: 100 + index for index in range(count)} | {22: self.tenths, 25: self.tenths // 2, **self.fields}
        fields = (f"{values[i] / 10:.1f}" if i in FLOATS else str(values[i]) for i in range(count))
        return f"{self.guid}\\{self.name}\\{self.rounds}\\{self.side}\\{mask} {groups} \t" + "\t".join(fields)

    def later(self, *, tenths: int = 50, side: int | None = None) -> "Line":
        """Return the player's line in R2: R1's numbers and as much again."""
        return replace(
            self, rounds=self.rounds + 1, side=3 - self.side if side is None else side, tenths=self.tenths + tenths,
            weapons={weapon: [2 * value for value in group] for weapon, group in self.weapons.items()},
            fields={index: 2 * (100 + index) for index in CUMULATIVE} | dict(self.fields),
        )  # fmt: skip


PLAYERS = (
    Line("AAAAAAA1", "^1one", side=1),
    Line("AAAAAAA2", "^/two^d x", side=1, weapons={MP40: (9, 30, 4, 1, 2), KNIFE: (1, 4, 1, 0, 0)}),
    Line("BBBBBBB1", "three", side=2),
    Line("BBBBBBB2", "four", side=2, weapons={GRENADE: (9, 3, 2, 5, 0)}),
)  # fmt: skip


def stats_file(
    map_name: str = "supply", number: int = 1, players: Iterable[Line] = PLAYERS, *, limit: str = "12:00",
    shown: str = "6:05", defender: int = 1, winner: int = 2, count: int = 38, ninth: str | None = None,
    server: str = "^1a server",
) -> bytes:  # fmt: skip
    """Return the bytes of a stats file."""
    header = [server, map_name, "legacy3", str(number), str(defender), str(winner), limit, shown]
    lines = ["\\".join(header + ([ninth] if ninth is not None else [])), *(player.text(count) for player in players)]
    return "".join(f"{line}\n" for line in lines).encode()


def name_of(time: str, map_name: str = "supply", number: int = 1, end: str = "") -> str:
    """Return a file name; *time* is ``YYYY-MM-DD-HHMMSS``."""
    return f"{time}-{map_name}-round-{number}{end}.txt"


def named(filename: str) -> StatsFilename:
    """Return the name read."""
    name = parse_stats_filename(filename)
    assert name is not None
    return name


def first_and_second(map_name: str, shown: str = "6:05") -> tuple[bytes, bytes]:
    """Return an R1 that was won after *shown*, and its R2 that was held."""
    players = [replace(player, fields={9: len(map_name)}) for player in PLAYERS]
    later = [player.later() for player in players]
    return (
        stats_file(map_name, 1, players, shown=shown),
        stats_file(map_name, 2, later, limit=shown, shown=shown, winner=1),
    )


@dataclass
class Folder:
    """Files and notices of one server; gives what the import is called with."""

    server: str = "puran"
    contents: dict[str, bytes] = field(default_factory=dict)
    files: list[FetchedFile] = field(default_factory=list)
    notices: list[RoundNotice] = field(default_factory=list)

    def put(
        self, filename: str, data: bytes, *, trigger: Trigger = "poll", modified_at: datetime | None = None
    ) -> FetchedFile:
        """Add a file."""
        sha256 = hashlib.sha256(data).hexdigest()
        self.contents[sha256] = data
        file = FetchedFile(
            server=self.server, filename=filename, sha256=sha256, size=len(data), trigger=trigger,
            modified_at=modified_at or datetime(2026, 3, 1, tzinfo=UTC), fetched_at=datetime(2026, 3, 2, tzinfo=UTC),
        )  # fmt: skip
        self.files.append(file)
        return file

    def play(self, map_name: str, first: str, second: str, shown: str = "6:05") -> tuple[FetchedFile, FetchedFile]:
        """Add a map's two rounds, written at these times."""
        one, two = first_and_second(map_name, shown)
        return self.put(name_of(first, map_name), one), self.put(name_of(second, map_name, 2), two)

    def tell(self, map_name: str, number: int, end: str, **more: object) -> RoundNotice:
        """Add the notice of a round that ended at *end* (``YYYY-MM-DD HH:MM:SS``, UTC)."""
        unix = datetime.fromisoformat(f"{end}+00:00").timestamp()
        notice = RoundNotice(
            server=self.server, map_name=map_name, round_number=number, round_end_unix=unix,
            received_at=datetime(2026, 3, 3, tzinfo=UTC), **more,  # type: ignore[arg-type]
        )  # fmt: skip
        self.notices.append(notice)
        return notice

    async def read(self, file: FetchedFile) -> bytes:
        """Give the bytes of a file."""
        if file.sha256 not in self.contents:
            raise FileNotFoundError(file.filename)
        return self.contents[file.sha256]


ENDSTATS = (
    b"Most damage given\tone\t321\n"
    b"Longest killing spree\tone\t4\n"
    b"Longest killing spree\tone\t4\n"
    b"Most objectives stolen\tthree\t5\n"
    b"Best K/D ratio\tnobody known\t1.625\n"
    b"VS_HEADER\tone\tAAAAAAA1000000000000000000000000\n"
    b"three\t3\t1\n"
    b"four\t2\t0\n"
    b"VS_HEADER\tthree\tBBBBBBB1000000000000000000000000\n"
    b"one\t1\t3\n"
)


def odd_evening() -> Folder:
    """Return an evening in Ljubljana (UTC+2) with pairs, a lost R1, copies, late versions, an aborted round, notices.

    It crosses midnight; a second evening lies in the hour that the clock repeats.
    """
    folder = Folder()
    folder.play("supply", "2025-10-19-220000", "2025-10-19-221000")
    folder.play("supply", "2025-10-19-222000", "2025-10-19-223000", shown="5:00")
    folder.play("frostbite", "2025-10-19-235307", "2025-10-20-000043")
    one, two = first_and_second("adlernest", "7:01")
    folder.put(name_of("2025-10-19-225500", "adlernest", 2), two)
    folder.put(name_of("2025-10-19-214000", "adlernest", 2), two.replace(b"6:05", b"6:05"))
    folder.put(name_of("2025-10-20-013000", "adlernest"), one)
    folder.put(name_of("2025-10-20-005000", "adlernest"), one.replace(b"^1a server", b"^2another"))
    folder.put(name_of("2025-10-20-003000", "adlernest"), stats_file("adlernest", shown="0:00", winner=1))
    lost = [replace(player, rounds=0) for player in PLAYERS]
    folder.put(name_of("2025-10-19-231000", "te_escape2", 2), stats_file("te_escape2", 2, lost, shown="71:05"))
    late = datetime(2026, 3, 5, tzinfo=UTC)
    folder.put(name_of("2025-10-19-222000"), stats_file(shown="5:00", players=PLAYERS[:3]), modified_at=late)
    folder.put(name_of("2025-10-19-222000"), stats_file(shown="5:00", players=PLAYERS[:2]))
    folder.put(name_of("2025-10-19-222000"), stats_file(shown="5:00")[:-9], modified_at=late)
    folder.put(name_of("2025-10-19-221002", "supply", 2, "-endstats"), ENDSTATS)
    folder.put(name_of("2025-10-19-215957", "supply", 1, "-endstats"), ENDSTATS)
    folder.put(name_of("2025-10-19-220005", "supply", 1, "-endstats"), b"Mortarmagnet\tfour\t2\n")
    _tell_of(folder)
    _repeated_hour(folder)
    return folder


def _tell_of(folder: Folder) -> None:
    folder.tell("supply", 1, "2025-10-19 19:59:56", actual_duration_seconds=365.0)
    folder.tell("supply", 1, "2025-10-19 19:59:40")
    folder.tell("supply", 2, "2025-10-19 20:10:02", end_reason="objective")
    folder.tell("frostbite", 1, "2025-10-19 21:53:00", end_reason="aborted")
    folder.tell("adlernest", 2, "2025-10-19 20:54:57", end_reason="surrender")
    folder.tell("supply", 1, "2025-10-19 20:29:00")


def _repeated_hour(folder: Folder) -> None:
    """R1 before the change and R2 after it, by name before it; then a map within the repeated hour's second turn."""
    folder.play("supply", "2025-10-26-025000", "2025-10-26-020300", shown="4:44")
    folder.play("frostbite", "2025-10-26-021500", "2025-10-26-022500", shown="8:00")
    folder.play("adlernest", "2025-10-26-025500", "2025-10-26-030500", shown="3:33")
    folder.tell("frostbite", 1, "2025-10-26 01:14:57")


def random_evening(random: Random) -> Folder:
    """Return an evening of nonsense: close rounds, copies, late contents, endstats and notices at random."""
    folder = Folder()
    start = datetime(2025, 10, random.choice((19, 26)), 0, 30, tzinfo=UTC)
    names: list[str] = []
    for _ in range(random.randint(4, 16)):
        at = start + timedelta(seconds=random.choice((5, 60, 600)) * random.randint(0, 40))
        map_name, number = random.choice(("supply", "radar")), random.choice((1, 2))
        name = name_of(f"{at:%Y-%m-%d-%H%M%S}", map_name, number)
        names.append(random.choice(names) if names and random.random() < 0.2 else name)
        folder.put(names[-1], _random_file(named(names[-1]), random), modified_at=at)
    for name in random.sample(names, len(names) // 2):
        at = named(name).local_time.replace(tzinfo=UTC) + timedelta(seconds=random.randint(-40, 40))
        end = name_of(f"{at:%Y-%m-%d-%H%M%S}", named(name).map_name, named(name).round_number, "-endstats")
        folder.put(end, random.choice((ENDSTATS, b"Most deaths\tfour\t2\n")))
        ended = at - timedelta(hours=random.choice((1, 2)), seconds=random.randint(-40, 100))
        reason = random.choice(("aborted", "objective", None))
        folder.tell(named(name).map_name, named(name).round_number, f"{ended:%Y-%m-%d %H:%M:%S}", end_reason=reason)
    folder.notices = list({notice.key: notice for notice in folder.notices}.values())
    return folder


def copied_evening(random: Random) -> Folder:
    """Return few rounds with few contents: each name has several, each content several names, one is a beginning."""
    folder, start = Folder(), datetime(2025, 10, 19, 20, tzinfo=UTC)
    whole = [stats_file(shown=shown, players=PLAYERS) for shown in ("6:05", "7:00", "12:01")]
    contents = [*whole, stats_file(shown="6:05", players=PLAYERS[:3]), stats_file(shown="5:00", players=PLAYERS[:2])]
    names = [name_of(f"{start + timedelta(minutes=20 * number):%Y-%m-%d-%H%M%S}") for number in range(4)]
    for _ in range(random.randint(4, 10)):
        modified_at = start + timedelta(minutes=random.randint(0, 5))
        folder.put(random.choice(names), random.choice(contents), modified_at=modified_at)
    return folder


def _random_file(name: StatsFilename, random: Random) -> bytes:
    players = [
        replace(player, fields={9: random.randint(0, 2)}) for player in PLAYERS[: random.choice((0, 2, 4, 4, 4))]
    ]
    if name.round_number == 2 and random.random() < 0.9:
        players = [player.later(side=random.choice((1, 3))) for player in players]
    limit, shown = random.choice((("12:00", "6:05"), ("6:05", "6:05"), ("6:05", "12:00"), ("12:00", "12:00")))
    data = stats_file(name.map_name, name.round_number, players, limit=limit, shown=shown)
    return data[:-5] if random.random() < 0.1 else data
