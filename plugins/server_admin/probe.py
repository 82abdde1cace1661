"""A test message from the game server to the bot: laid into the script's outbox over SFTP, timed until it is here."""

import contextlib
import json
import posixpath
import secrets
import time
from dataclasses import dataclass

from roundhook import Clock, ConfigError, NotAllowedError, RemoteFiles, RoundhookError, Server, escape_markdown

from .places import FOLDER, Places
from .script import OUTBOX, SCRIPT, SETTINGS, outbox_dir, webhook_ids

PATIENCE_SECONDS = 15.0
MODE = 0o644
"""Nothing in it is secret, and the game may run as another user."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it, as Discord shows it: *milliseconds* until the bot saw it, or why there is none."""

    text: str
    milliseconds: int | None = None


@dataclass(frozen=True, slots=True)
class _Outbox:
    """Where the script on the server looks for what it is to send, and the number of the webhook that we hear."""

    folder: str
    hook: int


class Probe:
    """Sends one test message through everything that a notice goes through."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._files = RemoteFiles(server)
        self._clock = clock

    async def run(self) -> Outcome:
        """Lay the message, wait for it, clean up."""
        try:
            outbox = await self._outbox()
        except NotAllowedError as error:
            return _read_only(error)
        except RoundhookError as error:
            return Outcome(f"– not tried: {escape_markdown(str(error))}")
        token = secrets.token_hex(8)
        name = posixpath.join(outbox.folder, f"{int(self._clock.now().timestamp()):010d}-test-{token}-{outbox.hook}")
        try:
            return await self._timed(outbox, name, token)
        except NotAllowedError as error:
            return _read_only(error)
        except RoundhookError as error:
            return Outcome(f"✗ {escape_markdown(str(error))}")

    async def _timed(self, outbox: _Outbox, name: str, token: str) -> Outcome:
        with self._server.awaiting_test(token) as came:
            await self._files.write(f"{name}.notice", json.dumps({"test": token}).encode(), MODE)
            await self._files.write(f"{name}.payload", _payload(token), MODE)
            started = time.perf_counter()
            await self._files.write(posixpath.join(outbox.folder, "wake"), b"", MODE)
            if await self._clock.wait(came, PATIENCE_SECONDS):
                milliseconds = round((time.perf_counter() - started) * 1000)
                return Outcome(f"✓ the test message was here after {milliseconds} ms", milliseconds)
        why = escape_markdown(await self._why(outbox, name))
        return Outcome(f"✗ the test message did not come within {PATIENCE_SECONDS:g} s. {why}")

    async def _why(self, outbox: _Outbox, name: str) -> str:
        """Say where it has stopped, and take back what still lies there."""
        left = await self._files.read(f"{name}.payload") is not None
        asleep = await self._files.read(wake := posixpath.join(outbox.folder, "wake")) is not None
        status = await self._files.read(posixpath.join(outbox.folder, "status"))
        for path in (f"{name}.payload", f"{name}.notice", wake):
            await self._files.remove(path)
        if asleep:
            return f"{SCRIPT} does not look into {outbox.folder}: load a map, and look for it in `lua_status` there."
        if left:
            code = (status or b"").decode("latin-1").rpartition(":")[2].strip()[:60]
            return (
                f"{SCRIPT} could not send it ({code or 'it is still trying'}): is curl there, and is Discord reachable?"
            )
        return "Discord has taken it, but lua_webhook did not see it: is that plugin on, and the webhook accepted?"

    async def _outbox(self) -> _Outbox:
        """Find the outbox by the script's settings.

        Raises:
            ConfigError: the script is not installed, its outbox is outside of the game folder, where nothing is
                written, or none of its webhooks is accepted here.
            PeerUnavailableError: the server is away.
        """
        places = Places(self._server)
        folder = await places.game_folder()
        settings = await self._settings(await places.inside(folder, FOLDER), folder)
        named = outbox_dir(settings) if settings else OUTBOX
        remedy = "The bot writes nothing there; the script sends its notices all the same."
        outbox = await places.inside(folder, named, f"outbox_dir in {SETTINGS}", remedy)
        if await self._files.look_at(outbox) is None:
            raise ConfigError(
                f"{outbox} is not there, so {SCRIPT} has not run yet. /setup server puts it there, or says how; then "
                "load a map."
            )
        return _Outbox(outbox, self._hook(settings))

    async def _settings(self, *places: str) -> str:
        for place in places:
            with contextlib.suppress(NotAllowedError):  # open to the game's own user alone, as it should be
                if (data := await self._files.read(posixpath.join(place, SETTINGS))) is not None:
                    return data.decode("utf-8", "replace")
        return ""

    def _hook(self, settings: str) -> int:
        """Return the number of the first webhook in the script's settings that we hear; 1 if they are unknown."""
        ids = webhook_ids(settings)
        accepted = [number for number, one in enumerate(ids, 1) if one in self._server.webhook_ids]
        if ids and not accepted:
            raise ConfigError(
                f"The webhook in {SETTINGS} there is none that notices of {self._server.key} are accepted from. "
                f"/setup server makes one, or add its id to servers.{self._server.key}.webhook_ids."
            )
        return accepted[0] if accepted else 1


def _read_only(error: NotAllowedError) -> Outcome:
    what = escape_markdown(str(error).partition(". ")[0])
    return Outcome(f"– read-only: not tried. {what}, and need not: the last notice shows whether they come.")


def _payload(token: str) -> bytes:
    body = {"content": Server.test_content(token), "username": "ET:Legacy Stats", "allowed_mentions": {"parse": []}}
    return json.dumps(body).encode()
