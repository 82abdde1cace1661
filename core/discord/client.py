"""lightbulb's client with a table of commands of our own, so that a swap replaces them in one step.

lightbulb resolves, checks and runs commands; which class answers a path is looked up here, not in its registry
(which would have to be changed by coroutines, and which no plugin may leave something in).
"""

import asyncio
import contextlib
import functools
import inspect
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import hikari
import lightbulb

from core.discord.answers import Answers, say
from core.discord.checks import hint_for, in_words
from core.discord.confirmations import ACTION, Confirmations, do_confirmed
from core.discord.paging import TURN, turn
from core.discord.permissions import Gatekeeper, needed_for
from core.errors import PluginError
from core.kernel.bounded import contained
from core.kernel.generation import Generation
from core.kernel.strays import owner_of
from core.shown import escape_markdown, without_tokens

log = logging.getLogger(__name__)

_NAME = re.compile(r"[-_'\w\u0900-\u097f\u0e00-\u0e7f]{1,32}")
"""Of a slash command or option: Discord takes letters and digits of all scripts, Devanagari and Thai whole."""
_DESCRIPTION = 100
Path = tuple[str, ...]
Command = Any
"""A lightbulb command class or Group: their types are private to lightbulb."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A command that can be invoked, and the generation that it belongs to (None: the core)."""

    command: type[lightbulb.CommandBase]
    generation: Generation | None


