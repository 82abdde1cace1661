"""Which rounds are announced where, how often, and what happens to the message when the round changes."""

from core.rounds.events import ImportedRound, RoundAmended
from devkit.discord.message import Message
from roundhook.testing import Stage
from tests.plugins.notices import notice
from tests.plugins.rounds import filename, hand_over, play, play_match
from tests.plugins.stats_import.invented import PLAYERS, stats_file

PLUGINS = ["stats_import", "timing_override", "stats_commands"]
TWO_GUILDS = {"servers": {"second": {"timezone": "UTC", "webhook_ids": [99], "guilds": [2]}}}


def posted(stage: Stage, guild: int = 1) -> list[Message]:
    return stage.discord.messages(stage.discord.guild_channels(guild).stats)


async def test_each_guild_that_sees_the_server_is_told_once() -> None:
    """A round of everybody's server is in both guilds, one of guild 2's server only there; again posts nothing."""
    async with Stage(PLUGINS, guilds=(1, 2), config=TWO_GUILDS) as stage:
        row = await play(stage, "supply")
        await play(stage, "radar", server="second", ago=90)
        again = ImportedRound(
            round_id=row["id"], file_sha256="another", server="local", map_name="supply", played_at=row["played_at"]
        )
        await stage.publish(again)
        await stage.settled()
        rows = await stage.db.fetch("SELECT round_id, guild_id, channel_id, message_id FROM announcements ORDER BY id")
        told = {guild: posted(stage, guild) for guild in (1, 2)}

    assert [len(told[guild]) for guild in (1, 2)] == [1, 2]
    assert "supply · round 1" in told[1][0].text
    assert "radar · round 1" in told[2][1].text
    assert [(row["round_id"], row["guild_id"]) for row in rows] == [(1, 1), (1, 2), (2, 2)]
    assert [str(row["message_id"]) for row in rows] == [told[1][0].id, told[2][0].id, told[2][1].id]


async def test_an_amendment_edits_the_message_in_place(database_url: str) -> None:
    """A late notice, and then a better file, change text and picture of the posted message; nothing new is posted."""
    async with Stage(PLUGINS, database=database_url, guilds=(1, 2)) as stage:
        name = filename(stage, ago=50)
        row = await hand_over(stage, name, stats_file(winner=1, shown="12:00", players=PLAYERS[:2]))
        before = posted(stage)[0]
        await stage.publish(notice(round_end_unix=row["played_at"].timestamp() - 4))
        await stage.settled()
        after_notice = posted(stage)[0]
        await hand_over(stage, name, stats_file(winner=1, shown="12:00"))
        after_file = posted(stage)[0]
        revisions = await stage.db.fetch("SELECT DISTINCT revision FROM announcements")
        stored = (await stage.db.fetch("SELECT revision FROM rounds"))[0]
        count = [len(posted(stage, guild)) for guild in (1, 2)]

    assert "Axis held" in before.text
    assert "Allies surrendered at 8:32" in after_notice.text
    assert "Allies surrendered at 8:32" in after_file.text
    pictures = [next(iter(message.files.values())) for message in (before, after_notice, after_file)]
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    assert len(set(pictures)) == 3
    assert before.id == after_notice.id == after_file.id
    assert count == [1, 1]
    assert revisions == [stored]


async def test_a_round_one_that_comes_late_makes_a_map_of_its_round_two() -> None:
    """An unpaired round 2 is announced; when its round 1 comes, the map's message takes its place."""
    async with Stage(PLUGINS) as stage:
        later = [player.later() for player in PLAYERS]
        data = stats_file("supply", 2, later, limit="6:05", shown="6:05", winner=1)
        await hand_over(stage, filename(stage, "supply", 2, ago=50), data)
        before = posted(stage)[0]
        await play(stage, "supply", ago=600)
        after = posted(stage)

    assert "supply · round 2" in before.text
    assert [one.text.split("\n")[0] for one in after] == [
        "The first attackers win supply, in 6:05, the others were held"
    ]
    assert after[0].id != before.id


