"""The shapes that everything here passes around: JSON, uploads, calls and answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""Any JSON value."""

Payload: TypeAlias = dict[str, Any]
"""A JSON object."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent."""

    filename: str
    data: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request, read and taken apart."""

    method: str
    path: str
    """Without ``/api/v10`` and without the query."""
    params: Mapping[str, str]
    """The parts of the path that vary."""
    query: Mapping[str, str]
    body: Json = None
    uploads: Mapping[int, Upload] = field(default_factory=dict)
    """By the number in ``files[n]``."""

    @property
    def payload(self) -> Payload:
        """The body as an object; empty when there is none."""
        return self.body if isinstance(self.body, dict) else {}

    def number(self, name: str) -> int:
        """Return a snowflake of the path; 0 when it is not a number, which no object has."""
        text = self.params[name]
        return int(text) if text.isdecimal() else 0

    def asks(self, name: str) -> bool:
        """Say whether the query has *name* switched on."""
        return self.query.get(name, "").lower() in {"1", "true"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered with; no body is 204."""

    body: Json = None
    status: int = 200


@dataclass(slots=True)
class Request:
    """One REST request that the server has seen: for tests that count calls."""

    method: str
    path: str
    """Without ``/api/v10`` and without the query."""
    status: int | None
    """What it was answered with; None when it is not answered yet, or the connection was dropped."""
    json: Json = None
    files: Sequence[str] = ()
    """Names of the uploaded files."""
    connection: int = 0
    """The client's port: the same for all that came on one connection."""
