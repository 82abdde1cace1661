"""/plugin and /events: the commands of the core, always there, for admins."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

import lightbulb

from core.db.database import Row, utc
from core.discord.answer import answer
from core.discord.messages import escape_markdown
from core.discord.permissions import Gatekeeper, admins_only
from core.errors import UserFacingError
from core.kernel.kernel import Kernel
from core.kernel.report import Report, Status
from core.kernel.slot import HookStats, Slot

_CHOICES = 25
LOG_LINES, HISTORY_LINES = 20, 15
Switch = Callable[[str, int | None, int], Awaitable[Report]]
"""Changes a plugin (name, guild or everywhere, who asks)."""


def admin_commands(kernel: Kernel, guilds: Collection[int], gatekeeper: Gatekeeper) -> list[Any]:
    """Return the core's command groups."""
    return [_plugin_group(kernel, guilds, gatekeeper), _events_group(kernel)]


def _plugin_group(kernel: Kernel, guilds: Collection[int], gatekeeper: Gatekeeper) -> lightbulb.Group:
    import hikari

    group = lightbulb.Group(
        "plugin", "See and change the bot's plugins", default_member_permissions=hikari.Permissions.MANAGE_GUILD
    )

    async def names(context: lightbulb.AutocompleteContext[str]) -> None:
        typed = str(context.focused.value or "").lower()
        await kernel.look_again()
        found = [status.name for status in kernel.statuses() if typed in status.name]
        await context.respond(found[:_CHOICES])

    async def everywhere_or_here(context: lightbulb.Context, everywhere: bool, status: Status) -> int | None:
        """Return the guild that is meant, None for everywhere: the owner's to say where there are several guilds."""
        if not everywhere and status.scope == "guild":
            return int(context.guild_id or 0)
        if len(guilds) > 1 and int(context.user.id) not in gatekeeper.owners:
            raise UserFacingError(
                f"{status.name} is for all servers of this bot: only the bot's owner switches it everywhere."
            )
        return None

    @group.register
    class List(lightbulb.SlashCommand, name="list", description="All plugins and how they stand", hooks=[admins_only]):
        @lightbulb.invoke
        async def invoke(self, context: lightbulb.Context) -> None:
            await kernel.look_again()
            lines = [_line(status, context.guild_id) for status in kernel.statuses()]
            await _answer(context, "\n".join(lines) or "No plugin was found.")

    def add_switch(word: str, description: str, done: str, switch: Switch) -> None:
        @group.register
        class SwitchCommand(lightbulb.SlashCommand, name=word, description=description, hooks=[admins_only]):
            plugin = lightbulb.string("name", "the plugin", autocomplete=names)
            everywhere = lightbulb.boolean("everywhere", "on all servers (bot owner)", default=False)

            @lightbulb.invoke
            async def invoke(self, context: lightbulb.Context) -> None:
                await context.defer(ephemeral=True)
                guild = await everywhere_or_here(context, self.everywhere, await _status(kernel, self.plugin))
                report = await switch(self.plugin, guild, int(context.user.id))
                waiting = await kernel.waiting(self.plugin) if report.ok else ""
                await _answer(context, f"{_told(done, report, guild)}\n{waiting}".strip())

    async def enable(name: str, guild: int | None, user: int) -> Report:
        return await kernel.enable(name, guild, user=user)

    async def disable(name: str, guild: int | None, user: int) -> Report:
        return await kernel.disable(name, guild, user=user)

    add_switch("enable", "Switch a plugin on", "switched on", enable)
    add_switch("disable", "Switch a plugin off", "switched off", disable)

    @group.register
    class Reload(
        lightbulb.SlashCommand, name="reload", description="Replace a plugin by its folder's code", hooks=[admins_only]
    ):
        plugin = lightbulb.string("name", "the plugin", autocomplete=names)

        @lightbulb.invoke
        async def invoke(self, context: lightbulb.Context) -> None:
            await context.defer(ephemeral=True)
            report = await kernel.reload(self.plugin, user=int(context.user.id))
            await _answer(context, _told("reloaded", report, None))

    @group.register
    class Info(lightbulb.SlashCommand, name="info", description="One plugin in detail", hooks=[admins_only]):
        plugin = lightbulb.string("name", "the plugin", autocomplete=names)

        @lightbulb.invoke
        async def invoke(self, context: lightbulb.Context) -> None:
            status = await _status(kernel, self.plugin)
            slot = kernel.slots.get(self.plugin)
            lines = [_line(status, context.guild_id), escape_markdown(status.summary), f"scope: {status.scope}"]
            lines += [_hook_line(hook, stats, status) for hook, stats in (slot.stats if slot else {}).items()]
            lines.append(_work_line(slot))
            await _answer(context, "\n".join(line for line in lines if line))

    @group.register
    class Logs(lightbulb.SlashCommand, name="logs", description="The last lines of a plugin", hooks=[admins_only]):
        plugin = lightbulb.string("name", "the plugin", autocomplete=names)

        @lightbulb.invoke
        async def invoke(self, context: lightbulb.Context) -> None:
            status = await _status(kernel, self.plugin)
            lines = kernel.logbook.last(self.plugin, LOG_LINES)
            told = [*map(escape_markdown, lines)] or ["It has logged nothing yet."]
            await _answer(context, "\n".join([_line(status, context.guild_id), *told]))

    @group.register
    class History(lightbulb.SlashCommand, name="history", description="Who did what when", hooks=[admins_only]):
        plugin = lightbulb.string("name", "the plugin; all without", default=None, autocomplete=names)

        @lightbulb.invoke
        async def invoke(self, context: lightbulb.Context) -> None:
            rows = await kernel.toggles.history(self.plugin, HISTORY_LINES)
            names = {self.plugin} if self.plugin else {row["plugin"] for row in rows}
            lines = await _lines_now(kernel, names, context.guild_id)
            lines += map(_action_line, rows) if rows else ["Nothing has been done yet."]
            await _answer(context, "\n".join(lines))

    return group


