"""What the system refuses a command, a file or room on the disk for one, and what is said of it."""

import errno
import os
import pwd

_RIGHTS = (errno.EACCES, errno.EPERM, errno.EROFS)
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""What may go by without a change of settings."""
_PATHS = (errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR)


def refusal(error: OSError) -> str:
    """Return what to say of *error*: "" where it is no refusal of the system's, so a mistake of ours."""
    remedy = _remedy(error.errno or 0)
    if not remedy or not (error.filename or error.errno in DISK):
        return ""
    what = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, (str, bytes)) else ""
    return f"{what}{error.strerror}. {remedy}"


def _remedy(number: int) -> str:
    if number in _RIGHTS:
        return f"Give the user {_user()} the right to it, go to another folder, or name another."
    if number in DISK:
        return "Look at the disk: is it full?"
    return "Correct that path." if number in _PATHS else ""


def _user() -> str:
    try:
        return f"'{pwd.getpwuid(os.geteuid()).pw_name}'"
    except KeyError:
        return f"#{os.geteuid()}"
