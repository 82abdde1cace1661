"""What the commands do: webhooks for game servers, and a look at a server's connections."""

import time
from collections.abc import Sequence

import hikari

from roundhook import (
    Context,
    Embed,
    Field,
    Message,
    PeerUnavailableError,
    RemoteFiles,
    RoundhookError,
    RoundNotice,
    Secret,
    Server,
    UserFacingError,
    accept_webhook,
    escape_markdown,
    report_text,
)
from roundhook.commands import did_you_mean
from roundhook.db import utc

from . import webhooks
from .install import Installer, Offer
from .probe import Probe
from .script import is_older, own_version

_TELL_OLD = """
    INSERT INTO old_senders (server, sender, told_at) VALUES (?, ?, ?)
    ON CONFLICT (server, sender) DO NOTHING RETURNING sender"""
GREEN, RED = 0x4CAF50, 0xD9534F


class ServerAdmin:
    """Makes and tests; *ctx* is the plugin's."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._installer = Installer(ctx)

    def server(self, key: str, known: Sequence[str]) -> Server:
        """Return a server that is among those *known* to who asks: that he may act on.

        Raises:
            UserFacingError: it is not.
        """
        if key not in known:
            shown = escape_markdown(key)
            raise UserFacingError(
                f"No game server '{shown}' is configured for you (known: {', '.join(known) or 'none yet'}). "
                f"{did_you_mean(key, known)}It has a "
                "table `[servers.…]` of that key in roundhook.toml; where the bot serves several Discord servers, its "
                "`guilds` names yours alone, or ask the bot's owner."
            )
        return self._ctx.servers[key]

    async def set_up(self, key: str, known: Sequence[str], user: int) -> tuple[Message, Offer | None]:
        """Find or make the server's webhook, accept its notices from now on, and install the script that posts to it.

        Raises:
            UserFacingError: there is no such server, or the bot may not make webhooks.
        """
        server = self.server(key, known)
        webhook, is_new = await self._webhook(key)
        where = f" in <#{webhook.channel_id}>" if len(self._ctx.control_channels) > 1 else ""
        await accept_webhook(self._ctx.db, server, int(webhook.id), now=self._ctx.clock.now(), user=user)
        verb = "is made" if is_new else "was made before"
        said = f"The webhook `{webhook.id}` {verb}{where}; notices from it are accepted from now on."
        return await self._installer.install(server, self._url(webhook), said)

    async def write_cfg(self, offer: Offer, known: Sequence[str]) -> str:
        """Write the cfg as /setup has offered it.

        Raises:
            UserFacingError: the server is not the admin's any more, or it cannot be done any more.
        """
        server = self.server(offer["server"], known)
        webhook, _ = await self._webhook(server.key)
        return await self._installer.write_cfg(server, self._url(webhook), offer["mark"])

    async def test(self, key: str, known: Sequence[str]) -> Message:
        """Connect to a server and say how it stands.

        Raises:
            UserFacingError: there is no such server.
        """
        server = self.server(key, known)
        fields = (
            await self._ssh_field(server),
            await self._test_field(server),
            await self._notice_field(key),
            await self._file_field(key),
        )
        fine = not any(field.value.startswith("✗") for field in fields)
        return Message(embeds=(Embed(title=f"Server {key}", color=GREEN if fine else RED, fields=fields),))

    async def look_at_sender(self, notice: RoundNotice) -> None:
        """Tell the admins, once, that a server's script is older than the bot's."""
        if not is_older(notice.sender):
            return
        async with self._ctx.db.transaction() as transaction:
            values = (notice.server, notice.sender, self._ctx.clock.now())
            is_new = bool(await transaction.fetch(_TELL_OLD, values))
        if is_new:
            await self._ctx.tell_admins(
                f"The script on {notice.server} is {notice.sender}; this bot has {own_version()}. "
                f"Run `roundhook lua deploy --server {notice.server}`.",
                server=notice.server,
            )

    def _url(self, webhook: hikari.IncomingWebhook) -> Secret:
        return Secret(self._ctx.webhook_url(int(webhook.id), webhook.token or ""))

    async def _webhook(self, key: str) -> tuple[hikari.IncomingWebhook, bool]:
        """Return the server's webhook, and whether it has just been made: in the first channel that takes it."""
        channels, refused = self._ctx.control_channels, dict[int, hikari.ClientHTTPResponseError]()
        if not channels:
            raise UserFacingError("discord.control_channel is not configured. Set it and restart the bot.")
        for is_new, ask in ((False, webhooks.find), (True, webhooks.make)):
            if found := await webhooks.first_of(self._ctx.rest, channels, key, ask, refused):
                return found, is_new
        full = [webhooks.FULL] if len(refused) < len(channels) else []
        said = [webhooks.refusal(channel, error, f"<#{channel}>") for channel, error in refused.items()]
        raise UserFacingError("\n".join([*said, *full]))

    async def _ssh_field(self, server: Server) -> Field:
        ssh = server.settings.ssh
        started = time.perf_counter()
        try:
            listing = await RemoteFiles(server).scan(ssh.stats_dir if ssh else ".")
        except PeerUnavailableError as error:
            return Field(
                name="SSH",
                value=f"✗ {report_text(str(error))} Is its SSH server running, and are host and port right?",
            )
        except RoundhookError as error:
            return Field(name="SSH", value=f"✗ {report_text(str(error))}")
        milliseconds = (time.perf_counter() - started) * 1000
        return Field(name="SSH", value=f"✓ {listing.count} entries in the stats folder, {milliseconds:.0f} ms")

    async def _test_field(self, server: Server) -> Field:
        outcome = await Probe(server, self._ctx.clock).run()
        return Field(name="Test message", value=outcome.text)

    async def _notice_field(self, key: str) -> Field:
        rows = await self._ctx.db.fetch(
            "SELECT map_name, round_number, received_at FROM round_notices WHERE server = ? ORDER BY id DESC LIMIT 1",
            (key,),
        )
        return Field(name="Last notice", value=_when(rows, "received_at") or "none yet: is roundhook.lua loaded there?")

    async def _file_field(self, key: str) -> Field:
        rows = await self._ctx.db.fetch(
            "SELECT map_name, round_number, played_at FROM rounds WHERE server = ? ORDER BY played_at DESC LIMIT 1",
            (key,),
        )
        return Field(name="Last round", value=_when(rows, "played_at") or "none yet")


def _when(rows: list[dict[str, object]], column: str) -> str:
    if not rows:
        return ""
    moment = utc(rows[0][column])  # type: ignore[arg-type]
    when = f"<t:{int(moment.timestamp())}:R>" if moment else ""
    return f"{escape_markdown(str(rows[0]['map_name']))} R{rows[0]['round_number']} {when}"
