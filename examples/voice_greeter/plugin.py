"""Greets who comes to talk, once a day, and says each morning how many came."""

from datetime import datetime, timedelta
from typing import Any

import hikari

from roundhook import Plugin


class VoiceGreeter(Plugin):
    """Voice state → greeting, taken back later; eight o'clock → count."""

    async def setup(self) -> None:
        """Listen, and say when."""
        self.ctx.listen(hikari.VoiceStateUpdateEvent, self.on_voice)
        self.ctx.cron("0 8 * * *", self.count)

    async def on_voice(self, event: hikari.VoiceStateUpdateEvent) -> None:
        """Greet who is in a channel and was not today. The same event may come twice."""
        state, guild = event.state, int(event.guild_id)
        if state.channel_id is None or (state.member and state.member.is_bot):
            return
        now, user = self.ctx.clock.now(), int(state.user_id)
        key = f"{_day(now)} {user}"
        if await self.ctx.store.get(key, guild=guild):
            return
        settings = self.ctx.guild(guild).settings
        channel, once = self._channel(guild), f"{guild} {key}"
        await self.ctx.send(channel, settings.greeting.replace("{user}", f"<@{user}>"), once=once)
        later = now + timedelta(seconds=settings.keep)
        await self.ctx.at(later, self.take_back, {"channel": channel, "once": once}, key=once)
        await self.ctx.store.set(key, True, guild=guild)

    async def take_back(self, about: dict[str, Any]) -> None:
        """Delete a greeting, also after a restart."""
        await self.ctx.send(about["channel"], None, once=about["once"])

    async def count(self) -> None:
        """Say how many came yesterday; forget the days before."""
        yesterday = _day(self.ctx.clock.now() - timedelta(days=1))
        for guild in self.ctx.guilds():
            came = await self.ctx.store.items(guild=guild)
            number = sum(key.startswith(yesterday) for key in came)
            if number:
                text = f"Yesterday {number} came to talk."
                await self.ctx.send(self._channel(guild), text, once=f"{guild} {yesterday}")
            for key in came:
                if key < yesterday:
                    await self.ctx.store.delete(key, guild=guild)

    def _channel(self, guild: int) -> int:
        found = self.ctx.guild(guild)
        return found.settings.channel or found.stats_channel


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
