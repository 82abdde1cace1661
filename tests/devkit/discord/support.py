"""What the tests of the loopback Discord share: a REST client, a gateway client, a real bot."""

import asyncio
import io
import json
import zlib
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

import aiohttp
import hikari
import lightbulb

from devkit.discord import DiscordServer

E = TypeVar("E", bound=hikari.Event)

INTENTS = hikari.Intents.GUILDS | hikari.Intents.GUILD_MESSAGES | hikari.Intents.MESSAGE_CONTENT
SECONDS = 10


class Rest:
    """Sends requests and returns status and JSON."""

    def __init__(self, server: DiscordServer) -> None:
        self._server = server
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> "Rest":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        files: dict[str, bytes] | None = None,
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bot {token or self._server.token}"}
        async with self._session.request(
            method, self._server.rest_url + path, headers=headers, **_content(body, files)
        ) as response:
            raw = await response.read()
            return response.status, json.loads(raw) if raw else None

    async def post(self, channel: int, **body: object) -> tuple[int, Any]:
        return await self("POST", f"/channels/{channel}/messages", body)

    async def download(self, url: str) -> bytes:
        async with self._session.get(url) as response:
            return await response.read()

    async def raw(self, method: str, url: str, **more: Any) -> tuple[int, str, dict[str, str]]:
        async with self._session.request(method, url, **more) as response:
            return response.status, await response.text(), dict(response.headers)


def _content(body: object, files: dict[str, bytes] | None) -> dict[str, Any]:
    if files is None:
        return {"json": body} if body is not None else {}
    form = aiohttp.FormData()
    form.add_field("payload_json", json.dumps(body), content_type="application/json")
    for number, (name, data) in enumerate(files.items()):
        form.add_field(f"files[{number}]", io.BytesIO(data), filename=name, content_type="application/octet-stream")
    return {"data": form}


class Line:
    """A plain gateway connection."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, compressed: bool) -> None:
        self.socket = socket
        self._inflate = zlib.decompressobj() if compressed else None

    async def send(self, op: int, data: object) -> None:
        await self.socket.send_json({"op": op, "d": data})

    async def receive(self) -> Any:
        async with asyncio.timeout(SECONDS):
            message = await self.socket.receive()
        if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
            return {"closed": self.socket.close_code}
        return json.loads(self._inflate.decompress(message.data) if self._inflate else message.data)

    async def until(self, name: str) -> Any:
        while True:
            payload = await self.receive()
            if payload.get("t") == name or payload.get("op") == name:
                return payload


class GatewayClient:
    """Opens plain gateway connections."""

    def __init__(self, server: DiscordServer) -> None:
        self._url = server.rest_url.replace("http", "ws").replace("/api/v10", "/gateway")
        self._session = aiohttp.ClientSession()
        self._token = server.token

    async def __aenter__(self) -> "GatewayClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def connect(self, compress: str = "") -> Line:
        query = f"?v=10&encoding=json&compress={compress}" if compress else "?v=10&encoding=json"
        socket = await self._session.ws_connect(self._url + query)
        line = Line(socket, compressed=bool(compress))
        hello = await line.receive()
        assert hello["op"] == 10
        return line

    async def identify(self, line: Line, intents: int = int(INTENTS)) -> Any:
        await line.send(2, {"token": self._token, "intents": intents, "shard": [0, 1], "properties": {}})
        return await line.receive()

    async def resume(self, line: Line, session: str, seq: int) -> None:
        await line.send(6, {"token": self._token, "session_id": session, "seq": seq})


class Bot:
    """An unchanged hikari.GatewayBot with a lightbulb client; commands are added before ``start``."""

    def __init__(self, server: DiscordServer, *, token: str | None = None, intents: hikari.Intents = INTENTS) -> None:
        self.app = hikari.GatewayBot(
            token or server.token, rest_url=server.rest_url, intents=intents, banner=None, logs=None
        )
        self.client = lightbulb.client_from_app(self.app)
        self.app.subscribe(hikari.StartingEvent, self.client.start)
        self.rest = self.app.rest
        self._started = False

    async def start(self) -> None:
        self._started = True
        async with asyncio.timeout(SECONDS):
            await self.app.start(check_for_updates=False)

    async def close(self) -> None:
        if self._started and self.app.is_alive:
            await self.app.close()

    def events(self, kind: type[E]) -> "Inbox[E]":
        inbox: Inbox[E] = Inbox()
        self.app.subscribe(kind, inbox.put)
        return inbox


class Inbox(asyncio.Queue[E]):
    """Events of one kind, in order."""

    async def next(self, fits: Callable[[E], bool] = lambda event: True) -> E:
        async with asyncio.timeout(SECONDS):
            while not fits(event := await self.get()):
                pass
        return event
