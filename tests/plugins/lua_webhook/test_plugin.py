"""Messages in the control channel: whose are taken, and what becomes of them."""

import json

from roundhook import accept_webhook
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugin_maker import until
from tests.plugins.notices import DIALECT_B, embed_of

PLUGINS = ["lua_webhook", "stats_import"]


async def stored(stage: Stage, count: int) -> None:
    """Return when *count* notices are stored."""

    async def enough() -> bool:
        return await stage.count("round_notices") >= count

    await stage.until(enough, timeout=PATIENCE)


async def test_a_known_webhook_is_heard_and_no_stranger() -> None:
    """A notice of the server's webhook is stored under the server's key; what is attached counts before the embed.

    An unknown webhook, a human, and the right webhook in the wrong channel say nothing to the bot.
    """
    data = {"map_name": "te_escape2", "round_number": 1, "round_end_unix": 1_800_000_000}
    embeds, attached = [embed_of(DIALECT_B)], {"notice.json": json.dumps(data).encode()}
    async with Stage(PLUGINS) as stage:
        stage.discord.add_webhook("stranger")
        stage.discord.add_webhook("elsewhere", stage.discord.stats_channel)
        stage.app.services.servers["local"].accepted.add(int(stage.discord.webhooks["elsewhere"].id))
        await stage.discord.post_webhook("stranger", content="STATS_READY", embeds=embeds)
        await stage.discord.post_webhook("elsewhere", content="STATS_READY", embeds=embeds)
        await stage.discord.post_message("STATS_READY", channel=stage.discord.control_channel)
        await stage.discord.post_webhook("local", content="STATS_READY", embeds=embeds, files=attached)
        await stage.discord.post_webhook("local", content="STATS_READY", embeds=embeds)
        await stored(stage, 2)

        rows = await stage.db.fetch("SELECT server, map_name, round_number FROM round_notices ORDER BY id")

    assert [tuple(row.values()) for row in rows] == [("local", "te_escape2", 1), ("local", "supply", 2)]


async def test_a_malformed_notice_is_told_to_the_admins_once() -> None:
    """The admins read which server sent what, and the next notice is taken as ever.

    A file over the limit is named to them and not downloaded.
    """
    async with Stage(PLUGINS) as stage:
        await stage.discord.post_webhook(
            "local", content="STATS_READY", embeds=[embed_of(DIALECT_B)], files={"notice.json": b" " * 400_000}
        )
        large = await stage.discord.wait_for_message(stage.discord.admin_channel)
        assert await stage.count("round_notices") == 0
        assert not any("/attachments/" in request.path for request in stage.discord.requests)
        await stage.discord.post_webhook("local", content="STATS_READY", embeds=[embed_of({**DIALECT_B, "Round": "9"})])
        told = await stage.discord.wait_for_message(stage.discord.admin_channel, lambda one: "round 9" in one.text)
        await stage.discord.post_webhook("local", content="STATS_READY", embeds=[embed_of(DIALECT_B)])
        await stored(stage, 1)
        said = stage.discord.messages(stage.discord.admin_channel)

    assert len(said) == 2
    assert "400,000 bytes" in large.text
    assert "local" in told.text
    assert "round 9" in told.text


ODD = {
    "nested": b"[" * 100_000, "digits": b'{"map_name":"x","round_number":' + b"9" * 400 + b"}",
    "power": b'{"map_name":"odd","round_number":1,"pause_count":1180591620717411303424}',
    "nul": b'{"map_name":"odd2","round_number":1,"sender":"a\\u0000b\\ud800","surrender_caller":"\\u0000"}',
    "deep": b'{"map_name":"odd3","round_number":1,"sender":' + b"[" * 900 + b"]" * 900 + b"}",
}  # fmt: skip


async def test_odd_notices_of_one_server_cost_another_nothing(database_url: str) -> None:
    """Each message is taken by itself: the other server's next notice is stored, no breaker opens."""
    config = {"servers": {"other": {"timezone": "UTC", "webhook_ids": []}}}
    async with Stage([*PLUGINS, "timing_override"], database=database_url, config=config) as stage:
        hook = stage.discord.add_webhook("other")
        await accept_webhook(stage.db, stage.app.services.servers["other"], hook.id, now=stage.clock.now())
        for name, data in ODD.items():
            await stage.discord.post_webhook("local", content="STATS_READY", files={"notice.json": data}, username=name)
        await stage.discord.post_webhook("other", content="STATS_READY", embeds=[embed_of(DIALECT_B)])
        await stored(stage, 4)
        await stage.settled()

        maps = {row["map_name"]: row["server"] for row in await stage.db.fetch("SELECT * FROM round_notices")}
        breakers = [stage.plugins.status(name).breaker for name in PLUGINS]
        failed = await stage.db.fetch("SELECT * FROM deliveries WHERE state = 'failed'")

    assert maps == {"odd": "local", "odd2": "local", "odd3": "local", "supply": "other"}
    assert set(breakers) == {"closed"}
    assert failed == []


async def test_what_came_while_the_bot_was_away_is_read_back() -> None:
    """After a lost session the channel's newer messages are read, and each notice is stored once."""
    async with Stage(PLUGINS) as stage:
        await stage.discord.post_webhook("local", content="STATS_READY", embeds=[embed_of(DIALECT_B)])
        await stored(stage, 1)
        await stage.discord.drop_gateway()
        stage.discord.forget_sessions()
        await stage.discord.post_webhook(
            "local", content="STATS_READY", embeds=[embed_of({**DIALECT_B, "Map": "missed"})]
        )
        await stored(stage, 2)

        rows = await stage.db.fetch("SELECT map_name, notice FROM round_notices ORDER BY id")

    assert [row["map_name"] for row in rows] == ["supply", "missed"]
    assert json.loads(rows[1]["notice"])["source"] == "history"


async def test_a_reload_asks_discord_nothing() -> None:
    """A reload has missed no message, so the channel is not read again."""
    async with Stage(PLUGINS) as stage:
        await until(lambda: reads(stage) >= 2 and is_read(stage))  # for the mark, at the start; of a later session
        before = len(stage.discord.requests)
        report = await stage.plugins.reload("lua_webhook")
        await stage.discord.post_webhook("local", content="STATS_READY", embeds=[embed_of(DIALECT_B)])
        await stored(stage, 1)

        assert report.ok
        assert not [one for one in stage.discord.requests[before:] if one.path != "/gateway"]  # which only connects


def is_read(stage: Stage) -> bool:
    """Tell whether nothing of the control channel is read or has yet to be."""
    assert stage.app.discord is not None
    channels = stage.app.discord._channels
    return not (channels._reads or channels.feed("lua_webhook", stage.discord.control_channel).behind)


def reads(stage: Stage) -> int:
    path = f"/channels/{stage.discord.control_channel}/messages"
    return sum(request.method == "GET" and request.path == path for request in stage.discord.requests)
