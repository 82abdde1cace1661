"""One gateway connection: hello, identify or resume, heartbeats, close codes."""

import asyncio
import contextlib
import json
from collections.abc import Callable

from aiohttp import WSMsgType, web

from devkit.discord import gateway as op
from devkit.discord import intents as intent
from devkit.discord import render, wire
from devkit.discord.gateway import Gateway, Session
from devkit.discord.shapes import Json, Payload
from devkit.discord.world import World

ENDS_SESSION = (1000, 1001)
"""Codes with which a client gives its session up."""


class ClosingError(Exception):
    """The server closes the connection."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Connection:
    """A client on the gateway."""

    def __init__(
        self, world: World, gateway: Gateway, register: set["Connection"], *, heartbeat_seconds: float
    ) -> None:
        self._world = world
        self._gateway = gateway
        self._register = register
        self._by_us = False
        self._heartbeat = heartbeat_seconds
        self._session: Session | None = None
        self._outbox: asyncio.Queue[Payload] = asyncio.Queue()
        self._socket = web.WebSocketResponse(compress=False, max_msg_size=0)
        self._cut: Callable[[], None] = lambda: None
        self._handlers: dict[int, Callable[[Json], None]] = {
            op.HEARTBEAT: self._on_heartbeat,
            op.IDENTIFY: self._on_identify,
            op.RESUME: self._on_resume,
            3: self._ignore,  # presence
            4: self._ignore,  # voice state
            8: self._on_members,
        }

    def send(self, payload: Payload) -> None:
        """Queue a payload."""
        self._outbox.put_nowait(payload)

    async def close(self, code: int | None) -> None:
        """Close with a code; None cuts the connection."""
        self._by_us = True
        if code is None:
            self._cut()
        else:
            await self._socket.close(code=code)

    async def run(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one client until it goes or is thrown out."""
        await self._socket.prepare(request)
        self._cut = lambda: request.transport.abort() if request.transport else None
        self.send({"op": op.HELLO, "d": {"heartbeat_interval": int(self._heartbeat * 1000), "_trace": []}})
        self._register.add(self)
        writer = asyncio.create_task(self._write(wire.encoder(request.query.get("compress"))))
        try:
            await self._read()
        except ClosingError as closing:
            self._by_us = True
            await self._socket.close(code=closing.code, message=closing.reason.encode())
        finally:
            self._register.discard(self)
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
            given_up = not self._by_us and self._socket.close_code in ENDS_SESSION
            self._gateway.lost(self, for_good=given_up)
        return self._socket

    async def _write(self, encode: wire.Encode) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                frame = encode(await self._outbox.get())
                if isinstance(frame, bytes):
                    await self._socket.send_bytes(frame)
                else:
                    await self._socket.send_str(frame)

    async def _read(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._heartbeat * 1.5):
                    message = await self._socket.receive()
            except TimeoutError:
                raise ClosingError(4009, "Session timed out") from None
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            self._handle(_decode(message.data))

    def _handle(self, payload: Payload) -> None:
        handler = self._handlers.get(payload.get("op", -1))
        if handler is None:
            raise ClosingError(4001, "Unknown opcode")
        if self._session is None and payload["op"] not in (op.HEARTBEAT, op.IDENTIFY, op.RESUME):
            raise ClosingError(4003, "Not authenticated")
        handler(payload.get("d"))

    def _on_heartbeat(self, _: Json) -> None:
        self.send({"op": op.HEARTBEAT_ACK, "d": None})

    def _on_identify(self, data: Json) -> None:
        if self._session is not None:
            raise ClosingError(4005, "Already authenticated")
        self._check_token(data)
        self._gateway.identified_at.append(self._world.now())
        wanted = data.get("intents")
        if not isinstance(wanted, int) or wanted & ~intent.KNOWN:
            raise ClosingError(4013, "Invalid intent(s)")
        if wanted & intent.PRIVILEGED & ~self._gateway.granted:
            raise ClosingError(4014, "Disallowed intent(s)")
        shard = data.get("shard") or [0, 1]
        if not 0 <= shard[0] < shard[1]:
            raise ClosingError(4010, "Invalid shard")
        self._session = self._gateway.identify(self, wanted, shard)

    def _on_resume(self, data: Json) -> None:
        self._check_token(data)
        seq = data.get("seq")
        self._session = self._gateway.resume(self, str(data.get("session_id")), seq if isinstance(seq, int) else -1)
        if self._session is None:
            self.send({"op": op.INVALID_SESSION, "d": False})

    def _on_members(self, data: Json) -> None:
        guild = self._world.guilds.get(int(data.get("guild_id") or 0))
        if guild is not None and self._session is not None:
            members = [render.member_json(self._world, guild, user_id) for user_id in sorted(guild.members)]
            chunk = {"guild_id": str(guild.id), "members": members, "chunk_index": 0, "chunk_count": 1}
            self._session.send("GUILD_MEMBERS_CHUNK", chunk | {"nonce": data.get("nonce")})

    def _ignore(self, _: Json) -> None:
        """Nobody looks at it here."""

    def _check_token(self, data: Json) -> None:
        if not isinstance(data, dict) or str(data.get("token")).removeprefix("Bot ") != self._world.token:
            raise ClosingError(4004, "Authentication failed")


def _decode(data: str | bytes) -> Payload:
    try:
        payload = json.loads(data)
    except ValueError:
        raise ClosingError(4002, "Error while decoding payload") from None
    if not isinstance(payload, dict):
        raise ClosingError(4002, "Error while decoding payload")
    return payload
