"""Invented rounds, maps and evenings: what the sheet of pictures shows and the tests draw."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from random import Random

from plugins.stats_commands.card import Card, CardPlayer, EveningCard, EveningMap, EveningPlayer, MapCard

AT = datetime(2026, 11, 22, 20, 14, tzinfo=UTC)
TEAMS = ("Koba & Tuva", "marmot & Rocket")
PLAIN = (
    "^4Koba", "^1Ro^7cket", "[x]^2Tuva", "marmot", "^3Gravel^7Pit", "^6Blue ^7Finch", "Otter", "^8hexe", "lumen",
    "^5kvark", "Pilot", "^9dusk",
)  # fmt: skip
SCRIPTS = (
    "Иванъ^1Ёж", "Ἀχιλλεύς", "漢字の名前", "한국어 이름", "שלום עולם", "محمد^2 علي",
    "中文玩家", "🙂 smile 🎯", "ไทยแลนด์",
    "देवनागरी", "\U0001d4df\U0001d4fb\U0001d4f8 ★ ツ", "e\u0301te\u0301",
)  # fmt: skip
LONG = tuple(f"^{number}{'Wolkenkuckucksheim'[: 12 + number]}^7MMMMMMMMWWWW{number}" for number in range(10))
_MAPS = ("supply", "radar", "sw_goldrush_te", "bremen_b3", "te_escape2", "etl_adlernest", "frostbite", "braundorf_b4")
_BEST = ("1st damage", "1st kills", "2nd K/D", "1st accuracy", "1st revives", "3rd time alive", "", "1st head hits")


def player(number: int, side: int, name: str, dice: Random) -> CardPlayer:
    """Return an invented player's round."""
    damage = dice.randint(900, 3600)
    return CardPlayer(
        guid=f"{number:08X}",
        name=name,
        side=side,
        kills=damage // 190,
        deaths=dice.randint(5, 17),
        damage_given=damage,
        damage_received=dice.randint(1200, 2800),
        dpm=damage / 8.5,
        accuracy=dice.uniform(0.24, 0.42),
        headshots=dice.randint(3, 20),
        revives=dice.randint(0, 9),
        gibs=dice.randint(0, 6),
        time_played_seconds=510 if number % 5 else 300,
    )