class CommandClient(lightbulb.GatewayEnabledClient):
    """Runs commands by our own table. ``refusal`` says why a plugin's command may not run in a guild, or ""."""

    def __init__(
        self, app: hikari.GatewayBot, gatekeeper: Gatekeeper, refusal: Callable[[Generation, int | None], str]
    ) -> None:
        super().__init__(
            app, default_enabled_guilds=(), execution_step_order=lightbulb.DEFAULT_EXECUTION_STEP_ORDER,
            default_locale=hikari.Locale.EN_US, localization_provider=lightbulb.localization_unsupported,
            delete_unknown_commands=False, deferred_registration_callback=None, hooks=(),
            sync_commands=False, features=(),
        )  # fmt: skip
        self.gatekeeper, self._refusal = gatekeeper, refusal
        self.table: dict[Path, Entry] = {}
        self.owners: dict[type, Generation | None] = {}
        self.components: dict[str, Generation] = {}
        self.error_handler(self._answer_error)
        self.answers = Answers(app.rest)
        self.confirmations: Confirmations
        """Set once the database is open."""
        self.core: Any = None
        """What the core's own commands do."""
        self.core_components: dict[str, Callable[[Any, str], Awaitable[None]]] = {}
        """What answers the core's own components, by their action."""
        self.used: Callable[[int], None] = lambda scope: None
        """Told in which scope a command is registered that somebody uses: a guild's, or 0."""

    def replace(self, old: Generation | None, new: Generation | None) -> None:
        """Put *new*'s commands and components in place of *old*'s, in one step."""
        if old is not None:
            self.table = {path: entry for path, entry in self.table.items() if entry.generation is not old}
            self.components = {name: one for name, one in self.components.items() if one is not old}
        if new is not None:
            for command in new.declared.commands:
                self.add(command, new)
            self.components[new.manifest.name] = new
            new.check_promises()

    def add(self, command: Command, generation: Generation | None) -> None:
        """Make one command (class or group) invokable."""
        for path, one in paths_of(command):
            self.table[path], self.owners[one] = Entry(one, generation), generation

    def owner_of(self, command: Any) -> Any:
        """Return the plugin object that a command (or its class) belongs to, None for one of no loaded plugin."""
        generation = self.owners.get(command if isinstance(command, type) else type(command))
        return generation.plugin if generation else None

    def forget(self, generation: Generation) -> None:
        """Let go of a disposed generation's classes."""
        self.owners = {command: owner for command, owner in self.owners.items() if owner is not generation}

    def _resolve_options_and_command(self, interaction: Any) -> Any:
        path: Path = (interaction.command_name,)
        options: Sequence[Any] = interaction.options or ()
        while (sub := self._get_subcommand(options)) is not None:
            path, options = (*path, sub.name), sub.options or ()
        return (options, self.table[path].command) if path in self.table else None

    async def handle_application_command_interaction(self, interaction: Any, answered: asyncio.Event) -> None:
        self.used(int(interaction.registered_guild_id or 0))
        if self._resolve_options_and_command(interaction) is None:
            await say(interaction, f"/{interaction.command_name} is not available any more.")
        else:
            await super().handle_application_command_interaction(interaction, answered)

    async def _execute_command_context(self, context: lightbulb.Context) -> None:
        generation = self.owners.get(type(context.command))
        if generation is None:
            await super()._execute_command_context(context)
        elif refused := self._refusal(generation, context.guild_id):
            await context.respond(refused, ephemeral=True)
        else:
            generation.scope.enter()
            with generation.interactions.busy(), self.answers.watched(context.interaction, generation, _name(context)):
                try:
                    await contained(super()._execute_command_context(context))
                except RuntimeError as error:  # what lightbulb does not catch: sys.exit() in a command
                    await self._respond(context, [error])

    async def _execute_autocomplete_context(self, context: lightbulb.AutocompleteContext[Any], provider: Any) -> None:
        generation = self.owners.get(context.command)
        if generation is None:
            await super()._execute_autocomplete_context(context, provider)
        elif self._refusal(generation, context.interaction.guild_id) or not self._may_use(context):
            await context.respond([])
        else:
            what = f"the autocompletion of {_name(context)} {context.focused.name}"
            provider = functools.partial(_suggest, generation, what, provider)
            generation.scope.enter()
            with generation.interactions.busy(), self.answers.watched(context.interaction, generation, what):
                await super()._execute_autocomplete_context(context, provider)

    async def _answer_error(self, error: lightbulb.exceptions.ExecutionPipelineFailedException) -> bool:
        """Answer a failed command: what the user can do, or a reference that is found in the log."""
        await self._respond(error.context, error.causes)
        return True

    async def _respond(self, context: lightbulb.Context, causes: Sequence[BaseException]) -> None:
        generation = self.owners.get(type(context.command))
        text, own_log = reply_to(causes, _name(context), generation), generation.log if generation else log
        try:
            await context.respond(text, ephemeral=True)
        except hikari.HikariError as error:
            own_log.warning("an error could not be told to the user: %s", error)

    def _may_use(self, context: lightbulb.AutocompleteContext[Any]) -> bool:
        """Tell whether who is typing may use the command at all: else it suggests nothing either."""
        needed = needed_for(context.command._command_data.hooks)
        return needed is None or self.gatekeeper.may(context.interaction, needed)

    async def handle_component_interaction(self, interaction: Any, answered: asyncio.Event) -> None:
        if not await self._routed(interaction):
            await self._unrouted(interaction, super().handle_component_interaction(interaction, answered))

    async def handle_modal_interaction(self, interaction: Any, answered: asyncio.Event) -> None:
        if not await self._routed(interaction):
            await self._unrouted(interaction, super().handle_modal_interaction(interaction, answered))

    async def _unrouted(self, interaction: Any, work: Coroutine[Any, Any, None]) -> None:
        """Let lightbulb call what belongs to one of its own menus; whose that is tells the traceback."""
        try:
            await contained(work)
        except Exception as error:  # noqa: BLE001 - the boundary, as in _handle
            owner = owner_of(error, self.components.values())
            await say(interaction, reply_to([error], "a button, menu or form of lightbulb's", owner))

    async def _routed(self, interaction: hikari.ComponentInteraction | hikari.ModalInteraction) -> bool:
        """Hand a component of the form ``rh1:<plugin>:<action>:<args>`` to its plugin; False for any other."""
        parts = interaction.custom_id.split(":", 3)
        if len(parts) != 4 or parts[0] != "rh1":
            return False
        if parts[2] in (ACTION, TURN):
            await self._kept(interaction, *parts[1:])
            return True
        if not parts[1] and parts[2] in self.core_components:
            await self._answered_by_core(interaction, parts[2], parts[3])
            return True
        generation = self.components.get(parts[1])
        handler = generation.declared.components.get(parts[2]) if generation else None
        refused = self._refused(interaction, generation, parts[2]) if generation else ""
        if generation is None or handler is None or refused:
            await say(interaction, refused or f"The plugin {escape_markdown(parts[1])} does not offer this (any more).")
            return True
        what = f"the button, menu or form '{parts[2]}'"
        generation.scope.enter()
        with generation.interactions.busy(), self.answers.watched(interaction, generation, what):
            await _handle(generation, handler, interaction, parts[3], what)
        return True

    async def _answered_by_core(self, interaction: Any, action: str, args: str) -> None:
        if refused := self._refused(interaction, None, action):
            await say(interaction, refused)
            return
        try:
            await contained(self.core_components[action](interaction, args))
        except Exception as error:  # noqa: BLE001 - the boundary: told to the user, and logged with a reference
            await say(interaction, reply_to([error], "a component of roundhook", None))

    async def _kept(self, interaction: Any, plugin: str, action: str, args: str) -> None:
        """Do what somebody has said *Yes* to, or turn a page: what it is about is kept in the database."""
        generation = self.components.get(plugin)
        refused = self._refused(interaction, generation, action)
        if (generation is None and plugin) or refused:
            await say(interaction, refused or f"The plugin {plugin} does not run at the moment.")
            return
        await interaction.create_initial_response(hikari.ResponseType.DEFERRED_MESSAGE_UPDATE)
        with generation.interactions.busy() if generation else contextlib.nullcontext():
            try:
                holder = generation.plugin if generation else self.core
                if generation:
                    generation.scope.enter()
                if action == TURN:
                    await contained(turn(interaction, plugin, args, holder, self.confirmations))
                else:
                    question = await self.confirmations.taken(plugin, args, interaction)
                    await contained(do_confirmed(interaction, question, holder))
            except Exception as error:  # noqa: BLE001 - the boundary: told to the user, and logged with a reference
                what = "turning a page" if action == TURN else "what was confirmed"
                await say(interaction, reply_to([error], f"{what} of {plugin or 'roundhook'}", generation))

    def _refused(self, interaction: Any, generation: Generation | None, action: str) -> str:
        """Return why a component may not be used, "" if it may. Whoever has a webhook's address can make buttons."""
        app: Any = self._app
        me, message = app.get_me(), getattr(interaction, "message", None)
        if message is not None and me is not None and message.author.id != me.id:
            return "That is no button of this bot's own."
        if not self.gatekeeper.may(interaction, "read"):
            return "That works on the Discord servers in the bot's settings only; in direct messages for its owner."
        if generation is None:
            return ""
        if action in generation.declared.admin_components and not self.gatekeeper.may(interaction, "guild"):
            return "Only admins may do that."
        return self._refusal(generation, interaction.guild_id)


