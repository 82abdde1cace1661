"""FetchedFile → rows → ImportedRound; RoundNotice → its round. One path for live, poll and backfill."""

import asyncio
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from roundhook import Event, FetchedFile, PeerUnavailableError, Plugin, RoundNotice, hookimpl, one_line
from roundhook.db import Batcher, Transaction

from .batch import Imported
from .notice_watch import NoticeWatch
from .service import ImportService
from .status import lines_of

UTC = ZoneInfo("UTC")
LOOK_SECONDS = 15.0
"""How often it is looked for notices whose file has not come."""
READ_AGAIN_SECONDS = 3600.0
"""How often it is looked for files whose time has come."""


class StatsImport(Plugin):
    """The import."""

    async def setup(self) -> None:
        ctx = self.ctx
        self.imports = ImportService(
            ctx.db, zone_of=self._zone_of, read=ctx.files.read, log=ctx.log, now=lambda: ctx.clock.now(),
            publish=self._publish,
        )  # fmt: skip
        self.batches: Batcher[FetchedFile, Imported] = Batcher(self.imports.import_files)
        self.watch = NoticeWatch(self.ctx)
        self.notices: Batcher[RoundNotice, list[Event]] = Batcher(self._store_notices)
        for _ in range(2):  # the next files are read while some are stored
            self.ctx.service(self.batches.run)
        self.ctx.service(self.notices.run)
        self.ctx.every(LOOK_SECONDS, self.watch.look)
        self.ctx.spawn(self._read_again())
        self.ctx.on_status(self._status)
        self.ctx.every(READ_AGAIN_SECONDS, self._read_again)

    @hookimpl
    async def on_file_fetched(self, file: FetchedFile) -> None:
        """Import a file, then say what that has changed."""
        imported = await self.batches.do(file)
        if file.trigger != "import":
            self.ctx.log.info("%s is %s", file.filename, imported.state)
        if not imported.told:
            await asyncio.gather(*map(self.ctx.publish, imported.events))
        if imported.unread:
            raise PeerUnavailableError(imported.reason or f"{file.filename} could not be read.")
        await self.ctx.files.discard(file)
        if imported.state == "quarantined" or (imported.state == "aside" and file.kind != "other"):
            text = f"{file.filename} of {file.server} was refused: {one_line(imported.reason or '')}"
            if imported.state == "aside":
                text = f"{file.filename} of {file.server} was left aside: {one_line(imported.reason or '')}"
            await self.ctx.tell_admins(text, server=file.server)

    @hookimpl
    async def on_round_notice(self, notice: RoundNotice) -> None:
        """Store a notice and match it with its round, if that is there already."""
        await self.notices.do(notice)

    async def _store_notices(self, notices: Sequence[RoundNotice]) -> list[list[Event]]:
        """Store those that come together, as when many servers end a round, in one transaction."""
        return await self.imports.store_notices(notices, self._stored)

    async def _stored(
        self, transaction: Transaction, notices: Sequence[RoundNotice], told: Sequence[Sequence[Event]]
    ) -> None:
        """Await the files, and publish what the notices have changed, within the transaction that changes it."""
        await self.watch.take(transaction, notices)
        for notice, events in zip(notices, told, strict=True):
            for event in events:
                await self.ctx.publish(event, follows=notice)

    async def _publish(self, told: Iterable[Imported]) -> None:
        """Publish what files have changed, within the transaction that changes it."""
        for imported in told:
            for event in imported.events:
                await self.ctx.publish(event, follows=imported.file)

    async def _status(self, guild: int, admin: bool) -> list[str]:
        """Say what the guild's servers have played last."""
        hidden = self.ctx.hidden_servers(guild) if guild else []
        servers = [key for key in self.ctx.servers if key not in hidden]
        return await lines_of(self.ctx.db, servers, admin=admin)

    async def _read_again(self) -> None:
        """Try what is refused or aside once more: this parser may be able to read it, or its time has come."""
        for imported in await self.imports.read_again():
            if not imported.told:
                await asyncio.gather(*map(self.ctx.publish, imported.events))

    def _zone_of(self, server: str) -> ZoneInfo:
        known = self.ctx.servers.get(server)
        return known.settings.zone if known is not None else UTC
