"""Where things lie on a game server. Every path is resolved there, links too, and must lie where it belongs."""

import posixpath
from collections.abc import Sequence
from typing import Any

from roundhook import ConfigError, NotAllowedError, RemoteFiles, Server

from .plan import text_of
from .script import OUTBOX

FOLDER, CFG_NAMES = "luascripts", (".cfg", ".config")
MOST_NEIGHBOURS, MOST_CFGS, MOST_CFG_BYTES = 40, 200, 256 * 1024
NAME_IT = "Name it with `roundhook lua deploy --cfg` if the server runs it."


class Places:
    """The folders of one game; *folder* and *cfgs* are what the operator has named: looked at as given."""

    def __init__(self, server: Server, *, folder: str = "", cfgs: Sequence[str] = ()) -> None:
        self._server = server
        self._files = RemoteFiles(server)
        self._given_folder = folder
        self.given_cfgs = tuple(cfgs)
        self.notes: list[str] = []
        """What the last look for cfgs has left aside, and why."""
        self.is_blind = False
        """Whether it met a cfg that may not be read: that one may be the server's."""

    async def game_folder(self) -> str:
        """Return the game folder: the one that holds ``stats_dir`` and looks like one.

        Raises:
            ConfigError: none was found.
            PeerUnavailableError: the server is away.
        """
        if self._given_folder:
            return await self._files.real_path(self._given_folder)
        stats = self._server.settings.ssh.stats_dir if self._server.settings.ssh else ""
        above = posixpath.dirname(stats.rstrip("/"))
        candidates = [folder for folder in (above, stats) if folder]
        for folder in candidates:
            if await self._looks_like_a_game(folder):
                return await self._files.real_path(folder)
        raise ConfigError(
            f"No game folder was found at {' or '.join(candidates) or 'stats_dir'} on {self._server.key} (one has a "
            f"{FOLDER}, a cfg or a pk3). Correct servers.{self._server.key}.ssh.stats_dir, or name it with --folder."
        )

    async def inside(self, folder: str, path: str, named_by: str = "", remedy: str = "") -> str:
        """Return *path*, which counts from *folder*, without links in it; *named_by* and *remedy* are for the error.

        Raises:
            ConfigError: it lies outside of that folder, or a link in it leads out.
        """
        written = posixpath.normpath(posixpath.join(folder, path))
        if not is_below(written, folder):
            raise ConfigError(f"{named_by} names {path}, which is outside of the game folder {folder}. {remedy}")
        real = await self._files.real_path(written)
        if not is_below(real, folder):
            raise ConfigError(
                f"{written} on {self._server.key} leads to {real}, out of the game folder {folder}. Put a folder there "
                "instead of the link, or name the right game folder with `roundhook lua deploy --folder`."
            )
        return real

    async def cfgs(self, folder: str) -> dict[str, str]:
        """Return the cfgs that may be the server's, path to text: in the game folder, in etmain, in the basepath."""
        self.notes, self.is_blind = [], False
        if self.given_cfgs:
            return dict([await self._given_cfg(path) for path in self.given_cfgs])
        found: dict[str, str] = {}
        places = await self._cfg_folders(folder)
        for place in places:
            for entry in await self._entries(place):
                if not entry.name.lower().endswith(CFG_NAMES) or not (entry.is_link or entry.is_file):
                    continue
                path = await self._cfg_path(posixpath.join(place, entry.name), places, is_link=entry.is_link)
                data = await self._cfg_bytes(path) if path and path not in found else None
                if data is not None and len(data) <= MOST_CFG_BYTES:
                    found[path] = text_of(data)
                if len(found) >= MOST_CFGS:
                    self.notes.append(f"Only {MOST_CFGS} cfgs were looked at. {NAME_IT}")
                    return found
        return found

    async def _cfg_bytes(self, path: str) -> bytes | None:
        try:
            return await self._files.read(path)
        except NotAllowedError:
            self.is_blind = True
            self.notes.append(
                f"{path} may not be read: if the server runs it, see that its lua_modules has the script."
            )
            return None

    async def _entries(self, folder: str) -> list[Any]:
        listing = await self._files.scan(folder, missing_ok=True)
        if not listing.is_whole:
            self.notes.append(f"{folder} holds {listing.count} names, and the rest was not looked at. {NAME_IT}")
        return sorted(listing.entries, key=lambda one: one.name)

    async def _looks_like_a_game(self, folder: str) -> bool:
        entries = await self._files.entries(folder)
        return any(one.name.lower().endswith((".cfg", ".pk3")) or one.name in (FOLDER, OUTBOX) for one in entries)

    async def _given_cfg(self, path: str) -> tuple[str, str]:
        """Return a cfg that the operator has named; a link that leads to another folder is not what he has read."""
        real = await self._files.real_path(path)
        if posixpath.dirname(real) != await self._files.real_path(posixpath.dirname(path) or "."):
            raise ConfigError(f"{path} on {self._server.key} leads to {real}. Name that with --cfg if it is the cfg.")
        data = await self._files.read(real)
        if data is None:
            raise ConfigError(f"{path} is not on {self._server.key}. Correct --cfg.")
        return real, text_of(data)

    async def _cfg_path(self, path: str, places: Sequence[str], *, is_link: bool) -> str:
        """Return where a cfg really lies; "" where that is none of the *places*."""
        if not is_link:
            return path
        try:
            real = await self._files.real_path(path)
        except ConfigError as error:
            self.notes.append(f"Not looked at: {error}")
            return ""
        if any(is_below(real, place) for place in places):
            return real
        self.notes.append(f"{path} leads to {real}, where no cfg is looked for, so it is left alone. {NAME_IT}")
        return ""

    async def _cfg_folders(self, folder: str) -> list[str]:
        """Return the real folders that cfgs are looked for in; one that a link leads out of the basepath is none."""
        game, home = posixpath.basename(folder), posixpath.dirname(folder)
        wanted = [(folder, folder), (folder, posixpath.join(folder, "configs")), (home, posixpath.join(home, "etmain"))]
        above = posixpath.dirname(home)
        if home not in ("/", "") and above not in ("/", ""):
            neighbours = [one.name for one in await self._files.entries(above) if one.is_folder][:MOST_NEIGHBOURS]
            wanted += [(above, posixpath.join(above, name, part)) for name in neighbours for part in (game, "etmain")]
        places = [await self._cfg_folder(root, place) for root, place in wanted]
        return list(dict.fromkeys(place for place in places if place))

    async def _cfg_folder(self, root: str, place: str) -> str:
        if not any(one.name.lower().endswith(CFG_NAMES) for one in await self._files.entries(place)):
            return ""
        real = await self._files.real_path(place)
        if is_below(real, root):
            return real
        self.notes.append(f"{place} leads to {real}, out of {root}: no cfg is looked for there. {NAME_IT}")
        return ""


def is_below(path: str, folder: str) -> bool:
    """Tell whether *path* is *folder* or lies in it, both without links.

    >>> is_below("/games/etmain", "/games"), is_below("/games-2", "/games"), is_below("/x", "/")
    (True, False, True)
    """
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")
