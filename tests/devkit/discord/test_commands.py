"""Tests: slash commands from registration to reply, with lightbulb as it is."""

import asyncio

import hikari
import lightbulb
import pytest

from devkit.discord import DiscordServer
from tests.devkit.discord.support import Bot, Rest

group = lightbulb.Group("plugin", "Plugins")


async def complete(ctx: lightbulb.AutocompleteContext[str]) -> None:
    """Offer two names."""
    await ctx.respond([f"{ctx.focused.value}{end}" for end in ("z", "af")])


class Stats(lightbulb.SlashCommand, name="stats", description="A player"):
    """Answers at once, with every kind of option."""

    player = lightbulb.string("player", "Who", autocomplete=complete)
    days = lightbulb.integer("days", "How long", default=30, min_value=1, max_value=365)
    server = lightbulb.string("server", "Where", default=None, choices=lightbulb.utils.to_choices(["local", "puran"]))
    user = lightbulb.user("user", "Whom", default=None)
    exact = lightbulb.boolean("exact", "Exactly", default=False)

    @lightbulb.invoke
    async def run(self, ctx: lightbulb.Context) -> None:
        whom = self.user.username if self.user else "-"
        await ctx.respond(f"{self.player} {self.days} {self.server} {whom} {self.exact}")


class Slow(lightbulb.SlashCommand, name="slow", description="Defers"):
    """Defers, fills that, and adds a followup."""

    @lightbulb.invoke
    async def run(self, ctx: lightbulb.Context) -> None:
        await ctx.defer(ephemeral=True)
        await ctx.respond("first", attachment=hikari.Bytes(b"data", "card.png"))
        await ctx.respond("second")


class Edits(lightbulb.SlashCommand, name="edits", description="Defers and edits"):
    """Defers and edits the deferred response."""

    @lightbulb.invoke
    async def run(self, ctx: lightbulb.Context) -> None:
        await ctx.defer()
        await ctx.interaction.edit_initial_response("edited", embed=hikari.Embed(title="t", description="d"))


class Secret(lightbulb.SlashCommand, name="secret", description="Admins", hooks=[lightbulb.prefab.owner_only]):
    """Answers nobody but the owner."""

    @lightbulb.invoke
    async def run(self, ctx: lightbulb.Context) -> None:
        await ctx.respond("yes", ephemeral=True)


class Rights(lightbulb.SlashCommand, name="rights", description="What I may"):
    """Says who the user is."""

    @lightbulb.invoke
    async def run(self, ctx: lightbulb.Context) -> None:
        member = ctx.interaction.member
        assert member is not None
        admin = bool(member.permissions & hikari.Permissions.ADMINISTRATOR)
        await ctx.respond(f"{ctx.guild_id} {ctx.user.id} {admin} {sorted(map(int, member.role_ids))}", ephemeral=True)


class Points(lightbulb.SlashCommand, name="points", description="Points to things"):
    """Takes options that stand for objects, and asks back with a modal."""

    role = lightbulb.role("role", "A role")
    channel = lightbulb.channel("channel", "A channel")
    share = lightbulb.number("share", "A number")

    @lightbulb.invoke
    async def run(self, ctx: lightbulb.Context) -> None:
        row = hikari.impl.ModalActionRowBuilder()
        row.add_text_input("why", f"{self.role.name} {self.channel.name} {self.share}")
        await ctx.respond_with_modal("Why?", "why", component=row)


class Read(lightbulb.SlashCommand, name="read", description="Reads a file"):
    """Takes a file."""

    file = lightbulb.attachment("file", "A file")

    @lightbulb.invoke
    async def run(self, ctx: lightbulb.Context) -> None:
        await ctx.respond(f"{self.file.filename}: {(await self.file.read()).decode()}")


class Whois(lightbulb.UserCommand, name="Who is it"):
    """In the menu of a user."""

    @lightbulb.invoke
    async def run(self, ctx: lightbulb.Context) -> None:
        await ctx.respond(f"{self.target.username} {self.target.id}")


class Quote(lightbulb.MessageCommand, name="Quote"):
    """In the menu of a message."""

    @lightbulb.invoke
    async def run(self, ctx: lightbulb.Context) -> None:
        await ctx.respond(f"> {self.target.content}")


class Mute(lightbulb.SlashCommand, name="mute", description="Says nothing"):
    """Never answers."""

    @lightbulb.invoke
    async def run(self, ctx: lightbulb.Context) -> None:
        """Do nothing."""


