"""The loopback game server: rounds played through the real Lua script, stats files written into the served folder."""

import asyncio
import os
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from devkit.game import stage_play, stats_file
from devkit.game.battle import Battle, Tally
from devkit.game.engine import Engine
from devkit.game.home import GameHome
from devkit.game.people import AXIS, Player, invent_players
from devkit.game.plan import AbortedBy, RoundPlan, make_plan
from devkit.game.played import PlayedMatch, PlayedRound
from devkit.game.ssh import SshServer

_UTC = ZoneInfo("UTC")
_SENDER_TIMEOUT = 30.0
_BETWEEN_ROUNDS = 15.0
_AT_ONCE = 60


class GameServer:
    """A game server on loopback, for a bot to connect to.

    Args:
        name: its key in the bot's config.
        root: the folder that its SSH server serves; stats files are written straight into it.
        webhook_url: where its Lua script posts notices.
        zone: the zone of its wall clock, which file names carry.
        clock: the time at which rounds end, in Unix seconds.
        private: a folder outside *root* for keys and the game's home; beside *root* by default.

    Resource handling:
        Leaving ``async with`` (or :meth:`close`) ends every connection, process and Lua state. The files stay.
    """

    def __init__(
        self,
        name: str,
        root: Path,
        webhook_url: str,
        *,
        zone: ZoneInfo = _UTC,
        clock: Callable[[], float] = time.time,
        private: Path | None = None,
    ) -> None:
        self.name = name
        """Its key in the bot's settings."""
        self.root = root
        """The folder that its SSH server serves, stats files in it."""
        self.zone = zone
        """The zone of the times in file names."""
        self._webhook_url = webhook_url
        self._clock = clock
        self._private = private or root.parent / f"{root.name}-private"
        self.home = GameHome(self._private / "home")
        """The folder that the game runs in, with the script and its outbox."""
        self._ssh: SshServer | None = None
        self._engine: Engine | None = None
        self._turn = asyncio.Lock()
        self._rounds = 0
        self._last_file_unix = 0
        self._first: dict[str, Tally] = {}
        self._last: PlayedRound | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Make the folders, install the script, listen."""
        self._private.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.mkdir(parents=True, exist_ok=True)
        if not (self.root / "gamestats").is_symlink():
            (self.root / "gamestats").symlink_to(".")
        self.home.install(self._webhook_url)
        self._engine = Engine(self.home.path)
        self._ssh = SshServer(self.root, self._private)
        await self._ssh.start()

    async def close(self) -> None:
        """End everything that :meth:`start` and the rounds began; calling it twice is harmless."""
        engine, self._engine = self._engine, None
        ssh, self._ssh = self._ssh, None
        if ssh is not None:
            await ssh.close()
        if engine is not None:
            await asyncio.to_thread(engine.close)

    # The server's troubles

    @property
    def ssh(self) -> dict[str, Any]:
        """The ``ssh`` table for a bot's config."""
        return self._running_ssh.settings

    async def outage(self) -> None:
        """Drop all SSH connections and refuse new ones, until :meth:`back`."""
        await self._running_ssh.outage()

    async def back(self) -> None:
        """End the outage: the same port, keys and files."""
        await self._running_ssh.back()

    def freeze(self) -> None:
        """Let SSH log-ins and SFTP calls hang, until :meth:`thaw`."""
        self._running_ssh.behaviour.gate.clear()

    def thaw(self) -> None:
        """Answer again; of what was frozen, also what was asked meanwhile."""
        self._running_ssh.behaviour.unanswered.clear()
        self._running_ssh.behaviour.gate.set()

    def never_answer(self, request: str) -> None:
        """Let SFTP requests of one kind hang for ever, until :meth:`thaw`: ``open``, ``read``, ``stat`` or ``list``."""
        self._running_ssh.behaviour.unanswered.add(request)

    def claim(self, names: Callable[[], Iterable[str]], folder: str = "/") -> None:
        """Let each listing of *folder* begin with *names* of nothing: a million, or a generator without an end."""
        self._running_ssh.behaviour.claimed[folder] = names

    def change_host_key(self) -> None:
        """Use another host key than the one in ``ssh["known_hosts"]``; drop who is connected."""
        self._running_ssh.change_host_key()

    def use_webhook(self, url: str) -> None:
        """Post notices to another address, from the next level on."""
        self._webhook_url = url

    # Rounds

    async def play_round(
        self,
        *,
        map_name: str = "supply",
        round_number: int | None = None,
        surrender_at: float | None = None,
        surrender_side: int | None = None,
        duration: float | None = None,
        winner: int | None = None,
        defender: int = AXIS,
        time_limit: float = 720,
        pauses: Sequence[tuple[float, float]] = (),
        aborted_by: AbortedBy | None = None,
        players: Sequence[Player] | None = None,
        ended_at: float | None = None,
        write_file: bool = True,
        send_notice: bool = True,
        file_delay: float = 0.0,
        seed: int | None = None,
    ) -> PlayedRound:
        """Play a round: the script sends its notice, the stats file appears.

        Args:
            map_name: the map; the same one again after its round 1 makes round 2, with the sides swapped.
            round_number: 1 or 2, where that rule is not wanted.
            surrender_at: seconds played when a side (the attackers by default) has voted for surrender.
            surrender_side: which side surrenders.
            duration: seconds played, pauses left out; at the limit the defenders win, before it the attackers.
            winner: the winning side; without it and *duration* the seed decides.
            defender: the side that defends.
            time_limit: seconds of round 1; round 2 has the limit that its round 1 left.
            pauses: (seconds played, seconds of standstill) for each; 10.05 s is the shortest.
            aborted_by: ends the round without intermission. ``map_change`` and ``quit`` leave a stats file that
                names the wrong round, as the real script writes it; the other ways leave none.
            players: who plays; six invented people, or those of round 1, by default.
            ended_at: the end in Unix seconds; by default the clock's time.
            write_file: whether the stats file is written.
            send_notice: whether the script is enabled.
            file_delay: real seconds from the notice, when it has gone out, to the file; 0: both at once.
            seed: what is invented follows from it; by default from the number of rounds played.
        """
        async with self._turn:
            engine = self._running_engine  # which may be closed meanwhile
            number = round_number or self._number_due(map_name)
            self._rounds += 1
            plan = make_plan(
                map_name=map_name,
                round_number=number,
                time_limit=self._limit_of(number, map_name, time_limit),
                surrender_at=surrender_at,
                surrender_side=surrender_side,
                duration=duration,
                winner=winner,
                defender=defender,
                pauses=pauses,
                aborted_by=aborted_by,
                seed=self._rounds if seed is None else seed,
            )
            people = self._people(players, plan)
            end = self._clock() if ended_at is None else ended_at
            simulated = await asyncio.to_thread(self._simulate, plan, people, end, send_notice)
            if file_delay:
                await asyncio.to_thread(engine.shell.wait_idle, _SENDER_TIMEOUT)
                await asyncio.sleep(file_delay)
            path, written = await asyncio.to_thread(self._write_file, plan, people, simulated, write_file)
            await asyncio.to_thread(engine.shell.wait_idle, _SENDER_TIMEOUT)
            self._last = self._result(plan, people, simulated, path, written, send_notice)
            return self._last

    async def play_match(
        self,
        *,
        map_name: str = "supply",
        first: Mapping[str, Any] | None = None,
        second: Mapping[str, Any] | None = None,
        ended_at: float | None = None,
        **both: Any,
    ) -> PlayedMatch:
        """Play both rounds of a map; round 2 ends at *ended_at*, round 1 as much earlier as it must have.

        Args:
            map_name: the map.
            first: arguments of :meth:`play_round` for round 1 alone.
            second: the same for round 2.
            ended_at: the end of round 2 in Unix seconds; by default the clock's time.
            **both: arguments for both rounds.
        """
        end = self._clock() if ended_at is None else ended_at
        one, two = {**both, **(first or {})}, {**both, **(second or {})}
        paused = sum(length for _, length in two.get("pauses", ()))
        gap = float(one.get("time_limit", 720)) + stage_play.TO_START + paused + _BETWEEN_ROUNDS
        opening = await self.play_round(map_name=map_name, round_number=1, ended_at=end - gap, **one)
        return PlayedMatch(opening, await self.play_round(map_name=map_name, round_number=2, ended_at=end, **two))

    # Helpers

    @property
    def _running_ssh(self) -> SshServer:
        if self._ssh is None:
            raise RuntimeError("the game server is not started; use `async with`")
        return self._ssh

    @property
    def _running_engine(self) -> Engine:
        if self._engine is None:
            raise RuntimeError("the game server is not started; use `async with`")
        return self._engine

    def _open_first(self, map_name: str) -> PlayedRound | None:
        """Return the round 1 of this map that waits for its round 2."""
        last = self._last
        waits = last is not None and last.round_number == 1 and last.end_reason != "aborted"
        return last if waits and last is not None and last.map_name == map_name else None

    def _number_due(self, map_name: str) -> int:
        return 2 if self._open_first(map_name) else 1

    def _limit_of(self, number: int, map_name: str, time_limit: float) -> float:
        opening = self._open_first(map_name) if number == 2 else None
        return opening.time_shown if opening else time_limit

    def _people(self, players: Sequence[Player] | None, plan: RoundPlan) -> tuple[Player, ...]:
        """Return who plays, everybody with a side."""
        opening = self._open_first(plan.map_name) if plan.round_number == 2 else None
        if players is None:
            return stage_play.swapped(opening.players) if opening else invent_players()
        return stage_play.seated(players, stage_play.swapped(opening.players) if opening else ())

    def _simulate(
        self, plan: RoundPlan, people: Sequence[Player], end: float, send_notice: bool
    ) -> stage_play.Simulated:
        """Play the plan on the engine; runs in a thread of its own."""
        self.home.install(self._webhook_url, is_enabled=send_notice)
        return stage_play.simulate(self._running_engine, plan, people, end_unix=end)

    def _write_file(
        self, plan: RoundPlan, people: Sequence[Player], simulated: stage_play.Simulated, write_file: bool
    ) -> tuple[Path | None, float | None]:
        """Invent the players' numbers and write the file; round 1's numbers are kept for round 2."""
        tallies = Battle(people, simulated.played, plan.seed).play()
        before = self._first if plan.round_number == 2 else {}
        self._first = tallies if plan.round_number == 1 and plan.ending != "aborted" else {}
        claimed = stage_play.claimed_number(plan)
        if not write_file or claimed is None:
            return None, None
        moment = self._file_moment(simulated.ended_unix, plan)
        header = stats_file.Header(
            map_name=plan.map_name,
            round_number=claimed,
            defender=plan.defender,
            winner=plan.winner or plan.defender,
            time_limit=plan.time_limit,
            next_limit=stage_play.next_limit(plan, simulated.played),
            config="legacy6" if len(people) > 10 else "legacy3",
        )
        path = self.root / stats_file.filename(moment, plan.map_name, claimed)
        stats_file.write(path, stats_file.lines(header, people, tallies, before))
        os.utime(path, (moment.timestamp(), moment.timestamp()))  # the name says when it was written
        return path, time.monotonic()

    def _file_moment(self, ended_unix: float, plan: RoundPlan) -> datetime:
        """Return the local time in the file's name: 3 to 5 s after the end.

        Rounds that are played at once end at once; their files are told apart, and ordered, by a second each.
        """
        moment = int(ended_unix)
        if plan.ending != "aborted":
            moment += random.Random(f"file {plan.seed}").randint(3, 5)
        if 0 <= self._last_file_unix - moment < _AT_ONCE:
            moment = self._last_file_unix + 1
        self._last_file_unix = moment
        return datetime.fromtimestamp(moment, self.zone)

    def _result(
        self,
        plan: RoundPlan,
        people: tuple[Player, ...],
        simulated: stage_play.Simulated,
        path: Path | None,
        written: float | None,
        send_notice: bool,
    ) -> PlayedRound:
        return PlayedRound(
            filename=path.name if path else "",
            path=path,
            map_name=plan.map_name,
            round_number=plan.round_number,
            played_seconds=simulated.played,
            time_shown=stage_play.next_limit(plan, simulated.played),
            time_limit=plan.time_limit,
            winner_side=plan.winner,
            defender_side=plan.defender,
            end_reason=plan.ending,
            surrender_side=plan.surrender_side,
            pauses=plan.pauses,
            notice_sent=send_notice and not self.home.waiting(),
            started_unix=simulated.started_unix,
            ended_unix=simulated.ended_unix,
            written_monotonic=written,
            players=people,
        )
