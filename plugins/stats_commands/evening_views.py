"""An evening in words: the line above its picture, and what its menus answer. Pure; names are escaped."""

from collections.abc import Sequence
from datetime import timedelta

from roundhook import Embed, Field, Message, escape_markdown
from roundhook.db import utc

from . import views
from .evenings import Evening
from .figures import clock, counted
from .figures import one as _one
from .queries import Totals
from .results import evening_words, map_words
from .samples import evening_seconds, places
from .views import Row

TOP_PLAYERS = 10
MOST_LINES_LENGTH = 2500
"""Characters of the rounds in an answer: with the ranking they are one message."""
MOST_LENGTH = 4000
"""Characters of an answer that is nothing but lines."""


def evening_line(evening: Evening) -> str:
    """Return in words who has won an evening, or what was played."""
    server, words = views.place(evening.session["server"]), evening_words(evening.score, evening.teams)
    if words:
        return f"{words} · {counted(len(evening.maps), 'map')} on {server}"
    return f"{counted(len(evening.rounds), 'round')} on {counted(len(evening.maps), 'map')} were played on {server}"


def about_evening(evening: Evening) -> str:
    """Return the small line below what is said of an evening: when, and what it leaves out."""
    left_out = f" · without {counted(evening.earlier, 'earlier round')}" if evening.earlier else ""
    day, start, end = _span(evening.session)
    span = f"{day}, {start} to {end}"
    return f"-# {span} · {counted(len(evening.rounds), 'round')}{left_out}"


def _span(session: Row) -> tuple[str, str, str]:
    """Return the day of a session, its start and its end; that has a day of its own after 24 hours."""
    started, ended = utc(session["started_at"]), utc(session["ended_at"])
    is_long = started is not None and ended is not None and ended - started >= timedelta(days=1)
    return views.stamp(started, "D"), views.stamp(started, "t"), views.stamp(ended, "f" if is_long else "t")


def session_line(session: Row) -> str:
    """Return a session in a list: when, where, how much, who won."""
    won = evening_words(session["score"], session["teams"])
    when, rounds = views.stamp(session["started_at"], "D"), counted(session["rounds"], "round")
    return " · ".join(one for one in (when, views.place(session["server"]), rounds, won) if one)


def evening_tables(evening: Evening, title: str) -> tuple[Embed, Embed]:
    """Return an evening in words below its *title*, as much as one message holds: its rounds, and the best players."""
    session, rounds, place = evening.session, evening.rounds, views.place(evening.session["server"])
    lines = _last_that_fit([views.round_line(row) for row in rounds], MOST_LINES_LENGTH)
    if hidden := len(rounds) - len(lines) + evening.earlier:
        lines.insert(0, f"… and {counted(hidden, 'earlier round')}")
    day, start, end = _span(session)
    span = f"{day} {start} – {end}"
    played = sum(row["actual_duration_seconds"] or 0 for row in rounds)
    counts = f"{span}\n{counted(len(rounds) + evening.earlier, 'round')}, {clock(played)} played"
    least = evening_seconds([one.sums["time_played_seconds"] for one in evening.players])
    ranked = [one for one in evening.players if (one.sums["time_played_seconds"] or 0) >= least]
    left_out = len(evening.players) - len(ranked)
    top = player_lines(ranked[:TOP_PLAYERS]) if ranked else "–"
    top += f"\n{counted(left_out, 'player')} played too little to be ranked." if left_out else ""
    return (
        Embed(title=f"{title} on {place}", description=f"{counts}\n\n" + "\n".join(lines), color=views.BLUE),
        Embed(title="Top players by damage per minute", description=top, color=views.BLUE),
    )


def _last_that_fit(lines: Sequence[str], room: int) -> list[str]:
    """Return the last of *lines* that have so many characters together."""
    kept: list[str] = []
    for line in reversed(lines):
        room -= len(line) + 1
        if room < 0:
            break
        kept.insert(0, line)
    return kept


def first_that_fit(lines: Sequence[str], room: int = MOST_LENGTH) -> str:
    """Return the first of *lines* that have so many characters together, and how many are left out.

    >>> first_that_fit(["one", "two", "three"], room=8).split()
    ['one', 'two', '…', 'and', '1', 'more']
    """
    many = len(_last_that_fit(lines[::-1], room))
    more = [f"… and {len(lines) - many} more"] if many < len(lines) else []
    return "\n".join([*lines[:many], *more])


def evening_description(evening: Evening) -> str:
    """Return an evening's picture in words, for who cannot see it."""
    maps = [map_words(one, one.first["map_name"], evening.teams) for one in evening.maps]
    best = [f"{one.name} {_one(one.dpm)}" for one in evening.players[:5]]
    return f"{'; '.join(maps)}. Damage per minute: {', '.join(best) or 'nobody'}."


def team_message(evening: Evening, team: int) -> Message:
    """Return the table of one team of an evening; 0: of everybody."""
    players = [one for one in evening.players if evening.team_of.get(one.guid, 0) == team]
    title = escape_markdown(evening.teams.get(team, "")) or "All players"
    return Message(embeds=(Embed(title=title, description=player_lines(players), color=views.BLUE),))


def player_lines(players: Sequence[Totals]) -> str:
    """Return a line for each player, with his place by damage per minute."""
    ranks = places([_one(one.dpm) for one in players])
    lines = [f"{rank} {views.player_line(one)}" for rank, one in zip(ranks, players, strict=True)]
    return first_that_fit(lines) or "Nobody."


def weapons_message(title: str, weapons: Sequence[Row]) -> Message:
    """Return what each weapon did."""
    lines = "\n".join(map(views.weapon_line, weapons)) or "No kills."
    return Message(embeds=(Embed(title=title, description=lines, color=views.BLUE),))


def evening_player_message(evening: Evening, guid: str, weapons: Sequence[Row], best: str) -> Message:
    """Return one player's evening: his numbers on each map, and his weapons."""
    found = next((one for one in evening.players if one.guid == guid), None)
    if found is None:
        return Message(content="That player has no complete round in this session.")
    lines = [
        f"{views.place(one.first['map_name'])}: {_one(evening.by_map.get(one.match_id, {}).get(guid))} damage a minute"
        for one in evening.maps
    ]
    fields = (Field(name="Weapons", value="\n".join(map(views.weapon_line, weapons)) or "–"),)
    text = first_that_fit([views.player_line(found), *([f"best: {best}"] if best else []), *lines], MOST_LINES_LENGTH)
    return Message(embeds=(Embed(title=views.name_of(found), description=text, color=views.BLUE, fields=fields),))


def session_awards_message(awards: Sequence[Row]) -> Message:
    """Return the awards of an evening, the latest round's first."""
    lines = [
        f"{views.place(one['map_name'])} R{one['round_number']} · **{escape_markdown(one['award'])}**: "
        f"{escape_markdown(one['name']) or 'unknown player'} — {escape_markdown(one['value'])}"
        for one in awards
    ]
    return Message(
        embeds=(Embed(title="Awards", description=first_that_fit(lines) or "None are stored.", color=views.BLUE),)
    )
