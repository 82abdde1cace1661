"""The last log lines of each plugin, for ``/plugin logs``."""

import logging
from collections import defaultdict, deque

from core.shown import LeaveOutageUntold, LineFormatter

LINES = 200
LONGEST = 500
PREFIX = "roundhook."


class Logbook(logging.Handler):
    """Keeps the last lines that were logged under ``roundhook.<plugin>``."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=LINES))
        self.addFilter(LeaveOutageUntold())
        self.setFormatter(LineFormatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(PREFIX):
            plugin = record.name.removeprefix(PREFIX).partition(".")[0]
            self._lines[plugin].append(self.format(record)[:LONGEST])

    def last(self, plugin: str, count: int) -> list[str]:
        """Return the last *count* lines of a plugin, oldest first."""
        return list(self._lines[plugin])[-count:]

    def attach(self) -> None:
        """Listen to the plugins' loggers."""
        logger = logging.getLogger(PREFIX.rstrip("."))
        logger.addHandler(self)
        if logger.getEffectiveLevel() > logging.INFO:
            logger.setLevel(logging.INFO)

    def detach(self) -> None:
        """Stop listening; harmless the second time."""
        logging.getLogger(PREFIX.rstrip(".")).removeHandler(self)
