"""Puts the script onto a game server over SFTP, and takes it away again: first a plan to look at, then its steps.

What was there is never lost: a cfg and a file that somebody else put there are kept beside the new one, and a small
receipt beside the script says what to undo.
"""

import difflib
import json
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from roundhook import ConfigError, RemoteFiles, Secret, Server

from .lua_modules import find_setting, with_line, with_module, without_module
from .script import OUTBOX, SCRIPT, SETTINGS, own_version, script, settings_text, version_in

FOLDER = "luascripts"
RECEIPT = "roundhook_deployed.json"
SCRIPT_MODE, CFG_MODE, SECRET_MODE = 0o644, 0o644, 0o600
MAIN_CFGS = ("server.cfg", "etl_server.cfg", "legacy.cfg")
MOST_NEIGHBOURS, MOST_CFG_BYTES = 40, 256 * 1024
TAKES_EFFECT = (
    "It takes effect at the next map load after the server has read its cfg: restart the server, or type `exec "
    "<that cfg>` on its console between two maps (within a map it would stop all Lua scripts until the next one)."
)
Kind = Literal["receipt", "script", "settings", "cfg"]


@dataclass(frozen=True, slots=True)
class Change:
    """A file that is to become another: *before* or *after* is None where it is not there."""

    kind: Kind
    path: str
    before: bytes | None = field(repr=False)
    after: bytes | None = field(repr=False)
    mode: int
    keep: str = ""
    """Where *before* is kept, if it is."""

    @property
    def text(self) -> str:
        """What happens, in words and without secrets; of a cfg the lines that change."""
        sign = "-" if self.after is None else "+" if self.before is None else "~"
        kept = f"; what was there is kept as {posixpath.basename(self.keep)}" if self.keep else ""
        return f"  {sign} {self.path}{self._about()}{kept}" + (f"\n{self.diff}" if self.kind == "cfg" else "")

    @property
    def diff(self) -> str:
        """The lines that change, and no others: a cfg holds passwords."""
        before, after = (_text(data or b"").splitlines() for data in (self.before, self.after))
        return "\n".join(
            f"      {line}" for line in difflib.unified_diff(before, after, "now", "then", n=0, lineterm="")
        )

    def _about(self) -> str:
        if self.kind == "script" and self.after is not None:
            before = f" instead of {version_in(self.before) or 'another'}" if self.before else ""
            return f" (version {version_in(self.after)}{before})"
        if self.kind == "settings" and self.after is not None:
            return " (mode 600: it holds the webhook's address)"
        return ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, in this order, and what somebody should know about it."""

    folder: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether a cfg is written, which needs a yes."""
        return any(change.kind == "cfg" for change in self.changes)

    @property
    def harmless(self) -> "Plan":
        """The part that needs no yes: files that nothing reads before a cfg names them."""
        return Plan(self.folder, tuple(change for change in self.changes if change.kind != "cfg"), self.notes)

    @property
    def text(self) -> str:
        """All of it, to be read before a yes."""
        shown = [change.text for change in self.changes if change.kind != "receipt"]
        return "\n".join([f"Game folder: {self.folder}", *(shown or ["  Nothing is to be changed."]), *self.notes])


