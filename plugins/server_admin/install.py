"""Puts the script onto a game server from Discord: files at once, the server's cfg after a press on a button."""

import hashlib
from datetime import datetime

from roundhook import (
    Context,
    File,
    Message,
    NotAllowedError,
    RoundhookError,
    Secret,
    Server,
    UserFacingError,
    code,
    code_block,
    escape_markdown,
)

from .by_hand import ByHand, what_is_left, who_may_only_read, whole
from .deploy import TAKES_EFFECT, Deployment, Plan

MOST_DIFF = 1500
"""Characters of what changes in a message, which has room for two thousand."""
DIFF = "cfg.diff"
Offer = dict[str, str]
"""What may be written after a yes: the server's key, and a mark of the cfg's lines as they were shown."""


class Installer:
    """Deploys where that is possible, else hands over what is to be copied; *ctx* is the plugin's."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def install(self, server: Server, url: Secret, said: str) -> tuple[Message, Offer | None]:
        """Put script and settings there and offer to write the cfg; where that cannot be, hand them to the admin."""
        if server.settings.ssh is None:
            return _handed_over(said, whole(url)), None
        deployment = Deployment(server, now=self._now())
        try:
            plan, is_done = await self._put_files(deployment, url)
        except RoundhookError as error:
            return _handed_over(f"{said}\nNot installed over SSH: {escape_markdown(str(error))}", whole(url)), None
        if not is_done:
            return _handed_over(f"{said}\n{who_may_only_read(server)}", what_is_left(plan)), None
        text = f"{said}\nThe script and its settings are in {code(plan.folder)} of **{server.key}**."
        if not plan.asks:
            return Message(content="\n".join([text, *(plan.notes or (TAKES_EFFECT,))])), None
        return _asked(text, plan), {"server": server.key, "mark": _mark(plan)}

    async def _put_files(self, deployment: Deployment, url: Secret) -> tuple[Plan, bool]:
        """Put script and settings there; return what is left, and whether they could be written."""
        try:
            await deployment.carry_out((await deployment.plan_install(url)).harmless)
        except NotAllowedError:
            return await deployment.plan_install(url), False
        return await deployment.plan_install(url), True

    async def write_cfg(self, server: Server, url: Secret, mark: str) -> str:
        """Write what was offered.

        Raises:
            UserFacingError: it would be something else by now, or cannot be written.
        """
        deployment = Deployment(server, now=self._now())
        try:
            plan = await deployment.plan_install(url)
            if plan.asks and _mark(plan) != mark:
                raise UserFacingError("The cfg has changed meanwhile. Look at it anew with /setup server.")
            await deployment.carry_out(plan)
        except RoundhookError as error:
            raise UserFacingError(escape_markdown(str(error))) from error
        done = "The cfg is written; what was there is kept beside it." if plan.asks else "It is written already."
        return f"{done} {TAKES_EFFECT}"

    def _now(self) -> datetime:
        return self._ctx.clock.now()


def _handed_over(said: str, rest: ByHand) -> Message:
    files = tuple(File(name=name, data=data) for name, data in rest.files.items())
    return Message(content=f"{said}\n{rest.steps}", files=files)


def _asked(text: str, plan: Plan) -> Message:
    """Return what somebody is to say yes to: all lines that change, as a file where a message has no room."""
    diffs = _diffs(plan)
    shown, files = diffs, tuple[File, ...]()
    if len(diffs) > MOST_DIFF:
        shown = diffs[:MOST_DIFF].rpartition("\n")[0] + f"\n… all of it is in {DIFF}"
        files = (File(name=DIFF, data=diffs.encode()),)
    content = f"{text} Now the server's cfg:\n{code_block(shown, 'diff')}\n" + "\n".join(plan.notes)
    return Message(content=content, files=files)


def _diffs(plan: Plan) -> str:
    return "\n".join(f"{change.path}\n{change.diff}" for change in plan.changes if change.kind == "cfg")


def _mark(plan: Plan) -> str:
    """Return what tells one offer from another: the paths and lines, not the time."""
    return hashlib.sha256(_diffs(plan).encode()).hexdigest()[:12]
