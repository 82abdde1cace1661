"""The gateway: sessions, what they missed, and the events that go to them."""

import asyncio
import copy
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from devkit.discord import intents as intent
from devkit.discord import render
from devkit.discord.bell import Bell
from devkit.discord.permissions import BITS
from devkit.discord.shapes import Json, Payload
from devkit.discord.world import Guild, World

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 0, 1, 2, 6, 7, 9, 10, 11
REMEMBERED = 10_000
"""Events kept for a resume."""


class Line(Protocol):
    """One websocket, as the gateway sees it."""

    def send(self, payload: Payload) -> None:
        """Queue a payload."""

    async def close(self, code: int | None) -> None:
        """Close with a code; None cuts the connection."""


@dataclass(slots=True)
class Session:
    """What was agreed with one client: it outlives the connection until it is closed or forgotten."""

    id: str
    intents: int
    seq: int = 0
    line: Line | None = None
    number: int = 0
    delays: Mapping[int, float] = field(default_factory=dict)
    """By how many seconds events are late, by the session's number."""
    sent: deque[Payload] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def send(self, name: str, data: Json) -> None:
        """Send an event now, or keep it for the resume."""
        self.seq += 1
        payload = {"op": DISPATCH, "t": name, "s": self.seq, "d": data}
        self.sent.append(payload)
        if self.line is not None and (delay := self.delays.get(self.number)):
            asyncio.get_running_loop().call_later(delay, self.line.send, payload)
        elif self.line is not None:
            self.line.send(payload)

    def missed(self, seq: int) -> list[Payload] | None:
        """Return the events after *seq*; None when they are no longer known."""
        oldest = self.sent[0]["s"] if self.sent else self.seq + 1
        if not oldest - 1 <= seq <= self.seq:
            return None
        return [payload for payload in self.sent if payload["s"] > seq]


class Gateway:
    """All sessions of the bot."""

    def __init__(self, world: World, bell: Bell, *, granted: int) -> None:
        self._world = world
        self._bell = bell
        self.granted = granted
        """The privileged intents that are switched on for the application."""
        self.told = granted
        """Those that its flags tell."""
        self.sessions: dict[str, Session] = {}
        self.identified = 0
        self.identified_at: list[float] = []
        self.resumed = 0
        self.sessions_left = 1000
        self.delays: dict[int, float] = {}
        """By how many seconds a session's events are late, by its number in the order of IDENTIFY, from 0."""

    @property
    def connected(self) -> bool:
        """Whether a client is connected and ready."""
        return any(session.line for session in self.sessions.values())

    @property
    def application_flags(self) -> int:
        """The application's flags: which privileged intents it has (as "limited")."""
        flags = {intent.GUILD_PRESENCES: 1 << 13, intent.GUILD_MEMBERS: 1 << 15, intent.MESSAGE_CONTENT: 1 << 19}
        return sum(bit for needed, bit in flags.items() if self.told & needed)

    def dispatch(self, name: str, data: Payload) -> None:
        """Send an event to every session that may see it."""
        if not self._bot_sees(data):
            return
        frozen = copy.deepcopy(dict(data))
        for session in self.sessions.values():
            shown = intent.seen_with(session.intents, name, frozen)
            if shown is not None:
                session.send(name, shown)

    def identify(self, line: Line, intents: int, shard: list[int]) -> Session:
        """Open a session, send READY and the guilds."""
        session = Session(secrets.token_hex(16), intents, line=line, number=self.identified, delays=self.delays)
        self.sessions[session.id] = session
        self.identified, self.sessions_left = self.identified + 1, self.sessions_left - 1
        session.send("READY", self._ready(session, shard))
        if intents & intent.GUILDS:
            for guild in self._world.guilds.values():
                self._send_guild(session, guild)
        self._bell.ring()
        return session

    def tell_guild(self, guild: Guild) -> None:
        """Tell every session of a guild that the bot has come into."""
        for session in self.sessions.values():
            if session.intents & intent.GUILDS:
                self._send_guild(session, guild)

    def resume(self, line: Line, session_id: str, seq: int) -> Session | None:
        """Go on with a session: what was missed is sent again, then RESUMED; None when it is not possible."""
        session = self.sessions.get(session_id)
        missed = session.missed(seq) if session else None
        if session is None or missed is None:
            return None
        session.line = line
        self.resumed += 1
        for payload in missed:
            line.send(payload)
        session.send("RESUMED", {"_trace": []})
        self._bell.ring()
        return session

    def lost(self, line: Line, *, for_good: bool) -> None:
        """Note that a connection ended; ``for_good``: the client closed it so that the session ends too."""
        for session in list(self.sessions.values()):
            if session.line is line:
                session.line = None
                if for_good:
                    del self.sessions[session.id]
        self._bell.ring()

    def lines(self) -> list[Line]:
        """Return the connections that are ready."""
        return [session.line for session in self.sessions.values() if session.line is not None]

    def forget(self) -> None:
        """Forget all sessions: whoever comes back must identify anew, and has missed what happened."""
        self.sessions.clear()
        self._bell.ring()

    def _ready(self, session: Session, shard: list[int]) -> Payload:
        return {
            "v": 10,
            "user": render.me_json(self._world),
            "guilds": [{"id": str(guild_id), "unavailable": True} for guild_id in self._world.guilds],
            "session_id": session.id,
            "resume_gateway_url": self._world.gateway_url,
            "shard": shard,
            "application": {"id": render.me_json(self._world)["id"], "flags": self.application_flags},
        }

    def _send_guild(self, session: Session, guild: Guild) -> None:
        whole = render.gateway_guild_json(self._world, guild)
        session.send("GUILD_CREATE", intent.seen_with(session.intents, "GUILD_CREATE", whole))

    def _bot_sees(self, data: Payload) -> bool:
        channel = self._world.channels.get(int(data.get("channel_id") or 0))
        return channel is None or not channel.denied & BITS["VIEW_CHANNEL"] or data.get("token") is not None
