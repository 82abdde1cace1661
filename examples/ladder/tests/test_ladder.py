"""Tests of ladder beside the real mvp."""

from pathlib import Path

from roundhook.testing import Stage

FOLDER = Path(__file__).parents[1]
LIVE = ["lua_webhook", "ssh_poller", "stats_import", "timing_override", "mvp"]
FOLDERS = [FOLDER, FOLDER.parent / "mvp"]
POINTS = "SELECT points FROM ladder_points WHERE round_id = ? ORDER BY points"


async def test_points_of_what_was_stored_before_and_of_what_comes() -> None:
    """The first round is stored before the ladder is there, the second comes, the third while its source is off."""
    async with Stage(plugins=LIVE, folders=FOLDERS) as stage:
        game = stage.games["local"]
        await game.play_round(map_name="supply", surrender_at=512)
        await stage.until(lambda: _stored(stage, 1))
        await stage.settled()
        await stage.db.execute("DELETE FROM deliveries")
        await stage.db.execute("DELETE FROM events")
        assert (await stage.plugins.enable("ladder")).ok
        await stage.settled()
        assert [row["points"] for row in await stage.db.fetch(POINTS, (1,))] == [1, 2, 3]

        await stage.clock.advance(900)
        await game.play_round(map_name="supply")
        await stage.until(lambda: _stored(stage, 2))
        await stage.settled()
        assert [row["points"] for row in await stage.db.fetch(POINTS, (2,))] == [1, 2, 3]

        await stage.plugins.disable("mvp")
        assert stage.plugins.status("ladder").state != "running"
        await stage.clock.advance(900)
        await game.play_round(map_name="radar")
        await stage.until(lambda: _stored(stage, 3))
        await stage.plugins.enable("mvp")
        await stage.settled()
        assert stage.plugins.status("ladder").state == "running"
        assert [row["points"] for row in await stage.db.fetch(POINTS, (3,))] == [1, 2, 3]

        first = await stage.discord.invoke("ladder", user=7)
        assert first.text.startswith("1. **")
        assert first.text.splitlines()[0].endswith("rounds")


async def test_its_pages_are_turned() -> None:
    """Ten players on a page, after a reload too; nobody is there at first."""
    async with Stage(plugins=["stats_import", "mvp", "ladder"], folders=FOLDERS) as stage:
        assert (await stage.discord.invoke("ladder", user=7)).text == "Nobody has points yet."
        now = int(stage.clock.now().timestamp())
        for number in range(12):
            guid = f"{number:08X}"
            player = "INSERT INTO players (guid, name, is_bot, first_seen, last_seen) VALUES (?, ?, ?, ?, ?)"
            await stage.db.execute(player, (guid, f"player {number}", False, stage.clock.now(), stage.clock.now()))
            points = "INSERT INTO ladder_points (round_id, guid, points, server, played_unix) VALUES (?, ?, ?, ?, ?)"
            await stage.db.execute(points, (number, guid, 100 - number, "local", now))
        reply = await stage.discord.invoke("ladder", user=7)
        assert [reply.text.splitlines()[line].split(" points")[0] for line in (0, 9)] == [
            "1. **player 0** 100",
            "10. **player 9** 91",
        ]

        assert (await stage.plugins.reload("ladder")).ok
        (row,) = reply.components
        turned = await stage.discord.click(reply, row["components"][-1]["custom_id"], user=8)
        assert [line.split()[2] for line in turned.text.splitlines()[:2]] == ["10**", "11**"]


async def _stored(stage: Stage, rounds: int) -> bool:
    return await stage.count("rounds") == rounds
