"""What ``roundhook check`` looks at for this plugin: the way to each game server, its folder, its files, its zone."""

import functools
from collections.abc import Iterator, Sequence

from roundhook import ConfigError, PeerUnavailableError, Server
from roundhook.cli import Look, Terminal

from .client import RemoteFile, StatsFolder
from .zones import names_behind, question, remedy


def looks(terminal: Terminal) -> Iterator[Look]:
    """Give a look for each game server."""
    for key, server in terminal.servers.items():
        trusted = key in terminal.settings.trusted_names
        yield f"server {key}", functools.partial(_look_at, server, trusted=trusted)


async def _look_at(server: Server, *, trusted: bool) -> str:
    """Connect, count what lies in the folder, and read the newest file there."""
    ssh = server.settings.ssh
    if ssh is None:
        raise ConfigError(
            f"servers.{server.key}.ssh is missing: its files are not fetched. Add host, user, key_file, known_hosts "
            "and stats_dir, or switch ssh_poller off."
        )
    try:
        async with server.sftp():
            pass
    except PeerUnavailableError as error:
        raise PeerUnavailableError(f"{error} Is its SSH server running, and are host and port right?") from error
    folder = StatsFolder(server)
    listing = await folder.list_files()
    if listing.files:
        await folder.read(listing.files[-1].name, 1)
    found = f"{len(listing.files)} stats files among the {listing.count} entries of {ssh.stats_dir}"
    return found if trusted else found + _zone_of(server, listing.files)


def _zone_of(server: Server, files: Sequence[RemoteFile]) -> str:
    """Say whether the names of the files, which carry local time, fit when they were written."""
    zone = server.settings.timezone
    if behind := names_behind(files, server.settings.zone):
        asked = question(server.key, behind, zone).removeprefix(f"{server.key}: ")
        raise ConfigError(f"{asked} {remedy(server.key)}")
    return "" if behind is None else f", whose names and times agree in {zone}"
