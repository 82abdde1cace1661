"""What ``roundhook check`` asks of each server's folder: do the names of its files fit the time zone?"""

from collections.abc import AsyncIterator

from roundhook import RoundhookError
from roundhook.cli import Terminal

from .client import StatsFolder
from .zones import names_behind, question, remedy


async def check(terminal: Terminal) -> AsyncIterator[tuple[bool, str]]:
    """Give what was found, and whether it is well; a server that does not answer is told about elsewhere."""
    for key, server in terminal.servers.items():
        if server.settings.ssh is None or key in terminal.settings.trusted_names:
            continue
        try:
            files = (await StatsFolder(server).list_files()).files
        except RoundhookError:
            continue
        behind = names_behind(files, server.settings.zone)
        if behind:
            yield False, f"{question(key, behind, server.settings.timezone)} {remedy(key)}"
        elif behind == 0:
            yield True, f"server {key}: names and times of its files agree in {server.settings.timezone}"
