"""A reload is silent on Discord: nothing is asked or told there unless a command's definition has changed."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.folders import built_in
from devkit.discord import Message
from roundhook.testing import Stage
from tests.core.kernel.examples import examples, play
from tests.patience import PATIENCE
from tests.plugin_maker import idle, running, until, write_plugin
from tests.plugins.notices import DIALECT_B, embed_of

BUILT_IN = built_in()
CODE = """
import hikari
import lightbulb
from roundhook import Plugin

loader = lightbulb.Loader()

@loader.command
class Ask(lightbulb.SlashCommand, name="ask_NAME", description="DESCRIPTION", default_member_permissions=PERMISSIONS):
    word = lightbulb.string("word", "a word", choices=[lightbulb.Choice("One", "1")], default="1")

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        await context.respond("BODY")

class Asked(Plugin):
    async def setup(self):
        self.ctx.add_commands(loader)
        self.ctx.on_component("press", self.press)
        self.ctx.listen(hikari.GuildMessageCreateEvent, self.hear)

    async def press(self, interaction):
        pass

    async def hear(self, event):
        pass
"""
GUILDS = (1, 2)
PAUSE = 600.0
"""Seconds that changed commands wait here before they are told: more than a script may take in real time."""
LOOK_OFTEN = {"plugin": {"ssh_poller": {"poll_seconds": 0.05, "look_seconds": 0.02}}}
OWN = ("first", "second")
"""Plugins with a command, which the tests may change."""
OF_GUILDS = (*OWN, "stats_commands", "server_admin")
"""Those that can be switched off for one guild."""
TROUBLES = {
    "folder": "is a folder, no plain file",
    "junk": "was refused",
    "notice": "round 9",
    "outage": "is away",
}
"""What can be wrong on a game server, and what the admins are told of it."""
Definition = tuple[str, str]
"""A command's description and permissions."""
BEFORE: Definition = ("asks", "hikari.UNDEFINED")

own = st.sampled_from(OWN)
definitions = st.tuples(
    st.sampled_from(["asks", "asks again"]), st.sampled_from(["hikari.UNDEFINED", "hikari.Permissions.BAN_MEMBERS"])
)
troubles = st.sets(st.sampled_from(sorted(TROUBLES)), min_size=1)
reloads = st.lists(st.sampled_from(["ssh_poller", *BUILT_IN]), min_size=1, max_size=6)
steps = st.one_of(
    st.tuples(st.just("reload"), st.sampled_from((*OWN, *BUILT_IN))),
    st.tuples(st.just("toggle"), st.sampled_from(OF_GUILDS), st.sampled_from(GUILDS)),
    st.tuples(st.just("off_and_on"), own),
    st.tuples(st.just("body"), own),
    st.tuples(st.just("failure"), own),
    st.tuples(st.just("define"), own, definitions),
    st.tuples(st.just("wait")),
)
scripts = st.lists(steps, min_size=1, max_size=15)


class Watched:
    """Plugins with commands, what Discord has been told of them, and what it has been asked."""

    def __init__(self, folder: Path, stage: Stage) -> None:
        self.folder = folder
        self.stage = stage
        self.defined = dict.fromkeys(OWN, BEFORE)
        self.told = dict(self.defined)
        self.off: set[tuple[str, int]] = set()
        self.before = 0
        self.edits = 0

    async def play(self, script: Sequence[tuple[Any, ...]]) -> None:
        """Take each step in silence; commands that differ are told after the pause that is kept for that."""
        await at_rest(self.stage)
        self.before = len(self.stage.discord.requests)
        for kind, *args in script:
            await getattr(self, f"_{kind}")(*args)
            await idle()
            assert self._requests() == []
        await self._wait()

    async def _reload(self, name: str) -> None:
        report = await self.stage.plugins.reload(name)
        assert report.ok, report.error

    async def _toggle(self, name: str, guild: int) -> None:
        change = self.stage.plugins.enable if (name, guild) in self.off else self.stage.plugins.disable
        assert (await change(name, guild=guild)).ok
        self.off ^= {(name, guild)}

    async def _off_and_on(self, name: str) -> None:
        """Take the commands away and bring them back before anybody is told."""
        assert (await self.stage.plugins.disable(name)).ok
        assert (await self.stage.plugins.enable(name)).ok

    async def _body(self, name: str) -> None:
        """Change what a command does, not how it is defined."""
        self.edits += 1
        write(self.folder, name, self.defined[name], body=str(self.edits))
        await self._reload(name)

    async def _failure(self, name: str) -> None:
        """Try to load what cannot be loaded, with another command in it."""
        write(self.folder, name, ("other", "hikari.UNDEFINED"), setup="raise KeyError(1)")
        assert not (await self.stage.plugins.reload(name)).ok
        write(self.folder, name, self.defined[name])

    async def _define(self, name: str, definition: Definition) -> None:
        self.defined[name] = definition
        write(self.folder, name, definition)
        await self._reload(name)

    async def _wait(self) -> None:
        """Let the pause pass: one request for each guild if a definition differs from what was told, else none."""
        expected = [] if self.defined == self.told else [("PUT", guild) for guild in GUILDS]
        await self.stage.clock.advance(PAUSE + 1)
        await until(lambda: len(self._requests()) >= len(expected))
        assert self.stage.app.discord is not None
        await self.stage.app.discord.sync.flush()
        await at_rest(self.stage)
        assert self._requests() == expected
        self.told = dict(self.defined)
        self.before = len(self.stage.discord.requests)
        for guild in GUILDS:
            stored = {one["name"]: one["description"] for one in self.stage.discord.commands(guild)}
            assert {name: stored[f"ask_{name}"] for name in OWN} == {name: self.told[name][0] for name in OWN}

    def _requests(self) -> list[tuple[str, object]]:
        """Return what was asked since the last time: method and guild, or the path of what is not about commands."""
        return [
            (one.method, _guild(one.path))
            for one in self.stage.discord.requests[self.before :]
            if one.path != "/gateway"  # which the bot asks for the time, reload or not
        ]


