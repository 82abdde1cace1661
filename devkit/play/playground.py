"""Playground: the calls. A prompt in the terminal stands on them, and whatever else shows the same."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from core.errors import ConfigError
from core.kernel.discovery import discover
from core.kernel.folders import built_in
from core.kernel.report import Report, Status
from core.likeness import did_you_mean
from devkit.discord import Message
from devkit.discord.check_components import BUTTON, SELECTS, walk
from devkit.discord.shapes import Json, Payload
from devkit.game import PlayedRound
from devkit.play.board import Board, Happening
from devkit.play.typed import Names
from devkit.stage import LOCAL, Stage

BETWEEN_SECONDS = 900
"""How far the clock goes on from one round to the next."""
SETTLE_SECONDS = 2.0
"""What takes longer, such as a delivery that waits for its retry, is not waited for."""
QUIET_SECONDS = 0.15
"""Nothing has happened on Discord for so long: what a person did has been answered."""
YOU, VOICE_CHANNEL = "you", "talk"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seat:
    """Who acts, and where; *admin*: with the rights of a guild's administrator."""

    user: int
    channel: int
    admin: bool = False


class Playground:
    """The bot between a Discord and a game server on loopback, with our plugins and those of *paths*, reloaded on save.

    Args:
        paths: folders of plugins, or folders of such folders.
        settings: the tables of ``[plugin.*]`` by plugin.
        heard: told of every message that comes, changes or goes.

    Raises:
        ConfigError: there is no plugin in one of *paths*.
    """

    def __init__(
        self,
        paths: Sequence[Path] = (),
        *,
        settings: Mapping[str, Any] | None = None,
        heard: Callable[[Happening], None] = lambda happening: None,
    ) -> None:
        self.names = _plugins_in(paths)
        """The plugins of *paths*, those too that cannot be used."""
        config = {"plugins": {"watch": True}, "plugin": dict(settings or {})}
        granted = {"members_intent": True, "presence_intent": True}
        names = [*built_in(), *self.names]
        self.stage = Stage(names, folders=paths, config=config, discord=granted, broken=True)
        self.discord = self.stage.discord
        self.board = Board(self.discord)
        self._heard = heard
        self._people = {YOU: 7, "owner": self.discord.owner_id}
        self.discord.add_user(7, YOU)
        self._channels: dict[str, int] = self.discord.guild_channels(1)._asdict()
        self._channels[VOICE_CHANNEL] = self.discord.add_channel(VOICE_CHANNEL, kind=2)
        self._listener: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.stage.__aenter__()
        self._listener = asyncio.get_running_loop().create_task(self._listen())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            self._listener.cancel()
        await self.stage.__aexit__(kind, error, trace)

    # Names

    def person(self, name: str) -> int:
        """Return a person's id by name, with or without ``@``; who was not there is from now on."""
        plain = name.removeprefix("@")
        if not plain:
            raise ValueError("Name somebody, such as @olz.")
        if plain not in self._people:
            self._people[plain] = 100 + len(self._people)
            self.discord.add_user(self._people[plain], plain)
        return self._people[plain]

    def channel(self, name: str) -> int:
        """Return a channel's id by name, with or without ``#``.

        Raises:
            ValueError: there is none.
        """
        if (plain := name.removeprefix("#")) not in self._channels:
            hint = did_you_mean(plain, self._channels, lambda one: f"#{one}")
            raise ValueError(f"There is no channel #{plain}. {hint}There are: #{', #'.join(self._channels)}.")
        return self._channels[plain]

    def name_of(self, number: int) -> str:
        """Return the name of a person or a channel."""
        names = {known: name for name, known in (*self._people.items(), *self._channels.items())}
        return names.get(number, str(number))

    # The bot

    def plugins(self) -> list[Status]:
        """Return how each plugin stands."""
        return self.stage.app.kernel.statuses()

    async def reload(self, name: str) -> Report:
        """Replace a plugin by what its folder holds now."""
        return await self.stage.plugins.reload(name)

    async def advance(self, seconds: float) -> None:
        """Let the time that the bot reads go on."""
        await self.stage.clock.advance(seconds)

    async def settled(self) -> None:
        """Return when the bot has done what follows from what was done, and Discord is quiet."""
        with contextlib.suppress(TimeoutError):
            await self.stage.settled(SETTLE_SECONDS)
        with contextlib.suppress(TimeoutError):
            while True:
                await self._next_change(self.discord.changes, QUIET_SECONDS)

    # Commands and what hangs on their answers

    def commands(self) -> list[Payload]:
        """Return the commands that can be used, as Discord has them."""
        return [*self.discord.commands(), *self.discord.commands(1)]

    async def options(self, words: Sequence[str]) -> tuple[str, list[Payload], Sequence[str]]:
        """Return the command with which *words* begin, its options, and the words that are left.

        Raises:
            LookupError: there is no such command.
        """
        await self.discord.up_to_date()
        for length in range(min(3, len(words)), 1, -1):
            with contextlib.suppress(LookupError):
                name = " ".join(words[:length])
                return name, self.discord.options(name), words[length:]
        return words[0], self.discord.options(words[0]), words[1:]

    async def invoke(self, seat: Seat, name: str, texts: Mapping[str, str]) -> Message:
        """Use a command; *texts* are what is typed into its options."""
        known = {option["name"]: option for option in self.discord.options(name)}
        values = {option: self._value(known, option, text) for option, text in texts.items()}
        return await self.discord.invoke(name, user=seat.user, channel=seat.channel, admin=seat.admin, options=values)

    async def suggestions(self, seat: Seat, name: str, option: str, typed: str) -> list[Payload]:
        """Return what the bot suggests for an option into which *typed* is typed."""
        return await self.discord.autocomplete(
            name, option, typed, user=seat.user, channel=seat.channel, admin=seat.admin
        )

    async def use_menu(self, seat: Seat, name: str, on: str) -> Message:
        """Use a command of the menu of a message (by number) or of a person."""
        target = self.board.find(int(on)) if on.isdecimal() else self.person(on)
        return await self.discord.use_menu(name, target, user=seat.user, admin=seat.admin)

    async def press(self, seat: Seat, label: str, number: int | None = None) -> Message:
        """Press the button of that label; of the newest message that has it, where no number is given."""
        message = self._with_component(number, lambda one: one["type"] == BUTTON and label in _called(one), label)
        return await self.discord.click(message, label, user=seat.user, admin=seat.admin)

    async def choose(self, seat: Seat, chosen: Sequence[str], number: int | None = None) -> Message:
        """Choose in the menu of a message: labels or values, or people and channels where it asks for those."""
        message = self._with_component(number, lambda one: one["type"] in SELECTS, "menu")
        menu = next(one for one in walk(message["components"]) if one["type"] in SELECTS)
        by_label = {option["label"]: option["value"] for option in menu.get("options", ())}
        values = [by_label.get(text, text) if by_label else self._id(text) for text in chosen]
        return await self.discord.click(message, menu["custom_id"], values=values, user=seat.user, admin=seat.admin)

    async def fill(self, seat: Seat, form: Message, texts: Mapping[str, str]) -> Message:
        """Fill in a form and send it."""
        return await self.discord.submit_modal(form, texts, user=seat.user, admin=seat.admin)

    # Without asking the bot

    async def say(self, seat: Seat, text: str) -> Message:
        """Write a message."""
        return await self.discord.post_message(text, user=seat.user, channel=seat.channel)

    async def post(self, fields: Mapping[str, Any], channel: int | None = None) -> Message:
        """Post as a webhook of a channel; as the game server's in the control channel by default."""
        if channel in (None, self.discord.control_channel):
            return await self.discord.post_webhook(LOCAL, **fields)
        name = self.name_of(channel)
        if name not in self.discord.webhooks:
            self.discord.add_webhook(name, channel)
        return await self.discord.post_webhook(name, **fields)

    async def play_round(self, map_name: str = "supply", duration: float | None = None) -> PlayedRound:
        """Play a round on the game server and wait until its file is read, or for 10 s."""
        if before := await self.stage.count("stats_files"):
            await self.advance(BETWEEN_SECONDS)
        played = await self.stage.games[LOCAL].play_round(map_name=map_name, duration=duration)

        async def is_read() -> bool:
            return await self.stage.count("stats_files") > before

        await self.stage.until(is_read)
        return played

    def _value(self, known: Mapping[str, Payload], option: str, text: str) -> Json:
        names = Names(self.person, self.channel)
        return names.value(known[option], text) if option in known else text

    def _id(self, text: str) -> str:
        return str(self.channel(text) if text.startswith("#") else self.person(text))

    def _with_component(self, number: int | None, fits: Callable[[Payload], bool], what: str) -> Message:
        messages = [self.board.find(number)] if number else self.board.messages()
        for message in reversed(messages):
            if any(fits(one) for one in walk(message["components"])):
                return message
        there = f"Message {number} has" if number else "No message has"
        buttons = sorted({name for message in messages for name in _buttons(message)})
        raise LookupError(f"{there} no {what!r}. Buttons: {', '.join(buttons) or 'none'}.")

    async def _listen(self) -> None:
        while True:
            seen = self.discord.changes
            for happening in self.board.look():
                self._tell(happening)
            await self._next_change(seen, None)

    def _tell(self, happening: Happening) -> None:
        try:
            self._heard(happening)
        except Exception:
            log.exception("message %d could not be shown", happening.number)

    async def _next_change(self, seen: int, timeout: float | None) -> None:
        await self.discord.until(lambda: self.discord.changes != seen, timeout)


def _called(component: Payload) -> tuple[Json, ...]:
    return component.get("label"), component.get("custom_id")


def _buttons(message: Message) -> list[str]:
    found = [one for one in walk(message["components"]) if one["type"] == BUTTON]
    return [str(one.get("label") or one.get("custom_id")) for one in found]


def _plugins_in(paths: Sequence[Path]) -> list[str]:
    """Return the names of the plugins in *paths*."""
    names: list[str] = []
    elsewhere = {*(catalogue := discover([])).manifests, *catalogue.errors}
    for path in paths:
        catalogue = discover([str(path.resolve())])
        found = [name for name in (*catalogue.manifests, *catalogue.errors) if name not in elsewhere]
        if not found:
            raise ConfigError(f"{path}: there is no plugin. Name a plugin's folder, or one that holds such folders.")
        names += [name for name in found if name not in names]
    return names
