"""A good plugin, and each way in which its next version can be bad."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.plugin_maker import MANIFEST as HEAD
from tests.plugin_maker import migration

GOOD = """
import asyncio
import hikari
import lightbulb
from roundhook import Plugin, hookimpl, offer, plugin_of
from . import tables

loader = lightbulb.Loader()

@loader.command
class Count(lightbulb.SlashCommand, name="count", description="how many"):
    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        await context.respond(f"counted {plugin_of(context).count}")

class Good(Plugin):
    async def setup(self):
        self.count, self.ticks, self.serving, self.closed = 0, 0, False, False
        self.ctx.add_commands(loader)
        self.ctx.listen(hikari.GuildMessageCreateEvent, self.on_message)
        self.ctx.every(60, self.tick)
        self.ctx.service(self.serve)
        self.ctx.on_close(self.close)

    @hookimpl
    async def on_round_imported(self, round):
        self.count += 1

    async def on_message(self, event):
        self.count += 100 if event.message.content == "hello" else 0

    async def tick(self):
        self.ticks += 1

    async def serve(self):
        self.serving = True
        try:
            await asyncio.Event().wait()
        finally:
            self.serving = False

    def close(self):
        self.closed = True

    def export_state(self):
        return {"count": self.count}

    def import_state(self, state, from_version):
        self.count = state["count"]

async def stubborn():
    try:
        await asyncio.Event().wait()  # stubborn
    except asyncio.CancelledError:
        await asyncio.sleep(0.2)

class MuteError(Exception):
    def __str__(self):
        raise ValueError
"""
SPEED = """
[config.speed]
type = "str"
default = ""
"""
MANIFEST = HEAD.format(name="good", version="2", scope="global", priority=100) + SPEED
FILES = {"tables.py": "COLUMNS = 1\n", "helper.py": "\n"}
"""What lies beside the good plugin."""

STEM = "good_2026_11_27t12_00_00_000000"
MIGRATION = f"piccolo_migrations/{STEM}.py"

REFUSED = ("reload", "start")
"""Neither can it replace a good version nor be the first."""


@dataclass(frozen=True)
class Bad:
    """A bad version, and the words of the message that its author sees. Its mistake stands where ``# here`` does."""

    name: str
    says: tuple[str, ...]
    code: str = GOOD
    manifest: str = MANIFEST
    files: dict[str, str] = field(default_factory=dict)
    before: str = GOOD
    """The version that it is to replace, which may be the bad one."""
    ways: tuple[str, ...] = REFUSED
    """How it comes: with a reload, at the start, or (``contained``) with a reload that goes through."""

    @property
    def texts(self) -> dict[str, str]:
        """What its folder holds."""
        return {
            "manifest.toml": self.manifest,
            **FILES,
            **({"plugin.py": self.code} if self.code else {}),
            **self.files,
        }

    @property
    def hangs(self) -> bool:
        """Whether it is told by its taking too long."""
        return any("took longer" in words for words in self.says)

    @property
    def place(self) -> str:
        """File and line of its mistake; the first line of ``plugin.py`` where it is nowhere."""
        found = [*_marked({"plugin.py": self.before}), *_marked(self.texts)]
        return found[0] if found else "plugin.py:1"

    def write(self, folder: Path) -> None:
        """Put it over the version that is in *folder*."""
        (folder / "plugin.py").unlink()
        for name, text in self.texts.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, "utf-8")


def _marked(texts: dict[str, str]) -> Iterator[str]:
    for name, text in texts.items():
        yield from (f"{name}:{number}" for number, line in enumerate(text.split("\n"), 1) if "# here" in line)


def changed(old: str, new: str, text: str = GOOD) -> str:
    """Return the good plugin's code (or *text*) with *old* replaced."""
    assert old in text
    return text.replace(old, new)


def in_setup(line: str) -> str:
    """Return the good plugin's code with one more line, the mistake, in ``setup``."""
    every = "        self.ctx.every(60, self.tick)\n"
    return changed(every, f"{every}        {line}  # here\n")


def manifest(old: str, new: str) -> str:
    """Return the good plugin's manifest with *old* replaced."""
    return changed(old, f"{new}  # here", MANIFEST)


