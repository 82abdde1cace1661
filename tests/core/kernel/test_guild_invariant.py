"""What an admin switches off in one guild changes nothing in another, and is silent in his own."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devkit.discord import Message
from roundhook import ImportedRound, RoundAmended
from roundhook.testing import Stage
from tests.core.kernel.examples import examples, play
from tests.plugin_maker import idle, until, write_plugin

HEARD: list[tuple[str, int, str]] = []
"""Plugin, guild and text of each message that a listener has heard."""

CODE = """
import hikari
import lightbulb
from roundhook import Message, Plugin, hookimpl, plugin_of
from tests.core.kernel.test_guild_invariant import HEARD

loader = lightbulb.Loader()

async def offer(context: lightbulb.AutocompleteContext[str]) -> None:
    await context.respond(["NAME"])

@loader.command
class Ask(lightbulb.SlashCommand, name="ask_NAME", description="answers, with a button"):
    word = lightbulb.string("word", "a word", default="", autocomplete=offer)

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        row = hikari.impl.MessageActionRowBuilder()
        button = plugin_of(context).ctx.component_id("press", "it")
        row.add_interactive_button(hikari.ButtonStyle.PRIMARY, button, label="Press")
        await context.respond(**Message(content="NAME answers", components=(row,)).options())

class Local(Plugin):
    async def setup(self):
        self.ctx.add_commands(loader)
        self.ctx.on_component("press", self.press)
        self.ctx.listen(hikari.GuildMessageCreateEvent, self.hear)

    async def press(self, interaction, args):
        await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, f"NAME pressed {args}")

    async def hear(self, event):
        if event.message.content.startswith("say"):
            HEARD.append(("NAME", int(event.guild_id), event.message.content))

    @hookimpl
    async def on_round_imported(self, round):
        await self.ctx.send_to_guilds(round, f"NAME tells of {round.round_id}")

    @hookimpl
    async def on_round_amended(self, amendment):
        await self.ctx.send_to_guilds(amendment, f"NAME tells of {amendment.round.round_id} anew")
