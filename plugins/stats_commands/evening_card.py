"""An evening as its picture shows it. Pure."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from zoneinfo import ZoneInfo

from roundhook.db import utc

from .card import EveningCard, EveningMap, EveningPlayer
from .evenings import Evening
from .queries import Totals
from .results import PlayedMap, evening_words
from .samples import evening_seconds

Value = Callable[[Totals], float | None]
_DISCIPLINES: Mapping[str, Value] = {
    "damage": lambda one: one.dpm,
    "kills": lambda one: one.sums["kills"],
    "K/D": lambda one: one.kd,
    "accuracy": lambda one: one.accuracy,
    "head hits": lambda one: one.sums["headshots"],
    "revives": lambda one: one.sums["revives_given"],
    "gibs": lambda one: one.sums["gibs"],
    "time alive": lambda one: one.alive_share,
}
"""In the order in which they count where somebody is as good in several."""


def evening_card_of(evening: Evening, zone: ZoneInfo) -> EveningCard:
    """Return what the picture of an evening shows; times are in *zone*, the game server's."""
    started, ended = utc(evening.session["started_at"]), utc(evening.session["ended_at"])
    if started is None or ended is None:
        raise ValueError(f"session {evening.session['id']} has no time")
    maps, best = evening.maps, best_in(evening.players)
    return EveningCard(
        server=evening.session["server"],
        started_at=started.astimezone(zone),
        ended_at=ended.astimezone(zone),
        result=evening_words(evening.score, evening.teams),
        teams=tuple(evening.teams[team] for team in sorted(evening.teams)),
        score=evening.score,
        maps=tuple(map(_map, maps)),
        players=tuple(_player(one, evening, maps, best.get(one.guid, "")) for one in evening.players),
        rounds=len(evening.rounds),
        seconds=sum(row["actual_duration_seconds"] or 0 for row in evening.rounds),
        earlier=evening.earlier,
    )


def best_in(players: Sequence[Totals]) -> dict[str, str]:
    """Return what each player was best in among the others who played enough, with the place: ``1st damage``."""
    least = evening_seconds([one.sums["time_played_seconds"] for one in players])
    ranked = [one for one in players if (one.sums["time_played_seconds"] or 0) >= least]
    found: dict[str, tuple[int, str]] = {}
    for name, value in _DISCIPLINES.items():
        values = {one.guid: shown for one in ranked if (shown := value(one))}
        ordered = sorted(values.values())
        for guid, mine in values.items():
            place = 1 + len(ordered) - bisect_right(ordered, mine)
            if guid not in found or place < found[guid][0]:
                found[guid] = (place, name)
    return {guid: f"{_ordinal(place)} {name}" for guid, (place, name) in found.items()}


def _map(played: PlayedMap) -> EveningMap:
    return EveningMap(
        name=played.first["map_name"],
        times=played.team_times,
        is_whole=played.second is not None,
        winner=played.winner,
        result=(played.result or "").replace("_", " "),
    )


def _player(one: Totals, evening: Evening, maps: Sequence[PlayedMap], best: str) -> EveningPlayer:
    sums = one.sums
    return EveningPlayer(
        guid=one.guid,
        name=one.name,
        team=evening.team_of.get(one.guid, 0),
        rounds=one.rounds,
        time_played_seconds=sums["time_played_seconds"],
        dpm=one.dpm,
        kills=sums["kills"],
        deaths=sums["deaths"],
        accuracy=one.accuracy,
        headshots=sums["headshots"],
        revives=sums["revives_given"],
        best=best,
        dpm_by_map=tuple(evening.by_map.get(played.match_id, {}).get(one.guid) for played in maps),
    )


def _ordinal(place: int) -> str:
    """Return a place in words.

    >>> [_ordinal(place) for place in (1, 2, 3, 4, 11, 22)]
    ['1st', '2nd', '3rd', '4th', '11th', '22nd']
    """
    ending = "th" if 10 <= place % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"
