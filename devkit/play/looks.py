"""How a message reads in a terminal."""

from collections.abc import Iterator

from devkit.discord import Message
from devkit.discord.check_components import BUTTON, INPUT, LINK, SELECTS, walk
from devkit.discord.shapes import Payload
from devkit.play.board import Happening
from devkit.play.playground import Playground

_INDENT = "      "
MOST_LINES = 12
"""Of a message as it comes; all of it is shown when it is asked for."""


def happening(play: Playground, what: Happening) -> str:
    """Return what has happened, as lines."""
    if what.kind == "gone":
        return f"[{what.number}] is gone"
    lines = shown(play, what.message, "" if what.kind == "new" else " now reads").splitlines()
    more = [f"{_INDENT}… {len(lines) - MOST_LINES} more lines: show {what.number}"] if len(lines) > MOST_LINES else []
    return "\n".join([*lines[:MOST_LINES], *more])


def shown(play: Playground, message: Message, verb: str = "") -> str:
    """Return a message with its number, its place and everything that can be seen of it."""
    first, *more = [*message.text.splitlines(), *_parts(message)] or ["(nothing)"]
    place = play.name_of(int(message["channel_id"]))
    where = f"#{place}" if not place.isdecimal() else "by direct message"
    whom = _for_whom(play, message)
    head = f"[{play.board.number(message)}] {where} {message['author']['username']}{whom}{verb}: "
    return "\n".join([head + first, *(_INDENT + line for line in more)])


def form(message: Message) -> str:
    """Return a form that has opened."""
    lines = [f"{_INDENT}{entry['name']}: {entry['label']}{_bounds(entry)}" for entry in fields(message)]
    example = " ".join(f"{entry['name']}=…" for entry in fields(message))
    return "\n".join([f"a form opens: {message['modal']['title']}", *lines, f"{_INDENT}fill {example}"])


def fields(message: Message) -> list[Payload]:
    """Return what can be filled in of a form, each by its name."""
    inputs = (entry for entry in walk(message["modal"]["components"]) if entry["type"] == INPUT)
    return [entry | {"name": entry["custom_id"]} for entry in inputs]


def usage(command: Payload, before: str = "/") -> Iterator[str]:
    """Give a line for a command, or for each of its sub-commands, with its options."""
    name, options = f"{before}{command['name']}", command.get("options", ())
    if command.get("type") in (2, 3) and before == "/":
        yield f"menu {command['name']} {'@somebody' if command['type'] == 2 else 'NUMBER'}"
    elif options and options[0]["type"] in (1, 2):
        for inner in options:
            yield from usage(inner, f"{name} ")
    else:
        words = (f"{one['name']}=…" if one.get("required") else f"[{one['name']}=…]" for one in options)
        yield " ".join([name, *words])


def _for_whom(play: Playground, message: Message) -> str:
    about = message.get("interaction_metadata")
    return f" to {play.name_of(int(about['user']['id']))} alone" if message.ephemeral and about else ""


def _parts(message: Message) -> Iterator[str]:
    """Give a line for files, menus, buttons and reactions each."""
    for name, data in message.files.items():
        yield f"(file {name}, {len(data):,} bytes)"
    components = list(walk(message["components"]))
    for menu in (one for one in components if one["type"] in SELECTS):
        offered = " | ".join(option["label"] for option in menu.get("options", ())) or "people, roles or channels"
        yield f"{{ {offered} }}"
    buttons = [_button(one) for one in components if one["type"] == BUTTON]
    if buttons:
        yield " ".join(buttons)
    if reactions := message.get("reactions"):
        yield "  ".join(f"{one['emoji']['name']} {one['count']}" for one in reactions)


def _button(button: Payload) -> str:
    label = button.get("label") or (button.get("emoji") or {}).get("name") or button.get("custom_id", "")
    if button["style"] == LINK:
        return f"[{label} → {button['url']}]"
    return f"({label}: off)" if button.get("disabled") else f"[{label}]"


def _bounds(entry: Payload) -> str:
    least, most = entry.get("min_length"), entry.get("max_length")
    words = [] if entry.get("required", True) else ["may be empty"]
    words += [f"{least or 0} to {most or 4000} characters"] if least or most else []
    return f" ({', '.join(words)})" if words else ""
