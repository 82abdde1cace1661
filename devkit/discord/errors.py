"""What Discord answers when it refuses: HTTP status, JSON code, message and error tree."""

from collections.abc import Mapping

from devkit.discord.shapes import Payload

UNKNOWN_CODES = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Role": 10011,
    "User": 10013,
    "Webhook": 10015,
    "interaction": 10062,
    "application command": 10063,
}


class RefusedError(Exception):
    """The server said no.

    ``status`` is the HTTP status, ``code`` Discord's JSON code, ``body`` the whole JSON body.
    """

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        errors: Payload | None = None,
        headers: Mapping[str, str] | None = None,
        extra: Payload | None = None,
    ) -> None:
        super().__init__(f"{status} (code {code}): {message}{describe(errors)}")
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        self.body: Payload = {"message": message, "code": code, **(extra or {})}
        if errors is not None:
            self.body["errors"] = errors


class DroppedError(ConnectionError):
    """The connection is cut without an answer."""


def unknown(kind: str) -> RefusedError:
    """404: there is no such *kind* (a key of UNKNOWN_CODES)."""
    return RefusedError(404, UNKNOWN_CODES[kind], f"Unknown {kind}")


def missing_permission() -> RefusedError:
    """403: the bot may not do that here."""
    return RefusedError(403, 50013, "Missing Permissions")


def missing_access() -> RefusedError:
    """403: the bot does not see that."""
    return RefusedError(403, 50001, "Missing Access")


def unknown_emoji() -> RefusedError:
    """400: that is no emoji."""
    return RefusedError(400, 10014, "Unknown Emoji")


def empty_message() -> RefusedError:
    """400: nothing to show in that message."""
    return RefusedError(400, 50006, "Cannot send an empty message")


def too_large() -> RefusedError:
    """413: an upload over the limit."""
    return RefusedError(413, 40005, "Request entity too large")


def rate_limited(retry_after: float, *, scope: str) -> RefusedError:
    """429: come back in *retry_after* seconds."""
    return RefusedError(
        429,
        0,
        "You are being rate limited.",
        headers={"Retry-After": str(max(1, round(retry_after))), "X-RateLimit-Scope": scope},
        extra={"retry_after": round(retry_after, 3), "global": False},
    )


def describe(tree: Payload | None, path: str = "") -> str:
    """Return an error tree as readable lines, one for each error."""
    if not tree:
        return ""
    own = [f"\n{path}: {error['message']} [{error['code']}]" for error in tree.get("_errors", ())]
    inner = [describe(branch, f"{path}.{key}".lstrip(".")) for key, branch in tree.items() if key != "_errors"]
    return "".join(own + inner)
