"""Plugins ask Discord for more while the bot runs: nothing is lost by it, and what is refused is refused alone."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import hikari
import pytest

from core.discord import sessions
from core.discord.listening import missing_for
from core.errors import ConfigError, PluginError
from core.kernel.intents import INTENTS, OWN, bits
from core.kernel.manifest import read_manifest
from roundhook.testing import Stage
from tests.plugin_maker import running, until, write_plugin

COUNTER = """
import hikari
import lightbulb
from roundhook import Plugin, plugin_of

loader = lightbulb.Loader()

@loader.command
class Count(lightbulb.SlashCommand, name="count", description="counts"):
    number = lightbulb.integer("number", "which")

    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        plugin_of(context).seen.append(("command", str(self.number)))
        await context.respond("counted")

@loader.command
class Button(lightbulb.SlashCommand, name="button", description="gives a button"):
    @lightbulb.invoke
    async def invoke(self, context: lightbulb.Context) -> None:
        row = hikari.impl.MessageActionRowBuilder()
        row.add_interactive_button(1, plugin_of(context).ctx.component_id("press"), label="Press")
        await context.respond("here", component=row)

class Counter(Plugin):
    async def setup(self):
        self.seen = []
        self.ctx.add_commands(loader)
        self.ctx.on_component("press", self.on_press)
        self.ctx.follow(self.ctx.guild(1).stats_channel, self.on_followed)
        self.ctx.listen(hikari.GuildMessageCreateEvent, self.on_message)
        self.ctx.listen(hikari.GuildReactionAddEvent, self.on_reaction)
        self.ctx.listen(hikari.VoiceStateUpdateEvent, self.on_voice)

    async def on_press(self, interaction):
        self.seen.append(("button", str(interaction.user.id)))
        await interaction.create_initial_response(7)

    async def on_followed(self, message):
        self.seen.append(("followed", message.content))

    async def on_message(self, event):
        self.seen.append(("message", event.message.content))

    async def on_reaction(self, event):
        self.seen.append(("reaction", str(event.user_id)))

    async def on_voice(self, event):
        self.seen.append(("voice", str(event.state.channel_id)))
"""
LISTENER = """
import hikari
from roundhook import Plugin

class Listener(Plugin):
    async def setup(self):
        self.seen = []
        self.ctx.listen(hikari.EVENT, self.on_event)

    async def on_event(self, event):
        self.seen.append(event)
"""


def write_listener(folder: Path, name: str, event: str, *intents: str) -> None:
    """Write a plugin that keeps the events of one kind, and asks for *intents*."""
    line = f"intents = {list(intents)}\n".replace("'", '"') if intents else ""
    write_plugin(folder, name, LISTENER.replace("EVENT", event), manifest=line)


class Load:
    """Fifty times a second a message and a command or a button, and a reaction or somebody in a voice channel."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._voice = stage, stage.discord.add_channel("talk", kind=2)
        self.made: Counter[tuple[str, str]] = Counter()
        """By kind and number, how often."""
        self._number = 0

    async def begin(self) -> None:
        """Post what is reacted to, and the button."""
        self._message = await self._stage.discord.post_message("react to this")
        self._button = await self._stage.discord.invoke("button", channel=self._stage.discord.admin_channel)

    async def run(self, ticks: int) -> None:
        """Make so many, and wait until all are answered."""
        async with asyncio.TaskGroup() as answers:
            for _ in range(ticks):
                self._number += 1
                await self._tick(self._number, answers)
                await asyncio.sleep(0.02)

    async def _tick(self, number: int, answers: asyncio.TaskGroup) -> None:
        discord, user = self._stage.discord, 10_000 + number
        await discord.post_message(f"m{number}")
        self.made.update([("message", f"m{number}"), ("followed", f"m{number}")])
        if number % 2:
            answers.create_task(discord.invoke("count", channel=discord.admin_channel, options={"number": number}))
            await discord.react(self._message, "👍", user=user)
            self.made.update([("command", str(number)), ("reaction", str(user))])
        else:
            answers.create_task(discord.click(self._button, "Press", user=user))
            await discord.join_voice(self._voice, user=9)
            await discord.leave_voice(user=9)
            self.made.update([("button", str(user)), ("voice", str(self._voice)), ("voice", "None")])


