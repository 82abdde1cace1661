"""What /status and ``roundhook status`` say: whether all is well, what waits, what a person has to mend."""

import importlib.metadata
from collections.abc import Callable
from datetime import datetime
from typing import Any

import lightbulb

from core.clock import Clock
from core.config import Config
from core.db import Database
from core.db.backlog import OPEN
from core.db.database import Row, utc
from core.discord.answer import answer
from core.discord.messages import escape_markdown
from core.discord.permissions import Gatekeeper
from core.discord.troubles import Troubles
from core.kernel.bounded import bounded, text_of
from core.kernel.kernel import Kernel
from core.shown import report_text

VERSION = importlib.metadata.version("roundhook")
"""Of what runs: another may have been installed since."""
LINE_SECONDS = 2.0
"""What a plugin may take for its lines."""
_COUNTS = {
    "deliveries": f"SELECT count(*) AS n FROM deliveries WHERE {OPEN} AND state = 'pending'",
    "messages": "SELECT count(*) AS n FROM announcements WHERE wanted > revision",
    "failed": f"SELECT count(*) AS n FROM deliveries WHERE {OPEN} AND state = 'failed'",
}
"""What waits, each by an index of what is open only."""

Document = dict[str, Any]


class StatusBoard:
    """Puts together how the bot is."""

    def __init__(
        self, config: Config, kernel: Kernel, troubles: Troubles, database: Database, clock: Clock,
    ) -> None:  # fmt: skip
        self._config, self._kernel, self._troubles = config, kernel, troubles
        self._database, self._clock, self._since = database, clock, clock.now()
        self.connected: Callable[[], bool] = lambda: False
        """Whether the gateway is connected."""

    async def document(self) -> Document:
        """Return everything, as the owner may know it: plain JSON data."""
        troubles = [_trouble(row) for row in await self._troubles.open()]
        plugins = [
            {"name": one.name, "state": one.state, "version": one.version, "error": one.error,
             "breakers": dict(one.breakers)}
            for one in self._kernel.statuses()
        ]  # fmt: skip
        return {
            "well": not troubles and not any(one["state"] == "failed" for one in plugins) and self.connected(),
            "version": VERSION,
            "since": self._since.isoformat(),
            "connected": self.connected(),
            "waiting": await self._waiting(),
            "plugins": plugins,
            "troubles": troubles,
            "lines": await self._lines(0, admin=True),
        }  # fmt: skip

    async def text(self, guild: int, *, admin: bool, everything: bool) -> str:
        """Return what /status says: *admin* of *guild*, or with *everything* the owner, reads more."""
        head = f"{'🟢' if self.connected() else '🟠'} roundhook {VERSION}, up since "
        lines = [f"{head}{_stamp(self._since)}", *await self._lines(0 if everything else guild, admin=admin)]
        if admin:
            rows = await self._troubles.open()
            lines += [_trouble_line(row) for row in rows if everything or self._concerns(row, guild)]
            failed = [one.name for one in self._kernel.statuses() if one.state == "failed"]
            lines += [f"🔴 **{escape_markdown(name)}** does not run: `/plugin info` says why" for name in failed]
        if everything:
            waiting = await self._waiting()
            lines.append(
                f"{waiting['deliveries']} deliveries and {waiting['messages']} messages wait, "
                f"{waiting['failed']} deliveries have failed"
            )
        return "\n".join(lines)

    async def _lines(self, guild: int, *, admin: bool) -> list[str]:
        """Return what the plugins say; one that fails or takes too long says that."""
        found: list[str] = []
        for slot in sorted(self._kernel.slots.values(), key=lambda slot: slot.manifest.order()):
            if slot.generation is None or (guild and not slot.on_in(guild)):
                continue
            context = slot.generation.scope.context()
            for lines_of in slot.generation.declared.status:
                try:
                    found += [
                        str(line) for line in await bounded(lines_of(guild, admin), LINE_SECONDS, context=context)
                    ]
                except Exception as error:  # noqa: BLE001 - the boundary: said in its place, and in its log
                    slot.generation.log.warning("its line of the status failed: %s", text_of(error))
                    found.append(f"{slot.name}: its line failed; /plugin logs says why")
        return found

    def _concerns(self, row: Row, guild: int) -> bool:
        if row["guild_id"]:
            return bool(row["guild_id"] == guild)
        return bool(row["server"]) and self._config.sees(guild, row["server"])

    async def _waiting(self) -> dict[str, int]:
        return {name: int((await self._database.fetch(sql))[0]["n"]) for name, sql in _COUNTS.items()}


def status_command(board: StatusBoard, gatekeeper: Gatekeeper) -> Any:
    """Return the command class."""

    class StatusCommand(lightbulb.SlashCommand, name="status", description="How the bot is, and what waits for you"):
        """/status"""

        @lightbulb.invoke
        async def invoke(self, context: lightbulb.Context) -> None:
            await context.defer(ephemeral=True)
            admin = gatekeeper.may(context.interaction, "logs")
            everything = gatekeeper.may(context.interaction, "everybody")
            text = await board.text(int(context.guild_id or 0), admin=admin, everything=everything)
            await answer(context, text, ephemeral=True)

    return StatusCommand


def _trouble(row: Row) -> Document:
    kept = {key: row[key] for key in ("plugin", "key", "server", "guild_id", "text", "remedy", "times")}
    since = utc(row["since"])
    return {**kept, "since": since.isoformat() if since else None}


def _trouble_line(row: Row) -> str:
    since = utc(row["since"])
    text = f"⚠ **{escape_markdown(row['plugin'])}** {_stamp(since) if since else ''}: {report_text(row['text'])}"
    return f"{text} {report_text(row['remedy'])}".rstrip()


def _stamp(moment: datetime) -> str:
    return f"<t:{int(moment.timestamp())}:R>"
