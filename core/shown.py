r"""What is shown is only shown: one function for each way out, so that foreign text moves no cursor and forges no line.

=====================================  ====================  =====================================================
way out                                function              the door that calls it
=====================================  ====================  =====================================================
terminal                               ``terminal_text``     core/cli/screen.py (``print_table`` and more of a Terminal)
``--json``                             ``json_text``         ``say_json`` there
log                                    ``LineFormatter``     the handlers of core/cli and core/kernel/logbook.py
message, embed, component, modal       ``message_text``      Message.parts; core/discord/wire.py for all that is sent
autocompletion's label                 ``label``             core/discord/wire.py
attachment's name                      ``file_name``         Message.options
picture                                ``drawable``          the Canvas; it stands in core/pictures/fonts.py
foreign text within a message          ``escape_markdown``   its writer; in code ``code``, ``code_block``
text for admins                        ``report_text``       core/discord: reports and troubles
=====================================  ====================  =====================================================

The terminal and the log show what is hidden as ``\x1b``, so that it is seen; everywhere else it is left out.
"""

import logging
import re
import unicodedata
from types import TracebackType

from core.errors import DatabaseAwayError

_OUTAGE = "core.db.outage"
"""Whose lines say that the database is away, and back."""
MOST_MARKS = 4
"""Combining marks on one letter; Hebrew and Vietnamese have fewer."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
LONGEST_ERROR = 2000
"""Characters that are kept of one."""

_LINE_END = re.compile("\r\n|[\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]")
_BREAK = re.compile(f"\t|{_LINE_END.pattern}")
_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb"
"""C0 without tab and line end, DEL, C1, and what changes the direction of writing."""
_UNSEEN = "\xad\u180e\u2060-\u2065\ufeff\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
"""What takes no room."""
_JOINERS, _TAGS = "\u200b-\u200d", "\U000e0000-\U000e007f"
"""The same; but emoji and some scripts are joined by these, and flags are made with those: they stay in messages."""
_SURROGATE = "\ud800-\udfff"
_HIDDEN = re.compile(f"[{_CONTROL}{_UNSEEN}{_JOINERS}{_TAGS}]")
_NOT_SHOWN = re.compile(f"[{_CONTROL}{_UNSEEN}{_JOINERS}{_TAGS}{_SURROGATE}]")
_NOT_IN_MESSAGES = re.compile(f"[{_CONTROL}{_UNSEEN}]|(?<![\U0001f3f4{_TAGS}])[{_TAGS}]+")
_LONE = re.compile(f"[{_SURROGATE}]")
_MARKDOWN = re.compile(r"([\\*_~`|>#\[\]()<@:]|(?:(?<=discord\.gg)|(?<=/invite))/)", re.IGNORECASE)
"""The slash is an invitation's, of which Discord makes a link without a scheme."""
_LIST = re.compile(r"^(\s*\d*)([-+.])(?=\s)")
_KEPT = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)|<#\d+>|<t:\d+(?::\w)?>", re.DOTALL)
"""What works in a report: code, which shows letter by letter anyway, the name of a channel, a time."""
_PING = re.compile("@(?=everyone|here)")
_ACTS = re.compile(
    r"\\(?=[^0-9A-Za-z\s]|\Z)|\*|~(?=~)|\|(?=\|)|(?<![^\W_])_|_(?![^\W_])|(?<=\])\(|<(?=[@#:/a-z])|`|^(?:#|>|-(?=#))",
    re.MULTILINE,
)
_TOKEN = re.compile(r"""(/(?:webhooks|interactions)/\d+/|\\?["'](?:\w*_)?token\\?["']: *\\?["'])[\w.-]{20,}""")
_BOT_TOKEN = re.compile(r"\b[\w-]{20,}\.[\w-]{5,8}\.[\w-]{25,}")
SHORTEST_SECRET = 8
_secrets: list[str] = []
"""The secrets of the settings that have been read, the longest first: none of them is shown, whoever says it."""
LABEL, FILE_NAME = 100, 100
"""The most characters of a choice's label and of a file's name."""


def one_line(text: str) -> str:
    r"""Return foreign *text* on one line, without what cannot be seen.

    >>> one_line("a\x1b[31m\nb")
    'a[31m b'
    """
    return _few_marks(_LONE.sub(REPLACEMENT, _HIDDEN.sub("", _BREAK.sub(" ", text))))


def letters(text: str) -> str:
    """Return what can be seen of a name: no control character at all, no tab, no line end."""
    return _few_marks(_NOT_SHOWN.sub("", text.replace("\t", "").replace("\n", "")))


def terminal_text(text: str) -> str:
    r"""Return *text*, of one line or several, for the terminal: what it would obey is shown as ``\x1b``."""
    return _few_marks(_NOT_SHOWN.sub(_as_escape, text.replace("\r\n", "\n")))


def log_text(text: str) -> str:
    r"""Return a record's *text* on one line: a line end is shown as ``\n``."""
    return without_tokens(terminal_text(text)).replace("\n", "\\n")


def never_show(secret: str) -> None:
    """Have ``without_tokens`` leave out a secret of the settings, unless it is as short as a word."""
    if len(secret) >= SHORTEST_SECRET and secret not in _secrets:
        _secrets.append(secret)
        _secrets.sort(key=len, reverse=True)


def storable(error: str) -> str:
    """Return an error's text as both databases take it, without secrets, whatever a plugin has put into it."""
    return without_tokens(error.encode("utf-8", "replace").decode().replace("\0", REPLACEMENT))[:LONGEST_ERROR]