async def test_sessions_change_under_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has a number comes once over three switches, of which either session is late; the rest at least once."""
    monkeypatch.setattr(sessions, "OVERLAP_SECONDS", 1.5)
    write_plugin(tmp_path, "counter", COUNTER, manifest='intents = ["guild_voice_states", "guild_message_reactions"]\n')
    for name, event in (("guild_invites", "InviteCreateEvent"), ("guild_webhooks", "WebhookUpdateEvent"),
                        ("guild_message_typing", "GuildTypingEvent")):  # fmt: skip
        write_listener(tmp_path, name, event, name)
    async with Stage(["counter"], folders=[tmp_path], discord={"enforce_rate_limits": False}) as stage:
        load, took = Load(stage), []
        await load.begin()
        for number, delay in ((0, 0.3), (1, 0.0), (2, 0.3), (3, 0.0)):
            stage.discord.delay_session(number, delay)
        for name in ("guild_invites", "guild_webhooks", "guild_message_typing"):
            await stage.clock.advance(5)
            async with asyncio.TaskGroup() as both:
                both.create_task(load.run(75))
                report = await stage.plugins.enable(name)
            assert report.ok, report.error
            took.append(report.took_ms)
            await until(lambda: len(stage.discord.sessions) == 1)  # or the clock ends it with events on their way
        seen = running(stage, "counter").seen
        await until(lambda: all(count <= seen.count(one) for one, count in load.made.items()))
        counted = Counter(seen)

    once = [one for one in load.made if one[0] not in ("reaction", "voice")]
    assert {one: counted[one] for one in once} == dict.fromkeys(once, 1)
    assert [text for kind, text in seen if kind == "followed" and text.startswith("m")] == [
        text for kind, text in load.made if kind == "followed"
    ]
    kinds = Counter(kind for kind, _ in once)
    print(f"once: {dict(kinds)}; switches: {', '.join(f'{one:.0f}' for one in took)} ms")  # noqa: T201 - the figures


VOICE, REACTIONS, MEMBERS = (
    INTENTS[name] for name in ("guild_voice_states", "guild_message_reactions", "guild_members")
)


def test_the_names_are_hikaris() -> None:
    assert {one.name.lower(): int(one) for one in hikari.Intents if one.name and int(one).bit_count() == 1} == INTENTS


@pytest.mark.parametrize(
    ("event", "missing"),
    [
        (hikari.VoiceEvent, "guild_voice_states"),
        (hikari.DMChannelEvent, "dm_messages"),
        (hikari.PollVoteCreateEvent, "guild_message_polls"),
        (hikari.DMTypingEvent, "dm_message_typing"),
        (hikari.ReactionEvent, "guild_message_reactions"),
        (hikari.MemberCreateEvent, "guild_members"),
        (hikari.MessageEvent, ""),
        (hikari.ShardEvent, ""),
        (hikari.Event, ""),
        (hikari.InteractionCreateEvent, ""),
        (hikari.VoiceServerUpdateEvent, ""),
    ],
)
def test_what_an_event_needs(event: type[hikari.Event], missing: str) -> None:
    """A base class needs what one of its events does, also where hikari does not say it."""
    assert missing_for(event, OWN) == bits([missing] if missing else [])
    assert missing_for(event, OWN | bits([missing] if missing else [])) == 0


def test_what_a_class_was_before_it_had_slots_does_not_count() -> None:
    """Where garbage is not looked for while modules are imported it derives from the same class still."""
    known: Any = hikari.DMPinsUpdateEvent
    base: Any = vars(hikari)["DMChannelEvent"]
    before = type(known)(known.__name__, known.__bases__, {
        "__module__": known.__module__, **dict.fromkeys(base.__abstractmethods__),
    })  # fmt: skip

    assert before in base.__subclasses__()
    assert missing_for(base, OWN) == bits(["dm_messages"])


async def test_a_plugin_asks_for_more_while_the_bot_runs(tmp_path: Path) -> None:
    """Without the line it is refused and told the line; with it a session takes over, kept when it is off again."""
    (tmp_path / "stage").mkdir()
    write_listener(tmp_path, "voice", "VoiceEvent")
    write_listener(tmp_path, "reactions", "ReactionEvent", "guild_message_reactions")
    write_listener(tmp_path, "typing", "TypingEvent", "guild_message_typing")
    async with Stage([], folders=[tmp_path], folder=tmp_path / "stage") as stage:
        channel = stage.discord.add_channel("talk", kind=2)
        refused = await stage.plugins.enable("voice")
        assert "VoiceEvent never arrives" in refused.error
        assert 'manifest.toml:2): intents = ["guild_voice_states"]' in refused.error
        assert stage.discord.sessions == [OWN]

        write_listener(tmp_path, "voice", "VoiceEvent", "guild_voice_states")
        assert (await stage.plugins.reload("voice")).ok
        assert stage.discord.sessions[-1] == OWN | VOICE
        await stage.discord.join_voice(channel)
        await until(lambda: running(stage, "voice").seen)
        assert running(stage, "voice").seen[0].old_state is None
        await stage.discord.leave_voice()
        await until(lambda: running(stage, "voice").seen[-1].state.channel_id is None)
        assert running(stage, "voice").seen[-1].old_state is not None or len(stage.discord.sessions) == 2

        both = await asyncio.gather(stage.plugins.enable("reactions"), stage.plugins.enable("typing"))
        assert [report.error for report in both] == ["", ""]
        assert stage.discord.identifies == 3
        assert (await stage.plugins.disable("voice")).ok
        await stage.clock.advance(5)
        await until(lambda: len(stage.discord.sessions) == 1)
        everything = stage.discord.sessions[0]
        assert everything == OWN | VOICE | REACTIONS | INTENTS["guild_message_typing"]
        first, *later = stage.discord.identified_at
        assert all(after - before >= 5 for before, after in zip([first, *later], later, strict=False))
        info = await stage.discord.invoke("plugin info", user=stage.discord.owner_id, options={"name": "voice"})
        assert "intents: guild_voice_states" in info.content
        assert stage.app.discord is not None
        assert stage.app.discord.app.shards[0].is_connected
        assert stage.app.discord.guild_name(1) == "Guild 1"

    async with Stage(["reactions", "typing"], folders=[tmp_path], folder=tmp_path / "stage") as stage:
        assert stage.discord.sessions == [everything & ~VOICE]
        assert stage.discord.identifies == 1


async def test_what_is_not_granted_is_refused_and_the_rest_runs(tmp_path: Path) -> None:
    """At the start and while the bot runs, told with the switch; switched on, a reload is enough."""
    write_listener(tmp_path, "members", "MemberEvent", "guild_members")
    write_listener(tmp_path, "presences", "PresenceUpdateEvent", "guild_presences")
    write_listener(tmp_path, "reactions", "ReactionEvent", "guild_message_reactions")
    async with Stage(["members", "reactions"], folders=[tmp_path], broken=True) as stage:
        refused = stage.plugins.status("members")
        assert refused.state == "failed"
        for words in ("manifest.toml:8", "guild_members", "'Server Members Intent'", "/plugin reload members"):
            assert words in refused.error
        assert stage.discord.sessions == [OWN | REACTIONS]
        assert "'Presence Intent'" in (await stage.plugins.enable("presences")).error
        assert stage.discord.identifies == 1

        stage.discord.switch_intent("guild_members", on=True)
        await stage.clock.advance(5)
        assert (await stage.plugins.reload("members")).ok
        await stage.discord.member_joins(77)
        await until(lambda: running(stage, "members").seen)

        await stage.clock.advance(5)
        stage.discord.switch_intent("guild_presences", on=True)
        stage.discord.switch_intent("guild_presences", on=False, told=False)
        assert "'Presence Intent'" in (await stage.plugins.enable("presences")).error
        await until(lambda: stage.discord.sessions == [OWN | REACTIONS | MEMBERS])
        stage.discord.sessions_left = 0
        write_listener(tmp_path, "reactions", "InviteEvent", "guild_invites")
        await stage.clock.advance(5)
        report = await stage.plugins.reload("reactions")
        assert "no more sessions until" in report.error
        assert stage.plugins.status("reactions").state == "running"


async def test_what_is_granted_no_more(tmp_path: Path) -> None:
    """A session that ends for it is replaced by one without; where the bot itself is refused, it is told."""
    write_listener(tmp_path, "members", "MemberEvent", "guild_members")
    write_listener(tmp_path, "reactions", "ReactionEvent", "guild_message_reactions")
    options = {"members_intent": True}
    async with Stage(["members", "reactions"], folders=[tmp_path], discord=options) as stage:
        assert stage.app.discord is not None
        await stage.clock.advance(5)
        stage.discord.switch_intent("guild_members", on=False)
        await stage.discord.drop_gateway(4014)
        await until(lambda: stage.discord.sessions == [OWN | REACTIONS])
        assert "'Server Members Intent'" in stage.plugins.status("members").error
        assert stage.plugins.status("reactions").state == "running"

        ended = asyncio.create_task(stage.app.discord.ended())
        stage.discord.revoke_message_content()
        await stage.discord.drop_gateway(4014)
        problem = await ended
        assert isinstance(problem, ConfigError)
        assert "Message Content" in str(problem)


async def test_flags_that_say_otherwise_at_the_start(tmp_path: Path) -> None:
    """Where Discord refuses what the flags promise, the plugins that ask for it are ended, and the rest starts."""
    write_listener(tmp_path, "members", "MemberEvent", "guild_members")
    write_listener(tmp_path, "reactions", "ReactionEvent", "guild_message_reactions")
    stage = Stage(["members", "reactions"], folders=[tmp_path], broken=True, discord={"members_intent": True})
    stage.discord.switch_intent("guild_members", on=False, told=False)
    starting = asyncio.create_task(stage.__aenter__())
    await until(lambda: stage.discord.identified_at)
    await stage.clock.advance(5)
    await starting
    try:
        assert stage.discord.sessions == [OWN | REACTIONS]
        assert "'Server Members Intent'" in stage.plugins.status("members").error
    finally:
        await stage.__aexit__(None, None, None)


async def test_a_gateway_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin is not on, and what runs goes on; nothing is left of the attempt."""
    monkeypatch.setattr(sessions, "START_SECONDS", 0.3)
    write_listener(tmp_path, "reactions", "ReactionEvent", "guild_message_reactions")
    async with Stage([], folders=[tmp_path]) as stage:
        stage.discord.accept_gateway = False
        await stage.clock.advance(5)
        report = await stage.plugins.enable("reactions")
        assert "has opened no other session" in report.error
        await until(lambda: len([one for one in asyncio.all_tasks() if one.get_name().startswith("keep alive")]) == 1)
        assert stage.discord.sessions == [OWN]
        stage.discord.accept_gateway = True
        await stage.clock.advance(5)
        assert (await stage.plugins.reload("reactions")).ok


async def test_a_presence_is_taken_on(tmp_path: Path) -> None:
    """What the bot shows goes over to the next session."""
    write_listener(tmp_path, "reactions", "ReactionEvent", "guild_message_reactions")
    async with Stage([], folders=[tmp_path]) as stage:
        assert stage.app.discord is not None
        await stage.app.discord.app.update_presence(status=hikari.Status.IDLE)
        await stage.clock.advance(5)
        assert (await stage.plugins.enable("reactions")).ok
        session = stage.app.discord.app.shards[0]
        assert int(session.intents) == OWN | REACTIONS
        assert getattr(session, "presence", {}) == {"initial_status": hikari.Status.IDLE}


def test_an_intent_that_there_is_not(tmp_path: Path) -> None:
    write_listener(tmp_path, "odd", "ReactionEvent", "guild_reactions")
    with pytest.raises(PluginError) as caught:
        read_manifest(tmp_path / "odd")
    assert "holds 'guild_reactions', which is no intent" in str(caught.value)
    assert "guild_message_reactions" in str(caught.value)
