"""A game server's machine as its SFTP shows it: homepath, basepath, a stats folder, cfgs. For tests of deployments."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from core.config import ServerSection, Ssh
from core.servers.ssh import Server
from devkit.game.ssh import SshServer

HOME = "home/et/.etlegacy"
STATS = f"/{HOME}/legacy/gamestats"
CFG = 'set sv_hostname "\xe9t\xe9"\r\nset rconpassword "hunter2"\r\nset lua_modules "luascripts/stats.lua"\r\n'


@dataclass
class Machine:
    """The machine; paths are relative to its root."""

    root: Path
    ssh: SshServer

    @property
    def settings(self) -> Ssh:
        return Ssh(**{**self.ssh.settings, "stats_dir": STATS})

    def server(self) -> Server:
        return Server("puran", ServerSection(ssh=self.settings))

    def put(self, path: str, text: str) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode("latin-1"))
        return place

    def read(self, path: str) -> str:
        return (self.root / path).read_bytes().decode("latin-1")

    def tree(self) -> dict[str, tuple[bytes, int]]:
        """Return every file with its content and permissions."""
        files = (path for path in sorted(self.root.rglob("*")) if path.is_file())
        return {str(path.relative_to(self.root)): (path.read_bytes(), path.stat().st_mode & 0o777) for path in files}


@asynccontextmanager
async def machine_at(folder: Path) -> AsyncIterator[Machine]:
    """A machine with a game in it whose server.cfg lies in etmain of the homepath."""
    root, private = folder / "machine", folder / "private"
    private.mkdir()
    (root / STATS.lstrip("/")).mkdir(parents=True)
    ssh = SshServer(root, private)
    await ssh.start()
    machine = Machine(root, ssh)
    machine.put(f"{HOME}/legacy/luascripts/stats.lua", "-- stats\n")
    machine.put(f"{HOME}/etmain/server.cfg", CFG)
    try:
        yield machine
    finally:
        await ssh.close()