"""
HERE, THERE = GUILDS = (1, 2)
"""The guild that switches plugins off and on, and the other one."""
OWN = ("alpha", "beta")
ANSWERS = {
    "alpha": ("ask_alpha", "alpha answers"),
    "beta": ("ask_beta", "beta answers"),
    "stats_commands": ("last", "No session is stored yet"),
    "server_admin": ("setup server", "Only admins"),
}
"""A command of each plugin, and what it says where the plugin is on."""
SERVERS = {"everybodys": GUILDS, "ours": (HERE,), "theirs": (THERE,)}
"""Game servers, and who sees their rounds."""
OFF = "switched off on this server"

plugins = st.sampled_from(sorted(ANSWERS))
steps = st.one_of(
    st.tuples(st.just("toggle"), plugins),
    st.tuples(st.just("toggle"), plugins),
    st.tuples(st.just("reload"), plugins),
    st.tuples(st.just("ask")),
    st.tuples(st.just("say")),
    st.tuples(st.just("round"), st.sampled_from(sorted(SERVERS))),
    st.tuples(st.just("amend"), st.integers(min_value=0, max_value=9)),
)
lives = st.lists(st.lists(steps, min_size=1, max_size=12), min_size=1, max_size=2)


class Guilds:
    """Two guilds, what is off in the first, and what must be seen in each."""

    def __init__(self) -> None:
        self.off: set[str] = set()
        self._numbers = itertools.count(1)

    async def live(self, stage: Stage, script: Sequence[tuple[Any, ...]]) -> None:
        """Play one run of the bot."""
        HEARD.clear()
        self.stage = stage
        self.rounds: list[ImportedRound] = []
        self.posted: dict[tuple[int, str, int], str] = {}
        """What each guild reads about each round, by guild, plugin and round."""
        self.buttons: dict[tuple[int, str], Message] = {}
        self.heard: list[tuple[str, int, str]] = []
        for kind, *args in script:
            await getattr(self, f"_{kind}")(*args)
        await self._ask()
        await self._say()
        await self._round("everybodys")

    async def _toggle(self, name: str) -> None:
        """Let an admin of the first guild switch a plugin there."""
        verb = "enable" if name in self.off else "disable"
        reply = await self.stage.discord.invoke(f"plugin {verb}", guild=HERE, admin=True, options={"name": name})
        if verb == "disable":
            reply = await self.stage.discord.click(reply, "Yes", admin=True)
        assert f"switched {'on' if name in self.off else 'off'} on this server" in reply.text
        self.off ^= {name}

    async def _reload(self, name: str) -> None:
        assert (await self.stage.plugins.reload(name)).ok

    async def _ask(self) -> None:
        """Use each command, its choices and an earlier button in both guilds."""
        for guild, name in itertools.product(GUILDS, ANSWERS):
            command, answer = ANSWERS[name]
            options = {"server": "local"} if name == "server_admin" else {}
            reply = await self.stage.discord.invoke(command, guild=guild, options=options)
            assert (answer if self._on(guild, name) else OFF) in reply.text
            if name in OWN:
                await self._press(guild, name, reply)

    async def _press(self, guild: int, name: str, reply: Message) -> None:
        """Look at the choices of a command, and press the button of its latest answer."""
        if self._on(guild, name):
            choices = await self.stage.discord.autocomplete(f"ask_{name}", "word", "a", guild=guild)
            assert [one["value"] for one in choices] == [name]
            self.buttons[guild, name] = reply
        if message := self.buttons.get((guild, name)):
            pressed = await self.stage.discord.click(message, f"rh1:{name}:press:it")
            assert (f"{name} pressed it" if self._on(guild, name) else OFF) in pressed.text

    async def _say(self) -> None:
        """Write a message in each guild; what the last one's listeners hear, the first one's would have heard."""
        text = f"say {next(self._numbers)}"
        for guild in GUILDS:
            self.heard += [(name, guild, text) for name in OWN if self._on(guild, name)]
            await self.stage.discord.post_message(text, channel=self.stage.discord.guild_channels(guild).stats)
        await until(lambda: set(self.heard) <= set(HEARD))
        await idle()
        assert sorted(HEARD) == sorted(self.heard)

    async def _round(self, server: str) -> None:
        """Let a round be imported that some of the guilds see."""
        about = ImportedRound(round_id=next(self._numbers), file_sha256="a", server=server)
        self.rounds.append(about)
        for guild, name in itertools.product(SERVERS[server], OWN):
            if self._on(guild, name):
                self.posted[guild, name, about.round_id] = f"{name} tells of {about.round_id}"
        await self.stage.publish(about)
        await self._check_posted()

    async def _amend(self, number: int) -> None:
        """Let a round be amended: what was posted about it is edited where the plugin is on."""
        if not self.rounds:
            return
        about = self.rounds[number % len(self.rounds)]
        for (guild, name, round_id), text in self.posted.items():
            if round_id == about.round_id and self._on(guild, name):
                self.posted[guild, name, round_id] = f"{text.removesuffix(' anew')} anew"
        await self.stage.publish(RoundAmended(round=about, revision=1 + next(self._numbers)))
        await self._check_posted()

    async def _check_posted(self) -> None:
        await self.stage.settled()
        for guild in GUILDS:
            channel = self.stage.discord.guild_channels(guild).stats
            texts = [one.text for one in self.stage.discord.messages(channel) if " tells of " in one.text]
            assert sorted(texts) == sorted(text for (where, _, _), text in self.posted.items() if where == guild)

    def _on(self, guild: int, name: str) -> bool:
        return guild == THERE or name not in self.off


def play_lives(script: Sequence[Sequence[tuple[Any, ...]]]) -> None:
    """Run the bot once for each list in *script*, on one database."""

    async def run(place: Path) -> None:
        for name in OWN:
            write_plugin(place / "plugins", name, CODE.replace("NAME", name), scope="guild")
        guilds = Guilds()
        for life in script:
            async with Stage(
                list(ANSWERS),
                folders=[place / "plugins"],
                config={"servers": {name: {"guilds": list(who)} for name, who in SERVERS.items()}},
                guilds=GUILDS,
                folder=place,
                discord={"enforce_rate_limits": False},  # else hikari waits before it posts
            ) as stage:
                await guilds.live(stage, life)

    play(run)


@given(lives)
@examples(6)
def test_a_switch_of_one_guild_changes_nothing_in_another(script: list[list[tuple[Any, ...]]]) -> None:
    """Commands, buttons, listeners and messages: as ever in the one, silent or refused with a reason in the other."""
    play_lives(script)


@pytest.mark.full
@given(lives)
@examples(120)
def test_a_switch_of_one_guild_changes_nothing_in_another_at_length(script: list[list[tuple[Any, ...]]]) -> None:
    """The same with many more switches."""
    play_lives(script)


async def test_a_command_offers_no_choices_where_its_plugin_is_off(tmp_path: Path) -> None:
    """What a plugin would say while an option is typed belongs to what is silent in the guild."""
    write_plugin(tmp_path, "alpha", CODE.replace("NAME", "alpha"), scope="guild")
    async with Stage(["alpha"], folders=[tmp_path], guilds=GUILDS) as stage:
        await stage.plugins.disable("alpha", guild=HERE)

        here, there = [await stage.discord.autocomplete("ask_alpha", "word", "a", guild=guild) for guild in GUILDS]

        assert [one["value"] for one in there] == ["alpha"]
        assert here == []
