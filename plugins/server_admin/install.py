"""Puts the script onto a game server from Discord: files at once, the server's cfg after a press on a button."""

import hashlib
from datetime import datetime

from roundhook import (
    Context,
    File,
    Message,
    RoundhookError,
    Secret,
    Server,
    UserFacingError,
    code,
    code_block,
    escape_markdown,
)

from .deploy import TAKES_EFFECT, Deployment, Plan
from .script import SETTINGS, settings_text

Offer = dict[str, str]
"""What may be written after a yes: the server's key, and a mark of the cfg's lines as they were shown."""
_BY_HAND = (
    "Put `roundhook.lua` and the attached file into the game server's `luascripts` folder, add "
    "`luascripts/roundhook.lua` to `lua_modules`, and load a map. "
    "Whoever has this file can post in its name: keep it to yourself."
)


class Installer:
    """Deploys where that is possible, else hands over the settings; *ctx* is the plugin's."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def install(self, server: Server, url: Secret, said: str) -> tuple[Message, Offer | None]:
        """Put script and settings there and offer to write the cfg; where that cannot be, hand them to the admin."""
        if server.settings.ssh is None:
            return _by_hand(said, url), None
        deployment = Deployment(server, now=self._now())
        try:
            await deployment.carry_out((await deployment.plan_install(url)).harmless)
            plan = await deployment.plan_install(url)
        except RoundhookError as error:
            return _by_hand(f"{said}\nNot installed over SSH: {escape_markdown(str(error))}\n", url), None
        text = f"{said}\nThe script and its settings are in {code(plan.folder)} of **{server.key}**."
        if not plan.asks:
            return Message(content="\n".join([text, *(plan.notes or (TAKES_EFFECT,))])), None
        shown = f"{text} Now the server's cfg:\n{code_block(_diffs(plan), 'diff')}\n"
        return Message(content=shown + "\n".join(plan.notes)), {"server": server.key, "mark": _mark(plan)}

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


def _by_hand(said: str, url: Secret) -> Message:
    data = settings_text(url).encode()
    return Message(content=f"{said} {_BY_HAND}", files=(File(name=SETTINGS, data=data),))


def _diffs(plan: Plan) -> str:
    changed = [f"{change.path}\n{change.diff}" for change in plan.changes if change.kind == "cfg"]
    return "\n".join(changed)[:1500]


def _mark(plan: Plan) -> str:
    """Return what tells one offer from another: the paths and lines, not the time."""
    return hashlib.sha256(_diffs(plan).encode()).hexdigest()[:12]
