"""What a deployment is going to do, to be read before a yes: the files that change, and what is to be known of it."""

import difflib
import posixpath
from dataclasses import dataclass, field, replace
from typing import Literal

from .script import version_in

Kind = Literal["receipt", "script", "settings", "cfg", "kept"]


@dataclass(frozen=True, slots=True)
class Change:
    """A file that is to become another: *before* or *after* is None where it is not there."""

    kind: Kind
    path: str
    before: bytes | None = field(repr=False)
    after: bytes | None = field(repr=False)
    mode: int
    keep: str = ""
    """Where *before* is kept, if it is."""

    @property
    def text(self) -> str:
        """What happens, in words and without secrets; of a cfg the lines that change."""
        sign = "-" if self.after is None else "+" if self.before is None else "~"
        kept = f"; what was there is kept as {posixpath.basename(self.keep)}" if self.keep else ""
        return f"  {sign} {self.path}{self._about()}{kept}" + (f"\n{self.diff}" if self.kind == "cfg" else "")

    @property
    def diff(self) -> str:
        """The lines that change, and no others: a cfg holds passwords."""
        before, after = (text_of(data or b"").splitlines() for data in (self.before, self.after))
        return "\n".join(
            f"      {line}" for line in difflib.unified_diff(before, after, "now", "then", n=0, lineterm="")
        )

    def _about(self) -> str:
        if self.kind == "script" and self.after is not None:
            before = f" instead of {version_in(self.before) or 'another'}" if self.before else ""
            return f" (version {version_in(self.after) or 'of somebody else'}{before})"
        if self.kind == "settings" and self.after is not None:
            return " (mode 600: it holds the webhook's address)"
        return ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, in this order, and what somebody should know about it."""

    folder: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    is_removal: bool = False

    @property
    def asks(self) -> bool:
        """Whether it needs a yes: a cfg is written, or something is taken away."""
        return any(self.is_removal or change.kind == "cfg" for change in self.changes)

    @property
    def harmless(self) -> "Plan":
        """The part that needs no yes: files that nothing reads before a cfg names them."""
        return replace(self, changes=tuple(change for change in self.changes if change.kind != "cfg"))

    @property
    def text(self) -> str:
        """All of it, to be read before a yes."""
        shown = [change.text for change in self.changes if self.is_removal or change.kind != "receipt"]
        return "\n".join([f"Game folder: {self.folder}", *(shown or ["  Nothing is to be changed."]), *self.notes])


def text_of(data: bytes) -> str:
    """Return a cfg as text; every byte is kept as it is."""
    return data.decode("latin-1")


def bytes_of(text: str) -> bytes:
    """Return the bytes that *text* was read from."""
    return text.encode("latin-1")
