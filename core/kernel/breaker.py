"""Keeps a handler that fails again and again from being called: one breaker for each plugin and hook, or offer."""

from collections import deque
from collections.abc import Iterable
from typing import Literal

FAILURES, WINDOW_SECONDS = 5, 60.0
TIMEOUTS = 3
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 30.0, 600.0

State = Literal["closed", "open", "half-open"]


def worst(states: Iterable[State]) -> State:
    """Return the state that is farthest from closed."""
    return max(states, key=("closed", "half-open", "open").index, default="closed")


class Breaker:
    """Opens after 5 failures within 60 s or 3 time-outs in a row; probes after 30 s, then 60 s, up to 10 minutes."""

    def __init__(self) -> None:
        self.state: State = "closed"
        self.probe_at = 0.0
        """When the next call is let through, on the clock's monotonic scale."""
        self._pause = FIRST_PAUSE_SECONDS
        self._failures: deque[float] = deque(maxlen=FAILURES)
        self._timeouts = 0

    def admit(self, now: float) -> bool:
        """Tell whether a call may go through; while open, one is let through as the probe when its time has come."""
        if self.state == "closed":
            return True
        if self.state == "open" and now >= self.probe_at:
            self.state = "half-open"
            return True
        return False

    def succeeded(self) -> bool:
        """Note a success; tell whether it closed the breaker."""
        self._timeouts = 0
        if self.state == "closed":
            return False
        self.state, self._pause = "closed", FIRST_PAUSE_SECONDS
        self._failures.clear()
        return True

    def told_nothing(self) -> None:
        """Note that a call ended without telling anything: if it was the probe, the next one is."""
        if self.state == "half-open":
            self.state = "open"

    def failed(self, now: float, *, timed_out: bool) -> bool:
        """Note a failure or time-out; tell whether it opened the breaker."""
        self._failures.append(now)
        self._timeouts = self._timeouts + 1 if timed_out else 0
        too_many = len(self._failures) == FAILURES and now - self._failures[0] <= WINDOW_SECONDS
        if self.state == "half-open":
            self._pause = min(self._pause * 2, MAX_PAUSE_SECONDS)
        elif self.state == "open" or not (too_many or self._timeouts >= TIMEOUTS):
            return False
        self.state = "open"
        self.probe_at = now + self._pause
        return True