def paths_of(command: Command) -> Iterator[tuple[Path, type[lightbulb.CommandBase]]]:
    """Return each invokable command of a class or group with its path (``("plugin", "reload")``)."""
    if isinstance(command, (lightbulb.Group, lightbulb.SubGroup)):
        for sub in command.subcommands.values():
            yield from (((command.name, *path), one) for path, one in paths_of(sub))
    else:
        yield (command._command_data.name,), command


def name_of(command: Command) -> str:
    """Return the name of a command class or group as users type it."""
    return str(command.name if isinstance(command, lightbulb.Group) else command._command_data.name)


def check_words_in(builders: Iterable[Any]) -> None:
    """Refuse names and descriptions (``ValueError``) that Discord would, and with them the commands of all plugins."""
    for builder in builders:
        if builder.type is hikari.CommandType.SLASH:
            for part in _parts_of(builder):
                _check_words(part)


def check_annotations(command: Command) -> None:
    """Refuse (``NameError``) a command whose types are not there: lightbulb looks for them when it is invoked."""
    for path, one in paths_of(command):
        data = one._command_data
        for function in (getattr(one, data.invoke_method), *(hook.func for hook in data.hooks)):
            try:
                inspect.signature(inspect.unwrap(getattr(function, "_func", function)), eval_str=True)
            except NameError as error:
                where = " ".join((*path[1:], f"{inspect.unwrap(function).__name__}()"))
                remedy = f"Import {error.name} above `if TYPE_CHECKING:`, lightbulb looks for it"
                raise NameError(f"{where} has a type that is not there, {error.name}. {remedy}") from error


