"""What somebody does himself where the bot may not write: the files to copy, and what to do with them, step by step."""

from dataclasses import dataclass

from roundhook import Secret, Server

from .deploy import FOLDER, TAKES_EFFECT
from .plan import Change, Plan
from .script import SCRIPT, SETTINGS, script, settings_text

MOST_DIFF = 900
"""Characters: a message has room for two thousand."""
_ANYWHERE = f"the folder `{FOLDER}` of the game folder (`fs_homepath/fs_game`, such as `~/.etlegacy/legacy`)"


@dataclass(frozen=True, slots=True)
class ByHand:
    """The rest of an installation: *steps* to be read, *files* to be copied by name."""

    steps: str
    files: dict[str, bytes]

    @property
    def plain(self) -> str:
        """The steps without marks for Discord."""
        return self.steps.replace("```diff\n", "").replace("\n```", "").replace("`", "")


def whole(url: Secret) -> ByHand:
    """Return all of it, for a server whose folders are not known."""
    files = {SCRIPT: script(), SETTINGS: settings_text(url).encode()}
    cfg = f"Add `{FOLDER}/{SCRIPT}` to `lua_modules` in the server's cfg, behind what stands there."
    return ByHand(_numbered([_copy(list(files), _ANYWHERE), _close(SETTINGS), cfg, TAKES_EFFECT]), files)


def what_is_left(plan: Plan) -> ByHand:
    """Return what of a plan is left to be done, at the places that were found."""
    copied = {change.kind: change for change in plan.changes if change.kind in ("script", "settings")}
    files = {_name(change.path): change.after or b"" for change in copied.values()}
    steps = []
    if copied:
        folder = next(iter(copied.values())).path.rpartition("/")[0]
        steps.append(_copy(list(files), f"`{_plain(folder)}`"))
    if "settings" in copied:
        steps.append(_close(copied["settings"].path))
    steps += [_edit(change) for change in plan.changes if change.kind == "cfg"]
    return ByHand("\n".join([_numbered(steps), *plan.notes]), files)


def who_may_only_read(server: Server) -> str:
    """Return how it comes that it is done by hand."""
    user = server.settings.ssh.user if server.settings.ssh else ""
    return (
        f"The user `{_plain(user)}` may only read on {server.key}, which is all that the bot needs. Do this there "
        "as the user who runs the game:"
    )


def _copy(names: list[str], where: str) -> str:
    return f"Copy {' and '.join(f'`{name}`' for name in names)} into {where}."


def _close(path: str) -> str:
    return f"`chmod 600 {_plain(path)}`: whoever has that file can post in the server's name. Keep it to yourself."


def _edit(change: Change) -> str:
    diff = change.diff.replace("```", "'''")[:MOST_DIFF]
    return f"Change this in `{_plain(change.path)}`:\n```diff\n{diff}\n```"


def _numbered(steps: list[str]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _plain(text: str) -> str:
    """Return a text of the game server's as it may stand between backticks."""
    return text.replace("`", "'")
