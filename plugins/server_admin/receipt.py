"""The receipt beside the script: what an earlier deployment has done. It lies where others write: a hint, no proof.

Only what a deployment can have made by its name is believed: the script, its settings, and what was kept of a file
beside that file, with the time in its name.
"""

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .script import SCRIPT, SETTINGS

RECEIPT = "roundhook_deployed.json"
TOLD = 5
_STAMP = re.compile(r"\.[0-9]{8}-[0-9]{6}\.bak")


@dataclass(slots=True)
class Receipt:
    """What is believed of it."""

    created: list[str] = field(default_factory=list)
    replaced: dict[str, str] = field(default_factory=dict)
    """Files that were somebody else's, and where they are kept."""
    cfgs: dict[str, str] = field(default_factory=dict)
    """Changed cfgs, and where they are kept as they were."""
    ignored: list[str] = field(default_factory=list)
    """Paths in it that no deployment can have made."""

    @property
    def ours(self) -> list[str]:
        """The files that a deployment has put there, those that somebody else had before first."""
        return list(dict.fromkeys([*self.replaced, *self.created]))

    def to_json(self) -> bytes:
        values = {"created": sorted(self.created), "replaced": self.replaced, "cfgs": self.cfgs}
        return (json.dumps(values, indent=2, sort_keys=True) + "\n").encode()

    @classmethod
    def read(cls, data: bytes | None, home: str) -> "Receipt":
        """Read the receipt in the folder *home*; one that is missing or broken says nothing."""
        try:
            values = json.loads(data or b"{}")
        except (ValueError, RecursionError):
            return cls()
        values = values if isinstance(values, dict) else {}
        receipt, names = cls(), {posixpath.join(home, SCRIPT), posixpath.join(home, SETTINGS)}
        for path in _texts(values.get("created")):
            (receipt.created if path in names else receipt.ignored).append(path)
        for path, kept in _pairs(values.get("replaced")).items():
            receipt._believe(receipt.replaced, path, kept, is_named=path in names)
        for path, kept in _pairs(values.get("cfgs")).items():
            receipt._believe(receipt.cfgs, path, kept, is_named=True)
        return receipt

    def doubts(self, path: str, cfgs: Mapping[str, str]) -> list[str]:
        """Say what the receipt at *path* names that is left alone; *cfgs* are those that were found."""
        names = list(dict.fromkeys([*self.ignored, *(one for one in self.cfgs if one not in cfgs)]))
        said = [
            f"{path} names {name[:200]!r}, which is neither a file of a deployment nor a cfg that was found: it stays."
            for name in names[:TOLD]
        ]
        return [*said, *([f"{len(names) - TOLD} more such names in it are left alone."] if names[TOLD:] else [])]

    def _believe(self, known: dict[str, str], path: str, kept: str, *, is_named: bool) -> None:
        if is_named and is_backup(kept, path):
            known[path] = kept
        else:
            self.ignored += [path] if is_backup(kept, path) else [path, kept]


def backup_name(path: str, now: datetime) -> str:
    """Return where what lies at *path* is kept."""
    return f"{path}.{now:%Y%m%d-%H%M%S}.bak"


def is_backup(kept: str, path: str) -> bool:
    """Tell whether *kept* is a name under which a deployment keeps what lay at *path*.

    >>> is_backup("/a/server.cfg.20260110-210000.bak", "/a/server.cfg")
    True
    >>> is_backup("/home/u/.ssh/x.20260110-210000.bak", "/a/server.cfg")
    False
    """
    return kept.startswith(path) and _STAMP.fullmatch(kept, len(path)) is not None


def _texts(values: object) -> list[str]:
    return [one for one in values if isinstance(one, str)] if isinstance(values, list) else []


def _pairs(values: object) -> dict[str, str]:
    pairs = values.items() if isinstance(values, dict) else ()
    return {path: kept for path, kept in pairs if isinstance(kept, str)}
