"""A webhook that really listens, and a game whose script really posts to it: what the Lua tests share."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from core.rounds.events import RoundNotice
from devkit.game import Engine, Player, invent_players
from devkit.game.home import CONFIG, OUTBOX, SCRIPT, SCRIPTS, config_text
from devkit.game.vm import Flavour

START = 1_790_000_000.0
"""The simulated time at which a test's server starts."""
QUIET_MS, NEAR_SECONDS = 250, 3.0
"""The steps in which a round is played on, and how long before the next happening they end."""
DROPPED = 0
"""As a status among :attr:`Webhook.answers`: the connection breaks instead of an answer."""


@dataclass(frozen=True)
class Posted:
    """One message as it arrived: both halves parsed, and raw."""

    payload: dict[str, Any]
    attachment: dict[str, Any]
    query: dict[str, str]
    raw: tuple[bytes, bytes]

    @property
    def embed(self) -> dict[str, Any]:
        embed: dict[str, Any] = self.payload["embeds"][0]
        return embed

    @property
    def fields(self) -> dict[str, str]:
        return {entry["name"]: entry["value"] for entry in self.embed["fields"]}

    @property
    def notice(self) -> RoundNotice:
        """The attachment, read with the names of the bot's own event."""
        return RoundNotice(server="local", **self.attachment)


class Webhook:
    """A webhook on loopback. ``answers`` are given first, in order, as (status, JSON body); then 200."""

    def __init__(self) -> None:
        self.posted: list[Posted] = []
        self.answers: list[tuple[int, Any]] = []
        self.requests = 0
        self.on_request: Callable[[], object] = lambda: None
        self.first_request = asyncio.Event()
        self.hold: asyncio.Event | None = None
        """When set, requests are answered only after it."""
        self.url = ""
        self._runner: web.AppRunner | None = None
        self._reserved: socket.socket | None = None
        """Keeps the port while nobody listens, so that nobody else gets it."""

    @property
    def notices(self) -> list[RoundNotice]:
        return [posted.notice for posted in self.posted]

    async def start(self) -> None:
        """Listen; the second time on the same port."""
        app = web.Application()
        app.router.add_post("/api/webhooks/{id}/{token}", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        reserved, self._reserved = self._reserved or _bound(0), None
        await web.SockSite(self._runner, reserved).start()
        self.url = f"http://127.0.0.1:{self.port}/api/webhooks/1/sEcReT-tOkEn"

    @property
    def port(self) -> int:
        assert self._runner is not None
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Refuse connections; harmless the second time."""
        if self._runner is not None and self._reserved is None:
            port = self.port
            await self._runner.cleanup()
            self._reserved = _bound(port)

    async def close(self) -> None:
        """Listen no more, and let go of the port."""
        await self.stop()
        if self._reserved is not None:
            self._reserved.close()

    async def _take(self, request: web.Request) -> web.Response:
        self.requests += 1
        self.on_request()
        self.first_request.set()
        if self.hold is not None:
            await self.hold.wait()
        parts = {part.name or "": await part.read() async for part in await request.multipart()}  # type: ignore[union-attr]
        status, body = self.answers.pop(0) if self.answers else (200, {"id": "1"})
        if status == DROPPED and request.transport is not None:
            request.transport.abort()
            return web.Response()
        if 200 <= status < 300:
            raw = (parts["payload_json"], parts["files[0]"])
            payload, attachment = (json.loads(part.decode("utf-8", "strict")) for part in raw)
            self.posted.append(Posted(payload, attachment, dict(request.query), raw))
        return web.json_response(body, status=status)


class Patient(Engine):
    """Plays on in steps like those of the stage's rounds, and each frame of the last seconds before something happens.

    Whoever waits for a state, or only runs, still plays each frame; so does who plays on while the clock stands still.
    """

    def run_until_played(self, seconds: float, *, step: int = QUIET_MS) -> None:
        while self.clock.is_paused:
            self.frame()
        super().run_until_played(seconds - NEAR_SECONDS, step=step)
        super().run_until_played(seconds)


@dataclass
class Game:
    """A home with the script in it, and an engine on it."""

    home: Path
    webhook: Webhook
    flavour: Flavour
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / SCRIPT).write_bytes((SCRIPTS / SCRIPT).read_bytes())
        self.configure(config_text([self.webhook.url]))
        self.engine = Patient(self.home, flavour=self.flavour, now=START)

    @property
    def folder(self) -> Path:
        return self.home / "legacy"

    @property
    def outbox(self) -> Path:
        return self.folder / OUTBOX

    def configure(self, text: str) -> None:
        (self.folder / CONFIG).write_text(text, encoding="utf-8")

    async def play(self, scenario: Callable[[Engine], object]) -> list[Posted]:
        """Play a scenario in a thread and wait until nothing is being sent; return all that has arrived."""
        await asyncio.to_thread(scenario, self.engine)
        assert await asyncio.to_thread(self.engine.shell.wait_idle)
        return self.webhook.posted

    async def play_one(self, scenario: Callable[[Engine], object]) -> Posted:
        """Play a scenario from which exactly one message must come."""
        posted = await self.play(scenario)
        assert len(posted) == 1, [entry.attachment for entry in posted]
        assert self.engine.printed == []
        return posted[0]


def _bound(port: int) -> socket.socket:
    """Return a socket that holds a port of loopback; connections to it are refused until it listens."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound


@asynccontextmanager
async def open_game(home: Path, flavour: Flavour) -> AsyncIterator[Game]:
    """A game with its webhook; afterwards nothing of it runs any more."""
    webhook = Webhook()
    await webhook.start()
    game = Game(home, webhook, flavour)
    try:
        yield game
    finally:
        await asyncio.to_thread(game.engine.close)
        await webhook.close()


def begin(engine: Engine, *, players: tuple[Player, ...] | None = None, map_name: str = "supply") -> None:
    """Load a map with six people (or these) on it and play into the round."""
    engine.load_map(map_name)
    for player in invent_players() if players is None else players:
        engine.connect(player)
    engine.run(5)
    engine.start_round()


def begin_second(engine: Engine) -> None:
    """Go from the intermission of round 1 into round 2."""
    engine.leave_intermission()
    engine.run(5)
    engine.start_round()