@group.register
class Reload(lightbulb.SlashCommand, name="reload", description="Reload one"):
    """A sub-command."""

    name = lightbulb.string("name", "Which", autocomplete=complete)

    @lightbulb.invoke
    async def run(self, ctx: lightbulb.Context) -> None:
        await ctx.respond(f"reloaded {self.name}")


@pytest.fixture
async def running(bot: Bot) -> Bot:
    """A started bot with all commands, registered in guild 1, and /rights globally too."""
    for command in (Stats, Slow, Edits, Secret, Points, Read, Whois, Quote, Mute, group):
        bot.client.register(command, guilds=[1])
    bot.client.register(Rights)
    await bot.start()
    return bot


async def test_registration_is_one_put_for_each_scope(server: DiscordServer, running: Bot) -> None:
    """Lightbulb registers with one PUT; a second sync reads and finds that nothing differs."""
    puts = [request.path for request in server.requests if request.method == "PUT"]
    before = len(server.requests)

    await running.client.sync_application_commands()

    assert len(puts) == 2
    assert {request.method for request in server.requests[before:]} == {"GET"}
    assert {command["name"] for command in server.commands(1)} == {
        "stats", "slow", "edits", "secret", "points", "read", "Who is it", "Quote", "mute", "plugin",
    }  # fmt: skip
    assert [command["name"] for command in server.commands(None)] == ["rights"]
    assert server.commands(2) == []


async def test_options_arrive_typed(server: DiscordServer, running: Bot) -> None:
    """Options of every kind reach the command with their values; left out ones have their defaults."""
    server.add_user(9, "nick")

    full = await server.invoke(
        "stats", options={"player": "olz", "days": 7, "server": "puran", "user": 9, "exact": True}
    )
    least = await server.invoke("stats", options={"player": "olz"})

    assert full.text == "olz 7 puran nick True"
    assert least.text == "olz 30 None - False"
    assert [message.text for message in server.messages(server.stats_channel)] == [full.text, least.text]


async def test_options_that_point_to_objects(server: DiscordServer, running: Bot) -> None:
    """Roles and channels arrive resolved; a modal as first answer comes back as the reply."""
    form = await server.invoke("points", options={"role": 55, "channel": server.admin_channel, "share": 2})

    assert form.modal["title"] == "Why?"
    assert form.modal["components"][0]["components"][0]["label"] == "role55 admin 2.0"


async def test_a_file_is_handed_over(server: DiscordServer, running: Bot) -> None:
    """The bot downloads what the user has attached; what is no file is refused."""
    reply = await server.invoke("read", options={"file": ("notes.txt", b"gg")})

    assert reply.content == "notes.txt: gg"
    with pytest.raises(ValueError, match="takes a file"):
        await server.invoke("read", options={"file": "notes.txt"})


async def test_menus_of_users_and_messages(server: DiscordServer, running: Bot) -> None:
    """Their commands get what they were called on; one that is not there is named with those that are."""
    message = await server.post_message("gg wp", user=8)

    assert (await server.use_menu("Who is it", 8)).content == "user8 8"
    assert (await server.use_menu("Quote", message)).content == "> gg wp"
    with pytest.raises(LookupError, match="of a user has no command 'Quote' in guild 1"):
        await server.use_menu("Quote", 8)


async def test_deferral_is_filled_and_followed_up(server: DiscordServer, running: Bot) -> None:
    """The reply to a deferred command is what fills it; more comes in followups; ephemeral stays hidden."""
    reply = await server.invoke("slow")
    await server.until(lambda: bool(reply.followups))

    assert (reply.text, reply.ephemeral, reply.files) == ("first", True, {"card.png": b"data"})
    assert [followup.text for followup in reply.followups] == ["second"]
    assert "first" not in [message.text for message in server.messages(server.stats_channel)]


async def test_deferral_is_filled_by_an_edit(server: DiscordServer, running: Bot) -> None:
    """Editing the deferred response fills it too."""
    reply = await server.invoke("edits")

    assert reply.text == "edited\nt\nd"
    assert not reply.ephemeral
    assert not reply.loading


async def test_member_is_who_the_test_says(server: DiscordServer, running: Bot) -> None:
    """User, guild, administrator and roles are those of the caller."""
    plain = await server.invoke("rights", guild=2, user=8, roles=[55])
    admin = await server.invoke("rights", admin=True)

    assert plain.text == "2 8 False [2, 55]"
    assert admin.text == "1 7 True [1]"
    assert plain.ephemeral


async def test_owner_is_known(server: DiscordServer, running: Bot) -> None:
    """A command for the owner answers the owner."""
    assert (await server.invoke("secret", user=server.owner_id)).text == "yes"


