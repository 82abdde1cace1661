"""Tests of mvp, with everything real but the two ends."""

from pathlib import Path

from roundhook.testing import Stage

FOLDER = Path(__file__).parents[1]
LIVE = ["lua_webhook", "ssh_poller", "stats_import", "timing_override"]
EVENTS = "SELECT key FROM events WHERE type = 'mvp.MvpChosen'"


async def test_the_best_of_a_round_is_told() -> None:
    """In the channel, to other plugins, and to who asks; who did less than enough is nobody."""
    async with Stage(plugins=[*LIVE, "mvp"], folders=[FOLDER]) as stage:
        channel = stage.discord.stats_channel
        await stage.games["local"].play_round(map_name="supply", surrender_at=512)
        message = await stage.discord.wait_for_message(channel)
        await stage.settled()
        query = "SELECT guid, name, damage_given AS damage FROM player_rounds ORDER BY damage_given DESC, guid LIMIT 3"
        best = await stage.db.fetch(query)

        assert message.text.endswith(f"was the most valuable player: {best[0]['damage']} damage")
        (round,) = await stage.call("mvp.tops")
        assert (round["round_id"], round["server"], round["players"]) == (1, "local", best)
        assert await stage.call("mvp.tops", after=1) == []
        assert [row["key"].rpartition(":")[0] for row in await stage.db.fetch(EVENTS)] == ["mvp.MvpChosen:1"]

        asked = {"name": "mvp", "key": "min_damage", "value": "1000000", "everywhere": True}
        await stage.discord.invoke("plugin settings", user=stage.discord.owner_id, admin=True, options=asked)
        assert (await stage.call("mvp.tops"))[0]["players"] == []
