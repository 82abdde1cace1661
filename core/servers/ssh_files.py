"""The two files that SSH needs on our side, the key and known_hosts: read, or refused with what to do about it."""

import functools
import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.config import Ssh
from core.errors import ConfigError
from core.left_out import absent
from core.textfiles import decoded

if TYPE_CHECKING:
    import asyncssh

_PUBLIC = ("ssh-", "ecdsa-", "sk-", "---- BEGIN SSH2 PUBLIC", "-----BEGIN PUBLIC", "-----BEGIN RSA PUBLIC")


@functools.cache
def library() -> Any:
    """Return asyncssh, which is slow to import: only when a server is reached, and without X.509, which takes 1 MB."""
    with absent("asyncssh.crypto.x509"):
        import asyncssh

    return asyncssh


def have_a_name() -> None:
    """Have a name and a home for who runs this, for asyncssh asks: a number that no user has has neither."""
    if os.path.expanduser("~") == "~":
        os.environ["HOME"] = os.sep  # as in a container
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["LOGNAME"] = f"uid-{os.getuid()}"


def private_key(setting: str, ssh: Ssh) -> "asyncssh.SSHKey":
    """Return the key that the bot shows; *setting* is where it is named (``servers.puran.ssh``).

    Raises:
        ConfigError: the file cannot be read, or holds something else.
    """
    data = _read(f"{setting}.key_file", ssh.key_file)
    try:
        text: str | None = decoded(data).strip()
    except UnicodeDecodeError:  # a key need not be text
        text = None
    try:
        key: asyncssh.SSHKey = library().import_private_key(text or data)
    except ValueError as error:
        instead = _instead("no text" if text is None else text, error, ssh.key_file)
        raise ConfigError(f"{setting}.key_file holds no private key without passphrase: {instead}") from error
    return key


def known_hosts(setting: str, ssh: Ssh) -> "asyncssh.SSHKnownHosts":
    """Return the host keys that are trusted.

    Raises:
        ConfigError: the file cannot be read, or holds a line that cannot be one.
    """
    data = _read(f"{setting}.known_hosts", ssh.known_hosts)
    try:
        text = decoded(data)
    except UnicodeDecodeError:  # in a comment: names of hosts are ASCII
        text = data.decode("latin-1")
    try:
        found = _hosts_in(text)
    except ValueError as error:
        problem = f"holds a line that is no host key ({error}). Take it out, or write the file anew: {scan(ssh)}."
        raise ConfigError(f"{setting}.known_hosts is '{ssh.known_hosts}', which {problem}") from error
    return found


def scan(ssh: Ssh) -> str:
    """Return the command that asks a server for its host keys."""
    return f"ssh-keyscan -p {ssh.port} {ssh.host}"


def _read(setting: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        problem = f"cannot be read ({error.strerror}). Correct the path or its permissions."
        raise ConfigError(f"{setting} is '{path}', which {problem}") from error


@functools.lru_cache(maxsize=4)
def _hosts_in(text: str) -> "asyncssh.SSHKnownHosts":
    """Read the lines once: hundreds of servers may share a file that has one for each."""
    found: asyncssh.SSHKnownHosts = library().import_known_hosts(text)
    return found


def _instead(text: str, error: ValueError, path: str) -> str:
    """Return what a file holds instead of a private key, and what to do then."""
    make = f"ssh-keygen -t ed25519 -N '' -f {path}"
    if text.startswith("PuTTY-User-Key-File"):
        return f"it is one of PuTTY's. Convert it: puttygen {path} -O private-openssh -o NEW_FILE, and name that."
    if text.startswith(_PUBLIC):
        return "it is a public key. Name the private one, in most cases the file of that name without .pub."
    if "assphrase" in str(error) or isinstance(error, library().KeyEncryptionError):
        return f"it is locked by one, which nobody can type here. Take it off: ssh-keygen -p -N '' -f {path}"
    if "-----BEGIN" in text:
        return f"it is cut off or damaged ({error}). Copy it anew, from its first line of dashes to its last."
    return f"{'it is something else' if text else 'it is empty'}. Name another file, or remove it and make one: {make}"
