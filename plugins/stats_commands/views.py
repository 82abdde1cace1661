"""Answers in words: rows → messages. Pure; names are escaped, times are Discord timestamps in the reader's zone."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from roundhook import Embed, Field, Message, clean_name, escape_markdown
from roundhook.db import utc

from .card import Card, CardPlayer
from .figures import clock
from .figures import hours as _hours
from .figures import n as _n
from .figures import one as _one
from .figures import percent as _percent
from .figures import two as _two
from .queries import Totals, totals_of
from .results import SIDES, PlayedMap, map_words, score_words

BLUE, AMBER, GREY = 0x4A90E2, 0xF5A623, 0x8A93A0
AWARDS, MOST_LINE = 20, 200
"""Awards on a page, and characters in a line of them: that many fit into a message."""
_CORRECTED = "corrected: "
_PLAIN_WORD = re.compile(r"[0-9A-Za-z]+(_[0-9A-Za-z]+)*")

Row = dict[str, Any]


def stamp(moment: datetime | str | None, style: str = "f") -> str:
    """Return a Discord timestamp."""
    known = utc(moment)
    return f"<t:{int(known.timestamp())}:{style}>" if known else "–"


def place(name: str) -> str:
    """Return a map's or server's name for a text with Markdown; an underscore within a word is none.

    >>> place("te_escape2")
    'te_escape2'
    """
    return name if _PLAIN_WORD.fullmatch(name) else escape_markdown(name)


def round_result(row: Row) -> str:
    """Return in words how a round ended."""
    winner, defender = SIDES.get(row["winner_side"]), SIDES.get(row["defender_side"])
    if row["status"] == "aborted" or row["end_reason"] == "aborted":
        return "Aborted"
    if winner is None or defender is None:
        return "Result unknown"
    if row["end_reason"] == "surrender":
        return f"{SIDES[3 - row['winner_side']]} surrendered at {clock(row['actual_duration_seconds'])}"
    if winner == defender:
        return f"{winner} held"
    return f"{winner} took the objective in {clock(row['actual_duration_seconds'])}"


def match_result(match: Row | None) -> str:
    """Return in words how a match ended, "" while it is open."""
    words = {
        "first_attackers": "Match: the first attackers win",
        "second_attackers": "Match: the second attackers win",
        "draw": "Match: draw, both sides held",
    }
    return words.get((match or {}).get("result") or "", "")


def round_line(row: Row) -> str:
    """Return a round in a list of rounds."""
    match = match_result(row) if row["round2_id"] == row["id"] else ""
    note = " *(its round 1 is missing)*" if row["status"] == "unpaired" else ""
    line = f"`{row['id']}` **{place(row['map_name'])}** R{row['round_number']}: {round_result(row)}{note}"
    return f"{line}\n  ↳ {match.removeprefix('Match: ')}" if match else line


def card_of(row: Row, players: Sequence[Row], match: Row | None, zone: ZoneInfo) -> Card:
    """Return what the picture of a round shows."""
    played_at = utc(row["played_at"])
    if played_at is None:
        raise ValueError(f"round {row['id']} has no time")
    both = match is not None and match["round2_id"] == row["id"]
    return Card(
        server=row["server"],
        map_name=row["map_name"],
        round_number=row["round_number"],
        played_at=played_at.astimezone(zone),
        winner_side=row["winner_side"] or 0,
        defender_side=row["defender_side"] or 0,
        duration_seconds=row["actual_duration_seconds"],
        time_shown_seconds=row["time_shown_seconds"],
        time_limit_seconds=row["time_limit_seconds"],
        end_reason=row["end_reason"],
        duration_source=row["duration_source"] or "file",
        pause_count=row["pause_count"],
        total_pause_seconds=row["total_pause_seconds"],
        result=round_result(row),
        match_result=match_result(match) if both else "",
        status=row["status"],
        players=tuple(_card_player(player) for player in players if player["side"] in (0, 1, 2)),
    )


def round_words(row: Row) -> str:
    """Return in words what became of a round: ``supply · round 1 · Axis held``."""
    return f"{place(row['map_name'])} · round {row['round_number']} · {round_result(row)}"


def about(row: Row, *others: Row) -> str:
    """Return the small line below what is said: which rounds, which server, when."""
    numbers = " · ".join(f"round {one['id']}" for one in (row, *others))
    return f"-# {numbers} · {place(row['server'])} · {stamp(row['played_at'], 'R')}"


def map_line(played: PlayedMap, teams: Mapping[int, str], score: tuple[int, int]) -> str:
    """Return in words who has won a map, and the score of the evening from the winner's side."""
    words = map_words(played, place(played.first["map_name"]), teams)
    return f"{words} · {score_words(score, played.winner or 1)}" if teams and played.result else words


def map_title(played: PlayedMap, teams: Mapping[int, str]) -> str:
    """Return who has won a map as its picture says it, without Markdown."""
    if played.result is None:
        return "Result unknown"
    if played.result == "draw":
        return "Draw: both sides held"
    return f"{teams.get(played.winner or 0) or 'The ' + played.result.replace('_', ' ')} win"


