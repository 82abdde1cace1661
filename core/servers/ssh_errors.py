"""What asyncssh and the system say, as errors of ours: each names the thing and what to do."""

import socket

from core.config import Ssh
from core.errors import ConfigError, PeerUnavailableError, RoundhookError
from core.servers.ssh_files import known_hosts, library, scan
from core.shown import one_line

_STEP = "docs/how-to/set-up-the-game-server.md, step 5"


def translated(error: Exception, setting: str, ssh: Ssh) -> RoundhookError | None:
    """Return our error for one that came up on the way to a server; None for a bug.

    *setting* is where the way is configured (``servers.puran.ssh``).
    """
    asyncssh, where = library(), f"{ssh.host}:{ssh.port}"
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return ConfigError(_about_host_key(error, setting, ssh))
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return ConfigError(_about_ways(error, setting, ssh))
    if isinstance(error, asyncssh.PermissionDenied):
        return ConfigError(
            f"{where} refused the key of {setting}.key_file for user '{ssh.user}'. Add its public half to "
            f"~{ssh.user}/.ssh/authorized_keys there, and let the server ask for nothing besides the key."
        )
    if about_one_file(error):
        whole = " Write the whole path: ~ means nothing there." if ssh.stats_dir.startswith("~") else ""
        return PeerUnavailableError(f"{where}: {one_line(str(error))}. Is {setting}.stats_dir right?{whole}")
    if isinstance(error, socket.gaierror):
        return PeerUnavailableError(f"{where} is away: {error.strerror}. Is {setting}.host right?")
    if isinstance(error, UnicodeError):
        return ConfigError(f"{setting}.host is '{one_line(ssh.host)[:100]}', which no machine is called. Correct it.")
    if isinstance(error, (OSError, asyncssh.Error, TimeoutError)):
        return PeerUnavailableError(f"{where} is away: {one_line(str(error)) or 'no answer'}.")
    return None


def no_sftp(error: Exception, ssh: Ssh) -> ConfigError:
    """Return the error for a server that lets the bot in and then does not begin SFTP."""
    why = one_line(str(error))
    return ConfigError(
        f"{ssh.host}:{ssh.port} lets '{ssh.user}' in, but gives no SFTP ({why}). Let its sshd_config say "
        "`Subsystem sftp internal-sftp`, which no greeting of a shell comes before, and allow a session (MaxSessions)."
    )


def about_one_file(error: Exception) -> bool:
    """Tell whether *error* is the SFTP server's answer to one request, which leaves the connection as it was."""
    lost = (library().SFTPConnectionLost, library().SFTPNoConnection)
    return isinstance(error, library().SFTPError) and not isinstance(error, lost)


def _about_host_key(error: Exception, setting: str, ssh: Ssh) -> str:
    where, compare = f"{ssh.host}:{ssh.port}", f"compare it with the server's own ({_STEP})"
    if "revoked" in str(error):
        return (
            f"{where} shows a host key that {setting}.known_hosts marks as @revoked: somebody has taken it out of use. "
            f"Find out why; if the server is right, {compare} and take that line out."
        )
    keys, authorities, *_ = known_hosts(setting, ssh).match(ssh.host, "", None if ssh.port == 22 else ssh.port)
    if keys or authorities:
        return (
            f"{where} shows a host key that {setting}.known_hosts does not hold. If the server was set up anew, put "
            f"its key there ({scan(ssh)}) and {compare}; else somebody is in between."
        )
    return (
        f"{where} shows a host key that {setting}.known_hosts does not hold: there is none for {ssh.host}. Put there "
        f"what `{scan(ssh)}` gives, and {compare}: else somebody is in between."
    )


def _about_ways(error: Exception, setting: str, ssh: Ssh) -> str:
    """Say what the two sides do not have in common."""
    where = f"{ssh.host}:{ssh.port}"
    if "host key" in str(error):
        return (
            f"{where} has no host key of the kinds that {setting}.known_hosts holds of it. Put there what "
            f"`{scan(ssh)}` gives, after you have compared it with the server's own: else somebody is in between."
        )
    problem, _, offers = str(error).partition(", sent ")
    offered = offers.rpartition(" and received ")[2]
    found = one_line(f"{problem}: {offered[:80]}")
    return f"{where} speaks only ways that are not safe any more ({found}). Update its SSH server."
