"""The one place that writes to the terminal: it obeys nothing that stands in a text."""

import io
import os
import sys

from core.shown import json_text, terminal_text, without_tokens


def make_usable() -> None:
    """Give each stream that is closed nothing to read or a place where all is lost, and each letter a form that goes.

    A terminal that knows few letters (``LANG=de_DE``) is shown the others as they are written in code.
    """
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115
        elif name == "stdout" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str = "", *, flush: bool = False) -> None:
    """Print one line, or several, on stdout."""
    print(terminal_text(text), flush=flush)


def say_json(document: str) -> None:
    """Print a JSON document on stdout; what is hidden in its strings is written as JSON writes it, and not lost."""
    print(json_text(document))


def say_above(text: str, prompt: str) -> None:
    """Print above the line that is being typed behind *prompt*, and show that again."""
    typed = sys.modules["readline"].get_line_buffer() if "readline" in sys.modules else ""
    print(f"\r\x1b[K{terminal_text(text)}\n{prompt}{terminal_text(typed)}", end="", flush=True)


def complain(text: str) -> None:
    """Print one line, or several, on stderr, without secrets."""
    print(terminal_text(without_tokens(text)), file=sys.stderr)


def ask(question: str) -> str:
    """Return the answer to a question; ``EOFError`` where nobody can answer."""
    return input(terminal_text(question))


def say_yes(question: str) -> bool:
    """Ask for a yes, on stderr; without an answer (no terminal) it is a no."""
    print(terminal_text(f"{question} [y/N] "), end="", file=sys.stderr, flush=True)
    try:
        return ask("").strip().lower() in ("y", "yes")
    except EOFError:
        complain("")
        return False


def draw(bar: str) -> None:
    """Draw a bar of ours on stderr in place of the one before; "" ends its line."""
    print(f"\r{bar}" if bar else "\n", end="", file=sys.stderr, flush=True)