def axis_teams(played: PlayedMap) -> tuple[int, int]:
    """Return which team was on Axis in each round of a map, 0 where unknown."""
    defender, began = played.first["defender_side"], played.first_attackers
    if not began or defender not in SIDES:
        return 0, 0
    axis = 3 - began if defender == 1 else began
    return axis, 3 - axis


def map_description(line: str, cards: Sequence[Card]) -> str:
    """Return a map's picture in words, for who cannot see it."""
    rounds = [f"Round {card.round_number}: {card.result}" for card in cards]
    players = [player for card in cards for player in card.players]
    return card_description(f"{line}. {'. '.join(rounds)}", players)


def corrected(line: str, before: str) -> str:
    """Return a message's first line; where another one was posted before, it says that it is a correction."""
    return line if before in (line, "") else f"{_CORRECTED}{line}"


def card_description(line: str, players: Sequence[CardPlayer]) -> str:
    """Return a round's picture in words, for who cannot see it."""
    ranked = sorted(players, key=lambda one: -(one.damage_given or 0))[:12]
    listed = [
        f"{clean_name(one.name) or one.guid} ({SIDES.get(one.side, 'no side')}): {_n(one.damage_given)} damage, "
        f"{_n(one.kills)} kills, {_n(one.deaths)} deaths"
        for one in ranked
    ]
    return f"{line}. {'; '.join(listed) or 'Nobody played'}."


def player_message(
    totals: Totals, weapons: Sequence[Row], names: Sequence[Row], where: str, last_seen: datetime | str | None
) -> Message:
    """Return one player's numbers."""
    sums = totals.sums
    fields = (
        field_of("Rounds", totals.rounds),
        field_of("Time played", _hours(sums["time_played_seconds"])),
        field_of("Damage / minute", _one(totals.dpm)),
        field_of("Kills / deaths", f"{_n(sums['kills'])} / {_n(sums['deaths'])} ({_two(totals.kd)})"),
        field_of("Accuracy", _percent(totals.accuracy)),
        field_of("Head hits", _n(sums["headshots"])),
        field_of("Damage given / received", f"{_n(sums['damage_given'])} / {_n(sums['damage_received'])}"),
        field_of("Revives given / received", f"{_n(sums['revives_given'])} / {_n(sums['times_revived'])}"),
        field_of("Alive", _percent(totals.alive_share)),
        Field(name="Weapons", value="\n".join(map(weapon_line, weapons)) or "–"),
        Field(name="Names", value=", ".join(escape_markdown(row["name"]) for row in names) or "–"),
    )
    embed = Embed(
        title=escape_markdown(totals.name) or totals.guid,
        description=f"{where}\nlast seen {stamp(last_seen, 'R')}",
        color=BLUE,
        fields=fields,
        footer=totals.guid,
    )
    return Message(embeds=(embed,))


def awards_message(row: Row, awards: Sequence[Row]) -> Message:
    """Return some of a round's awards."""
    lines = [
        f"**{escape_markdown(one['award'])}**: {escape_markdown(one['name']) or 'unknown player'} — "
        f"{escape_markdown(one['value'])}"
        for one in awards
    ]
    title = f"Awards: {place(row['map_name'])} round {row['round_number']}"
    text = "\n".join(line[:MOST_LINE] for line in lines)
    return Message(embeds=(Embed(title=title, description=text, color=BLUE, footer=f"round {row['id']}"),))


def round_name(row: Row) -> str:
    """Return a round in a sentence: ``12 (supply R2)``."""
    return f"{row['id']} ({place(row['map_name'])} R{row['round_number']})"


def _card_player(row: Row) -> CardPlayer:
    totals = totals_of(row)
    return CardPlayer(
        guid=row["guid"],
        name=row["raw_name"],
        side=row["side"] or 0,
        kills=row["kills"],
        deaths=row["deaths"],
        damage_given=row["damage_given"],
        damage_received=row["damage_received"],
        dpm=totals.dpm,
        accuracy=totals.accuracy,
        headshots=row["headshots"],
        revives=row["revives_given"],
        gibs=row["gibs"],
        time_played_seconds=row["time_played_seconds"],
    )


def player_line(one: Totals) -> str:
    """Return a player's numbers of some rounds in a line."""
    sums = one.sums
    return (
        f"**{name_of(one)}** — {_one(one.dpm)} DPM, {_n(sums['kills'])}/{_n(sums['deaths'])} ({_two(one.kd)}), "
        f"{_percent(one.accuracy)}, {_n(sums['headshots'])} HS, {_n(sums['revives_given'])} rev "
        f"({clock(sums['time_played_seconds'])})"
    )


def weapon_line(row: Row) -> str:
    """Return what a weapon did in a line."""
    accuracy = min(row["hits"] / row["shots"], 1.0) if row["shots"] else None
    return f"{row['weapon']}: {_n(row['kills'])} kills" + (f", {_percent(accuracy)}" if accuracy is not None else "")


def _color(row: Row) -> int:
    return GREY if row["status"] != "ok" else {1: 0xD9534F, 2: BLUE}.get(row["winner_side"] or 0, GREY)


def field_of(name: str, value: object) -> Field:
    """Return a field that stands beside others."""
    return Field(name=name, value=str(value), inline=True)


def name_of(one: Totals) -> str:
    """Return a player's name for a text with Markdown."""
    return escape_markdown(one.name) or one.guid
