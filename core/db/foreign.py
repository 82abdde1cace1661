"""Whose files the bot's are: what somebody else left among them, root above all, the bot could not write later."""

import os
import pwd
from pathlib import Path

from core.errors import ConfigError

ROOT = 0


def make_folder(place: Path) -> None:
    """Make the folder for what the bot keeps, for its user alone, unless it is there.

    Raises:
        ConfigError: it is another user's, or cannot be made.
    """
    refuse_foreign(place)
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(unwritable(place, error)) from error


def unwritable(storage: Path, error: OSError) -> str:
    """Return what to say of a storage folder that is refused."""
    return (
        f"storage.dir {storage} cannot be written ({error.strerror}). Give the bot's user the right to write there, "
        "free some space if the disk is full, or set another storage.dir."
    )


def refuse_foreign(place: Path) -> None:
    """Refuse to write at *place* if it belongs to another user; where nothing is yet, its folder decides.

    What is root's is nobody's in particular: whoever may write there may.

    Raises:
        ConfigError: names both users, and how to run it instead.
    """
    while not place.exists() and place != place.parent:
        place = place.parent
    owner, me = place.stat().st_uid, os.geteuid()
    if owner not in (me, ROOT):
        name = _name(owner)
        raise ConfigError(
            f"{place} belongs to the user '{name}', and this runs as '{_name(me)}': what it left there that user could "
            f"not write. Run it as that user: `sudo -u {name} roundhook …`."
        )


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"#{user}"  # as sudo takes a number
