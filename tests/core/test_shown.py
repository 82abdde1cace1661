"""What is shown is only shown: hostile text through each way out, and nothing that goes around the doors."""

import ast
import json
import logging
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cli import screen, setup
from core.config import Config
from core.discord.messages import Embed, Field, File, Message, escape_markdown, split_text
from core.discord.reports import message_of
from core.discord.wire import dumps
from core.kernel.logbook import Logbook
from core.pictures.canvas import Canvas
from core.pictures.colors import WHITE
from core.pictures.fonts import BOLD, drawable, fit_size, text_width
from core.rounds.names import clean_name, color_runs
from core.shown import (
    MOST_MARKS,
    LineFormatter,
    code,
    code_block,
    file_name,
    label,
    log_text,
    message_text,
    one_line,
    report_text,
)
from roundhook.cli import Terminal
from tests.test_contract import ROOT, name_of, parsed, sources

HOSTILE = {
    "colours": "\x1b[31mred\x1b[0m", "the title": "\x1b]0;owned\x07", "C1": "\x9b2J\x85\x90", "back": "name\rother\b\b",
    "bidi": "\u202eexe.txt\u202c \u2066\u2067\u2068\u2069 \u202a\u202b\u202d \u200e\u200f\u061c", "nul": "a\0b\x7f",
    "unseen": "a\u200b\u200c\u200d\u2060\ufeff\xadb", "tags": "x" + "".join(chr(0xE0000 + one) for one in b"hidden"),
    "lines": "a\n2026-01-01 00:00:00 INFO forged\r\nb\x0bc\x0cd\u2028e\u2029f\x1cg", "surrogates": "\ud800x\udfff",
    "marks": "a" + "\u0301" * 10_000, "masked link": "[x](http://evil.example)", "spaced": "[x]\u2060(http://evil.example)",
    "pings": "@everyone @here <@1> <@&2> <#3>", "forms": "<t:1:R> <:a:1> <a:b:2> </c:3> <id:guide> <https://evil>",
    "blocks": "# big", "small": "-# small", "quote": ">>> quoted", "list": "12. list", "fence": "```\ncode\n```",
    "split fence": "`\u2060`` \x1b`` `", "marked": "**b** __u__ ~~s~~ ||h|| `c` _i_ :smile:",
    "invitation": "discord.gg/abc", "backslash": "\\[x](http://evil.example)\\", "nothing": "\u200b", "empty": "",
}  # fmt: skip
"""What others may write, by what it would do."""
PREFIXES = {*map(chr, range(0x600, 0x606)), *"\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"}
"""Unicode counts them among its format characters, but they are seen."""

texts = st.sampled_from(sorted(HOSTILE.values())) | st.text(max_size=40) | st.lists(
    st.sampled_from([*"\x1b\x9b\u202e\u2028\ud800\u0301\u200b\n\r\t\\`*_~|[](<@:>#-. a1", "](http://e)", "@everyone"]),
    max_size=40,
).map("".join)  # fmt: skip


