"""/plugin and /events: the commands of the core, always there, for admins."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import new_class
from typing import Any

import hikari
import lightbulb

from core.config import Config
from core.db.database import Row, utc
from core.discord.answer import answer
from core.discord.confirmations import confirm
from core.discord.job_lines import job_lines
from core.discord.logs import log_parts
from core.discord.messages import escape_markdown
from core.discord.permissions import Gatekeeper, admins_only
from core.discord.settings_command import Rest, SettingsDesk, no_plugin
from core.errors import UserFacingError
from core.kernel.document import NAME
from core.kernel.kernel import Kernel
from core.kernel.logbook import LINES
from core.kernel.report import Report, Status
from core.kernel.slot import HookStats, Slot
from core.likeness import fitting
from core.shown import code

_PATH = re.compile(r"(?<![\w./])/(?:[^/\s:'\"]+/)+([^/\s:'\"]+)")
_CHANNEL = re.compile(r"(?<!\d)(channel )?(\d{17,20})(?!\d)")
LOG_LINES, HISTORY_LINES, FAILED_LINES = 20, 15, 20
Work = Callable[..., Awaitable[str | None]]
"""Does what a command is for (its context, then its options' values) and returns the answer, if it is not given yet."""


def admin_commands(do: "Admin") -> list[Any]:
    """Return the core's command groups."""
    plugin = lightbulb.string("name", "the plugin", autocomplete=do.names)
    any_plugin = lightbulb.string("name", "the plugin; all without", default=None, autocomplete=do.names)
    everywhere = lightbulb.boolean("everywhere", "on all servers (bot owner)", default=False)
    event_id = lightbulb.integer("id", "the number that /events failed shows")

    plugins, events = _group("plugin", "See and change the bot's plugins"), _group("events", "The journal of events")
    _add(plugins, "list", "All plugins and how they stand", do.list_all)
    _add(plugins, "enable", "Switch a plugin on", do.enable, plugin, everywhere)
    _add(plugins, "disable", "Switch a plugin off", do.disable, plugin, everywhere)
    _add(plugins, "reload", "Replace a plugin by its folder's code", do.reload, plugin)
    _add(plugins, "info", "One plugin in detail", do.info, plugin)
    _add(plugins, "logs", "The last lines of a plugin", do.logs, plugin)
    _add(plugins, "history", "Who did what when", do.history, any_plugin)
    key = lightbulb.string("key", "the setting", default=None, autocomplete=do.settings.keys)
    value = lightbulb.string("value", "as in the file; - takes it back", default=None, autocomplete=do.settings.values)
    for_all = lightbulb.boolean("everywhere", "for all servers (bot owner)", default=False)
    _add(plugins, "settings", "See and change a plugin's settings", do.settings.command, plugin, key, value, for_all)
    _add(events, "failed", "Deliveries that failed for good", do.failed)
    _add(events, "replay", "Try a failed event again", do.replay, event_id)
    return [plugins, events]


def _group(name: str, description: str) -> lightbulb.Group:
    return lightbulb.Group(name, description, default_member_permissions=hikari.Permissions.MANAGE_GUILD)


def _add(group: lightbulb.Group, name: str, description: str, work: Work, *options: Any) -> None:
    """Add a command that answers the admin alone with what *work* returns."""
    attributes = {f"option_{number}": option for number, option in enumerate(options)}

    async def invoke(self: Any, context: lightbulb.Context) -> None:
        if said := await work(context, *(getattr(self, one) for one in attributes)):
            await answer(context, said, ephemeral=True)

    about = {"name": name, "description": description, "hooks": [admins_only]}
    body = {**attributes, "invoke": lightbulb.invoke(invoke)}
    group.register(new_class(name, (lightbulb.SlashCommand,), about, lambda namespace: namespace.update(body)))


class Admin:
    """What the commands do."""

    def __init__(
        self, kernel: Kernel, config: Config, gatekeeper: Gatekeeper, rest: Rest, guild_of: Callable[[int], int]
    ) -> None:
        self._kernel, self._config, self._gatekeeper, self._guild_of = kernel, config, gatekeeper, guild_of
        self.settings = SettingsDesk(kernel, config, gatekeeper, rest)

    async def names(self, context: lightbulb.AutocompleteContext[str]) -> None:
        if not self._gatekeeper.may(context.interaction, "guild"):
            await context.respond([])
            return
        await context.respond(fitting(str(context.focused.value or ""), await self._found(context.interaction)))

    async def list_all(self, context: lightbulb.Context) -> str:
        lines = [_line(status, context.guild_id) for status in (await self._found(context.interaction)).values()]
        return "\n".join(lines) or "No plugin was found."

    async def enable(self, context: lightbulb.Context, name: str, everywhere: bool) -> str:
        await context.defer(ephemeral=True)
        status = await self._status(context.interaction, name)
        if status.state != "running":
            self._check_everybody(context.interaction, f"To load {name} is to run its code for all servers of this bot")
        guild = self._guild_meant(context.interaction, everywhere, status)
        return await self._switched("on", await self._kernel.enable(name, guild, user=int(context.user.id)), guild)

    async def disable(self, context: lightbulb.Context, name: str, everywhere: bool) -> None:
        await context.defer(ephemeral=True)
        status = await self._status(context.interaction, name)
        guild = self._guild_meant(context.interaction, everywhere, status)
        question = f"{_line(status, context.guild_id)}\nSwitch it off {'on this server' if guild else 'everywhere'}?"
        if guild is None and (fall := self._kernel.relations.all_requirers(name)):
            question += f"\nThese require it, and run again when it does: {', '.join(fall)}."
        await confirm(context, question, self.switch_off, {"name": name, "everywhere": everywhere})

    async def switch_off(self, interaction: Any, asked: dict[str, Any]) -> str:
        """Switch off what ``disable`` has asked about."""
        guild = self._guild_meant(interaction, asked["everywhere"], await self._status(interaction, asked["name"]))
        report = await self._kernel.disable(asked["name"], guild, user=int(interaction.user.id))
        return await self._switched("off", report, guild)

    async def _switched(self, state: str, report: Report, guild: int | None) -> str:
        waiting = await self._kernel.waiting(report.plugin) if report.ok else ""
        return f"{_told(f'switched {state}', report, guild)}\n{waiting}".strip()

    def _guild_meant(self, interaction: Any, everywhere: bool, status: Status) -> int | None:
        """Return the guild that is meant, None for everywhere."""
        if not everywhere and status.scope == "guild":
            return int(interaction.guild_id or 0)
        self._check_everybody(interaction, f"{status.name} is for all servers of this bot")
        if not everywhere and status.scope == "global":
            raise UserFacingError(f"{status.name} is for all servers of this bot. If that is meant: everywhere: True")
        return None

    def _check_everybody(self, interaction: Any, what: str) -> None:
        if not self._gatekeeper.may(interaction, "everybody"):
            raise UserFacingError(f"{what}: only the bot's owner may do that.")

    async def reload(self, context: lightbulb.Context, name: str) -> str:
        self._check_everybody(context.interaction, "A reload is for all servers of this bot")
        await context.defer(ephemeral=True)
        return _told("reloaded", await self._kernel.reload(name, user=int(context.user.id)), None)

    async def info(self, context: lightbulb.Context, name: str) -> str:
        status, slot = await self._status(context.interaction, name), self._kernel.slots.get(name)
        lines = [_line(status, context.guild_id), escape_markdown(status.summary), f"scope: {status.scope}"]
        lines += _about_lines(slot)
        lines += [f"intents: {', '.join(slot.manifest.intents)}"] if slot and slot.manifest.intents else []
        lines += [_hook_line(hook, stats, status) for hook, stats in (slot.stats if slot else {}).items()]
        lines += _offer_lines(slot)
        lines += await job_lines(self._kernel.jobs.schedule, name)
        unbound = slot.generation.unbound if slot and slot.generation else ()
        lines += [f"`{hook}`: no plugin that runs declares it" for hook in unbound]
        return "\n".join(line for line in (*lines, _work_line(slot)) if line)

    async def logs(self, context: lightbulb.Context, name: str) -> None:
        status, lines = await self._status(context.interaction, name), self._kernel.logbook.last(name, LINES)
        self._check_is_his(context.interaction, status)
        hidden, here = self._hidden(context.interaction), int(context.guild_id or 0)
        if hidden is not None:
            lines = [line for line in lines if not _is_about(hidden, line) and not self._is_elsewhere(line, here)]
        told = [_short(line, hidden) for line in lines]
        for part in log_parts(_line(status, context.guild_id), told[-LOG_LINES:] or ["It has logged nothing yet."]):
            await answer(context, part, ephemeral=True)

    async def history(self, context: lightbulb.Context, name: str | None) -> str:
        if name:
            self._check_is_his(context.interaction, (await self._found(context.interaction)).get(name))
        his = None if self._gatekeeper.may(context.interaction, "everybody") else int(context.guild_id or 0)
        rows = await self._kernel.toggles.history(name, HISTORY_LINES, guild=his)
        statuses = await self._found(context.interaction)
        found = {one: _line(status, context.guild_id) for one, status in statuses.items()}
        if name and not rows and name not in found:
            raise no_plugin(name, found)
        names = sorted({name} if name else {row["plugin"] for row in rows})
        now = [found.get(one, f"⚪ **{escape_markdown(one)}** · was not found") for one in names]
        done = [_action_line(row, context.guild_id) for row in rows]
        return "\n".join([*now, *(done or ["Nothing has been done yet."])])

    def _check_is_his(self, interaction: Any, status: Status | None) -> None:
        if status is not None and status.scope == "global":
            self._check_everybody(interaction, f"What {status.name} does and logs is about all servers of this bot")

    def _hidden(self, interaction: Any) -> list[str] | None:
        """Return the game servers and guilds that are not the asker's to know of; None: he may know everything."""
        if self._gatekeeper.may(interaction, "everybody"):
            return None
        servers = [key for key in self._config.servers if not self._config.sees(int(interaction.guild_id or 0), key)]
        return [*servers, *(str(guild) for guild in self._config.guilds if guild != interaction.guild_id)]

    def _is_elsewhere(self, line: str, guild: int) -> bool:
        """Tell whether a line of a log is about a channel that is not one of *guild*'s, as what is posted there is."""
        found = [(named, self._guild_of(int(number))) for named, number in _CHANNEL.findall(line)]
        return any(one != guild and (one or named) for named, one in found)

    async def failed(self, context: lightbulb.Context) -> str:
        self._check_everybody(context.interaction, "The journal is about all servers of this bot")
        rows = await self._kernel.journal.failed(limit=FAILED_LINES)
        lines = [f"`{row['id']}` {row['plugin']}: {row['key']}: {row['error']}" for row in rows]
        return "\n".join(map(escape_markdown, lines)) or "Nothing has failed for good."

    async def replay(self, context: lightbulb.Context, event_id: int) -> str:
        self._check_everybody(context.interaction, "The journal is about all servers of this bot")
        if count := await self._kernel.replay([event_id]):
            return f"{count} deliveries are tried again."
        return "Nothing of that id has failed. /events failed lists what has."

    async def _status(self, interaction: Any, name: str) -> Status:
        found = await self._found(interaction)
        if status := found.get(name):
            return status
        raise no_plugin(name, found)

    async def _found(self, interaction: Any) -> dict[str, Status]:
        """Return how every plugin stands as the asker may see it, by name; one may have been dropped in just now."""
        await self._kernel.look_again()
        hidden = self._hidden(interaction)
        return {status.name: _without(status, hidden) for status in self._kernel.statuses()}


def _is_about(hidden: list[str] | None, text: str) -> bool:
    """Tell whether *text* names something that is *hidden*."""
    return any(re.search(rf"(?<![\w-])(?<!\d\.){re.escape(one)}(?![\w-]|\.\d)", text) for one in hidden or ())


def _short(text: str, hidden: list[str] | None) -> str:
    """Return *text* with the folders of the bot's machine left out, for whoever may not know everything."""
    return text if hidden is None else _PATH.sub(r"…/\1", text)


def _without(status: Status, hidden: list[str] | None) -> Status:
    """Return how a plugin stands, without what is *hidden*."""
    breakers = {where: state for where, state in status.breakers.items() if not _is_about(hidden, where)}
    error = "It does not concern this server." if _is_about(hidden, status.error) else _short(status.error, hidden)
    return replace(status, breakers=breakers, error=error)


def _line(status: Status, guild: int | None) -> str:
    here = " (off here)" if guild is not None and int(guild) in status.off_guilds else ""
    sign = {"running": "🟢", "off": "⚪", "failed": "🔴"}[status.state] if not here else "⚪"
    runs = f"generation {status.generation} · source `{status.source_hash}`" if status.generation else "does not run"
    needs = f" · requires {', '.join(map(escape_markdown, status.requires))}" if status.requires else ""
    needs += f" · required by {', '.join(status.required_by)}" if status.required_by else ""
    held = f" · not called for a while: {', '.join(status.breakers)}" if status.breakers else ""
    error = f"\n> {escape_markdown(status.error)}" if status.error else ""
    name = status.name if NAME.fullmatch(status.name) else escape_markdown(status.name)  # a folder that is no plugin
    return f"{sign} **{name}** {escape_markdown(status.version)}{here} · {runs}{needs}{held}{error}"


def _about_lines(slot: Slot | None) -> list[str]:
    """Return what a manifest says for people, and what its plugin needs besides other plugins."""
    one = slot.manifest if slot else None
    needs = [*map(str, one.packages), *([f"roundhook {one.roundhook}"] if one.roundhook else [])] if one else []
    told = {"author": one.author, "licence": one.licence, "homepage": one.homepage} if one else {}
    told["needs installed"] = ", ".join(needs)
    return [f"{what}: {escape_markdown(text)}" for what, text in told.items() if text]


def _hook_line(hook: str, stats: HookStats, status: Status) -> str:
    """Return a handler's counts and latencies."""
    breakers = [f"; breaker {state}{where.removeprefix(hook)}" for where, state in status.breakers.items()
                if where.split()[0] == hook]  # fmt: skip
    return f"`{hook}`: {_counted(stats)}{''.join(breakers)}"


def _offer_lines(slot: Slot | None) -> list[str]:
    """Return what a plugin offers to others, with counts and latencies."""
    offers = slot.generation.offers if slot and slot.generation else {}
    return [f"{code(f'{name}{one.signature}')}: {_counted(slot.calls[name])}" for name, one in offers.items() if slot]


def _counted(stats: HookStats) -> str:
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(stats.counts.items())) or "not called yet"
    times = sorted(stats.milliseconds)
    latency = f"; {times[len(times) // 2]:.1f} ms at the median, {times[-1]:.1f} ms at most" if times else ""
    return f"{counts}{latency}"


