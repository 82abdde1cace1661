"""/top: pages of one server or all, the place of who names himself; kept for as long as it holds, and no longer."""

from datetime import timedelta
from typing import Any

import pytest

from core.clock import Clock
from core.db import Database
from plugins.stats_commands.boards import Asked, Boards
from plugins.stats_commands.rankings import CATEGORIES, RATES, Rankings, Scope
from roundhook.rounds import day_of
from roundhook.testing import Stage
from tests.plugins.notices import notice
from tests.plugins.rounds import play
from tests.plugins.stats_import.invented import Line

PLUGINS = ["stats_import", "stats_commands"]


def people(count: int) -> list[Line]:
    """Return players, the first with most kills; the last two have as many."""
    kills = [*range(100, 100 - count + 1, -1), 100 - count + 2]
    return [
        Line(f"A00000{number:02d}", f"human{number:02d}", side=1 + number % 2, weapons={8: (30, 90, kill, 5, 3)})
        for number, kill in enumerate(kills)
    ]


def shorten(monkeypatch: pytest.MonkeyPatch, most: int, least: int = 1) -> None:
    """Have boards of fewer places."""
    for module in ("rankings", "boards"):
        monkeypatch.setattr(f"plugins.stats_commands.{module}.MOST_PLACES", most)
    monkeypatch.setattr("plugins.stats_commands.boards.LEAST_PLACES", least)


async def test_pages_servers_and_the_own_place() -> None:
    """A board goes on over its pages; who named himself reads his place on each, or why he has none."""
    async with Stage(PLUGINS, config={"servers": {"other": {}}}) as stage:
        await play(stage, "supply", ago=600, players=people(23))
        await play(stage, "radar", ago=300, server="other", players=[Line("B0000001", "stranger")])
        asked: dict[str, Any] = {"category": "kills", "server": "local", "player": "human22"}
        first = await stage.discord.invoke("top", guild=1, options=asked)
        pages = [first.text]
        for _ in range(2):
            pages.append((await stage.discord.click(first, "▶")).text)
        nowhere = await stage.discord.invoke("top", guild=1, options=asked | {"player": "stranger"})
        unknown = await stage.discord.invoke("top", guild=1, options=asked | {"player": "nobody there"})
        everywhere = await stage.discord.invoke("top", guild=1, options={"category": "kills", "days": 2})

    assert "on local, all time" in pages[0]
    assert "1. **human00** — 100 (1 round)" in pages[0]
    assert all("=22. **human22** — 79 (1 round)" in page for page in pages)
    assert "11. **human10** — 90" in pages[1]
    assert "20. **human19** — 81" in pages[1]
    assert "stranger" not in "".join(pages)
    assert "**stranger** has no place: no complete round counts for kills here." in nowhere.text
    assert "No player called 'nobody there'" in unknown.text
    assert "on all servers, last 2 days" in everywhere.text


async def test_only_who_has_played_since_is_looked_at(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full board is brought up to date by those who have played; where something has gone it is worked out anew."""
    asked, whole, inner = [Asked(None, None, ()), Asked(None, 3, ()), Asked(None, None, ("other",))], [], Rankings.best

    async def best(self: Rankings, scope: Scope, samples: Any) -> Any:
        whole.append(scope)
        return await inner(self, scope, samples)

    monkeypatch.setattr(Rankings, "best", best)
    shorten(monkeypatch, 6, least=3)
    async with Stage(PLUGINS, database=database_url, config={"servers": {"other": {}}}) as stage:
        kept = Boards(stage.db, stage.clock)

        async def worked_out() -> int:
            """Return how many boards were worked out for all of *asked*, which are as if all were."""
            whole.clear()
            boards = [await kept.board(one) for one in asked]
            count = len(whole)
            again = [await Boards(stage.db, stage.clock).board(one) for one in asked]
            for board, fresh in zip(boards, again, strict=True):
                for category in set(CATEGORIES) - set(RATES):  # who is ranked in those is known to the day
                    assert board.best[category][:3] == fresh.best[category][:3]
            return count

        await play(stage, "supply", ago=3 * 86400, players=people(9))
        counts = [await worked_out(), await worked_out()]
        for number in range(4):
            server = "other" if number % 2 else "local"
            await play(stage, f"map{number}", ago=600 - number, players=people(3 + number)[number:], server=server)
            counts.append(await worked_out())
        end = stage.clock.now().timestamp() - 604
        await stage.publish(notice(map_name="map0", round_end_unix=end, end_reason="aborted"))
        await stage.settled()
        counts.append(await worked_out())

    assert counts == [3, 0, 0, 0, 0, 0, 3]


async def test_a_clock_that_is_put_back(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Days that count again, because the machine's clock was ahead, are looked at again."""
    shorten(monkeypatch, 1)
    clock = Clock()
    for guid, days, kills in (("A0000001", 2, 5), ("A0000002", 0, 9)):
        day = day_of(clock.now() + timedelta(days=days))
        row = (day, "one", guid, 5, kills, 3)
        await database.execute(
            "INSERT INTO player_days (day, server, guid, rounds, kills, deaths) VALUES (?, ?, ?, ?, ?, ?)", row
        )
    boards, best = Boards(database, clock), []
    for ahead in (-3, 0):
        clock.ahead_seconds = ahead * 86400.0
        best.append([place.guid for place in (await boards.board(Asked(None, 2, ()))).best["kills"]])

    assert best == [["A0000001"], ["A0000002"]]


async def test_who_is_beyond_the_board_has_a_place(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A board holds the best only; who comes after them is told how many are before him."""
    shorten(monkeypatch, 2)
    for number in range(9):
        await database.execute(
            "INSERT INTO player_totals (guid, server, rounds, kills, deaths) VALUES (?, 'one', 5, ?, 3)",
            (f"A000000{number}", 100 - 10 * number if number else None),
        )
    boards = Boards(database, Clock())
    board = await boards.board(Asked(None, None, ()))

    assert [place.guid for place in board.best["kills"]] == ["A0000001", "A0000002"]
    assert (await boards.place_of("A0000002", "kills", board))[1] == 1
    assert (await boards.place_of("A0000007", "kills", board))[1] == 6
    assert await boards.place_of("A0000000", "kills", board) == (None, -1)
