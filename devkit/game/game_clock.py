"""The clock of a level: when it began, how long it stood still, what the config strings say about it."""

from devkit.game.world import PAUSE_BIT, SERVER_TOGGLES, World

_STEP = 500
_COUNTDOWN = 10_000


class GameClock:
    """Pauses as the engine does them: the level's start is pushed forward in steps of 500 ms, exactly at the end."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._start = 0
        self._paused_since: int | None = None
        self._resume_at: int | None = None

    def restart(self) -> None:
        """Begin a level at the present level time, running."""
        self._start, self._paused_since, self._resume_at = self._world.level_time, None, None
        self._tell(self._start)

    @property
    def is_paused(self) -> bool:
        return self._paused_since is not None

    @property
    def played_ms(self) -> int:
        """Milliseconds since the level's start, pauses left out."""
        return (self._world.level_time if self._paused_since is None else self._paused_since) - self._start

    def pause(self, length_ms: int | None = None) -> None:
        """Stop the clock; with a length (a team's time-out) it goes on by itself, after the countdown."""
        if self._paused_since is None:
            self._paused_since = self._world.level_time
            self._resume_at = None if length_ms is None else self._world.level_time + length_ms + _COUNTDOWN
            self._tell(self._start)

    def unpause(self) -> None:
        """Begin the countdown of 10 s at whose end the clock goes on."""
        self._resume_at = self._world.level_time + _COUNTDOWN

    def tick(self) -> None:
        """Do a frame's work: push the start, or end the pause."""
        if self._paused_since is None:
            return
        stood = self._world.level_time - self._paused_since
        if self._resume_at is not None and self._world.level_time > self._resume_at:
            self._start += stood
            self._paused_since = self._resume_at = None
            self._tell(self._start)
        else:
            self._tell(self._start + stood // _STEP * _STEP)

    def _tell(self, start: int) -> None:
        self._world.set_string("LEVEL_START_TIME", start)
        self._world.set_string("SERVERTOGGLES", SERVER_TOGGLES + (PAUSE_BIT if self.is_paused else 0))
