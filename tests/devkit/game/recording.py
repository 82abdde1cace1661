"""Recordings of a running engine, read: what came in, what the engine made of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SAMPLES = Path(__file__).parents[4] / "shared" / "samples"
WATCHED = (
    *("gamestate", "g_currentRound", "g_nextTimeLimit", "timelimit", "g_restarted", "mapname"),
    *("CS_MULTI_MAPWINNER", "CS_MULTI_INFO", "CS_SERVERTOGGLES", "CS_LEVEL_START_TIME", "CS_INTERMISSION"),
)
"""The cvars and config strings whose changes are compared."""

_LOG_LINES = re.compile(
    r"Exit: |Vote Passed: .*Surrender|callvote: \d+ Surrender|ExitLevel: |ClientConnect: |ClientBegin: "
)
SHUTDOWN_CVARS = ("gamestate", "g_currentRound", "g_nextTimeLimit", "g_restarted", "mapname", "timelimit")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a recording."""

    level_time: int
    event: str
    detail: str

    @property
    def words(self) -> dict[str, str]:
        """The ``key=value`` parts of the detail."""
        return dict(re.findall(r"(\w+)=(\S*)", self.detail))

    @property
    def values(self) -> dict[str, str]:
        """The watched values of a STATE line."""
        _, _, pairs = self.detail.partition(" | ")
        return {name: value for name, _, value in (pair.partition("=") for pair in pairs.split(" ; "))}


@dataclass
class Recording:
    """All lines of one situation."""

    entries: list[Entry] = field(default_factory=list)

    @classmethod
    def load(cls, name: str) -> "Recording":
        text = (SAMPLES / "engine" / name / "engine.log").read_bytes().decode("latin-1")
        rows = (line.split("\t", 5) for line in text.split("\n") if line)
        return cls([Entry(int(row[2]), row[4], row[5] if len(row) > 5 else "") for row in rows])

    def of(self, event: str) -> Iterator[Entry]:
        return (entry for entry in self.entries if entry.event == event)

    @property
    def first_state(self) -> dict[str, str]:
        return next(self.of("STATE")).values

    def changes(self) -> list[tuple[int, str, str]]:
        """Return (level time, name, new value) of each watched change; those of a new state's first frame apart."""
        found = []
        for entry in self.of("CHANGE"):
            for change in entry.detail.split(" ; "):
                name, _, values = change.partition(": ")
                old, _, new = values.partition(" -> ")
                if name in WATCHED and old != "nil":
                    found.append((entry.level_time, name, new))
        return sorted(found)

    def shutdowns(self) -> list[dict[str, str]]:
        """Return what each ``et_ShutdownGame`` saw: its argument, the cvars, how many were connected."""
        states = [entry.values for entry in self.of("STATE") if entry.detail.startswith("shutdown")]
        return [
            {
                "level_time": str(entry.level_time),
                "restart": entry.words["restart"],
                "connected": entry.words["connected"],
            }
            | {name: state[name] for name in SHUTDOWN_CVARS}
            for entry, state in zip(self.of("et_ShutdownGame"), states, strict=True)
        ]

    def hooks(self) -> list[tuple[str, str]]:
        """Return the hooks in order, with what identifies each; damage and deaths are not played by the fake engine."""
        return [
            (entry.event, _told(entry))
            for entry in self.entries
            if entry.event.startswith("et_") and (entry.event != "et_Print" or _LOG_LINES.match(entry.detail))
            if entry.event not in {"et_Damage", "et_Obituary", "et_ConsoleCommand", "et_Chat"}
            if entry.words.get("teamChange") != "0"
        ]


def is_told(text: str) -> bool:
    """Return whether a log line is one that is compared."""
    return _LOG_LINES.match(text) is not None


def _told(entry: Entry) -> str:
    if entry.event == "et_Print":
        return entry.detail.replace("\\x0a", "")
    if entry.event == "et_ClientCommand":
        return f"{entry.words['client']} {entry.words['cmd']}"
    return entry.words.get("client", entry.words.get("restart", ""))