async def test_sub_command_is_found_by_its_words(server: DiscordServer, running: Bot) -> None:
    """Words after the command lead to the sub-command; without them the error lists what there is."""
    reply = await server.invoke("plugin reload", options={"name": "x"})

    assert reply.text == "reloaded x"
    with pytest.raises(LookupError, match="reload"):
        await server.invoke("plugin")


async def test_autocomplete_returns_the_choices(server: DiscordServer, running: Bot) -> None:
    """Typing into an option returns what the bot offers."""
    choices = await server.autocomplete("stats", "player", "ol")

    inner = await server.autocomplete("plugin reload", "name", "x")

    assert [choice["value"] for choice in choices] == ["olz", "olaf"]
    assert [choice["value"] for choice in inner] == ["xz", "xaf"]
    with pytest.raises(ValueError, match="no autocompletion"):
        await server.autocomplete("stats", "server", "x")


PLAYER = {"type": 3, "name": "player", "description": "d", "required": True}
DAYS = {"type": 4, "name": "days", "description": "d", "min_value": 1, "max_value": 365}
SERVER = {"type": 3, "name": "server", "description": "d", "choices": [{"name": "A", "value": "a"}]}


@pytest.mark.parametrize(
    ("name", "options", "error", "says"),
    [
        ("nope", {}, LookupError, "Registered: stats"),
        ("stats now", {"player": "x"}, LookupError, "no sub-command 'now'"),
        ("stats", {"player": "x", "sever": "y"}, LookupError, "no option sever"),
        ("stats", {}, ValueError, "needs player"),
        ("stats", {"player": 5}, ValueError, "takes a text"),
        ("stats", {"player": "x", "days": True}, ValueError, "whole number"),
        ("stats", {"player": "x", "days": 366}, ValueError, "at most 365"),
        ("stats", {"player": "x", "server": "z"}, ValueError, "one of a"),
    ],
)
async def test_what_the_client_would_not_send(
    server: DiscordServer, rest: Rest, name: str, options: dict[str, object], error: type[Exception], says: str
) -> None:
    """A user's client refuses unknown commands, options and values; so does invoke, with what there is."""
    definition = {"name": "stats", "description": "d", "options": [PLAYER, DAYS, SERVER]}
    await rest("POST", f"/applications/{server.application_id}/commands", definition)

    with pytest.raises(error, match=says):
        await server.invoke(name, options=options)


async def test_silence_names_the_command(server: DiscordServer, running: Bot) -> None:
    """A command that never answers is a TimeoutError with its name."""
    with pytest.raises(TimeoutError, match="/mute"):
        await server.invoke("mute", timeout=0.05)


async def test_late_answer_is_refused() -> None:
    """An answer after the first three seconds is 10062 for the bot and a timeout for the user."""
    now = 1_800_000_000.0
    asked, late, refused = asyncio.Event(), asyncio.Event(), asyncio.Event()
    errors: list[hikari.NotFoundError] = []

    class Late(lightbulb.SlashCommand, name="late", description="Late"):
        """Answers when the time is over."""

        @lightbulb.invoke
        async def run(self, ctx: lightbulb.Context) -> None:
            asked.set()
            await late.wait()
            try:
                await ctx.respond("too late")
            except hikari.NotFoundError as error:
                errors.append(error)
                refused.set()

    async with DiscordServer(now=lambda: now) as server:
        bot = Bot(server)
        bot.client.register(Late)
        await bot.start()
        asking = asyncio.create_task(server.invoke("late"))
        await asked.wait()
        now += 3.5
        late.set()
        with pytest.raises(TimeoutError, match="too late"):
            await asking
        await refused.wait()
        await bot.close()

    assert [error.code for error in errors] == [10062]


async def test_second_first_answer_is_refused(server: DiscordServer) -> None:
    """An interaction is answered once: the second time is 40060."""
    errors: list[hikari.BadRequestError] = []

    class Twice(lightbulb.SlashCommand, name="twice", description="Twice"):
        """Answers twice."""

        @lightbulb.invoke
        async def run(self, ctx: lightbulb.Context) -> None:
            await ctx.interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, "1")
            try:
                await ctx.interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, "2")
            except hikari.BadRequestError as error:
                errors.append(error)
            await ctx.interaction.execute("done")

    bot = Bot(server)
    bot.client.register(Twice)
    await bot.start()
    reply = await server.invoke("twice")
    await server.until(lambda: bool(reply.followups))
    await bot.close()

    assert reply.text == "1"
    assert [error.code for error in errors] == [40060]
