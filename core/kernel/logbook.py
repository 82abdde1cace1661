"""The last log lines of each plugin, for ``/plugin logs``."""

import logging
from collections import defaultdict, deque

from core.kernel.names import NAMESPACE
from core.shown import LeaveOutageUntold, LineFormatter

LINES = 200
LONGEST = 500
"""Characters of a line; a record is one, with a traceback it is several."""
LONGEST_RECORD = 8000
MOST = 200_000
"""Characters that are kept of one plugin."""
PREFIXES = ("roundhook.", f"{NAMESPACE}.")
"""What the names of the plugins' loggers begin with: that of the context, and ``getLogger(__name__)`` of a file."""


class Logbook(logging.Handler):
    """Keeps the last lines that were logged by the loggers of each plugin."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=LINES))
        self.addFilter(LeaveOutageUntold())
        self.setFormatter(LineFormatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(PREFIXES):
            lines = self._lines[record.name.split(".")[1]]
            lines.append(cut_middle(self.format(record), LONGEST_RECORD))
            while sum(map(len, lines)) > MOST:
                lines.popleft()

    def last(self, plugin: str, count: int) -> list[str]:
        """Return the last *count* records of a plugin, oldest first."""
        return list(self._lines[plugin])[-count:]

    def attach(self) -> None:
        """Listen to the plugins' loggers."""
        for prefix in PREFIXES:
            logger = logging.getLogger(prefix.rstrip("."))
            logger.addHandler(self)
            if logger.getEffectiveLevel() > logging.INFO:
                logger.setLevel(logging.INFO)

    def detach(self) -> None:
        """Stop listening; harmless the second time."""
        for prefix in PREFIXES:
            logging.getLogger(prefix.rstrip(".")).removeHandler(self)


def cut_middle(record: str, limit: int) -> str:
    """Return *record*, of at most *limit* characters: what says most is how it begins, and its last lines."""
    lines = deque(line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…" for line in record.split("\n"))
    if sum(map(len, lines)) + len(lines) <= limit:
        return "\n".join(lines)
    first, last = [lines.popleft()], deque([lines.pop()]) if len(lines) > 1 else deque[str]()
    room = limit - len(first[0]) - sum(map(len, last)) - 10
    while lines and (room := room - len(lines[-1]) - 1) > 0:
        last.appendleft(lines.pop())
    return "\n".join([*first, "  …", *last])