def dangerous(text: str, *, lines: bool = False, joiners: bool = False) -> list[str]:
    """Return what of *text* would be obeyed or is not seen; with *lines* it may have several, as its writer wants."""
    kept = {"\n", "\t"} if lines else set()
    kept |= {"\u200b", "\u200c", "\u200d"} if joiners else set()  # Discord's own, and emoji's
    bad = [one for one in text if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp") and one not in kept]
    return [one for one in bad if one not in PREFIXES] + re.findall(f"[\u0300-\u036f]{{{MOST_MARKS + 1},}}", text)


def acting(text: str) -> list[str]:
    """Return what of *text* Discord would act on: specials that stand behind no backslash, and beginnings of lines."""
    bare = re.sub(r"\\[^0-9A-Za-z\s]", "§", text)
    return re.findall(r"[\\*_~`|>#\[\]()<@:]|^\s*(?:[-+]|\d+\.)\s|discord\.gg/|\n", bare)


# The functions, one for each way out


@given(texts)
@settings(max_examples=300, deadline=None)
def test_each_way_out_shows_only(text: str) -> None:
    """No control, no direction, no invisible character, no pile of marks leaves by any of them."""
    assert not dangerous(one_line(text))
    assert not dangerous(log_text(text).replace("\t", ""))
    assert not dangerous(label(text))
    assert not dangerous(file_name(text))
    assert not dangerous(clean_name(text))
    assert not dangerous(drawable(text, BOLD))
    assert not dangerous(message_text(text), lines=True, joiners=True)
    assert not dangerous(report_text(text), lines=True, joiners=True)
    assert not dangerous(code(text))
    assert 0 < len(label(text)) <= 100
    assert 0 < len(file_name(text)) <= 100
    assert not {"/", "\\"} & set(file_name(text))


@given(texts)
@settings(max_examples=300, deadline=None)
def test_escaped_text_acts_nowhere(text: str) -> None:
    """Alone, behind other text, and cut in two where a message ends, it is shown letter by letter."""
    escaped = escape_markdown(text)

    assert not acting(escaped)
    assert escaped.replace("@\u200b", "@").replace("\\", "") == one_line(text).replace("\\", "")
    for limit in (2, 3, 7):
        assert not any(acting(f"x{piece}") for piece in split_text(escaped, limit))


@given(texts)
@settings(max_examples=300, deadline=None)
def test_foreign_text_stays_in_its_code(text: str) -> None:
    """Neither backticks nor what is left out between them end it."""
    assert code(text).count("`") == 2
    assert "`" in code(text)[0] + code(text)[-1]
    assert code_block(text, "diff").count("```") == 2


@given(texts)
@settings(max_examples=300, deadline=None)
def test_a_report_holds_no_masked_link_and_no_mention(text: str) -> None:
    """Outside of code, whatever stands in it; and it is the same when it is shown again by the message's door."""
    report = report_text(text)
    plain = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)|\\[^0-9A-Za-z\s]", "§", report, flags=re.DOTALL)

    assert not re.search(r"\]\(|<[@:/a-z](?!:\d+(?::\w)?>)|@everyone|@here|^#|^>|^-#", plain, re.MULTILINE)
    assert message_text(report) == report


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Run `roundhook lua deploy --server te_x`.", "Run `roundhook lua deploy --server te_x`."),
        ("The service answers 401: see https://example.org/a_b (now).", None),
        ("<#12> since <t:1:T>, et@host:22 in /home/et/[x]", None),
        ("a_b __init__.py 'caf\\udce9'", "a_b \\_\\_init\\_\\_.py 'caf\\udce9'"),
        ("**x** [y](http://z)", "\\*\\*x\\*\\* [y]\\(http://z)"),
        ("<@1> @everyone", "\\<@1> @\u200beveryone"),
        ("one\n# two", "one\n\\# two"),
        ("add:\n```toml\n[guilds.1]\n# x\n```", None),
    ],
)
def test_a_report_reads_as_it_was_written(text: str, shown: str | None) -> None:
    """Code, channels, times and addresses work; what would act is escaped, and nothing else is touched."""
    assert report_text(text) == (text if shown is None else shown)


@given(texts)
def test_a_name_is_the_same_with_and_without_colours(text: str) -> None:
    assert "".join(part for _, part in color_runs(text)).strip() == clean_name(text)


def test_flags_and_families_stay_whole_in_a_message() -> None:
    """Characters that join others are needed there; alone they are left out."""
    flag = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"

    assert message_text(f"👩\u200d💻 {flag} ❤\ufe0f") == f"👩\u200d💻 {flag} ❤\ufe0f"
    assert message_text(HOSTILE["tags"]) == "x"


# Terminal, log


