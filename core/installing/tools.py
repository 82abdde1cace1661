"""Runs git and pip: without questions, within a time, and what they complain of in one line."""

import subprocess
from collections.abc import Callable, Mapping, Sequence

from core.errors import ConfigError, PeerUnavailableError, RoundhookError
from core.installing.sources import without_credentials

SECONDS = 600.0
_AWAY = (
    "resolve host", "name resolution", "NewConnectionError", "ConnectTimeout", "Connection refused", "timed out",
    "unreachable", "Failed to connect",
)  # fmt: skip
"""What they say when the other side cannot be reached."""


def run(
    command: Sequence[str], environment: Mapping[str, str], missing: str, problem: Callable[[str], RoundhookError]
) -> str:
    """Return what *command* prints.

    Raises:
        ConfigError: it is not installed (*missing*).
        PeerUnavailableError: the other side does not answer.
        RoundhookError: it has failed: *problem* of what it says last.
    """
    try:
        done = subprocess.run(  # noqa: S603 - what is run is ours, and no shell reads it
            command, env=dict(environment), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=SECONDS, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise ConfigError(missing) from None
    except subprocess.TimeoutExpired:
        raise PeerUnavailableError(f"{command[0]} has not ended within {SECONDS:g} s. Try again later.") from None
    if done.returncode == 0:
        return done.stdout
    said = [one.strip() for one in (done.stderr or done.stdout).splitlines() if one.strip()]
    wrong = [one for one in said if one.lower().startswith(("fatal:", "error:"))] or said or ["it says nothing"]
    told = without_credentials(wrong[-1].partition(": ")[2] or wrong[-1]).rstrip(".")
    if any(one in line for one in _AWAY for line in said):
        raise PeerUnavailableError(f"{problem(told)} Is there a network? Try again when there is.")
    raise problem(told)