def _check_words(part: Any) -> None:
    for name in (part.name, *(part.name_localizations or {}).values()):
        if not _NAME.fullmatch(name) or name != name.lower():
            raise ValueError(f"'{name}' is no name for Discord: use small letters, digits, - and _")
    for text in (part.description, *(part.description_localizations or {}).values()):
        if not 1 <= len(text) <= _DESCRIPTION:
            raise ValueError(f"'{text[:40]}' has {len(text)} characters; a description has 1 to {_DESCRIPTION}")


def _parts_of(part: Any) -> Iterator[Any]:
    """Give a command or option and all its options."""
    yield part
    for option in part.options or ():
        yield from _parts_of(option)


def commands_in(loader: lightbulb.Loader | object, plugin: str) -> list[Command]:
    """Return the commands of *loader*, which holds nothing else (``PluginError``)."""
    if not isinstance(loader, lightbulb.Loader):
        remedy = "Write loader = lightbulb.Loader(), and @loader.command above each class."
        raise PluginError(f"{plugin}: add_commands() takes a loader, not {loader!r}. {remedy}")
    commands = []
    for loadable in loader._loadables:
        command = getattr(loadable, "_command", None)
        if command is None:
            kind = type(loadable).__name__.strip("_").removesuffix("Loadable").lower()
            remedy = "use self.ctx.listen, self.ctx.every or self.ctx.service for the rest."
            raise PluginError(f"{plugin}: its loader holds a {kind}. Only commands go into a loader; {remedy}")
        commands.append(command)
    return commands


def reply_to(causes: Sequence[BaseException], where: str, generation: Generation | None) -> str:
    """Return the answer to a user for the errors of *where*; a mistake is in its plugin's log, with its traceback."""
    own_log, mistakes = generation.log if generation else log, [one for one in causes if not in_words(one)]
    reference = secrets.token_hex(2)
    for one in mistakes:
        told = f"reference {reference}: {where} failed. {hint_for(one)}".rstrip(". ")
        own_log.error("%s", told, exc_info=(type(one), one, one.__traceback__))
    told_to_user = next(filter(None, map(in_words, causes)), "")
    return without_tokens(told_to_user) or f"That failed on our side. Reference {reference}; it is in the log."


def _name(context: Any) -> str:
    """Return what a command, or that of an autocompletion, is called as users type it."""
    return f"/{context.command._command_data.qualified_name}"


async def _suggest(generation: Generation, what: str, provider: Any, context: Any) -> None:
    try:
        await contained(provider(context))
    except Exception as error:  # noqa: BLE001 - the boundary: in the log, and nothing is suggested
        if not in_words(error):
            generation.failed(what, error)
        with contextlib.suppress(hikari.HikariError):  # it had answered before it failed
            await context.respond([])


async def _handle(generation: Generation, handler: Callable[..., Any], interaction: Any, args: str, what: str) -> None:
    takes_args = len(inspect.signature(handler).parameters) > 1
    try:
        await contained(handler(interaction, args) if takes_args else handler(interaction))
    except Exception as error:  # noqa: BLE001 - the boundary: told to the user, and logged with a reference
        await say(interaction, reply_to([error], what, generation), generation.log)
