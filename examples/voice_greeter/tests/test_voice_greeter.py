"""Tests of voice_greeter, with everything real but the two ends."""

from datetime import timedelta
from pathlib import Path

from roundhook.testing import Stage

FOLDER = Path(__file__).parents[1]


async def test_who_comes_is_greeted_once_a_day_and_counted() -> None:
    """Each Discord server in its own words and channel; a greeting is taken back, also after a reload."""
    async with Stage(plugins=["voice_greeter"], folders=[FOLDER], guilds=(1, 2)) as stage:
        discord = stage.discord
        noon = stage.clock.now().replace(hour=12, minute=0) + timedelta(days=1)
        await stage.clock.advance((noon - stage.clock.now()).total_seconds())
        here, there = (discord.guild_channels(guild).stats for guild in (1, 2))
        hall = discord.add_channel("hall", guild=2)
        for key, value in (("greeting", "Hello {user}!"), ("channel", str(hall)), ("keep", "10m")):
            asked = {"name": "voice_greeter", "key": key, "value": value}
            await discord.invoke("plugin settings", user=8, guild=2, admin=True, options=asked)
        talk, other, far = (
            discord.add_channel(name, guild=guild, kind=2) for name, guild in (("a", 1), ("b", 1), ("c", 2))
        )

        await discord.join_voice(talk, user=7)
        await discord.wait_for_message(here)
        await discord.join_voice(other, user=7)
        await discord.join_voice(far, user=9)
        await discord.wait_for_message(hall)
        await discord.leave_voice(user=7)
        await discord.join_voice(talk, user=10)
        await discord.wait_for_message(here, lambda message: "<@10>" in message.text)
        await stage.settled()
        said = [[message.text for message in discord.messages(place)] for place in (here, hall, there)]
        assert said == [["<@7> has come to talk.", "<@10> has come to talk."], ["Hello <@9>!"], []]

        assert (await stage.plugins.reload("voice_greeter")).ok
        await stage.clock.advance(700)
        await stage.settled()
        assert [len(discord.messages(place)) for place in (here, hall)] == [2, 0]

        await stage.clock.advance(24 * 3600)
        await stage.settled()
        said = [[message.text for message in discord.messages(place)] for place in (here, hall)]
        assert said == [["Yesterday 2 came to talk."], ["Yesterday 1 came to talk."]]
