"""The prompt of ``roundhook dev``: a typed line becomes a call of the playground, and its outcome lines of text."""

import asyncio
import contextlib
import json
import logging
import shlex
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import RoundhookError
from core.likeness import did_you_mean
from core.shown import LineFormatter
from devkit.discord import Message, RefusedError
from devkit.play import looks
from devkit.play.lines import Lines
from devkit.play.playground import VOICE_CHANNEL, YOU, Playground, Seat
from devkit.play.typed import options_by_name

HELP = """\
/mvp days=7         use a command; options by name or in order; "in quotes"
/mvp player=ol?     what is suggested for what was typed so far
menu Whois @olz     a command of somebody's menu; of a message's: menu Quote 3
press Show it all   press a button of the newest message; of another: press 3 …
choose One Two      choose in the newest menu; in another: choose 3 One
fill what=hello     fill in the form that has opened, and send it
say gg              write a message; edit 3 gg wp; delete 3; type
react 3 👍          react to a message; unreact 3 👍
voice talk          talk in #talk; voice off: no more
join olz            somebody becomes a member; leave olz: goes
post STATS_READY    post as the game server's webhook in #control;
                    elsewhere, or more than text: post #stats {"embeds": …}
round supply 512    play a round of 512 s; the same map again is its second
wait 90             let the bot's clock go on by 90 s
as admin            be an admin; as member; as owner; as olz
                    for one line alone: as admin /status
in #admin           go to another channel
show 3              read a message again; show #stats: a channel
save 3 DIR          save the files of a message
commands, plugins, reload NAME, help, quit
What is said has its number before it. A saved file reloads its plugin."""
_MISTAKES = (LookupError, ValueError, TimeoutError, RefusedError, RoundhookError, OSError)
"""What is answered in words: something was typed that does not go."""
log = logging.getLogger(__name__)

Action = Callable[[str], Awaitable[None]]


