"""Takes the results of Redline, a racing game, and shows them."""

import asyncio
from datetime import timedelta
from typing import Any

import hikari

from roundhook import BadInputError, Embed, File, Message, Plugin, UserFacingError, escape_markdown, hookimpl, one_line
from roundhook.pictures import DrawingThreads

from . import results, tables
from .commands import loader
from .contract import RaceDecided
from .lines import MOST_BYTES, parse_lines
from .picture import picture_of

__all__ = ["Redline", "tables"]

PAGE = 10


class Redline(Plugin):
    """Webhook → rows → RaceDecided → picture."""

    async def setup(self) -> None:
        """Follow the channel, offer the commands."""
        self.drawing = DrawingThreads()
        self.ctx.add_commands(loader)
        if self.ctx.config.channel:
            self.ctx.follow(self.ctx.config.channel, self.on_message)

    async def on_message(self, message: hikari.Message) -> None:
        """Take the lines of a known webhook, as a whole or not at all; leave every other message."""
        if message.webhook_id is None or int(message.webhook_id) not in self.ctx.config.webhook_ids:
            return
        try:
            stored = await results.take(self.ctx.db, parse_lines(await _text_of(message)))
        except BadInputError as error:
            await self.ctx.tell_admins(f"Results of Redline are refused: {one_line(str(error))}")
            raise
        for race in stored:  # also of what was stored before: the bot may have ended just here
            await self.ctx.publish(race.event(imported=False))

    @hookimpl
    async def on_race_decided(self, event: RaceDecided) -> None:
        """Have the order of now stand in the stats channels; a ruling edits it."""
        await self.ctx.send_to_guilds(event, lambda: self.message_about(event.race))

    async def message_about(self, race: str, hidden: tuple[str, ...] = ()) -> Message:
        """Return a race as a message, unless it is none, or of a server that is *hidden*."""
        stored = await results.read(self.ctx.db, race)
        if stored is None or stored.server in hidden:
            raise UserFacingError(f"There is no race {escape_markdown(race)}. Leave the id out for the latest one.")
        picture = await self.drawing.draw(picture_of, stored)
        first = stored.order[0]
        won = f"{escape_markdown(first.driver.name)} wins" if first.place else "Nobody came in"
        rulings = f" · rulings: {stored.revision - 1}" if stored.revision > 1 else ""
        names = ", ".join(f"{one.place or '–'} {one.driver.name}" for one in stored.order)
        title = f"{escape_markdown(stored.track)}: {won}"
        return Message(
            embeds=(Embed(title=title, image="race.png", footer=stored.race + rulings),),
            files=(File(name="race.png", data=picture, description=f"The order of the race: {names}"),),
        )

    async def latest(self, hidden: list[str]) -> list[dict[str, Any]]:
        """Return the latest races that may be seen."""
        return await results.latest(self.ctx.db, hidden)

    async def page(self, asked: dict[str, Any], number: int) -> str | None:
        """Return one page of /drivers."""
        since = self.ctx.clock.now() - timedelta(days=asked["days"])
        hidden = self.ctx.hidden_servers(asked["guild"])
        rows = await results.drivers(self.ctx.db, hidden, since, PAGE, number * PAGE)
        lines = [
            f"{place}. **{escape_markdown(row['name'])}** {row['points']} points · {row['wins']} wins in {row['races']}"
            for place, row in enumerate(rows, number * PAGE + 1)
        ]
        return "\n".join(lines) if lines else None


async def _text_of(message: hikari.Message) -> str:
    """Return the lines in a message: those of its first file, else its own text."""
    if not message.attachments:
        return message.content or ""
    attached = message.attachments[0]
    if attached.size > MOST_BYTES:
        raise BadInputError(f"A file has {attached.size:,} bytes; at most {MOST_BYTES:,} are taken.")
    async with asyncio.timeout(8):
        return (await attached.read()).decode("utf-8", "replace")
