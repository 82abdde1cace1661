"""Puts the script onto a game server over SFTP, and takes it away again: first a plan to look at, then its steps.

What was there is never lost: a cfg and a file that somebody else put there are kept beside the new one, and a small
receipt beside the script says what to undo. Others may write in that folder, so what is written and taken away is told
by its name and its content, and lies below the game folder.
"""

import posixpath
import secrets
from collections.abc import Sequence
from datetime import datetime

from roundhook import ConfigError, NotAllowedError, RemoteFiles, Secret, Server

from .lua_modules import find_setting, with_line, with_module, without_module
from .places import FOLDER, Places
from .plan import Change, Kind, Plan, bytes_of, text_of
from .receipt import RECEIPT, Receipt, backup_name
from .script import SCRIPT, SETTINGS, own_version, script, settings_text, version_in

__all__ = ["FOLDER", "TAKES_EFFECT", "Deployment", "Plan"]

SCRIPT_MODE, CFG_MODE, SECRET_MODE = 0o644, 0o644, 0o600
MAIN_CFGS = ("server.cfg", "etl_server.cfg", "legacy.cfg")
TAKES_EFFECT = (
    "It takes effect at the next map load after the server has read its cfg: restart the server, or type `exec "
    "<that cfg>` on its console between two maps (within a map it would stop all Lua scripts until the next one)."
)


