"""Invents what players did in a round: numbers that agree with each other, the same ones for the same seed."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from devkit.game.people import ALLIES, AXIS, Player

KNIFE = {AXIS: 0, ALLIES: 1}
PISTOL = {AXIS: 2, ALLIES: 3}
MAIN = {AXIS: 4, ALLIES: 5}
PANZERFAUST, GRENADE, DYNAMITE, AIRSTRIKE, SYRINGE = 8, 11, 14, 15, 27
HITS, SHOTS, KILLS, DEATHS, HEADSHOTS = range(5)
_BULLETS = frozenset({2, 3, 4, 5})
_MULTIKILL_GAP = 3.0


@dataclass(slots=True)
class Tally:
    """One player's round. ``counts`` go by the names of the columns that they end in.

    ``played_tenths`` are tenths of a minute, ``dead_seconds`` seconds; ``weapons`` maps an index to
    [hits, shots, kills, deaths, headshots].
    """

    counts: Counter[str] = field(default_factory=Counter)
    weapons: dict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * 5))
    played_tenths: int = 0
    dead_seconds: float = 0.0

    def total(self, column: int) -> int:
        """Return the sum of one column over all weapons."""
        return sum(group[column] for group in self.weapons.values())


class Battle:
    """A round's events, from which the tallies follow."""

    def __init__(self, players: Sequence[Player], seconds: float, seed: int) -> None:
        self._random = random.Random(f"battle {seed}")
        self._seconds = seconds
        self._sides = {side: [player for player in players if player.side == side] for side in (AXIS, ALLIES)}
        self._kills: dict[str, list[float]] = defaultdict(list)
        self._lives: dict[str, list[bool]] = defaultdict(list)
        self.tallies = {player.guid: Tally() for player in players if player.side in self._sides}

    def play(self) -> dict[str, Tally]:
        """Invent the round; return each player's tally by GUID."""
        for side, team in self._sides.items():
            for player in team:
                self._warm_up(player, side)
        if all(self._sides.values()):
            self._fight()
        for guid, tally in self.tallies.items():
            self._count_streaks(guid, tally)
        return self.tallies

    def _warm_up(self, player: Player, side: int) -> None:
        """What everybody does, shots that hit nobody among it: who never fires has no line in the file."""
        tally, minutes = self.tallies[player.guid], self._seconds / 60
        tally.played_tenths = max(0, int((self._seconds - 0.5) / 6))
        tally.weapons[MAIN[side]][SHOTS] += self._random.randint(5, 30)
        tally.weapons[KNIFE[side]][SHOTS] += self._random.randint(1, 6)
        for name, most in {"constructions": 3, "dynamites_planted": 1, "self_kills": 2}.items():
            tally.counts[name] += self._random.randint(0, round(most * minutes / 10))
        tally.counts["full_self_kills"] = self._random.randint(0, tally.counts["self_kills"])
        tally.counts["xp"] = round(minutes * self._random.uniform(6, 14))
        tally.weapons[DYNAMITE][SHOTS] += tally.counts["dynamites_planted"]

    def _fight(self) -> None:
        players = [player for team in self._sides.values() for player in team]
        minutes = self._seconds / 60
        moments = sorted(self._random.uniform(1, self._seconds) for _ in range(round(minutes * len(players) * 1.3)))
        for moment in moments:
            self._kill(moment)
        for _ in range(round(minutes * len(players) * 2)):
            self._scratch()
        for _ in range(round(minutes)):
            self._hit_a_mate()

    def _pick(self) -> tuple[int, Player, Player]:
        side = self._random.choice((AXIS, ALLIES))
        return side, self._random.choice(self._sides[side]), self._random.choice(self._sides[AXIS + ALLIES - side])

    def _kill(self, moment: float) -> None:
        side, killer, victim = self._pick()
        weapon = self._weapon(side)
        self._damage(killer, victim, weapon, self._random.randint(75, 130))
        if self._random.random() < 0.3:
            mate = self._random.choice(self._sides[side])
            self._damage(mate, victim, MAIN[side], self._random.randint(18, 54))
            if mate is not killer:
                self.tallies[mate.guid].counts["kill_assists"] += 1
        self.tallies[killer.guid].weapons[weapon][KILLS] += 1
        self.tallies[victim.guid].weapons[weapon][DEATHS] += 1
        self._kills[killer.guid].append(moment)
        self._lives[killer.guid].append(True)
        self._lives[victim.guid].append(False)
        self._die(moment, killer, victim, weapon)

    def _die(self, moment: float, killer: Player, victim: Player, weapon: int) -> None:
        """What follows from a death: a wait or a revive, a gib, how useful the kill was."""
        killed, died = self.tallies[killer.guid].counts, self.tallies[victim.guid]
        wait = self._random.uniform(1, 20)
        medic = self._random.choice(self._sides[victim.side])
        if medic is not victim and self._random.random() < 0.25:
            wait = self._random.uniform(1, 5)
            died.counts["times_revived"] += 1
            self.tallies[medic.guid].counts["revives_given"] += 1
            self.tallies[medic.guid].weapons[SYRINGE][HITS] += 1
            self.tallies[medic.guid].weapons[SYRINGE][SHOTS] += 1
        elif self._random.random() < 0.3:
            killed["gibs"] += 1
        died.dead_seconds = min(died.dead_seconds + min(wait, self._seconds - moment), self._seconds * 0.9)
        killed["useful_kills"] += wait >= 10
        killed["useless_kills"] += wait < 5
        killed["denied_playtime"] += round(wait)
        killed["headshot_kills"] += weapon in _BULLETS and self._random.random() < 0.3

    def _weapon(self, side: int) -> int:
        return self._random.choices((MAIN[side], PISTOL[side], GRENADE, AIRSTRIKE, PANZERFAUST), (78, 6, 9, 5, 2))[0]

    def _scratch(self) -> None:
        side, attacker, target = self._pick()
        self._damage(attacker, target, MAIN[side], self._random.randint(14, 90))

    def _hit_a_mate(self) -> None:
        team = self._random.choice(list(self._sides.values()))
        if len(team) < 2:
            return
        attacker, target = self._random.sample(team, 2)
        amount = self._random.randint(5, 60)
        self.tallies[attacker.guid].counts["team_damage_given"] += amount
        self.tallies[target.guid].counts["team_damage_received"] += amount
        self.tallies[attacker.guid].counts["team_kills"] += self._random.random() < 0.1

    def _damage(self, attacker: Player, target: Player, weapon: int, amount: int) -> None:
        self.tallies[attacker.guid].counts["damage_given"] += amount
        self.tallies[target.guid].counts["damage_received"] += amount
        group = self.tallies[attacker.guid].weapons[weapon]
        hits = max(1, round(amount / 18)) if weapon in _BULLETS else 1
        group[HITS] += hits
        group[SHOTS] += round(hits * self._random.uniform(2, 4)) if weapon in _BULLETS else 1
        group[HEADSHOTS] += self._random.random() < 0.4 if weapon in _BULLETS else 0

    def _count_streaks(self, guid: str, tally: Tally) -> None:
        tally.counts["killing_spree"] = _longest(self._lives[guid], of=True)
        tally.counts["death_spree"] = _longest(self._lives[guid], of=False)
        run: list[float] = []
        for moment in [*self._kills[guid], float("inf")]:
            if run and moment - run[-1] >= _MULTIKILL_GAP:
                tally.counts[f"multikills_{min(len(run), 6)}"] += 1
                run = []
            run.append(moment)


def _longest(lives: Sequence[bool], *, of: bool) -> int:
    """Return the longest run of kills (or deaths); below 3 it is no spree and counts as 0."""
    longest = run = 0
    for is_kill in lives:
        run = run + 1 if is_kill is of else 0
        longest = max(longest, run)
    return longest if longest >= 3 else 0