def without_tokens(text: str) -> str:
    """Return *text* without what lets somebody act as the bot, a webhook, or in answer to a user, and without secrets.

    >>> without_tokens("POST /interactions/123/" + "a" * 60 + "/callback")
    'POST /interactions/123/…/callback'
    """
    for secret in _secrets:
        text = text.replace(secret, "…")
    return _BOT_TOKEN.sub("…", _TOKEN.sub(r"\1…", text))


def json_text(document: str) -> str:
    r"""Return a JSON document whose strings hold what is hidden as ``\u001b``: it stays the same document."""
    return _NOT_SHOWN.sub(lambda found: _json_escape(found[0]), document)


def message_text(text: str) -> str:
    """Return *text*, of one line or several, for Discord: nothing in it turns the direction or is a control."""
    lines = _LINE_END.sub("\n", text)
    return _few_marks(_LONE.sub(REPLACEMENT, _NOT_IN_MESSAGES.sub("", lines)))


def label(text: str) -> str:
    """Return *text* as a choice of an autocompletion shows it: one line that is not empty, and not too long."""
    return cut_text(one_line(text).strip(), LABEL) or "–"


def file_name(name: str) -> str:
    """Return *name* as an attachment's: one line, no folder, not too long; its ending stays."""
    plain = re.sub(r"[/\\:*?\"<>|]", "_", one_line(name)).strip()
    stem, dot, kind = plain.rpartition(".")
    if not dot or len(kind) > LABEL // 2:
        return plain[:FILE_NAME] or "file"
    return f"{stem[: FILE_NAME - len(kind) - 1] or 'file'}.{kind}"


def escape_markdown(text: str) -> str:
    """Return foreign *text* so that Discord shows it letter by letter on one line: no Markdown, mention, link, emoji.

    For all that others have written: names, maps, files, awards, errors. Not for an embed's footer and a choice's
    label, in which Discord reads no Markdown.
    """
    escaped = _MARKDOWN.sub(r"\\\1", one_line(text)).replace("@", "@\u200b")
    return _LIST.sub(r"\1\\\2", escaped)


def code(text: str) -> str:
    """Return foreign *text* in backticks that it cannot end."""
    return f"`{one_line(text).replace('`', chr(39)) or ' '}`"


def code_block(text: str, language: str = "") -> str:
    """Return foreign *text*, of one line or several, in a block of code that it cannot end."""
    return f"```{language}\n{message_text(text).replace('```', chr(39) * 3)}\n```"


def report_text(text: str) -> str:
    """Return plain *text* for admins: code in backticks, a channel and a time work, nothing else that it holds does.

    Words in it may be foreign; so its writer escapes nothing, and the log and the terminal show it as it is.
    """
    clean, pieces, end = _PING.sub("@\u200b", message_text(without_tokens(text))), [], 0
    for kept in _KEPT.finditer(clean):
        pieces += [_inert(clean[end : kept.start()], end == 0), kept[0]]
        end = kept.end()
    return "".join([*pieces, _inert(clean[end:], end == 0)])


def cut_text(text: str, limit: int) -> str:
    """Return *text*, cut to *limit* characters with an ellipsis; what was escaped stays so."""
    return text if len(text) <= limit else text[: safe_cut(text, limit - 1)] + "…"


def safe_cut(text: str, place: int) -> int:
    """Return where to cut *text*, at *place* or one before: not between a backslash and what it escapes."""
    behind = len(text[:place]) - len(text[:place].rstrip("\\"))
    return place - 1 if behind % 2 and place > 1 else place


class LineFormatter(logging.Formatter):
    """A record is one line, whatever it holds; the lines of a traceback below it are indented."""

    def format(self, record: logging.LogRecord) -> str:
        others, record.exc_text = record.exc_text, None  # another formatter's, which logging would take
        try:
            return super().format(record)
        finally:
            record.exc_text = others

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return log_text(super().formatMessage(record))

    def formatException(  # noqa: N802 - logging's name
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - logging's name
        return _indented(super().formatStack(stack_info))


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in without_tokens(terminal_text(text)).split("\n"))


def _inert(text: str, first: bool) -> str:
    """Return a part of a report without what Discord would act on; only the *first* begins a line."""
    guarded = text if first else f"\0{text}"
    return _ACTS.sub(lambda found: f"\\{found[0]}", guarded).removeprefix("\0")


def _few_marks(text: str) -> str:
    """Return *text* with at most ``MOST_MARKS`` combining marks on each letter."""
    if text.isascii():
        return text
    kept, count = [], 0
    for char in text:
        count = count + 1 if unicodedata.category(char)[0] == "M" else 0
        if count <= MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def _as_escape(found: "re.Match[str]") -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(char: str) -> str:
    data = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{data[place]:02x}{data[place + 1]:02x}" for place in range(0, len(data), 2))


class LeaveOutageUntold(logging.Filter):
    """Drops what others log because the database is away: that was told."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether *record* is shown."""
        if record.name == _OUTAGE:
            return True
        if record.name.startswith("asyncpg."):
            return record.levelno > logging.WARNING  # its pool tries again by itself, and says so each time
        given = record.args if isinstance(record.args, tuple) else ()
        raised = record.exc_info[1] if record.exc_info else None
        return not any(_is_away(one) for one in (raised, *given))


def _is_away(value: object) -> bool:
    """Tell whether an error comes, in the end, of an outage."""
    seen = 0
    while isinstance(value, BaseException) and seen < 10:
        if isinstance(value, DatabaseAwayError):
            return True
        value, seen = value.__cause__ or value.__context__, seen + 1
    return False
