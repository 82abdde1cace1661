"""What a settings form shows: all settings, a menu of them, and one row that changes the chosen one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import hikari

from core.discord.messages import Embed, Message
from core.discord.settings_step import (
    BACK_TO_DEFAULT,
    CHOOSE,
    FALSE,
    OVERVIEW,
    TAKE,
    TRUE,
    WRITE,
    WRITTEN,
    Step,
)
from core.kernel.layers import Layers
from core.kernel.option_types import FORMS, LISTS
from core.kernel.options import Option, plain
from core.kernel.setting_rows import FOR_ALL
from core.secret import is_secretive
from core.shown import code, cut_text, escape_markdown, one_line, report_text

PER_PAGE = 25
"""Settings on a page: as many as a menu holds."""
VALUE, MEANING, ASIDES, SAID, LONGEST = 60, 60, 3, 1900, 5500
TITLE, PLACEHOLDER, INPUT, CHOICE = 45, 100, 4000, 100
"""The most characters that Discord takes of a modal's title and label, a placeholder, an input, a menu's value."""
FIELD = "value"
_GREY: Final = hikari.ButtonStyle.SECONDARY
_BLUE: Final = hikari.ButtonStyle.PRIMARY
_USERS = hikari.ComponentType.USER_SELECT_MENU
_SOURCES = {"here": "set here", "everywhere": "set for all servers", "file": "from the settings file",
            "default": "default"}  # fmt: skip
_MENTIONS = {"channel": "<#{}>", "role": "<@&{}>", "user": "<@{}>"}


@dataclass(frozen=True, slots=True)
class View:
    """A form at one moment. What is not the asker's to see is not in it."""

    step: Step
    layers: Layers
    guild: int
    """Where it is shown; 0: in direct messages."""
    owner: bool
    """Whether the asker may set what is for all."""

    @property
    def options(self) -> list[Option]:
        """The settings that the asker may see."""
        return [one for one in self.layers.manifest.options if self.owner or one.per_guild]

    def target(self, option: Option) -> int:
        """Return whose value of a setting is shown and set: the guild's, or 0."""
        return self.guild if option.per_guild and not self.step.everywhere else FOR_ALL

    def message(self, said: str = "") -> Message:
        """Return the form, below what there is to say."""
        page = self.options[max(self.step.page, 0) * PER_PAGE :][:PER_PAGE]
        lines = [*map(self.line, page), *self._asides()]
        if hidden := len(self.layers.manifest.options) - len(self.options):
            lines.append(f"{hidden} more are for all servers of this bot: its owner sees and sets them.")
        where = "for all servers" if self.step.everywhere or not self.guild else "on this server"
        text = cut_text("\n".join(lines) or "It has no settings.", LONGEST)
        embed = Embed(title=f"{self.layers.manifest.name}: settings {where}", description=text)
        return Message(content=cut_text(said, SAID), embeds=(embed,), components=tuple(self._rows(page)))

    def line(self, option: Option) -> str:
        """Return one setting as it is in force, with where that comes from."""
        value, source = self.layers.found(option, self.target(option))
        shown = self._shown(option, value, hidden=source != "here")
        file = self.layers.table.get(option.key)
        before = file is not None and source in ("here", "everywhere")
        told = f", before {self._shown(option, file)} of the file" if before else ""
        meaning = f"\n-# {cut_text(escape_markdown(option.meaning), MEANING)}" if option.meaning else ""
        return f"**`{option.key}`** {shown} · {_SOURCES[source]}{told}{meaning}"

    def modal(self, option: Option) -> tuple[str, str, Any]:
        """Return title, custom id and row of the modal that a value is written in."""
        value, _ = self.layers.found(option, self.target(option))
        text = "" if value is None else option.text(value)
        long = option.type in LISTS or len(text) > VALUE
        row = hikari.impl.ModalActionRowBuilder()
        row.add_text_input(
            FIELD, cut_text(f"{option.key} ({option.unit})" if option.unit else option.key, TITLE),
            style=hikari.TextInputStyle.PARAGRAPH if long else hikari.TextInputStyle.SHORT,
            placeholder=cut_text(_form(option), PLACEHOLDER),
            value=text if 0 < len(text) <= INPUT else hikari.UNDEFINED,
            required=option.type != "str" and option.type not in LISTS, max_length=INPUT,
        )  # fmt: skip
        return cut_text(f"{self.layers.manifest.name}: {option.key}", TITLE), self.step.id(WRITTEN), row

    def _shown(self, option: Option, value: Any, *, hidden: bool = True) -> str:
        if value is None:
            return "*not set*"
        if option.secret:
            return "*set, not shown*"
        if hidden and not self.owner and is_secretive(option.key):
            return "*not shown*"
        if option.type in _MENTIONS and value:
            return _MENTIONS[option.type].format(value)
        return f"{code(cut_text(one_line(option.text(value)), VALUE))} {escape_markdown(option.unit)}".strip()

    def _asides(self) -> Iterator[str]:
        seen = [one for one in self.layers.asides() if one.guild == self.guild or (self.owner and not one.guild)]
        for one in seen[:ASIDES]:
            yield f"\N{WARNING SIGN} {cut_text(report_text(f'{one.why} {one.remedy}'), 300)}"

    def _rows(self, page: Sequence[Option]) -> Iterator[Any]:
        if settable := [one for one in page if not one.secret]:
            yield self._menu(settable)
        if chosen := next((one for one in settable if one.key == self.step.key), None):
            yield self._editor(chosen)
            row = hikari.impl.MessageActionRowBuilder()
            is_set = chosen.key in self.layers.rows.get(self.target(chosen), {})
            to_default = self.step.id(BACK_TO_DEFAULT)
            row.add_interactive_button(_GREY, to_default, label="Back to default", is_disabled=not is_set)
            row.add_interactive_button(_GREY, self.step.id(OVERVIEW, key=""), label="Back")
            yield row
        yield from self._turns()

    def _menu(self, options: Sequence[Option]) -> Any:
        row = hikari.impl.MessageActionRowBuilder()
        menu = row.add_text_menu(self.step.id(CHOOSE, key=""), placeholder="Change …", min_values=1)
        for one in options:
            menu.add_option(one.key, one.key, is_default=one.key == self.step.key,
                            description=cut_text(one_line(one.meaning), 100) or hikari.UNDEFINED)  # fmt: skip
        return row

    def _editor(self, option: Option) -> Any:
        """Return what changes a setting: buttons, a menu, Discord's own picker, or a button to a modal."""
        row, take = hikari.impl.MessageActionRowBuilder(), self.step.id(TAKE)
        hint, choices = cut_text(f"{option.key}: choose", PLACEHOLDER), choices_of(option)
        now, _ = self.layers.found(option, self.target(option))
        if option.type == "bool":
            for op, value, label in ((TRUE, True, "On"), (FALSE, False, "Off")):
                row.add_interactive_button(_BLUE if now is value else _GREY, self.step.id(op), label=label)
        elif choices:
            several, least = (len(choices), 0) if option.type in LISTS else (1, 1)
            menu = row.add_text_menu(take, placeholder=hint, min_values=least, max_values=several)
            for text, choice in choices.items():
                chosen = choice in now if isinstance(now, list) else choice == now
                menu.add_option(text, text, is_default=chosen)
        elif option.type == "channel":
            row.add_channel_menu(take, placeholder=hint, min_values=1)
        elif option.type in _MENTIONS:
            kind = hikari.ComponentType.ROLE_SELECT_MENU if option.type == "role" else _USERS
            row.add_select_menu(kind, take, placeholder=hint, min_values=1)
        else:
            row.add_interactive_button(_BLUE, self.step.id(WRITE), label="Write …")
        return row

    def _turns(self) -> Iterator[Any]:
        """Give the row that turns pages, and between this server and all."""
        row, last = hikari.impl.MessageActionRowBuilder(), (len(self.options) - 1) // PER_PAGE
        for label, page in (("◀", self.step.page - 1), ("▶", self.step.page + 1)):
            if last > 0:
                custom_id = self.step.id(OVERVIEW, key="", page=page)
                row.add_interactive_button(_GREY, custom_id, label=label, is_disabled=not 0 <= page <= last)
        if self.owner and self.guild and any(one.per_guild for one in self.options):
            label = "For this server" if self.step.everywhere else "For all servers"
            other = self.step.id(OVERVIEW, key="", everywhere=not self.step.everywhere)
            row.add_interactive_button(_GREY, other, label=label)
        if row.components:
            yield row


def choices_of(option: Option) -> dict[str, Any]:
    """Return the choices of a menu by what it shows; none where a menu does not hold them."""
    choices = {option.text(one) or "''": one for one in option.choices}
    fits = len(choices) <= PER_PAGE and all(len(text) <= CHOICE for text in choices)
    return choices if fits else {}


def _form(option: Option) -> str:
    """Return what to write, with the bounds."""
    bounds = (("from", option.min), ("to", option.max))
    return " ".join((FORMS[option.type], *(f"{word} {plain(one)}" for word, one in bounds if one is not None)))