def round_card(count: int = 6, names: tuple[str, ...] = PLAIN, **values: object) -> Card:
    """Return an invented round of *count* players; *values* replace its own."""
    number = int(str(values.get("round_number", 1)))
    dice = Random(f"{count} {names} {number}")  # noqa: S311
    players = [
        player(one, 1 + (one + number) % 2, names[one % len(names)] + str(one // len(names) or ""), dice)
        for one in range(count)
    ]
    plain = Card(
        server="alpha",
        map_name="supply",
        round_number=1,
        played_at=AT,
        winner_side=2,
        defender_side=1,
        duration_seconds=432.0,
        time_shown_seconds=432.0,
        time_limit_seconds=720.0,
        end_reason="objective",
        duration_source="notice",
        pause_count=0,
        total_pause_seconds=0.0,
        result="Allies took the objective in 7:12",
        match_result="",
        status="ok",
        players=tuple(players),
    )
    return replace(plain, **values)  # type: ignore[arg-type]


def surrender(count: int = 6, names: tuple[str, ...] = PLAIN) -> Card:
    """Return a round that was surrendered, with pauses, whose file is wrong."""
    return round_card(
        count, names, winner_side=1, end_reason="surrender", duration_seconds=512.0, time_shown_seconds=720.0,
        pause_count=2, total_pause_seconds=94.0, result="Allies surrendered at 8:32",
    )  # fmt: skip


def held(count: int = 6, names: tuple[str, ...] = PLAIN, **values: object) -> Card:
    """Return a round in which the defenders held."""
    plain: dict[str, object] = {
        "winner_side": 1, "end_reason": "time_expired", "duration_seconds": 720.0, "time_shown_seconds": 720.0,
        "result": "Axis held",
    }  # fmt: skip
    return round_card(count, names, **{**plain, **values})


def unpaired(count: int = 6) -> Card:
    """Return a round 2 without its round 1."""
    return round_card(count, round_number=2, status="unpaired", duration_source="players")


def unknown_round(count: int = 6) -> Card:
    """Return a round of which only map, number and names are known."""
    nothing = {one.name: None for one in fields(CardPlayer) if one.name not in ("guid", "name", "side")}
    players = tuple(replace(one, **nothing, name="") for one in round_card(count).players)  # type: ignore[arg-type]
    return round_card(
        count, winner_side=0, defender_side=0, duration_seconds=None, time_shown_seconds=None, time_limit_seconds=None,
        end_reason=None, duration_source="", pause_count=None, total_pause_seconds=None, result="", status="unpaired",
        players=players,
    )  # fmt: skip


def map_card(count: int = 6, names: tuple[str, ...] = PLAIN, **values: object) -> MapCard:
    """Return an invented map, won by team 1 in the faster time."""
    second = round_card(
        count, names, round_number=2, duration_seconds=591.0, time_shown_seconds=591.0,
        result="Allies took the objective in 9:51",
    )  # fmt: skip
    plain = MapCard(
        rounds=(round_card(count, names), second),
        result=f"{TEAMS[0]} win, 7:12 to 9:51",
        teams=TEAMS,
        winner=1,
        axis_teams=(2, 1),
        score=(3, 2),
    )
    return replace(plain, **values)  # type: ignore[arg-type]


def drawn_map(count: int = 6, names: tuple[str, ...] = PLAIN) -> MapCard:
    """Return a map on which both sides held: it is not known which team began."""
    rounds = held(count, names), held(count, names, round_number=2, pause_count=1, total_pause_seconds=65.0)
    return map_card(rounds=rounds, result="Draw: both sides held", winner=0, axis_teams=(0, 0))


def mixed_map(count: int = 6, names: tuple[str, ...] = PLAIN) -> MapCard:
    """Return a map of mixed line-ups, its second round surrendered."""
    rounds = round_card(count, names), replace(surrender(count, names), round_number=2)
    return map_card(rounds=rounds, result="The first attackers win", teams=(), axis_teams=(0, 0), score=(0, 0))


def unknown_map(count: int = 6) -> MapCard:
    """Return a map of which nothing is known."""
    rounds = unknown_round(count), replace(unknown_round(count), round_number=2)
    return map_card(rounds=rounds, result="Result unknown", winner=None, teams=(), axis_teams=(0, 0), score=(0, 0))


def evening_card(
    count: int = 6, maps: int = 5, names: tuple[str, ...] = PLAIN, teams: tuple[str, ...] = TEAMS, **values: object
) -> EveningCard:
    """Return an invented evening of *count* players on so many maps."""
    dice = Random(f"{count} {maps}")  # noqa: S311
    played = tuple(evening_map(number, teams) for number in range(maps))
    players = [evening_player(number, maps, names, teams, dice) for number in range(count)]
    won = [sum(one.winner == team for one in played) for team in (1, 2)] if teams else (0, 0)
    plain = EveningCard(
        server="alpha",
        started_at=AT,
        ended_at=AT + timedelta(minutes=24 * max(maps, 1)),
        result="",
        teams=teams,
        score=(won[0], won[1]),
        maps=played,
        players=tuple(sorted(players, key=lambda one: -(one.dpm or 0))),
        rounds=2 * maps,
        seconds=1030.0 * maps,
        earlier=0,
    )
    return replace(plain, **values)  # type: ignore[arg-type]


def evening_map(number: int, teams: tuple[str, ...] = TEAMS) -> EveningMap:
    """Return an invented map of an evening: won in turns, every fifth a draw."""
    winner = 0 if number % 5 == 3 else 1 + number % 2
    times = (None, None) if winner == 0 else (432.0 + 11 * number, 591.0) if winner == 1 else (None, 505.0)
    words = ("draw", "first attackers", "second attackers")[winner]
    return EveningMap(
        name=_MAPS[number % len(_MAPS)], times=times, is_whole=True, winner=winner if teams else None, result=words
    )


def evening_player(
    number: int, maps: int, names: tuple[str, ...], teams: tuple[str, ...], dice: Random
) -> EveningPlayer:
    """Return an invented player's evening; every sixth missed its first map."""
    by_map = [None if number % 6 == 5 and not one else dice.uniform(140, 420) for one in range(maps)]
    known = [one for one in by_map if one is not None]
    return EveningPlayer(
        guid=f"{number:08X}",
        name=plain(names[number % len(names)]) + str(number // len(names) or ""),
        team=1 + number % 2 if teams else 0,
        rounds=2 * len(known),
        time_played_seconds=1000 * len(known),
        dpm=sum(known) / len(known) if known else None,
        kills=dice.randint(20, 40) * max(maps, 1) // 2,
        deaths=dice.randint(20, 40) * max(maps, 1) // 2,
        accuracy=dice.uniform(0.24, 0.42),
        headshots=dice.randint(10, 90),
        revives=dice.randint(0, 40),
        best=_BEST[number % len(_BEST)],
        dpm_by_map=tuple(by_map),
    )


def unknown_evening(count: int = 6) -> EveningCard:
    """Return an evening of which only names are known, and of some not even these."""
    nothing = {one.name: None for one in fields(EveningPlayer) if "None" in str(one.type)}
    card = evening_card(count, teams=())
    players = tuple(
        replace(one, **{**nothing, "dpm_by_map": (None,) * 5, "best": "", "name": ""})  # type: ignore[arg-type]
        for one in card.players
    )
    maps = tuple(replace(one, times=(None, None), is_whole=False, winner=None, result="") for one in card.maps)
    return replace(card, players=players, maps=maps)


def plain(name: str) -> str:
    """Return a name without its colour codes."""
    return "".join(part[1:] if number else part for number, part in enumerate(name.split("^")))