def said_by(terminal: Terminal, text: str) -> None:
    terminal.print(text)
    terminal.print_table(("name", text), [(text, 1), ("plain", None)])
    screen.complain(text)
    setup.print_table(("name",), [[text]])


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
async def test_the_terminal_obeys_nothing(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines, cells, complaints; a cell is one line, and JSON is the document that it was."""
    async with Terminal(Config(), settings=None) as terminal:  # type: ignore[arg-type]
        said_by(terminal, text)
        out, err = capsys.readouterr()
        terminal.print_json({"name": text})
        document = capsys.readouterr().out

    assert not dangerous(out + err, lines=True)
    assert out.count("\n") == text.replace("\r\n", "\n").count("\n") + 1 + 3 + 2
    assert not [one for one in dangerous(document, lines=True) if len(one) == 1]
    assert json.loads(document) == {"name": text}


def test_what_a_command_dies_of_obeys_nothing_either(tmp_path: Path) -> None:
    """A refused setting, a manifest's help and a mistake in the code, in a process of its own."""
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "plugin.py").write_text("", "utf-8")
    (folder / "cli.py").write_text(
        "def add(parser): ...\nasync def odd(terminal, arguments): raise ValueError('\\x1b[2J\\n2026 forged')\n",
        "utf-8",
    )
    (folder / "manifest.toml").write_text(
        '[plugin]\nname = "odd"\nversion = "1"\napi = 1\n[cli]\n"odd" = "100% \\u001b[2J odd"\n', "utf-8"
    )
    config = tmp_path / "roundhook.toml"
    config.write_text(f'[plugins]\npaths = ["{tmp_path}"]\n', "utf-8")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('"\\u001b[2J" = 1\n', "utf-8")

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "roundhook", *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    said = [run("--help"), run("odd", "--config", str(config)), run("db", "status", "--config", str(wrong))]

    assert not any(dangerous(text, lines=True) for text in said)
    assert "\\x1b[2J" in said[2]
    assert not re.search(r"^2026 x", said[1], re.MULTILINE)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_record_is_one_line(text: str) -> None:
    """In the log and in a plugin's last lines; a traceback below it is indented, whatever another handler has made."""
    try:
        raise ValueError(text)
    except ValueError:
        record = logging.LogRecord("roundhook.x", logging.ERROR, __file__, 1, "%s", (text,), sys.exc_info())
    plain = logging.Formatter().format(record)
    line, *trace = LineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s").format(record).split("\n")
    book = Logbook()
    book.emit(record)

    assert plain
    assert not dangerous(line.replace("\t", ""))
    assert line.split(" ERROR ")[1].startswith("roundhook.x: ")
    assert trace
    assert all(one.startswith("  ") and not dangerous(one.replace("\t", "")) for one in trace)
    assert not dangerous("".join(book.last("x", 1)), lines=True)


# Discord, pictures


def strings_in(value: Any) -> list[str]:
    """Return all texts of a JSON document."""
    if isinstance(value, dict):
        return [text for one in value.values() for text in strings_in(one)]
    if isinstance(value, list):
        return [text for one in value for text in strings_in(one)]
    return [value] if isinstance(value, str) else []


@given(texts, texts)
@settings(max_examples=100, deadline=None)
def test_all_that_is_sent_as_json_is_cleaned(text: str, other: str) -> None:
    """Whoever has made the call: content, embeds, components; a choice has a label that Discord takes."""
    sent = json.loads(
        dumps({"content": text, "embeds": [{"title": other}], "choices": [{"name": text, "value": "a"}], "flags": 64})
    )

    assert not any(dangerous(one, lines=True, joiners=True) for one in strings_in(sent))
    assert (sent["choices"], sent["flags"]) == ([{"name": label(text), "value": "a"}], 64)