class Deployment:
    """The installation on one server.

    Args:
        server: where to.
        now: the time, for the names of what is kept.
        folder: the game folder, where it is not the one that holds ``stats_dir``.
        cfgs: the cfgs that set ``lua_modules``, where they are not to be looked for.
    """

    def __init__(self, server: Server, *, now: datetime, folder: str = "", cfgs: Sequence[str] = ()) -> None:
        self._server = server
        self._files = RemoteFiles(server)
        self._places = Places(server, folder=folder, cfgs=cfgs)
        self._now = now

    async def game_folder(self) -> str:
        """Return the game folder: the one that was named, else the one that holds ``stats_dir`` and looks like one.

        Raises:
            ConfigError: none was found.
            PeerUnavailableError: the server is away.
        """
        return await self._places.game_folder()

    async def plan_install(self, url: Secret | None) -> Plan:
        """Plan the installation; *url* is None where the webhook is only made when it is carried out.

        Raises:
            ConfigError: no game folder, a path that leads out of it, a list of modules that would be too long, or
                files that we may not read.
        """
        folder = await self.game_folder()
        cfgs = await self._places.cfgs(folder)
        home = await self._home(folder, cfgs)
        path = posixpath.join(home, RECEIPT)
        stored = await self._replaceable(path)
        receipt = Receipt.read(stored, home)
        before = receipt.to_json()
        changes = [
            *await self._put("script", home, SCRIPT, script(), receipt),
            *await self._put_settings(home, url, receipt),
            *await self._cfg_changes(folder, cfgs, receipt),
        ]
        if changes and receipt.to_json() != before:
            changes.insert(0, Change("receipt", path, stored, receipt.to_json(), SCRIPT_MODE))
        doubts = receipt.doubts(path, receipt.cfgs)
        return Plan(folder, tuple(changes), (*doubts, *await self._notes(cfgs, changes)))

    async def plan_remove(self) -> Plan:
        """Plan to take away what is ours by name and content; what was there before the first deployment comes back."""
        folder = await self.game_folder()
        cfgs = await self._places.cfgs(folder)
        home = await self._home(folder, cfgs)
        path = posixpath.join(home, RECEIPT)
        receipt = Receipt.read(data := await self._files.read(path), home)
        changes = await self._cfg_removals(cfgs, receipt)
        notes = [*receipt.doubts(path, cfgs), *self._places.notes]
        for one in receipt.ours:
            taken = await self._file_removal(one, receipt.replaced.get(one, ""))
            changes += taken
            notes += [] if taken else await self._stays(one, "is not as a deployment has put it there")
        if not receipt.ours:
            notes += await self._stays(posixpath.join(home, SCRIPT), "was not put there by `roundhook lua deploy`")
        if data is not None:
            changes.append(Change("receipt", path, data, None, SCRIPT_MODE))
        if changes:
            notes.append(f"The outbox of {SCRIPT} in {folder} stays: delete it when no notice waits in it any more.")
        return Plan(folder, tuple(changes), tuple(notes), is_removal=True)

    async def may_write(self, plan: Plan) -> bool:
        """Tell whether the user may write where the script is put: by trying, with an empty file that goes again."""
        home = next((posixpath.dirname(one.path) for one in plan.changes if one.kind != "cfg"), plan.folder)
        folder = home if await self._files.look_at(home) is not None else plan.folder
        path = posixpath.join(folder, f"roundhook-{secrets.token_hex(8)}.tmp")
        try:
            await self._files.write(path, b"", SECRET_MODE)
            await self._files.remove(path)
        except NotAllowedError:
            return False
        return True

    async def carry_out(self, plan: Plan) -> None:
        """Do what *plan* says.

        Raises:
            NotAllowedError: a file may not be written; what comes before it in the plan is done.
            ConfigError: a file is not any more as it was when the plan was made.
            PeerUnavailableError: the server broke off; doing it again is safe.
        """
        for change in plan.changes:
            folder = posixpath.dirname(change.path)
            moved = await self._files.real_path(folder) != folder
            if moved or await self._files.read(change.path) != change.before:
                raise ConfigError(f"{change.path} has changed meanwhile. Look at the new plan: run the command again.")
        for change in plan.changes:
            await self._carry_out(change)

    async def _carry_out(self, change: Change) -> None:
        if change.after is None:
            await self._files.remove(change.path)
            return
        mode = change.mode
        before = await self._files.mode(change.path)
        if change.kind == "cfg":
            mode = before or CFG_MODE
        if change.keep and change.before is not None:  # open to nobody who could not read it before
            await self._files.write(change.keep, change.before, mode & (before or mode))
        await self._files.write(change.path, change.after, mode)

    async def _home(self, folder: str, cfgs: dict[str, str]) -> str:
        """Return the folder that the script belongs into, as lua_modules says; it may only be in the game folder."""
        cfg, module = _module(cfgs)
        remedy = f"Write {FOLDER}/{SCRIPT} there, or name the server's own cfg with --cfg."
        return await self._places.inside(folder, posixpath.dirname(module), f"lua_modules in {cfg}", remedy)

    # The plan's parts

    async def _replaceable(self, path: str) -> bytes | None:
        """Return what lies at *path*, None if nothing does or a link, which a file replaces.

        Raises:
            ConfigError: it is nothing that a file may replace.
        """
        found = await self._files.look_at(path)
        if found is None or found.is_link:
            return None
        data = await self._files.read(path)
        if data is None:
            raise ConfigError(
                f"{path} on {self._server.key} is no file, or larger than 1 MiB: that is none of ours. Move it away, "
                "then try again."
            )
        return data

    async def _put(self, kind: Kind, home: str, name: str, data: bytes, receipt: Receipt) -> list[Change]:
        path = posixpath.join(home, name)
        before = await self._replaceable(path)
        mode = SECRET_MODE if kind == "settings" else SCRIPT_MODE
        if before == data and (kind == "script" or await self._files.mode(path) == mode):
            return []
        keep = ""
        if before is None:
            receipt.created = [*{*receipt.created, path}]
        elif before != data and not (path in receipt.ours and _is_ours(name, before)):
            keep = receipt.replaced[path] = backup_name(path, self._now)
        return [Change(kind, path, before, data, mode, keep)]

    async def _put_settings(self, home: str, url: Secret | None, receipt: Receipt) -> list[Change]:
        path = posixpath.join(home, SETTINGS)
        try:
            before = await self._replaceable(path)
        except NotAllowedError:  # put there by hand, and open to the game's own user alone, as it should be
            self._places.notes.append(f"{path} is there and may not be read, which is well: it was not looked at.")
            return []
        if url is None:  # only to be looked at: the webhook is made when it is carried out
            return [Change("settings", path, before, b"", SECRET_MODE)]
        text = settings_text(url, before.decode("utf-8", "surrogateescape") if before else None)
        return await self._put("settings", home, SETTINGS, text.encode("utf-8", "surrogateescape"), receipt)

    async def _cfg_changes(self, folder: str, cfgs: dict[str, str], receipt: Receipt) -> list[Change]:
        """Add the script wherever lua_modules is set; where it is nowhere, to the main cfg."""
        _, module = _module(cfgs)
        setting = {path: text for path, text in cfgs.items() if find_setting(text)}
        wanted = {path: with_module(text, module) for path, text in setting.items()}
        if not wanted and not self._places.is_blind and (main := self._main_cfg(folder, cfgs)):
            wanted = {main: with_line(cfgs[main], module)}
        changes = []
        for path, text in wanted.items():
            if text != cfgs[path]:
                keep = receipt.cfgs[path] = backup_name(path, self._now)
                changes.append(Change("cfg", path, bytes_of(cfgs[path]), bytes_of(text), CFG_MODE, keep))
        return changes

    def _main_cfg(self, folder: str, cfgs: dict[str, str]) -> str:
        if self._places.given_cfgs:
            return next(iter(cfgs)) if len(cfgs) == 1 else ""
        ranked = [path for name in MAIN_CFGS for path in cfgs if posixpath.basename(path) == name]
        return min(ranked, key=lambda path: posixpath.dirname(path) != folder, default="")

    async def _cfg_removals(self, cfgs: dict[str, str], receipt: Receipt) -> list[Change]:
        """Take the script out; a cfg that is as the deployment left it becomes what it was, byte for byte."""
        changes = []
        for path, text in cfgs.items():
            kept = await self._files.read(receipt.cfgs[path]) if path in receipt.cfgs else None
            original = text_of(kept) if kept is not None else None
            exact = original is not None and text in (_added(original), with_line(original, f"{FOLDER}/{SCRIPT}"))
            then = original if exact and original is not None else without_module(text, SCRIPT)
            if then != text:
                keep = "" if exact else backup_name(path, self._now)
                changes.append(Change("cfg", path, bytes_of(text), bytes_of(then), CFG_MODE, keep))
                if exact:
                    changes.append(Change("kept", receipt.cfgs[path], kept, None, CFG_MODE))
        return changes

    async def _file_removal(self, path: str, kept_as: str) -> list[Change]:
        """Take away a file of ours; one that it stood in for comes back."""
        name = posixpath.basename(path)
        now = await self._files.read(path)
        if now is None or not _is_ours(name, now):
            return []
        kind: Kind = "settings" if name == SETTINGS else "script"
        mode = SECRET_MODE if kind == "settings" else SCRIPT_MODE
        kept = await self._files.read(kept_as) if kept_as else None
        gone = [Change("kept", kept_as, kept, None, mode)] if kept is not None else []
        return [Change(kind, path, now, kept, mode), *gone]

    # What is said beside it

    async def _stays(self, path: str, why: str) -> list[str]:
        return [f"{path} {why}, so it stays."] if await self._files.look_at(path) is not None else []

    async def _notes(self, cfgs: dict[str, str], changes: Sequence[Change]) -> list[str]:
        notes = [*self._places.notes]
        if not any(find_setting(text) for text in cfgs.values()):
            written = any(change.kind == "cfg" for change in changes)
            notes.append(
                "No cfg was found that sets lua_modules. If the server's command line sets it, say no and add "
                f"{FOLDER}/{SCRIPT} there."
                if written
                else f"No cfg was found. Add {FOLDER}/{SCRIPT} to lua_modules where the server sets it, or name the "
                "cfg with --cfg."
            )
        for change in changes:
            if change.before is None and await self._files.look_at(change.path) is not None:
                notes.append(f"{change.path} is a link: a file takes its place, what it leads to stays as it is.")
        if changes:
            notes.append(f"{TAKES_EFFECT} (roundhook.lua {own_version()})")
        return notes


def _is_ours(name: str, data: bytes) -> bool:
    """Tell whether a file of that name is what a deployment puts there: our script in some version, our settings."""
    return b"webhook_urls" in data if name == SETTINGS else bool(version_in(data))


def _module(cfgs: dict[str, str]) -> tuple[str, str]:
    """Return which cfg has the script in lua_modules, and how it is written there; "" and ours if none has."""
    settings = [(path, setting) for path, text in cfgs.items() if (setting := find_setting(text))]
    named = ((path, name) for path, one in settings if (name := one.module_called(SCRIPT)))
    return next(named, ("", f"{FOLDER}/{SCRIPT}"))


def _added(text: str) -> str:
    return with_module(text, f"{FOLDER}/{SCRIPT}")
