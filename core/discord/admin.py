"""/plugin and /events: the commands of the core, always there, for admins."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from types import new_class
from typing import Any

import hikari
import lightbulb

from core.config import Config
from core.db.database import Row, utc
from core.discord.answer import answer
from core.discord.messages import escape_markdown
from core.discord.permissions import Gatekeeper, admins_only
from core.errors import UserFacingError
from core.kernel.kernel import Kernel
from core.kernel.report import Report, Status
from core.kernel.slot import HookStats, Slot

_CHOICES = 25
LOG_LINES, HISTORY_LINES, FAILED_LINES = 20, 15, 20
Work = Callable[..., Awaitable[str]]
"""Does what a command is for (its context, then its options' values) and returns the answer."""
Switch = Callable[..., Awaitable[Report]]
"""Changes a plugin (name, guild or everywhere, who asks)."""


def admin_commands(kernel: Kernel, config: Config, gatekeeper: Gatekeeper) -> list[Any]:
    """Return the core's command groups."""
    do = _Admin(kernel, config, gatekeeper)
    plugin = lightbulb.string("name", "the plugin", autocomplete=do.names)
    any_plugin = lightbulb.string("name", "the plugin; all without", default=None, autocomplete=do.names)
    everywhere = lightbulb.boolean("everywhere", "on all servers (bot owner)", default=False)
    event_id = lightbulb.integer("id", "the number that /events failed shows")

    plugins, events = _group("plugin", "See and change the bot's plugins"), _group("events", "The journal of events")
    _add(plugins, "list", "All plugins and how they stand", do.list_all)
    _add(plugins, "enable", "Switch a plugin on", partial(do.switch, kernel.enable, "on"), plugin, everywhere)
    _add(plugins, "disable", "Switch a plugin off", partial(do.switch, kernel.disable, "off"), plugin, everywhere)
    _add(plugins, "reload", "Replace a plugin by its folder's code", do.reload, plugin)
    _add(plugins, "info", "One plugin in detail", do.info, plugin)
    _add(plugins, "logs", "The last lines of a plugin", do.logs, plugin)
    _add(plugins, "history", "Who did what when", do.history, any_plugin)
    _add(events, "failed", "Deliveries that failed for good", do.failed)
    _add(events, "replay", "Try a failed event again", do.replay, event_id)
    return [plugins, events]


def _group(name: str, description: str) -> lightbulb.Group:
    return lightbulb.Group(name, description, default_member_permissions=hikari.Permissions.MANAGE_GUILD)


def _add(group: lightbulb.Group, name: str, description: str, work: Work, *options: Any) -> None:
    """Add a command that answers the admin alone with what *work* returns."""
    attributes = {f"option_{number}": option for number, option in enumerate(options)}

    async def invoke(self: Any, context: lightbulb.Context) -> None:
        await answer(context, await work(context, *(getattr(self, one) for one in attributes)), ephemeral=True)

    about = {"name": name, "description": description, "hooks": [admins_only]}
    body = {**attributes, "invoke": lightbulb.invoke(invoke)}
    group.register(new_class(name, (lightbulb.SlashCommand,), about, lambda namespace: namespace.update(body)))


class _Admin:
    """What the commands do."""

    def __init__(self, kernel: Kernel, config: Config, gatekeeper: Gatekeeper) -> None:
        self._kernel, self._config, self._gatekeeper = kernel, config, gatekeeper

    async def names(self, context: lightbulb.AutocompleteContext[str]) -> None:
        if not self._gatekeeper.may(context.interaction, "guild"):
            await context.respond([])
            return
        typed = str(context.focused.value or "").lower()
        await context.respond([name for name in await self._found() if typed in name][:_CHOICES])

    async def list_all(self, context: lightbulb.Context) -> str:
        lines = [_line(status, context.guild_id) for status in (await self._found()).values()]
        return "\n".join(lines) or "No plugin was found."

    async def switch(self, switch: Switch, state: str, context: lightbulb.Context, name: str, everywhere: bool) -> str:
        await context.defer(ephemeral=True)
        guild = self._guild_meant(context, everywhere, await self._status(name), state)
        report = await switch(name, guild, user=int(context.user.id))
        waiting = await self._kernel.waiting(name) if report.ok else ""
        return f"{_told(f'switched {state}', report, guild)}\n{waiting}".strip()

    def _guild_meant(self, context: Any, everywhere: bool, status: Status, state: str) -> int | None:
        """Return the guild that is meant, None for everywhere; to load what does not run is for everybody's code."""
        here = not everywhere and status.scope == "guild"
        if not here or (status.state != "running" and state == "on"):
            self._check_everybody(context, f"{status.name} is for all servers of this bot")
        if here:
            return int(context.guild_id or 0)
        if not everywhere and status.scope == "global":
            raise UserFacingError(f"{status.name} is for all servers of this bot. If that is meant: everywhere: True")
        return None

    def _check_everybody(self, context: Any, what: str) -> None:
        if not self._gatekeeper.may(context.interaction, "everybody"):
            raise UserFacingError(f"{what}: only the bot's owner may do that.")

    async def reload(self, context: lightbulb.Context, name: str) -> str:
        self._check_everybody(context, "A reload is for all servers of this bot")
        await context.defer(ephemeral=True)
        return _told("reloaded", await self._kernel.reload(name, user=int(context.user.id)), None)

    async def info(self, context: lightbulb.Context, name: str) -> str:
        status, slot = await self._status(name), self._kernel.slots.get(name)
        lines = [_line(status, context.guild_id), escape_markdown(status.summary), f"scope: {status.scope}"]
        lines += [_hook_line(hook, stats, status) for hook, stats in (slot.stats if slot else {}).items()]
        return "\n".join(line for line in (*lines, _work_line(slot)) if line)

    async def logs(self, context: lightbulb.Context, name: str) -> str:
        status, lines = await self._status(name), self._kernel.logbook.last(name, LOG_LINES)
        if status.scope == "global":
            self._check_everybody(context, f"What {status.name} logs is about all servers of this bot")
        told = [escape_markdown(line) for line in lines if not self._is_hidden(context, line)]
        told = told or ["It has logged nothing yet."]
        return "\n".join([_line(status, context.guild_id), *told])

    async def history(self, context: lightbulb.Context, name: str | None) -> str:
        rows = await self._kernel.toggles.history(name, HISTORY_LINES)
        if not self._gatekeeper.may(context.interaction, "everybody"):
            rows = [row for row in rows if row["guild_id"] == context.guild_id]
        found = {one: _line(status, context.guild_id) for one, status in (await self._found()).items()}
        names = sorted({name} if name else {row["plugin"] for row in rows})
        now = [found.get(one, f"⚪ **{escape_markdown(one)}** · was not found") for one in names]
        return "\n".join([*now, *(map(_action_line, rows) if rows else ["Nothing has been done yet."])])

    def _is_hidden(self, context: Any, line: str) -> bool:
        """Tell whether a line is about a game server or a guild that is not the asker's to know of."""
        if self._gatekeeper.may(context.interaction, "everybody"):
            return False
        servers = [key for key in self._config.servers if not self._config.sees(int(context.guild_id or 0), key)]
        others = [str(guild) for guild in self._config.guilds if guild != context.guild_id]
        return any(re.search(rf"(?<![\w-]){re.escape(one)}(?![\w-])", line) for one in (*servers, *others))

    async def failed(self, context: lightbulb.Context) -> str:
        self._check_everybody(context, "The journal is about all servers of this bot")
        rows = await self._kernel.journal.failed(limit=FAILED_LINES)
        lines = [f"`{row['id']}` {row['plugin']}: {row['key']}: {row['error']}" for row in rows]
        return "\n".join(map(escape_markdown, lines)) or "Nothing has failed for good."

    async def replay(self, context: lightbulb.Context, event_id: int) -> str:
        self._check_everybody(context, "The journal is about all servers of this bot")
        count = await self._kernel.replay([event_id])
        return f"{count} deliveries are tried again." if count else "Nothing of that id has failed."

    async def _status(self, name: str) -> Status:
        if status := (await self._found()).get(name):
            return status
        raise UserFacingError(
            f"There is no plugin '{escape_markdown(name)}'. /plugin list shows those that were found."
        )

    async def _found(self) -> dict[str, Status]:
        """Return how every plugin stands, by name; a folder may have been dropped in just now."""
        await self._kernel.look_again()
        return {status.name: status for status in self._kernel.statuses()}


def _line(status: Status, guild: int | None) -> str:
    here = " (off here)" if guild is not None and int(guild) in status.off_guilds else ""
    sign = {"running": "🟢", "off": "⚪", "failed": "🔴"}[status.state] if not here else "⚪"
    runs = f"generation {status.generation} · source `{status.source_hash}`" if status.generation else "does not run"
    held = f" · not called for a while: {', '.join(status.breakers)}" if status.breakers else ""
    error = f"\n> {escape_markdown(status.error)}" if status.error else ""
    return f"{sign} **{status.name}** {status.version}{here} · {runs}{held}{error}"


def _hook_line(hook: str, stats: HookStats, status: Status) -> str:
    """Return a handler's counts and latencies."""
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(stats.counts.items())) or "not called yet"
    times = sorted(stats.milliseconds)
    latency = f"; {times[len(times) // 2]:.1f} ms at the median, {times[-1]:.1f} ms at most" if times else ""
    breakers = [f"; breaker {state}{where.removeprefix(hook)}" for where, state in status.breakers.items()
                if where.split()[0] == hook]  # fmt: skip
    return f"`{hook}`: {counts}{latency}{''.join(breakers)}"


def _work_line(slot: Slot | None) -> str:
    """Return how much of a plugin is at work at this moment: what stays here runs beyond its limit."""
    count = slot.generation.scope.activity.count if slot and slot.generation else 0
    return f"at work now: {count} of its handlers and background jobs" if count else ""


def _action_line(row: Row) -> str:
    sign, moment, where = "✓" if row["ok"] else "✗", utc(row["at"]), " here" if row["guild_id"] else ""
    when = f"<t:{int(moment.timestamp())}:R>" if moment else ""
    who = f"<@{row['user_id']}>" if row["user_id"] else "the bot's machine"
    return f"{sign} {when} {who}: {row['action']} **{row['plugin']}**{where}: {escape_markdown(row['detail'])}"


def _told(what: str, report: Report, guild: int | None) -> str:
    running = f"version {report.version}, source `{report.source_hash}`, generation {report.generation}"
    now = f"Running now: {running}." if report.generation is not None else "It does not run now."
    if not report.ok:
        return f"**{report.plugin}** was not {what}: {escape_markdown(report.error)}\n{now}"
    return f"**{report.plugin}** {what}{' on this server' if guild else ''} in {report.took_ms:.0f} ms. {now}"
