"""What the commands do: webhooks for game servers, and a look at a server's connections."""

import time

import hikari

from core.db.database import utc
from core.errors import RoundhookError, UserFacingError
from core.ssh import Server
from roundhook import Context, Embed, Field, File, Message

GREEN, RED = 0x4CAF50, 0xD9534F
_CONFIG = """-- roundhook_config.lua: settings of roundhook.lua, beside which it lies. Keep it to yourself (chmod 600).
return {
  webhook_urls = { "%s" },
  enabled = true,
}
"""


class ServerAdmin:
    """Makes and tests; *ctx* is the plugin's."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def load_webhooks(self) -> None:
        """Allow the webhooks that were made here before."""
        for row in await self._ctx.db.fetch("SELECT server, webhook_id FROM server_admin_webhooks"):
            if row["server"] in self._ctx.servers:
                self._ctx.servers[row["server"]].extra_webhook_ids.add(row["webhook_id"])

    def server(self, key: str) -> Server:
        """Return a configured server.

        Raises:
            UserFacingError: there is none of that key.
        """
        if key not in self._ctx.servers:
            known = ", ".join(sorted(self._ctx.servers)) or "none yet"
            raise UserFacingError(f"No game server '{key}' is configured (known: {known}). Add [servers.{key}] first.")
        return self._ctx.servers[key]

    async def set_up(self, key: str, user: int) -> Message:
        """Make a webhook in the control channel, accept its notices from now on, return the script's settings.

        Raises:
            UserFacingError: there is no such server, or the bot may not make webhooks.
        """
        server = self.server(key)
        webhook = await self._make_webhook(key)
        await self._ctx.db.execute(
            "INSERT INTO server_admin_webhooks (webhook_id, server, created_by, created_at) VALUES (?, ?, ?, ?)",
            (int(webhook.id), key, user, self._ctx.clock.now()),
        )
        server.extra_webhook_ids.add(int(webhook.id))
        url = self._ctx.webhook_url(int(webhook.id), webhook.token)
        text = (
            f"The webhook `{webhook.id}` is made; notices from it are accepted from now on. Put `roundhook.lua` and "
            "the attached file into the game server's `luascripts` folder, add `luascripts/roundhook.lua` to "
            "`lua_modules`, and load a map. Whoever has this file can post in its name: keep it to yourself."
        )
        return Message(content=text, files=(File(name="roundhook_config.lua", data=(_CONFIG % url).encode()),))

    async def test(self, key: str) -> Message:
        """Connect to a server and say how it stands."""
        server = self.server(key)
        fields = (await self._ssh_field(server), await self._notice_field(key), await self._file_field(key))
        fine = not fields[0].value.startswith("✗")
        return Message(embeds=(Embed(title=f"Server {key}", color=GREEN if fine else RED, fields=fields),))

    async def _make_webhook(self, key: str) -> hikari.IncomingWebhook:
        channel = self._ctx.control_channel
        if not channel:
            raise UserFacingError("discord.control_channel is not configured. Set it and restart the bot.")
        try:
            return await self._ctx.rest.create_webhook(channel, f"roundhook {key}")
        except hikari.ForbiddenError as error:
            raise UserFacingError(
                f"I may not make webhooks in <#{channel}>. Give me 'Manage Webhooks' there, then try again."
            ) from error

    async def _ssh_field(self, server: Server) -> Field:
        ssh = server.settings.ssh
        started = time.perf_counter()
        try:
            async with server.sftp() as sftp:
                count = len(await sftp.listdir(ssh.stats_dir if ssh else "."))
        except RoundhookError as error:
            return Field(name="SSH", value=f"✗ {error}")
        milliseconds = (time.perf_counter() - started) * 1000
        return Field(name="SSH", value=f"✓ {count} entries in the stats folder, {milliseconds:.0f} ms")

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
    return f"{rows[0]['map_name']} R{rows[0]['round_number']} {when}"