@given(texts)
@settings(max_examples=100, deadline=None)
def test_a_message_is_cleaned_where_it_is_built(text: str) -> None:
    """So that its parts are measured as they are sent; a field's name is never blank."""
    embed = Embed(title=text, description=text, fields=(Field(name=text, value=text),), footer=text)
    for part in Message(content=text, embeds=(embed,)).parts():
        shown = [part.content, *(text for one in part.embeds for text in (one.title, one.description, one.footer))]
        shown += [text for one in part.embeds for field in one.fields for text in (field.name, field.value)]
        assert not any(dangerous(one, lines=True, joiners=True) for one in shown)
        assert all(field.name.strip() and field.value.strip() for one in part.embeds for field in one.fields)
    (attached,) = Message(files=(File(name=text, data=b""),)).options()["attachments"]
    assert attached.filename == file_name(text)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_picture_is_drawn_whatever_stands_in_it(text: str) -> None:
    """Each way of drawing and measuring takes it, and draws what it measures."""
    canvas = Canvas(200, 40)
    shown = drawable(text, BOLD)

    end = canvas.runs(5, 20, [(WHITE, text)], face=BOLD, size=12)
    assert end == pytest.approx(5 + text_width(shown, BOLD, 12))
    assert text_width(text, BOLD, 12) == text_width(shown, BOLD, 12)
    canvas.text(5, 20, text, size=12, color=WHITE, width=100)
    canvas.text_right(190, 30, text, size=12, color=WHITE, width=100)
    assert fit_size(text, BOLD, 12, 100) >= 9
    assert canvas.png()


@given(texts, st.integers(min_value=20, max_value=500))
@settings(max_examples=100, deadline=None)
def test_a_cut_report_is_still_one(text: str, limit: int) -> None:
    """Within its limit, and no escape is cut in two."""
    report = message_of("odd_plugin", text, limit=limit)

    assert len(report) <= limit
    assert not re.search(r"(?<!\\)(?:\\\\)*\\…$", report)


# Nothing goes around the doors


ALLOWED: dict[str, set[str]] = {
    "core/cli/screen.py": {"print", "input"},
    "docs/generate.py": {"sys.stdout.write", "sys.stderr.write"},
    "devkit/game/curl.py": {"sys.stdout.write"},
}
"""The files that write to the terminal: the door, and two that stand outside of the bot."""


def calls_in(file: Path, *words: str) -> list[ast.Call]:
    """Return a file's calls; where none of *words* stands in it, none are looked for."""
    text = file.read_text("utf-8")
    tree = parsed(file) if any(word in text for word in words) else ast.Module([], [])
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def writes_in(file: Path) -> set[str]:
    """Return by what a file writes to the terminal, if it does."""
    calls = [ast.unparse(call.func) for call in calls_in(file, "print(", "input(", "write(")]
    return {one for one in calls if one in ("print", "input") or re.match(r"sys\.std(out|err)\.(buffer\.)?write", one)}


def test_nothing_prints_around_the_door() -> None:
    found = {name_of(file): writes_in(file) for file in sources("core", "plugins", "roundhook", "devkit", "docs")}

    assert {name: calls for name, calls in found.items() if calls} == ALLOWED


def test_no_handler_of_ours_has_a_formatter_of_its_own() -> None:
    """And all JSON for Discord is made by our door."""
    for file in sources("core", "plugins", "roundhook", "devkit"):
        for call in calls_in(file, "Formatter", "GatewayBot", "RESTApp"):
            called = ast.unparse(call.func)
            assert called != "logging.Formatter", f"{name_of(file)}: use core.shown.LineFormatter"
            if called in ("hikari.GatewayBot", "hikari.RESTApp") and "discord/" in name_of(file):
                assert "dumps" in [one.arg for one in call.keywords], name_of(file)


CHECKS: list[Callable[..., object]] = [one_line, label, file_name, code]


def test_ten_thousand_marks_cost_nothing() -> None:
    """A name of marks alone is short everywhere."""
    assert all(len(str(check(HOSTILE["marks"]))) <= 10 for check in CHECKS)