class Prompt:
    """Who sits at it, where, and what a line means."""

    def __init__(self, play: Playground, tell: Callable[[str], None]) -> None:
        self._play = play
        self._tell = tell
        self._seat = Seat(play.person(YOU), play.channel("stats"))
        self._form: Message | None = None
        names = ("press", "choose", "fill", "say", "edit", "delete", "react", "unreact", "type", "voice", "join",
                 "leave", "post", "round", "wait", "as", "in", "show", "save", "menu", "commands", "plugins", "reload",
                 "help")  # fmt: skip
        self._actions: dict[str, Action] = {name: getattr(self, f"_{name}") for name in names}

    async def obey(self, line: str) -> None:
        """Do what a line says; what does not go is answered in words."""
        try:
            await self._do(line.strip())
            await self._play.settled()
        except KeyError:
            log.exception("That is a mistake in roundhook. Please report it, with these lines")
        except _MISTAKES as error:
            self._tell(str(error) or type(error).__name__)

    async def _do(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if line.startswith("/"):
            await self._command(line[1:])
        elif word in self._actions:
            await self._actions[word](rest.strip())
        elif word:
            hint = did_you_mean(word, self._actions)
            raise LookupError(f"There is no {word!r}. {hint}Type help, or / and a command of the bot.")

    # Commands and what hangs on their answers

    async def _command(self, line: str) -> None:
        if not (words := _words(line)):
            raise LookupError("Name a command after the /. They are listed by: commands.")
        name, options, left = await self._play.options(words)
        texts = options_by_name(options, left)
        asked = next((option for option, text in texts.items() if text.endswith("?")), None)
        if asked and any(one["name"] == asked and one.get("autocomplete") for one in options):
            found = await self._play.suggestions(self._seat, name, asked, texts[asked][:-1])
            self._tell("\n".join(f"{one['name']}: {asked}={one['value']}" for one in found) or "nothing is suggested")
        else:
            self._answered(await self._play.invoke(self._seat, name, texts))

    async def _menu(self, rest: str) -> None:
        *name, on = _words(rest) or [""]
        if not name:
            raise ValueError("Name the command, and whom or which message: menu Whois @olz, menu Quote 3.")
        self._answered(await self._play.use_menu(self._seat, " ".join(name), on))

    async def _press(self, rest: str) -> None:
        number, label = _numbered(rest)
        self._answered(await self._play.press(self._seat, label, number))

    async def _choose(self, rest: str) -> None:
        number, chosen = _numbered(rest)
        self._answered(await self._play.choose(self._seat, _words(chosen), number))

    async def _fill(self, rest: str) -> None:
        if self._form is None:
            raise LookupError("No form is open. One opens when a command or a button answers with it.")
        form, fields = self._form, looks.fields(self._form)
        reply = await self._play.fill(self._seat, form, options_by_name(fields, _words(rest)))
        self._form = None
        self._answered(reply)

    def _answered(self, reply: Message) -> None:
        """A form is shown; every other answer is heard like all that is said."""
        if "modal" in reply:
            self._form = reply
            self._tell(looks.form(reply))

    # Without asking the bot

    async def _say(self, text: str) -> None:
        await self._play.say(self._seat, text)

    async def _edit(self, rest: str) -> None:
        message, text = self._message(rest)
        await self._play.discord.edit_message(message, text)

    async def _delete(self, rest: str) -> None:
        await self._play.discord.delete_message(self._message(rest)[0])

    async def _react(self, rest: str) -> None:
        message, emoji = self._message(rest)
        await self._play.discord.react(message, emoji, user=self._seat.user)

    async def _unreact(self, rest: str) -> None:
        message, emoji = self._message(rest)
        await self._play.discord.unreact(message, emoji, user=self._seat.user)

    async def _type(self, _: str) -> None:
        await self._play.discord.type_in(self._seat.channel, user=self._seat.user)

    async def _voice(self, where: str) -> None:
        if where not in ("", VOICE_CHANNEL, "off"):
            raise ValueError(f"The voice channel is #{VOICE_CHANNEL}: voice {VOICE_CHANNEL}, or voice off.")
        if where == "off":
            await self._play.discord.leave_voice(user=self._seat.user)
        else:
            await self._play.discord.join_voice(self._play.channel(VOICE_CHANNEL), user=self._seat.user)

    async def _join(self, name: str) -> None:
        await self._play.discord.member_joins(self._play.person(name))

    async def _leave(self, name: str) -> None:
        await self._play.discord.member_leaves(self._play.person(name))

    async def _post(self, rest: str) -> None:
        word, _, after = rest.partition(" ")
        channel, text = (self._play.channel(word), after) if word.startswith("#") else (None, rest)
        fields = _fields(text)
        if strange := set(fields) - {"content", "embeds", "username", "components"}:
            raise LookupError(f"A post has no {', '.join(strange)}. It has: content, embeds, username, components.")
        await self._play.post(fields, channel)

    async def _round(self, rest: str) -> None:
        name, _, seconds = rest.partition(" ")
        played = await self._play.play_round(name or "supply", _seconds(seconds) if seconds else None)
        self._tell(f"round {played.round_number} of {played.map_name} was played: {played.filename}")

    async def _wait(self, seconds: str) -> None:
        await self._play.advance(_seconds(seconds))

    # The seat, and looking

    async def _as(self, rest: str) -> None:
        who, _, line = rest.partition(" ")
        before, self._seat = self._seat, self._seat_of(who)
        if not line:
            rights = "an admin" if self._seat.admin else "a member"
            self._tell(f"you act as {self._play.name_of(self._seat.user)}, {rights}")
            return
        try:
            await self._do(line.strip())
        finally:
            self._seat = before

    def _seat_of(self, who: str) -> Seat:
        if who in ("admin", "member"):
            return replace(self._seat, admin=who == "admin")
        return replace(self._seat, user=self._play.person(who), admin=who == "owner")

    async def _in(self, name: str) -> None:
        self._seat = replace(self._seat, channel=self._play.channel(name))

    async def _show(self, rest: str) -> None:
        if rest.isdecimal():
            messages = [self._play.board.find(int(rest))]
        else:
            messages = self._play.board.messages(self._play.channel(rest) if rest else self._seat.channel)
        self._tell("\n".join(looks.shown(self._play, one) for one in messages) or "nothing was said there")

    async def _save(self, rest: str) -> None:
        message, folder = self._message(rest)
        if not message.files:
            raise LookupError("That message has no file.")
        for name, data in message.files.items():
            path = Path(folder, Path(name).name)
            await asyncio.to_thread(path.write_bytes, data)
            self._tell(f"saved {path}")

    async def _commands(self, _: str) -> None:
        await self._play.discord.up_to_date()
        self._tell("\n".join(sorted(line for one in self._play.commands() for line in looks.usage(one))))

    async def _plugins(self, _: str) -> None:
        self._tell(
            "\n".join(f"{one.name} {one.version}: {one.state} {one.error}".strip() for one in self._play.plugins())
        )

    async def _reload(self, name: str) -> None:
        report = await self._play.reload(name)
        self._tell(f"{name}: generation {report.generation} runs" if report.ok else report.error)

    async def _help(self, _: str) -> None:
        self._tell(HELP)

    def _message(self, rest: str) -> tuple[Message, str]:
        number, text = _numbered(rest)
        if number is None:
            raise ValueError("Begin with the message's number, such as 3. Numbers stand in brackets.")
        return self._play.board.find(number), text


class Log(logging.Handler):
    """Shows what plugins log, and what happens to them."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._say = tell
        self.setFormatter(LineFormatter("%(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self._say(self.format(record))


async def run(paths: Sequence[Path], settings: dict[str, Any], stopped: asyncio.Event) -> None:
    """Keep the playground up until the lines end, ``quit`` is typed, or *stopped* is set."""
    play = Playground(paths, settings=settings, heard=lambda what: lines.tell(looks.happening(play, what)))
    with Lines() as lines, _logged(lines.tell):
        lines.tell("A Discord and a game server on loopback; the bot between them is the real one.")
        async with play:
            lines.tell(_welcome(play))
            await _first(stopped.wait(), _obey_all(Prompt(play, lines.tell), lines))


async def _obey_all(prompt: Prompt, lines: Lines) -> None:
    while (line := await lines.next()) is not None and line.strip() not in ("quit", "exit"):
        await prompt.obey(line)


async def _first(*both: Awaitable[Any]) -> None:
    """Return when one of *both* has ended; the other is given up."""
    tasks = [asyncio.ensure_future(one) for one in both]
    done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    for task in done:
        task.result()


@contextlib.contextmanager
def _logged(tell: Callable[[str], None]) -> Iterator[None]:
    """Show the log where everything else is shown."""
    handler, root, watch = Log(tell), logging.getLogger(), logging.getLogger("core.kernel.watch")
    before, root.handlers = root.handlers, [handler]
    watch.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.handlers = before


def _welcome(play: Playground) -> str:
    mine = {one.name: one.state for one in play.plugins() if one.name in play.names}
    running = [name for name, state in mine.items() if state == "running"]
    failed = [name for name in mine if name not in running]
    words = [f"Running: {', '.join(running)}, beside ours." if running else "Running: our own plugins."]
    words += [f"Not running: {', '.join(failed)}. Mend it and type: reload {failed[0]}"] if failed else []
    return "\n".join([*words, "You are a member, in #stats. Type help, or quit."])


def _numbered(rest: str) -> tuple[int | None, str]:
    """Return the number with which *rest* begins, None without, and what follows."""
    word, _, after = rest.partition(" ")
    return (int(word), after.strip()) if word.isdecimal() else (None, rest)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise ValueError("A quotation mark has no other half. Write one before and after what has a blank.") from None


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number of seconds. Write one, such as 90.") from None


def _fields(text: str) -> dict[str, Any]:
    """Return what is to be posted: an object of JSON, or a text."""
    if not text.startswith("{"):
        return {"content": text}
    try:
        return dict(json.loads(text))
    except ValueError as error:
        raise ValueError(f"That is no JSON: {error}. Correct it, or post a text that begins otherwise.") from None