def handler(head: str) -> str:
    """Return the good plugin's code with another head of its handler."""
    return changed("@hookimpl\n    async def on_round_imported(self, round)", f"@hookimpl  # here\n    {head}")


def exporting(state: str) -> str:
    """Return the good plugin's code with another state."""
    code = changed("def export_state(self):", "def export_state(self):  # here")
    return changed('{"count": self.count}', state, code)


def tearing_down(line: str) -> str:
    """Return the good plugin's code with a ``teardown``."""
    return changed(
        "    def close(self)", f"    async def teardown(self):\n        {line}  # here\n\n    def close(self)"
    )


CODE = (
    Bad("a syntax error", ("invalid syntax",), "\n\nclass class:  # here\n"),
    Bad(
        "a syntax error in another file",
        ("was never closed",),
        "from . import helper\n" + GOOD,
        files={"helper.py": "\nx = (  # here\n"},
    ),
    Bad("a null byte", ("null bytes",), "\nx = 1\0  # here\n"),
    Bad("an import that is missing", ("No module named 'not_there'", "pip"), "\nimport not_there  # here\n"),
    Bad(
        "an import of a file that is missing",
        ("Did you mean .helper?",),
        "\nfrom .helpr import x  # here\n",
        ways=("reload",),
    ),
    Bad("an import without its dot", ("`from .helper import …`",), "\nfrom helper import x  # here\n", ways=("start",)),
    Bad("a name that is missing", ("cannot import name 'Plugins'",), "\nfrom roundhook import Plugins  # here\n"),
    Bad("an import that raises", ("ZeroDivisionError",), "1 / 0  # here\n" + GOOD),
    Bad(
        "an import that raises in another file",
        ("ZeroDivisionError",),
        "from . import helper\n" + GOOD,
        files={"helper.py": "\n1 / 0  # here\n"},
    ),
    Bad(
        "an import that hangs",
        ("took longer than 0.5 s", "setup()"),
        "import threading\nthreading.Event().wait(1)  # here\n" + GOOD,
    ),
    Bad("an import that calls sys.exit", ("sys.exit",), "import sys\nsys.exit(3)  # here\n" + GOOD),
    Bad("no plugin.py", ("there is no plugin.py",), ""),
    Bad("no Plugin class", ("no Plugin class",), "x = 1\n"),
    Bad(
        "two Plugin classes",
        ("more than one", "Good at plugin.py:", "Second at plugin.py:"),
        GOOD + "\nclass Second(Plugin):  # here\n    pass\n",
    ),
)
MIGRATIONS = (
    Bad(
        "a migration whose name does not fit",
        ("would never run", "Call it good_"),
        files={"piccolo_migrations/add.py": "# here\n"},
    ),
    Bad(
        "a migration whose id is another",
        ("its ID is not its name",),
        files={MIGRATION: 'ID = "good_1"  # here\n'},
    ),
    Bad(
        "a migration that fails",
        ("the migration failed", "Nothing was changed"),
        files={MIGRATION: migration(STEM, "CREATE TABLE good_rounds (n BIGINT)", "ALTER TABLE nowhere ADD n BIGINT")},
    ),
    Bad(
        "a migration of others' tables",
        ("it changes rounds", "only the plugin's own tables"),
        files={MIGRATION: migration(STEM, "ALTER TABLE rounds ADD COLUMN good BIGINT")},
    ),
)
HANDLERS = (
    Bad(
        "a hook name that does not exist",
        ("no hook 'on_round_importd'", "Did you mean on_round_imported?"),
        handler("async def on_round_importd(self, round)"),
    ),
    Bad(
        "a hook that is not marked",
        ("on_round_imported is called like a hook", "@hookimpl"),
        GOOD.replace(
            "    @hookimpl\n    async def on_round_imported(self, round):",
            "    async def on_round_imported(self, round):  # here",
        ),
    ),
    Bad("a wrong argument", ("on_round_imported", "rnd"), handler("async def on_round_imported(self, rnd)")),
    Bad(
        "an argument with a default",
        ("never passed", "without defaults"),
        handler("async def on_round_imported(self, round=None)"),
    ),
    Bad("a handler that is not async", ("async def",), handler("def on_round_imported(self, round)")),
)
OFFERS = (
    Bad(
        "an offer that is not async",
        ("price is offered", "async def price"),
        changed(
            "    def close(self)", "    @offer  # here\n    def price(self):\n        return 1\n\n    def close(self)"
        ),
    ),
)
SETUP = (
    Bad(
        "__init__ raises",
        ("__init__", "KeyError"),
        changed("    async def setup", "    def __init__(self):\n        {}[1]  # here\n\n    async def setup"),
    ),
    Bad(
        "__init__ raises what is no Exception",
        ("__init__", "BaseException: odd"),
        changed(
            "    async def setup",
            "    def __init__(self):\n        raise BaseException('odd')  # here\n\n    async def setup",
        ),
    ),
    Bad(
        "__init__ uses the context",
        ("__init__()", "from setup() on"),
        changed(
            "    async def setup",
            "    def __init__(self):\n        self.pace = self.ctx.config.pace  # here\n\n    async def setup",
        ),
    ),
    Bad("setup raises an error without text", ("setup()", "MuteError"), in_setup("raise MuteError")),
    Bad("setup raises", ("setup()", "ZeroDivisionError"), in_setup("1 / 0")),
    Bad("setup calls sys.exit", ("setup()", "sys.exit"), in_setup("raise SystemExit(1)")),
    Bad("setup cancels itself", ("setup()", "cancelled"), in_setup("raise asyncio.CancelledError")),
    Bad("setup raises TimeoutError", ("setup()", "TimeoutError: mine"), in_setup("raise TimeoutError('mine')")),
    Bad("setup hangs", ("setup()", "took longer than"), in_setup("await asyncio.Event().wait()")),
    Bad(
        "setup swallows its cancellation",
        ("setup()", "took longer than"),
        changed("  # stubborn", "  # here", in_setup("await stubborn()").replace("  # here", "")),
    ),
    Bad(
        "setup is not async",
        ("setup", "async def setup"),
        changed("async def setup(self):", "def setup(self):  # here"),
    ),
    Bad(
        "publish in setup",
        ("setup()", "publish()"),
        in_setup(
            "from roundhook import ImportedRound as Round; await self.ctx.publish(Round(round_id=9, file_sha256=''))"
        ),
    ),
    Bad("spawn without a coroutine", ("spawn()", "coroutine"), in_setup("self.ctx.spawn(self.tick)")),
    Bad(
        "a timer of a plain function", ("every()", "`async def`", "lambda"), in_setup("self.ctx.every(5, lambda: None)")
    ),
    Bad("a timer of a call", ("every()", "without calling it"), in_setup("self.ctx.every(5, self.tick())")),
    Bad("a timer that wants more", ("every()", "0 arguments"), in_setup("self.ctx.every(5, self.on_message)")),
    Bad("a service that is none", ("service()", "`async def`"), in_setup("self.ctx.service(print)")),
    Bad("nothing to close with", ("on_close()", "a function"), in_setup("self.ctx.on_close(None)")),
    Bad("a closer that wants more", ("on_close()", "0 arguments"), in_setup("self.ctx.on_close(self.on_message)")),
    Bad("a plain listener", ("listen(", "`async def`"), in_setup("self.ctx.listen(hikari.StartedEvent, print)")),
    Bad("a listener of nothing", ("listen(", "1 argu"), in_setup("self.ctx.listen(hikari.StartedEvent, self.tick)")),
    Bad("a plain component", ("on_component()", "`async def`"), in_setup("self.ctx.on_component('press', print)")),
    Bad("a component of nothing", ("1 or 2",), in_setup("self.ctx.on_component('press', self.tick)")),
    Bad(
        "an action that is no word", ("on_component('a:b'",), in_setup("self.ctx.on_component('a:b', self.on_message)")
    ),
    Bad("a timer of no time", ("every(0", "above 0"), in_setup("self.ctx.every(0, self.tick)")),
    Bad("listening to no event", ("listen", "event classes"), in_setup("self.ctx.listen(int, self.on_message)")),
    Bad(
        "listening to an event that never comes",
        ("never arrives", 'intents = ["guild_message_reactions"]'),
        in_setup("self.ctx.listen(hikari.GuildReactionAddEvent, self.on_message)"),
    ),
    Bad(
        "listening to events of a kind that never come",
        ("never arrives", 'intents = ["guild_members"]', "'Server Members Intent'"),
        in_setup("self.ctx.listen(hikari.MemberEvent, self.on_message)"),
    ),
)
COMMANDS = (
    Bad(
        "a command class without a name",
        ("has no name", "others derive from"),
        changed('SlashCommand, name="count", description="how many"):', "SlashCommand):  # here"),
    ),
    Bad(
        "commands without a loader",
        ("add_commands()", "lightbulb.Loader()"),
        changed("add_commands(loader)", "add_commands('count')  # here"),
    ),
    Bad(
        "a command name that another plugin has",
        ("/taken", "the plugin another"),
        changed('name="count", description="how many"):', 'name="taken", description="how many"):  # here'),
    ),
    Bad(
        "a command name that roundhook has",
        ("/plugin", "roundhook itself"),
        changed('name="count", description="how many"):', 'name="plugin", description="how many"):  # here'),
    ),
    Bad(
        "a command name that Discord refuses",
        ("/Count", "small letters"),
        changed('name="count", description="how many"):', 'name="Count", description="how many"):  # here'),
    ),
    Bad(
        "a description that Discord refuses",
        ("/count", "101 characters"),
        changed('description="how many"):', 'description="x" * 101, localize=True):  # here'),
    ),
    Bad(
        "a listener in the loader of commands",
        ("loader", "listener", "self.ctx.listen"),
        changed("add_commands(loader)", "add_commands(loader)  # here")
        + "\n@loader.listener(hikari.GuildMessageCreateEvent)\n"
        "async def listen(event: hikari.GuildMessageCreateEvent) -> None:\n    pass\n",
    ),
)
STATE = (
    Bad(
        "state that is not JSON",
        ("export_state()", "not JSON", "Use only dict", "Correct it and reload"),
        exporting('{"count": {1, 2}}'),
    ),
    Bad(
        "state that is not JSON any more",
        ("export_state()", "not JSON", "Use only dict", "disable and enable"),
        before=exporting('{"count": {1, 2} if self.count else 0}'),
        ways=("reload",),
    ),
    Bad("state with a key that is no text", ("the key 7",), exporting('{"count": [{7: 1}]}'), ways=("reload",)),
    Bad(
        "export_state raises",
        ("export_state()", "ZeroDivisionError", "disable and enable"),
        before=changed('return {"count": self.count}', "1 / 0  # here"),
        ways=("reload",),
    ),
    Bad(
        "export_state is async",
        ("export_state is async", "def export_state(self)"),
        changed("def export_state(self):", "async def export_state(self):  # here"),
    ),
    Bad(
        "import_state is async",
        ("import_state is async", "def import_state(self, state, from_version)"),
        changed("def import_state(self, state, from_version):", "async def import_state(self, state, v):  # here"),
    ),
    Bad(
        "import_state takes the state alone",
        ("import_state(state)", "def import_state(self, state, from_version)"),
        changed("def import_state(self, state, from_version):", "def import_state(self, state):  # here"),
    ),
    Bad(
        "import_state raises",
        ("import_state()", "KeyError"),
        changed('state["count"]', 'state["amount"]  # here'),
        ways=("reload",),
    ),
)
CONTAINED = tuple(
    Bad(name, ("teardown()", "closed all the same", words), before=tearing_down(line), ways=("contained",))
    for name, words, line in (
        ("teardown raises", "ValueError: no", "raise ValueError('no')"),
        ("teardown raises an error without text", "MuteError", "raise MuteError"),
        ("teardown hangs", "took longer than", "await asyncio.Event().wait()"),
        ("teardown calls sys.exit", "sys.exit", "raise SystemExit(1)"),
    )
)
BAD = (*CODE, *MIGRATIONS, *HANDLERS, *OFFERS, *SETUP, *COMMANDS, *STATE, *CONTAINED)
