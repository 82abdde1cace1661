"""What tests do to the server: outages, rate limits, lost answers, dropped connections."""

from collections.abc import Callable

from devkit.discord.api_webhooks import WebhookDoor
from devkit.discord.faults import Fault, Faults
from devkit.discord.gateway import INVALID_SESSION, RECONNECT
from devkit.discord.intents import MESSAGE_CONTENT
from devkit.discord.parts import Parts
from devkit.discord.ratelimits import RateLimits


class Controls:
    """The part of DiscordServer that makes things go wrong."""

    _parts: Parts
    _faults: Faults
    _limits: RateLimits
    _door: WebhookDoor

    def fail_next(
        self, method: str, path: str, status: int | None = 500, count: int = 1, *, after_work: bool = False
    ) -> None:
        """Let the next *count* requests fail whose path (without ``/api/v10``) matches the pattern *path*.

        ``*`` in the pattern stands for anything, slashes too; as *method* for any method. ``status=None``
        drops the connection before anything is done. ``after_work=True`` does the work and drops
        the connection before the answer. Attachments are at ``/attachments/*``.
        """
        self._faults.orders.append(Fault(method, path, status, after_work=after_work, count=count))

    def slow_down(self, method: str, path: str, seconds: float) -> None:
        """Answer matching requests (see ``fail_next``) only after so many seconds, until ``hurry``."""
        self._faults.delays.append((method, path, seconds))

    def hurry(self) -> None:
        """End what ``slow_down`` began; what waits is answered now."""
        self._faults.hurry()

    def leave_out(self, method: str, path: str, *fields: str) -> None:
        """Leave *fields* out of the answers to matching requests (see ``fail_next``), as Discord may: optional ones."""
        self._faults.omitted.append((method, path, frozenset(fields)))

    async def go_down(self) -> None:
        """Be away altogether: every request is dropped and the gateway is closed, until ``come_back``."""
        self._faults.down = True
        await self.drop_gateway()

    def come_back(self) -> None:
        """End what ``go_down`` began; sessions can be resumed."""
        self._faults.down = False

    def rate_limit_next(self, method: str, path: str, retry_after: float = 0.2, count: int = 1) -> None:
        """Answer the next *count* matching requests with 429, scope shared: hikari sleeps and comes back."""
        self._faults.orders.append(Fault(method, path, retry_after=retry_after, count=count))

    @property
    def enforce_rate_limits(self) -> bool:
        """Whether the customary limits are kept and told in the headers."""
        return self._limits.enforced

    @enforce_rate_limits.setter
    def enforce_rate_limits(self, enforced: bool) -> None:
        self._limits.enforced = enforced

    @property
    def nonce_seconds(self) -> float:
        """How long an enforced nonce is known; 0: it is forgotten at once."""
        return self._parts.posts.nonce_seconds

    @nonce_seconds.setter
    def nonce_seconds(self, seconds: float) -> None:
        self._parts.posts.nonce_seconds = seconds

    @property
    def webhook_mode(self) -> str | int:
        """How the webhook endpoint behaves: "ok", "down", "slow", or the status it answers with (429, 400, 500)."""
        return self._door.mode

    @webhook_mode.setter
    def webhook_mode(self, mode: str | int) -> None:
        if not isinstance(mode, int) and mode not in ("ok", "down", "slow"):
            raise ValueError(f"webhook_mode is {mode!r}. Use 'ok', 'down', 'slow' or a status such as 429.")
        self._door.mode = mode

    def release_webhooks(self) -> None:
        """Let posts through that ``webhook_mode = "slow"`` holds, and go on normally."""
        self._door.open()

    @property
    def gateway_connected(self) -> bool:
        """Whether a client is on the gateway and ready."""
        return self._parts.gateway.connected

    @property
    def identifies(self) -> int:
        """How many sessions were opened by IDENTIFY."""
        return self._parts.gateway.identified

    @property
    def resumes(self) -> int:
        """How many times a session was resumed."""
        return self._parts.gateway.resumed

    async def drop_gateway(self, code: int | None = None) -> None:
        """Close all gateway connections with *code*, or cut them; returns when they are gone."""
        lines = self._parts.gateway.lines()
        for line in lines:
            await line.close(code)
        await self.until(lambda: not set(lines) & set(self._parts.gateway.lines()))

    def revoke_message_content(self) -> None:
        """Switch the Message Content intent off in the portal; who asks for it from now on is refused (4014)."""
        self._parts.gateway.granted &= ~MESSAGE_CONTENT
        self._parts.gateway.told &= ~MESSAGE_CONTENT

    def reset_token(self) -> None:
        """Make another token, as an owner does in the portal: the old one is refused from now on."""
        self._parts.world.reset_token()

    async def request_reconnect(self) -> None:
        """Ask all clients to reconnect and resume (op 7)."""
        self._send_all({"op": RECONNECT, "d": None})

    async def invalidate_session(self, resumable: bool = False) -> None:
        """Tell all clients that their session is invalid (op 9): to resume it, or to identify anew."""
        self._send_all({"op": INVALID_SESSION, "d": resumable})
        if not resumable:
            self._parts.gateway.forget()

    def forget_sessions(self) -> None:
        """Forget all sessions: the next RESUME is refused, and what happens until then is lost."""
        self._parts.gateway.forget()

    @property
    def changes(self) -> int:
        """How many times something has happened on the server."""
        return self._parts.bell.rung

    async def until(self, condition: Callable[[], bool], timeout: float | None = 10) -> None:
        """Wait until *condition* holds; it is looked at whenever something happened on the server.

        Raises:
            TimeoutError: it did not hold within *timeout* seconds; None waits for ever.
        """
        complaint = f"the condition did not hold within {timeout} s"
        await self._parts.bell.until(lambda: condition() or None, timeout, lambda: complaint)

    async def wait_for_gateway(self, timeout: float = 10) -> None:
        """Wait until the bot is on the gateway and ready."""
        await self.until(lambda: self.gateway_connected, timeout)

    def _send_all(self, payload: dict[str, object]) -> None:
        for line in self._parts.gateway.lines():
            line.send(payload)