def _work_line(slot: Slot | None) -> str:
    """Return how much of a plugin is at work at this moment: what stays here runs beyond its limit."""
    scope = slot.generation.scope if slot and slot.generation else None
    count = scope.activity.count + sum(job.spawned for job in scope.jobs.values()) if scope else 0
    return f"at work now: {count} of its handlers and background jobs" if count else ""


def _action_line(row: Row, guild: int | None) -> str:
    sign, moment = "✓" if row["ok"] else "✗", utc(row["at"])
    where = (" here" if row["guild_id"] == guild else f" in guild {row['guild_id']}") if row["guild_id"] else ""
    when = f"<t:{int(moment.timestamp())}:R>" if moment else ""
    who = f"<@{row['user_id']}>" if row["user_id"] else "the bot's machine"
    return f"{sign} {when} {who}: {row['action']} **{row['plugin']}**{where}: {escape_markdown(row['detail'])}"


def _told(what: str, report: Report, guild: int | None) -> str:
    running = (
        f"version {escape_markdown(str(report.version))}, source `{report.source_hash}`, generation {report.generation}"
    )
    now = f"Running now: {running}." if report.generation is not None else "It does not run now."
    if not report.ok:
        return f"**{report.plugin}** was not {what}: {escape_markdown(report.error)}\n{now}"
    notes = "".join(f"\n{escape_markdown(one)}" for one in report.notes)
    return f"**{report.plugin}** {what}{' on this server' if guild else ''} in {report.took_ms:.0f} ms. {now}{notes}"
