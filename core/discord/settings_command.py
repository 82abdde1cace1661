"""/plugin settings: sets a value, or shows all with a form; and answers that form's buttons, menus and modals."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import hikari
import lightbulb

from core.config import Config
from core.discord.answer import answer
from core.discord.permissions import Gatekeeper
from core.discord.settings_places import check_place
from core.discord.settings_step import (
    BACK_TO_DEFAULT,
    CHOOSE,
    FALSE,
    TAKE,
    TRUE,
    WRITE,
    WRITTEN,
    Step,
    read_step,
)
from core.discord.settings_view import CHOICE, View, choices_of
from core.errors import RoundhookError, UserFacingError
from core.kernel.kernel import Kernel
from core.kernel.layers import Layers
from core.kernel.option_types import LISTS, PLACES
from core.kernel.options import Option
from core.kernel.report import Report
from core.kernel.setting_changes import TAKE_BACK
from core.kernel.setting_rows import FOR_ALL
from core.likeness import did_you_mean, fitting
from core.shown import code, cut_text, escape_markdown, report_text

Rest = Callable[[], hikari.api.RESTClient]
"""Gives Discord's REST API once there is one."""


class SettingsDesk:
    """What the command and its form do. Who asks is looked at each time."""

    def __init__(self, kernel: Kernel, config: Config, gatekeeper: Gatekeeper, rest: Rest) -> None:
        self._kernel, self._config, self._gatekeeper, self._rest = kernel, config, gatekeeper, rest

    async def command(
        self, context: lightbulb.Context, name: str, key: str | None, value: str | None, everywhere: bool
    ) -> None:
        """Set what was written, or show the form."""
        await context.defer(ephemeral=True)
        await self._kernel.look_again()
        step = Step(name, int(context.user.id), key or "", everywhere=everywhere)
        if key is not None and value is not None:
            await answer(context, await self._set(context.interaction, step, value), ephemeral=True)
            return
        view = await self._view(context.interaction, step)
        if key is not None:
            _option(view, step)
        said = "To set a value, name its key too." if value is not None else ""
        await answer(context, view.message(said), ephemeral=True)

    async def pressed(self, interaction: Any, args: str) -> None:
        """Answer a component of a form, or its modal."""
        step = read_step(args)
        if step.user != int(interaction.user.id):
            raise UserFacingError("Somebody else has opened this form. Use /plugin settings yourself.")
        if step.op == WRITE:
            view = await self._view(interaction, step)
            title, custom_id, row = view.modal(_option(view, step))
            await interaction.create_modal_response(title, custom_id, components=[row])
            return
        await interaction.create_initial_response(hikari.ResponseType.DEFERRED_MESSAGE_UPDATE)
        said = ""
        if step.op == CHOOSE:
            step = replace(step, key=interaction.values[0])
        try:
            if step.op in (TAKE, TRUE, FALSE, WRITTEN, BACK_TO_DEFAULT):
                said = await self._set(interaction, step, await self._written(interaction, step))
            elif step.op == CHOOSE:
                _option(await self._view(interaction, step), step)
            message = (await self._view(interaction, step)).message(said)
        except RoundhookError as error:
            message = (await self._view(interaction, step)).message(str(error))
        await interaction.edit_initial_response(**message.parts()[0].options(empty=None))

    async def keys(self, context: lightbulb.AutocompleteContext[str]) -> None:
        """Suggest keys of the plugin that is named."""
        found = await self._suggesting(context)
        keys = [one.key for one in found.options if not one.secret] if found else []
        await context.respond(fitting(str(context.focused.value or ""), keys))

    async def values(self, context: lightbulb.AutocompleteContext[str]) -> None:
        """Suggest what there is to choose, and what is in force."""
        found, key = await self._suggesting(context), _typed(context, "key")
        option = next((one for one in found.options if one.key == key), None) if found else None
        if found is None or option is None or option.secret:
            await context.respond([])
            return
        now, _ = found.layers.found(option, found.target(option))
        texts = [option.text(one) for one in ((True, False) if option.type == "bool" else option.choices)]
        texts += [] if now is None else [option.text(now)]
        short = [text for text in dict.fromkeys(texts) if 0 < len(text) <= CHOICE]
        await context.respond(fitting(str(context.focused.value or ""), short))

    async def _set(self, interaction: Any, step: Step, text: str) -> str:
        """Set a value, and return what came of it; what is refused is a ``UserFacingError``."""
        view = await self._view(interaction, step)
        option = next((one for one in view.layers.manifest.options if one.key == step.key), None)
        guild = view.target(option) if option else FOR_ALL if step.everywhere or not view.guild else view.guild
        if not guild and not view.owner:
            problem = "is for all servers of this bot: only the bot's owner may set that."
            raise UserFacingError(f"{code(step.key)} {problem}")
        if option is not None and option.type in PLACES and text.strip() != TAKE_BACK:
            await self._check_place(option, text, guild)
        report = await self._kernel.set_setting(
            step.plugin, step.key, text, guild or None, user=int(interaction.user.id)
        )
        return _told(report, await self._kernel.layers(step.plugin), step.key, guild)

    async def _check_place(self, option: Option, text: str, guild: int) -> None:
        try:
            number = option.parsed(text)
        except ValueError:
            return  # which is refused with what to write
        await check_place(self._rest(), option.type, number, [guild] if guild else list(self._config.guilds))

    async def _view(self, interaction: Any, step: Step) -> View:
        """Return the form as the asker may see it (else ``UserFacingError``)."""
        if not self._gatekeeper.may(interaction, "guild"):
            raise UserFacingError("Only admins may do that.")
        owner = self._gatekeeper.may(interaction, "everybody")
        if step.everywhere and not owner:
            raise UserFacingError("What is for all servers of this bot only the bot's owner may see and set.")
        if step.plugin not in self._kernel.slots:
            raise no_plugin(step.plugin, self._kernel.slots)
        return View(step, await self._kernel.layers(step.plugin), int(interaction.guild_id or 0), owner)

    async def _written(self, interaction: Any, step: Step) -> str:
        """Return what a component or modal says, as it would be written."""
        if step.op == BACK_TO_DEFAULT:
            return TAKE_BACK
        if step.op in (TRUE, FALSE):
            return "true" if step.op == TRUE else "false"
        option = _option(await self._view(interaction, step), step)
        if step.op == WRITTEN:
            nothing = "[]" if option.type in LISTS else "''"
            return interaction.components[0].components[0].value or nothing
        if not option.choices:
            return str(int(interaction.values[0]))
        offered = choices_of(option)
        if [one for one in interaction.values if one not in offered]:
            raise UserFacingError(f"`{option.key}` does not take that any more. Choose again.")
        chosen = [offered[one] for one in interaction.values]
        return option.text(chosen if option.type in LISTS else chosen[0])

    async def _suggesting(self, context: lightbulb.AutocompleteContext[str]) -> View | None:
        everywhere = str(_typed(context, "everywhere")).lower() == "true"
        step = Step(str(_typed(context, "name") or ""), int(context.interaction.user.id), everywhere=everywhere)
        try:
            return await self._view(context.interaction, step)
        except RoundhookError:
            return None  # the command itself says why


