"""Fetches a git repository, one commit of it: no questions, no submodules, nothing but what is in the commit."""

import os
from pathlib import Path

from core.errors import BadInputError
from core.installing.sources import Source
from core.installing.tools import run

_MISSING = "git is not installed here, and the plugin lies in a git repository. Install git, or name a folder."
_ALLOWED = {
    "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file", "LC_ALL": "C",
    "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
}  # fmt: skip
_OF_ANOTHER = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")


def fetch(source: Source, target: Path) -> None:
    """Put the files of the commit that *source* names into the new folder *target*."""
    environment = {key: value for key, value in os.environ.items() if key not in _OF_ANOTHER} | _ALLOWED
    git = ["git", "-C", str(target), "-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false"]

    def failed(said: str) -> BadInputError:
        remedy = "Check the address, the right to read it, and the branch, tag or commit behind the @."
        return BadInputError(f"{source} cannot be fetched: {said}. {remedy}")

    target.mkdir(mode=0o700)
    for words in (
        ["init", "--quiet", "--template="],
        ["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", source.address,
         source.ref or "HEAD"],
        ["checkout", "--quiet", "FETCH_HEAD"],
    ):  # fmt: skip
        run([*git, *words], environment, _MISSING, failed)
