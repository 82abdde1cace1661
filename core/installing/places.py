"""Where installed plugins lie, ``[storage] dir/plugins/NAME``; one is put there, or put back, in one step."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from core.db.foreign import refuse_foreign
from core.errors import ConfigError
from core.installing.sources import Source
from core.kernel.folders import ORIGIN
from core.likeness import did_you_mean

_NEW, _OLD = ".new-", ".old-"
"""What is being made, and what was there and may have to come back; hidden, so that neither counts as a plugin."""


class Place:
    """The folder of the plugins that were installed."""

    def __init__(self, storage: Path) -> None:
        self.root = storage / "plugins"

    @contextlib.contextmanager
    def alone(self) -> Iterator[Path]:
        """Give a folder to make things in, which is gone at the end; no other command changes plugins meanwhile.

        What one that was killed has left is put right before.
        """
        refuse_foreign(self.root)
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT, 0o600), "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConfigError("Another command installs or removes a plugin now. Wait for its end.") from None
            self._put_right()
            with tempfile.TemporaryDirectory(prefix=_NEW, dir=self.root) as made:
                yield Path(made)

    @contextlib.contextmanager
    def swapped(self, name: str, new: Path, made: Path) -> Iterator[Path]:
        """Have the folder *new* in the place of the plugin *name*; where the block fails, what was there is back."""
        place, old = self.root / name, self.root / f"{_OLD}{name}"
        if place.exists():
            place.rename(old)
        try:
            new.rename(place)
            yield place
        except BaseException:
            if place.exists():
                place.rename(made / "failed")
            if old.exists():
                old.rename(place)
            raise
        if old.exists():
            old.rename(made / "old")

    def take_away(self, name: str, made: Path) -> None:
        """Remove the plugin *name*, in one step."""
        (self.root / name).rename(made / "removed")

    def origin(self, name: str) -> Source:
        """Return where an installed plugin came from.

        Raises:
            ConfigError: it was not installed, or not by a command.
        """
        try:
            return msgspec.json.decode((self.root / name / ORIGIN).read_bytes(), type=Source)
        except FileNotFoundError:
            raise ConfigError(
                f"{name} was not installed by `roundhook plugin install`. {did_you_mean(name, self.names())}"
                "`roundhook plugin list --json` shows where it lies: change it there, and type /plugin reload on "
                "Discord."
            ) from None
        except msgspec.MsgspecError as error:
            problem = f"{self.root / name / ORIGIN} does not say where {name} came from ({error})"
            raise ConfigError(f"{problem}. Remove the plugin and install it anew: its data stays.") from error

    def names(self) -> list[str]:
        """Return the plugins that are installed."""
        return sorted(one.parent.name for one in self.root.glob(f"*/{ORIGIN}"))

    def _put_right(self) -> None:
        for old in self.root.glob(f"{_OLD}*"):
            place = self.root / old.name.removeprefix(_OLD)
            if place.exists():
                shutil.rmtree(place)
            old.rename(place)
        for new in self.root.glob(f"{_NEW}*"):
            shutil.rmtree(new)


def remember(source: Source, tree: Path) -> None:
    """Write into *tree* where it came from."""
    with open(os.open(tree / ORIGIN, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode(source))