@dataclass(slots=True)
class Receipt:
    """What an earlier deployment has done."""

    created: list[str] = field(default_factory=list)
    replaced: dict[str, str] = field(default_factory=dict)
    """Files that were somebody else's, and where they are kept."""
    cfgs: dict[str, str] = field(default_factory=dict)
    """Changed cfgs, and where they are kept as they were."""

    def to_json(self) -> bytes:
        values = {"created": sorted(self.created), "replaced": self.replaced, "cfgs": self.cfgs}
        return (json.dumps(values, indent=2, sort_keys=True) + "\n").encode()

    @classmethod
    def read(cls, data: bytes | None) -> "Receipt":
        """Read a stored receipt; one that is missing or broken says nothing."""
        try:
            values = json.loads(data or b"{}")
            return cls(list(values.get("created", ())), dict(values.get("replaced", {})), dict(values.get("cfgs", {})))
        except (ValueError, TypeError, AttributeError):
            return cls()


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
        self._stamp = f"{now:%Y%m%d-%H%M%S}"
        self._given_folder = folder
        self._given_cfgs = tuple(cfgs)

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

    async def plan_install(self, url: Secret | None) -> Plan:
        """Plan the installation; *url* is None where the webhook is only made when it is carried out.

        Raises:
            ConfigError: no game folder, a list of modules that would be too long, or files that we may not read.
        """
        folder = await self.game_folder()
        cfgs = await self._cfgs(folder)
        home, receipt = await self._home(folder, cfgs)
        before = receipt.to_json()
        changes = [
            *await self._put("script", home, SCRIPT, script(), receipt),
            *await self._put_settings(home, url, receipt),
            *await self._cfg_changes(folder, cfgs, receipt),
        ]
        if changes and receipt.to_json() != before:
            path = posixpath.join(home, RECEIPT)
            changes.insert(0, Change("receipt", path, await self._files.read(path), receipt.to_json(), SCRIPT_MODE))
        return Plan(folder, tuple(changes), tuple(await self._notes(cfgs, changes)))

    async def plan_remove(self) -> Plan:
        """Plan to undo what the receipt says; what was there before the first deployment comes back."""
        folder = await self.game_folder()
        cfgs = await self._cfgs(folder)
        home, receipt = await self._home(folder, cfgs)
        changes = await self._cfg_removals(cfgs, receipt)
        for path in (*receipt.replaced, *receipt.created):
            changes += await self._file_removal(path, receipt.replaced.get(path, ""))
        notes = [f"The outbox of {SCRIPT} in {folder} stays: delete it when no notice waits in it any more."]
        if not receipt.created and not receipt.replaced and await self._files.read(posixpath.join(home, SCRIPT)):
            notes = [f"{home}/{SCRIPT} was not put there by `roundhook lua deploy`, so it stays."]
        path = posixpath.join(home, RECEIPT)
        if (data := await self._files.read(path)) is not None:
            changes.append(Change("receipt", path, data, None, SCRIPT_MODE))
        return Plan(folder, tuple(changes), tuple(notes if changes else ()))

    async def carry_out(self, plan: Plan) -> None:
        """Do what *plan* says.

        Raises:
            ConfigError: a file is not any more as it was when the plan was made, or may not be written.
            PeerUnavailableError: the server broke off; doing it again is safe.
        """
        for change in plan.changes:
            if await self._files.read(change.path) != change.before:
                raise ConfigError(f"{change.path} has changed meanwhile. Look at the new plan: run the command again.")
        for change in plan.changes:
            await self._carry_out(change)

    async def _carry_out(self, change: Change) -> None:
        if change.after is None:
            await self._files.remove(change.path)
            return
        mode = change.mode
        if change.kind == "cfg":
            mode = await self._files.mode(change.path) or CFG_MODE
        if change.keep and change.before is not None:
            await self._files.write(change.keep, change.before, mode)
        await self._files.write(change.path, change.after, mode)

    # Where things are

    async def _looks_like_a_game(self, folder: str) -> bool:
        entries = await self._files.entries(folder)
        return any(one.name.lower().endswith((".cfg", ".pk3")) or one.name in (FOLDER, OUTBOX) for one in entries)

    async def _cfgs(self, folder: str) -> dict[str, str]:
        """Return the cfgs that may be the server's, path to text: in the game folder, in etmain, in the basepath."""
        if self._given_cfgs:
            return {path: _text(await self._cfg_bytes(path)) for path in self._given_cfgs}
        found: dict[str, str] = {}
        for place in await self._cfg_folders(folder):
            for entry in await self._files.entries(place):
                is_cfg = entry.name.lower().endswith((".cfg", ".config")) and entry.size <= MOST_CFG_BYTES
                if is_cfg and (data := await self._files.read(posixpath.join(place, entry.name))) is not None:
                    found.setdefault(await self._files.real_path(posixpath.join(place, entry.name)), _text(data))
        return found

    async def _cfg_bytes(self, path: str) -> bytes:
        data = await self._files.read(path)
        if data is None:
            raise ConfigError(f"{path} is not on {self._server.key}. Correct --cfg.")
        return data

    async def _cfg_folders(self, folder: str) -> list[str]:
        game, home = posixpath.basename(folder), posixpath.dirname(folder)
        folders = [folder, posixpath.join(folder, "configs"), posixpath.join(home, "etmain")]
        above = posixpath.dirname(home)
        if home not in ("/", "") and above not in ("/", ""):
            neighbours = [one.name for one in await self._files.entries(above) if one.is_folder][:MOST_NEIGHBOURS]
            folders += [posixpath.join(above, name, part) for name in neighbours for part in {game, "etmain"}]
        return list(dict.fromkeys(folders))

    async def _home(self, folder: str, cfgs: dict[str, str]) -> tuple[str, Receipt]:
        """Return the folder that the script belongs into, and what is known of earlier deployments."""
        home = posixpath.join(folder, posixpath.dirname(_module(cfgs)))
        return home, Receipt.read(await self._files.read(posixpath.join(home, RECEIPT)))

    # The plan's parts

    async def _put(self, kind: Kind, home: str, name: str, data: bytes, receipt: Receipt) -> list[Change]:
        path = posixpath.join(home, name)
        before = await self._files.read(path)
        mode = SECRET_MODE if kind == "settings" else SCRIPT_MODE
        if before == data and (kind == "script" or await self._files.mode(path) == mode):
            return []
        keep = ""
        if before is None:
            receipt.created = [*{*receipt.created, path}]
        elif before != data and path not in (*receipt.created, *receipt.replaced):
            keep = receipt.replaced[path] = f"{path}.{self._stamp}.bak"
        return [Change(kind, path, before, data, mode, keep)]

    async def _put_settings(self, home: str, url: Secret | None, receipt: Receipt) -> list[Change]:
        before = await self._files.read(posixpath.join(home, SETTINGS))
        if url is None:  # only to be looked at: the webhook is made when it is carried out
            return [Change("settings", posixpath.join(home, SETTINGS), before, b"", SECRET_MODE)]
        text = settings_text(url, before.decode("utf-8", "surrogateescape") if before else None)
        return await self._put("settings", home, SETTINGS, text.encode("utf-8", "surrogateescape"), receipt)

    async def _cfg_changes(self, folder: str, cfgs: dict[str, str], receipt: Receipt) -> list[Change]:
        """Add the script wherever lua_modules is set; where it is nowhere, to the main cfg."""
        module = _module(cfgs)
        setting = {path: text for path, text in cfgs.items() if find_setting(text)}
        wanted = {path: with_module(text, module) for path, text in setting.items()}
        if not wanted and (main := self._main_cfg(folder, cfgs)):
            wanted = {main: with_line(cfgs[main], module)}
        changes = []
        for path, text in wanted.items():
            if text != cfgs[path]:
                keep = receipt.cfgs[path] = f"{path}.{self._stamp}.bak"
                changes.append(Change("cfg", path, _bytes(cfgs[path]), _bytes(text), CFG_MODE, keep))
        return changes

    def _main_cfg(self, folder: str, cfgs: dict[str, str]) -> str:
        if len(self._given_cfgs) == 1:
            return self._given_cfgs[0]
        ranked = [path for name in MAIN_CFGS for path in cfgs if posixpath.basename(path) == name]
        return min(ranked, key=lambda path: posixpath.dirname(path) != folder, default="")

    async def _cfg_removals(self, cfgs: dict[str, str], receipt: Receipt) -> list[Change]:
        """Take the script out; a cfg that is as the deployment left it becomes what it was, byte for byte."""
        changes = []
        for path, text in cfgs.items():
            kept = await self._files.read(receipt.cfgs[path]) if path in receipt.cfgs else None
            original = _text(kept) if kept is not None else None
            exact = original is not None and text in (_added(original), with_line(original, f"{FOLDER}/{SCRIPT}"))
            then = original if exact and original is not None else without_module(text, SCRIPT)
            if then != text:
                keep = "" if exact else f"{path}.{self._stamp}.bak"
                changes.append(Change("cfg", path, _bytes(text), _bytes(then), CFG_MODE, keep))
            if exact:
                changes.append(Change("receipt", receipt.cfgs[path], kept, None, CFG_MODE))
        return changes

    async def _file_removal(self, path: str, kept_as: str) -> list[Change]:
        """Take away a file of ours; one that it stood in for comes back."""
        if (now := await self._files.read(path)) is None:
            return []
        kind: Kind = "settings" if path.endswith(SETTINGS) else "script"
        mode = SECRET_MODE if kind == "settings" else SCRIPT_MODE
        kept = await self._files.read(kept_as) if kept_as else None
        gone = [Change("receipt", kept_as, kept, None, mode)] if kept is not None else []
        return [Change(kind, path, now, kept, mode), *gone]

    async def _notes(self, cfgs: dict[str, str], changes: Sequence[Change]) -> list[str]:
        notes = []
        if not any(find_setting(text) for text in cfgs.values()):
            written = any(change.kind == "cfg" for change in changes)
            notes.append(
                "No cfg was found that sets lua_modules. If the server's command line sets it, say no and add "
                f"{FOLDER}/{SCRIPT} there."
                if written
                else f"No cfg was found. Add {FOLDER}/{SCRIPT} to lua_modules where the server sets it, or name the "
                "cfg with --cfg."
            )
        if changes:
            notes.append(f"{TAKES_EFFECT} (roundhook.lua {own_version()})")
        return notes


def _module(cfgs: dict[str, str]) -> str:
    """Return the script's name in lua_modules: as it stands there already, else ours."""
    settings = [setting for text in cfgs.values() if (setting := find_setting(text))]
    return next((name for one in settings if (name := one.module_called(SCRIPT))), f"{FOLDER}/{SCRIPT}")


def _added(text: str) -> str:
    return with_module(text, f"{FOLDER}/{SCRIPT}")


def _text(data: bytes) -> str:
    return data.decode("latin-1")  # every byte is kept as it is


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")
