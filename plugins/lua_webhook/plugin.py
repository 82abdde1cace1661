"""Listens in the control channels and publishes what known webhooks say: notices, and hints to fetch a file."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal

import aiohttp
import hikari

from roundhook import BadInputError, Plugin, RoundNotice, one_line
from roundhook.rounds import parse_stats_filename

from .bounds import MAX_ATTACHMENT, Count
from .parser import ATTACHMENT, hinted_file, is_notice, parse_attachment, parse_embed

Source = Literal["gateway", "history"]
TRIES, DOWNLOAD_SECONDS = 3, 5.0
"""How often an attachment is asked for, and how long each time: behind it wait the notices of all servers."""
_GONE = frozenset({400, 401, 403, 404, 410})
"""HTTP's words for: asking again does not help."""


class LuaWebhook(Plugin):
    """Message → RoundNotice."""

    async def setup(self) -> None:
        self._count = Count()
        self._tries = dict[int, int]()
        """How often the attachment of a message was asked for in vain."""
        for channel in self.ctx.control_channels:
            self.ctx.follow(channel, self.on_message)

    async def on_message(self, message: hikari.Message, live: bool) -> None:
        """Take a message of a known webhook (which Discord counts as a bot's); leave every other one."""
        await self._take(message, "gateway" if live else "history")

    async def _take(self, message: hikari.Message, source: Source) -> None:
        server = self._server_of(message)
        if server is None:
            return
        if self.ctx.servers[server].is_test(message.content):
            return
        if not is_notice(message.content):
            await self._take_hint(server, message)
            return
        try:
            notice = await self._read(server, message, source)
            self._count.take(server, message.created_at)
        except BadInputError as error:
            text = f"{one_line(str(error))} The notice is left aside; the file will be found by the poll."
            await self.ctx.tell_admins(text, server=server)
            raise
        await self.ctx.publish(notice)
        self.ctx.log.info(
            "notice from %s: %s R%d, %s s, %s",
            server,
            notice.map_name,
            notice.round_number,
            notice.actual_duration_seconds,
            notice.end_reason,
        )

    def _server_of(self, message: hikari.Message) -> str | None:
        """Return the server that the message's webhook belongs to; the name it shows is the sender's to choose."""
        if message.webhook_id is None or message.channel_id not in self.ctx.control_channels:
            return None
        webhook = int(message.webhook_id)
        return next((key for key, server in self.ctx.servers.items() if webhook in server.webhook_ids), None)

    async def _read(self, server: str, message: hikari.Message, source: Source) -> RoundNotice:
        sent_at, message_id = message.created_at, int(message.id)
        attached = next((one for one in message.attachments if one.filename == ATTACHMENT), None)
        if attached is not None and (data := await self._download(server, message, attached)) is not None:
            return _read(parse_attachment, data, server=server, sent_at=sent_at, message_id=message_id, source=source)
        if not message.embeds:
            raise BadInputError(f"A notice of {server} has neither {ATTACHMENT} nor an embed.")
        embed = message.embeds[0]
        fields = {field.name: field.value for field in embed.fields}
        footer = (embed.footer.text if embed.footer else None) or ""
        return _read(parse_embed, fields, footer, server=server, sent_at=sent_at, message_id=message_id, source=source)

    async def _download(self, server: str, message: hikari.Message, attachment: hikari.Attachment) -> bytes | None:
        """Return what is attached; None where it cannot be had and the embed has to do.

        What may pass is raised, so that the message is tried again, but not for ever.
        """
        if attachment.size > MAX_ATTACHMENT:
            raise BadInputError(f"{ATTACHMENT} of {server} is too large: {attachment.size:,} bytes.")
        try:
            async with asyncio.timeout(DOWNLOAD_SECONDS):
                data = await self._asked_for(attachment.url)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            tries = self._tries.pop(int(message.id), 0) + 1
            if tries < TRIES and getattr(error, "status", 0) not in _GONE:
                self._tries[int(message.id)] = tries
                raise
            problem = f"{ATTACHMENT} of {server} cannot be had ({getattr(error, 'status', 'no answer')})"
            if not message.embeds:
                raise BadInputError(f"{problem}.") from error
            self.ctx.log.warning("%s; the notice's embed is taken", problem)
            return None
        self._tries.pop(int(message.id), None)
        return data

    async def _asked_for(self, url: str) -> bytes:
        """Return what lies there; what is too large is cut, and refused as such."""
        async with self.ctx.http.get(url, raise_for_status=True) as response:
            data = b""
            async for piece in response.content.iter_any():
                data += piece
                if len(data) > MAX_ATTACHMENT:
                    break
            return data

    async def _take_hint(self, server: str, message: hikari.Message) -> None:
        """Ask for a file that a plain message names: it is fetched at once instead of at the next poll."""
        name = parse_stats_filename(hinted_file(message.content) or "")
        if name is not None:
            self.ctx.log.info("%s hints at %s", server, name.filename)
            self.ctx.servers[server].ask_for(name.filename)


def _read(parse: Callable[..., RoundNotice], *given: Any, server: str, **about: Any) -> RoundNotice:
    """Read what a stranger has sent: whatever it makes the parser do, that message alone is refused, and for good."""
    try:
        return parse(*given, server=server, **about)
    except BadInputError:
        raise
    except Exception as error:
        raise BadInputError(f"A notice of {server} cannot be read ({type(error).__name__}).") from error