def _events_group(kernel: Kernel) -> lightbulb.Group:
    import hikari

    group = lightbulb.Group(
        "events", "The journal of events", default_member_permissions=hikari.Permissions.MANAGE_GUILD
    )

    @group.register
    class Failed(
        lightbulb.SlashCommand, name="failed", description="Deliveries that failed for good", hooks=[admins_only]
    ):
        @lightbulb.invoke
        async def invoke(self, context: lightbulb.Context) -> None:
            rows = await kernel.journal.failed(limit=20)
            lines = [f"`{row['id']}` {row['plugin']}: {row['key']}: {row['error']}" for row in rows]
            await _answer(context, "\n".join(map(escape_markdown, lines)) or "Nothing has failed for good.")

    @group.register
    class Replay(lightbulb.SlashCommand, name="replay", description="Try a failed event again", hooks=[admins_only]):
        event_id = lightbulb.integer("id", "the number that /events failed shows")

        @lightbulb.invoke
        async def invoke(self, context: lightbulb.Context) -> None:
            count = await kernel.replay([self.event_id])
            await _answer(
                context, f"{count} deliveries are tried again." if count else "Nothing of that id has failed."
            )

    return group


async def _status(kernel: Kernel, name: str) -> Status:
    """Return how a plugin stands; its folder may have been dropped in just now."""
    await kernel.look_again()
    found = {status.name: status for status in kernel.statuses()}
    if name not in found:
        raise UserFacingError(
            f"There is no plugin '{escape_markdown(name)}'. /plugin list shows those that were found."
        )
    return found[name]


async def _lines_now(kernel: Kernel, names: Collection[str], guild: int | None) -> list[str]:
    """Return a line on how each plugin stands; some may be gone."""
    await kernel.look_again()
    found = {status.name: _line(status, guild) for status in kernel.statuses()}
    return [found.get(name, f"⚪ **{escape_markdown(name)}** · was not found") for name in sorted(names)]


def _line(status: Status, guild: int | None) -> str:
    here = " (off here)" if guild is not None and int(guild) in status.off_guilds else ""
    sign = {"running": "🟢", "off": "⚪", "failed": "🔴"}[status.state] if not here else "⚪"
    text = f"{sign} **{status.name}** {status.version}{here}"
    if status.generation is not None:
        text += f" · generation {status.generation} · source `{status.source_hash}`"
    else:
        text += " · does not run"
    if status.breakers:
        text += f" · not called for a while: {', '.join(status.breakers)}"
    return text + (f"\n> {escape_markdown(status.error)}" if status.error else "")


def _hook_line(hook: str, stats: HookStats, status: Status) -> str:
    """Return a handler's counts and latencies."""
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(stats.counts.items())) or "not called yet"
    times = sorted(stats.milliseconds)
    latency = f"; {times[len(times) // 2]:.1f} ms at the median, {times[-1]:.1f} ms at most" if times else ""
    breaker = f"; breaker {status.breakers[hook]}" if hook in status.breakers else ""
    return f"`{hook}`: {counts}{latency}{breaker}"


def _work_line(slot: Slot | None) -> str:
    """Return how much of a plugin is at work at this moment: what stays here runs beyond its limit."""
    count = slot.generation.scope.activity.count if slot and slot.generation else 0
    return f"at work now: {count} of its handlers and background jobs" if count else ""


def _action_line(row: Row) -> str:
    moment = utc(row["at"])
    when = f"<t:{int(moment.timestamp())}:R>" if moment else ""
    who = f"<@{row['user_id']}>" if row["user_id"] else "the bot's machine"
    where = " here" if row["guild_id"] else ""
    sign = "✓" if row["ok"] else "✗"
    return f"{sign} {when} {who}: {row['action']} **{row['plugin']}**{where}: {escape_markdown(row['detail'])}"


def _told(what: str, report: Report, guild: int | None) -> str:
    running = f"version {report.version}, source `{report.source_hash}`, generation {report.generation}"
    now = f"Running now: {running}." if report.generation is not None else "It does not run now."
    if not report.ok:
        return f"**{report.plugin}** was not {what}: {escape_markdown(report.error)}\n{now}"
    return f"**{report.plugin}** {what}{' on this server' if guild else ''} in {report.took_ms:.0f} ms. {now}"


async def _answer(context: lightbulb.Context, text: str) -> None:
    """Answer for the admin alone."""
    await answer(context, text, ephemeral=True)
