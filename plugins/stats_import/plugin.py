"""FetchedFile → rows → ImportedRound; RoundNotice → its round. One path for live, poll and backfill."""

from zoneinfo import ZoneInfo

from roundhook import FetchedFile, PeerUnavailableError, Plugin, RoundNotice, hookimpl

from .batch import Imported
from .batching import Batcher
from .service import ImportService

UTC = ZoneInfo("UTC")


class StatsImport(Plugin):
    """The import."""

    async def setup(self) -> None:
        self.imports = ImportService(self.ctx.db, zone_of=self._zone_of, read=self.ctx.files.read, log=self.ctx.log)
        self.batches: Batcher[FetchedFile, Imported] = Batcher(self.imports.import_files)
        self.ctx.service(self.batches.run)
        self.ctx.spawn(self._read_again())

    @hookimpl
    async def on_file_fetched(self, file: FetchedFile) -> None:
        """Import a file, then say what that has changed."""
        imported = await self.batches.do(file)
        if file.trigger != "import":
            self.ctx.log.info("%s is %s", file.filename, imported.state)
        for event in imported.events:
            await self.ctx.publish(event)
        if imported.state == "aside" and file.kind != "other":
            raise PeerUnavailableError(imported.reason or f"{file.filename} could not be read.")
        await self.ctx.files.discard(file)
        if imported.state == "quarantined":
            await self.ctx.tell_admins(f"{file.filename} of {file.server} was refused: {imported.reason}")

    @hookimpl
    async def on_round_notice(self, notice: RoundNotice) -> None:
        """Store a notice and match it with its round, if that is there already."""
        for event in await self.imports.store_notice(notice):
            await self.ctx.publish(event)

    async def _read_again(self) -> None:
        """Try refused files once more: this generation's parser may be able to read them."""
        for imported in await self.imports.read_again():
            for event in imported.events:
                await self.ctx.publish(event)

    def _zone_of(self, server: str) -> ZoneInfo:
        known = self.ctx.servers.get(server)
        return known.settings.zone if known is not None else UTC