async def test_old_and_imported_rounds_are_not_announced() -> None:
    """Neither what was imported, played too long ago or not to its end, or by nobody, nor a later change of it.

    The file's minutes are for the guilds that have set none; they are read at the next round, in what was missed too.
    """
    config = {"plugin": {"stats_commands": {"announce_within": 10}}}
    async with Stage(PLUGINS, guilds=(1, 2), config=config) as stage:

        def counts() -> list[int]:
            return [len(posted(stage, guild)) for guild in (1, 2)]

        await play(stage, "supply", ago=60, trigger="import")
        await play(stage, "adlernest", ago=200, players=[])
        await play(stage, "erdenberg_t2", ago=150, limit="10:00", shown="71:05")
        old = await play(stage, "radar", ago=660)
        await stage.publish(notice(map_name="radar", round_end_unix=old["played_at"].timestamp() - 4))
        await stage.settled()
        amended = await stage.db.fetch("SELECT id FROM rounds WHERE revision > 1")
        silent = counts()
        await play(stage, "frostbite", ago=540)
        told = counts()
        await stage.app.kernel.set_setting("stats_commands", "announce_within", "30", 2)
        await play(stage, "te_escape2", ago=100)
        await play(stage, "braundorf", ago=1200)
        own = counts()
        await stage.app.kernel.set_setting("stats_commands", "announce_within", "-1", 1)
        await play(stage, "oasis", ago=90)
        never = counts()

    assert [row["id"] for row in amended] == [old["id"]]
    assert (silent, told) == ([0, 0], [1, 1])
    assert (own, never) == ([2, 3], [2, 4])


async def test_a_guild_that_has_it_off_hears_nothing() -> None:
    """Off in guild 2: nothing is posted there, its commands say so; on again, the next round is."""
    async with Stage(PLUGINS, guilds=(1, 2)) as stage:
        await stage.plugins.disable("stats_commands", guild=2)
        await play(stage, "supply", ago=100)
        refused = await stage.discord.invoke("last", guild=2)
        answered = await stage.discord.invoke("last", guild=1)
        counts = [len(posted(stage, guild)) for guild in (1, 2)]
        await stage.plugins.enable("stats_commands", guild=2)
        await play(stage, "radar", ago=50)
        later = [message.text for message in posted(stage, 2)]

    assert refused.ephemeral
    assert "stats_commands" in refused.text
    assert "supply" in answered.text
    assert counts == [2, 0]  # the round, and the answer to /last
    assert len(later) == 1
    assert "radar" in later[0]


async def test_a_channel_without_permission_is_tried_again() -> None:
    """A guild that does not let the bot post gets its message when it does; the other guild waits for nothing."""
    async with Stage(PLUGINS, guilds=(1, 2)) as stage:
        closed = stage.discord.guild_channels(2).stats
        stage.discord.deny(closed, "SEND_MESSAGES")
        await stage.publish(await stage.app.services.files.put("local", filename(stage), stats_file()))
        await stage.discord.wait_for_message(stage.discord.guild_channels(1).stats)
        await stage.discord.until(lambda: any(str(closed) in request.path for request in stage.discord.requests))
        stage.discord.allow(closed, "SEND_MESSAGES")
        await stage.clock.advance(2)
        await stage.settled()

        assert [len(posted(stage, guild)) for guild in (1, 2)] == [1, 1]


async def test_an_announcement_deleted_by_hand_stays_deleted() -> None:
    """A message that is gone is not posted again when its round changes, and troubles nobody."""
    async with Stage(PLUGINS) as stage:
        first, _ = await play_match(stage)
        message = posted(stage)[0]
        await stage.app.services.discord.rest.delete_message(int(message.channel_id), int(message.id))
        round_ = ImportedRound(round_id=first["id"], file_sha256=first["file_sha256"], server="local")
        await stage.publish(RoundAmended(round=round_, revision=first["revision"] + 5, changed=("notice",)))
        await stage.settled()
        failed = await stage.db.fetch("SELECT error FROM deliveries WHERE state <> 'done'")

        assert [one.id for one in posted(stage)] != [message.id]
        assert len(posted(stage)) == 1
        assert failed == []


async def test_a_file_that_arrives_in_steps_or_while_the_import_was_off(database_url: str) -> None:
    """The header alone is a round that nobody played and no news; when the players come, it is, once.

    What the poller fetched while ``stats_import`` was off is stored, and announced, when it is on again.
    """
    whole = stats_file()
    header = whole.splitlines(keepends=True)[0]
    async with Stage(PLUGINS, database=database_url) as stage:
        name = filename(stage)
        await hand_over(stage, name, header)
        first = len(posted(stage))
        await hand_over(stage, name, whole)
        await hand_over(stage, name, whole)
        told = posted(stage)
        await stage.plugins.disable("stats_import")
        await hand_over(stage, filename(stage, "radar", ago=30), stats_file("radar", shown="5:00"))
        assert await stage.count("rounds") == 1

        await stage.plugins.enable("stats_import")

        await stage.settled()
        assert await stage.count("rounds") == 2
        assert len(posted(stage)) == 2

    assert first == 0
    assert len(told) == 1
    assert "supply · round 1" in told[0].text