async def at_rest(stage: Stage) -> None:
    """Let the plugins end what they do when they begin, such as reading back what came while they were away."""
    await idle()
    for slot in stage.app.kernel.slots.values():
        assert slot.generation is not None
        await slot.generation.scope.activity.idle()


def _guild(path: str) -> object:
    parts = path.strip("/").split("/")
    return int(parts[-2]) if parts[-1] == "commands" and parts[-3] == "guilds" else path


def write(folder: Path, name: str, definition: Definition, *, body: str = "", setup: str = "") -> None:
    description, permissions = definition
    code = CODE.replace("NAME", name).replace("DESCRIPTION", description).replace("PERMISSIONS", permissions)
    code = code.replace("BODY", body or "-").replace('"press", self.press)', f'"press", self.press)\n        {setup}')
    write_plugin(folder, name, code, scope="guild")


class Troubled:
    """A bot whose admins have been told of trouble on the game server."""

    def __init__(self, stage: Stage, troubles: Collection[str]) -> None:
        self.stage = stage
        self.game = stage.games["local"]
        self.troubles = sorted(troubles)  # the outage comes last

    async def begin(self) -> None:
        for trouble in self.troubles:
            await getattr(self, f"_{trouble}")()
            await self._told(TROUBLES[trouble])

    async def reload(self, name: str) -> None:
        """Reload a plugin, and let the one that looks at the game server look."""
        assert (await self.stage.plugins.reload(name)).ok
        loop = running(self.stage, "ssh_poller").loops["local"]
        await until(lambda: loop._slowdown if "outage" in self.troubles else loop._stamp)

    async def finish(self) -> None:
        """Let a round be fetched: whatever was to be told before has been told then."""
        if "outage" in self.troubles:
            await self.game.back()
            await self.stage.clock.advance(60)
        await self.game.play_round(send_notice=False)
        await self.stage.until(self._has_round, timeout=PATIENCE)
        for guild in GUILDS:
            texts = [one.text for one in self._messages(guild)]
            assert len(texts) == len(set(texts))

    async def _folder(self) -> None:
        (self.game.root / "2026-01-10-210004-folder-round-1.txt").mkdir()

    async def _junk(self) -> None:
        (self.game.root / "2026-01-10-210004-junk-round-1.txt").write_text("no stats\n")

    async def _notice(self) -> None:
        fields = {**DIALECT_B, "Round": "9"}
        await self.stage.discord.post_webhook("local", content="STATS_READY", embeds=[embed_of(fields)])

    async def _outage(self) -> None:
        await self.game.outage()

    async def _has_round(self) -> bool:
        return await self.stage.count("rounds") == 1

    async def _told(self, words: str) -> None:
        for guild in GUILDS:
            channel = self.stage.discord.guild_channels(guild).admin
            await self.stage.discord.wait_for_message(channel, lambda one: words in one.text)

    def _messages(self, guild: int) -> list[Message]:
        return self.stage.discord.messages(self.stage.discord.guild_channels(guild).admin)


def play_troubles(kinds: Collection[str], names: Sequence[str]) -> None:
    """Reload plugins while there is trouble of these *kinds*."""

    async def run(folder: Path) -> None:
        async with Stage(config=LOOK_OFTEN, folder=folder, guilds=GUILDS) as stage:
            await at_rest(stage)
            bot = Troubled(stage, kinds)
            await bot.begin()
            for name in names:
                await bot.reload(name)
            await bot.finish()

    play(run)


def play_changes(script: Sequence[tuple[Any, ...]]) -> None:
    """Play *script* on a bot with all built-in plugins and two of ours in two guilds."""

    async def run(place: Path) -> None:
        for name in OWN:
            write(place / "plugins", name, BEFORE)
        async with Stage([*BUILT_IN, *OWN], folders=[place / "plugins"], folder=place, guilds=GUILDS) as stage:
            await Watched(place / "plugins", stage).play(script)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("core.discord.sync.DEBOUNCE_SECONDS", PAUSE)
        play(run)


@given(scripts)
@examples(8)
def test_a_reload_is_silent_on_discord(script: list[tuple[Any, ...]]) -> None:
    """Any reloads and toggles ask nothing; a changed definition is one request for each guild, after a pause."""
    play_changes(script)


@pytest.mark.full
@given(scripts)
@examples(150)
def test_a_reload_is_silent_on_discord_at_length(script: list[tuple[Any, ...]]) -> None:
    """The same with many more changes."""
    play_changes(script)


@given(troubles, reloads)
@examples(4)
def test_a_reload_repeats_nothing(kinds: set[str], names: list[str]) -> None:
    """What the admins have been told once they are not told again by the next generation."""
    play_troubles(kinds, names)


@pytest.mark.full
@given(troubles, reloads)
@examples(60)
def test_a_reload_repeats_nothing_at_length(kinds: set[str], names: list[str]) -> None:
    """The same with more reloads."""
    play_troubles(kinds, names)