def no_plugin(name: str, known: Iterable[str]) -> UserFacingError:
    """Return the refusal of a plugin that is not there."""
    hint = did_you_mean(name, known)
    return UserFacingError(
        f"There is no plugin '{escape_markdown(name)}'. {hint}/plugin list shows those that were found."
    )


def _typed(context: lightbulb.AutocompleteContext[str], name: str) -> object:
    option = context.get_option(name)
    return option.value if option else None


def _option(view: View, step: Step) -> Option:
    for option in view.options:
        if option.key == step.key and not option.secret:
            return option
    keys = [one.key for one in view.options if not one.secret]
    raise UserFacingError(
        f"{view.layers.manifest.name} has no setting {code(step.key)} to set. {did_you_mean(step.key, keys, code)}"
        f"It has: {', '.join(map(code, keys)) or 'none'}."
    )


def _told(report: Report, layers: Layers, key: str, guild: int) -> str:
    """Return what came of a change, as its author reads it."""
    option = next((one for one in layers.manifest.options if one.key == key), None)
    if not report.ok:
        return f"**{report.plugin}**: {code(key)} is as it was: {report_text(report.error)}"
    if option is None:
        return f"**{report.plugin}**: what was set of {code(key)} is taken back."
    value, source = layers.found(option, guild)
    text = "not set" if value is None else code(cut_text(option.text(value), 200))
    where = {"here": "on this server", "everywhere": "for all servers", "file": "by the settings file",
             "default": "by default"}[source]  # fmt: skip
    runs = f" Generation {report.generation} runs with it." if report.generation and not guild else ""
    return " ".join((f"**{report.plugin}**: `{key}` is {text} {where}.{runs}", *map(report_text, report.notes)))
