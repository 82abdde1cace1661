"""What the users of the loopback Discord do without asking the bot: write, react, type, talk, come and go."""

from collections.abc import Sequence

from devkit.discord import render
from devkit.discord.message import Message
from devkit.discord.parts import Parts
from devkit.discord.shapes import Payload
from devkit.discord.world import VOICE, Channel, Guild


class Crowd:
    """The part of DiscordServer that makes things happen which a bot may listen to.

    The bot hears of each if it has asked for the intent: reactions ``GUILD_MESSAGE_REACTIONS``, voice
    ``GUILD_VOICE_STATES``, members ``GUILD_MEMBERS``, typing ``GUILD_MESSAGE_TYPING``, messages ``GUILD_MESSAGES``.
    """

    _parts: Parts

    async def post_message(self, content: str, *, user: int = 7, channel: int | None = None) -> Message:
        """Let a human write a message; *channel* is the first guild's stats channel by default."""
        place = self._place(channel)
        self._guild(place.guild_id, joined=user)
        return self._parts.posts.create(place.id, self._parts.world.user(user), {"content": content}).snapshot()

    async def edit_message(self, message: Message, content: str) -> Message:
        """Let whoever wrote a message change it.

        Raises:
            ValueError: a bot or a webhook has written it.
        """
        if message["author"].get("bot") or "webhook_id" in message:
            raise ValueError("Only its author edits a message, and a bot or a webhook has written this one.")
        return self._parts.posts.edit(self._stored(message), {"content": content}).snapshot()

    async def delete_message(self, message: Message) -> None:
        """Let a human delete a message: its author or, as with the bot's own, a moderator."""
        self._parts.posts.delete(self._stored(message))

    async def react(self, message: Message, emoji: str, *, user: int = 7) -> None:
        """Let a user react to a message with ``"👍"`` or with ``"<:name:id>"``."""
        self._guild(self._place(int(message["channel_id"])).guild_id, joined=user)
        self._parts.reactions.add(self._stored(message), user, emoji)

    async def unreact(self, message: Message, emoji: str, *, user: int = 7) -> None:
        """Take a user's reaction back.

        Raises:
            ValueError: the user has not reacted with it.
        """
        if user not in self._parts.reactions.users(stored := self._stored(message), emoji):
            raise ValueError(f"User {user} has not reacted with {emoji}. Let them: react.")
        self._parts.reactions.remove(stored, user, emoji)

    async def type_in(self, channel: int | None = None, *, user: int = 7) -> None:
        """Let a user begin to type; *channel* is the first guild's stats channel by default."""
        place = self._place(channel)
        guild = self._guild(place.guild_id, joined=user)
        about = {"channel_id": str(place.id), "guild_id": str(guild.id), "user_id": str(user)}
        more = {"timestamp": int(self._parts.world.now()), "member": self._member(guild, user)}
        self._parts.gateway.dispatch("TYPING_START", about | more)

    def add_channel(self, name: str, *, guild: int | None = None, kind: int = 0) -> int:
        """Add a channel, by Discord's number for its kind: 0 is text, 2 voice, 15 a forum; return its id."""
        channel = self._parts.world.add_channel(self._guild(guild).id, name, kind)
        self._parts.gateway.dispatch("CHANNEL_CREATE", render.channel_json(channel))
        return channel.id

    async def join_voice(self, channel: int, *, user: int = 7, muted: bool = False, deafened: bool = False) -> None:
        """Let a user talk in a voice channel; who is in another one changes over.

        Raises:
            ValueError: it is no voice channel.
        """
        place = self._parts.world.channel(channel)
        if place.kind not in VOICE:
            raise ValueError(f'#{place.name} is no voice channel. Make one: add_channel("talk", kind=2).')
        guild = self._guild(place.guild_id, joined=user)
        guild.voice[user] = render.voice_json(guild, user, place, muted=muted, deafened=deafened)
        self._tell_voice(guild, user, guild.voice[user])

    async def leave_voice(self, *, user: int = 7, guild: int | None = None) -> None:
        """Let a user leave the voice channel of a guild (the first one by default).

        Raises:
            ValueError: the user is in none.
        """
        place = self._guild(guild)
        if user not in place.voice:
            raise ValueError(f"User {user} is in no voice channel of guild {place.id}. Join one first: join_voice.")
        self._tell_voice(place, user, place.voice.pop(user) | {"channel_id": None})

    async def member_joins(self, user: int, *, guild: int | None = None, roles: Sequence[int] = ()) -> None:
        """Let a user become a member of a guild (the first one by default).

        Raises:
            ValueError: the user is one already, as is whoever has done anything there.
        """
        place = self._guild(guild)
        if user in place.members:
            raise ValueError(f"User {user} is a member of guild {place.id} already. Let them go first: member_leaves.")
        self._parts.world.join(place, user, roles)
        self._parts.gateway.dispatch("GUILD_MEMBER_ADD", self._member(place, user))

    async def member_changes(
        self, user: int, *, guild: int | None = None, nick: str | None = None, roles: Sequence[int] = ()
    ) -> None:
        """Give a member another nickname (None: none) and other roles."""
        place = self._guild(guild, joined=user)
        place.nicks[user] = nick
        place.members[user].clear()
        self._parts.world.join(place, user, roles)
        self._parts.gateway.dispatch("GUILD_MEMBER_UPDATE", self._member(place, user))

    async def member_leaves(self, user: int, *, guild: int | None = None) -> None:
        """Let a user leave a guild (the first one by default), and its voice channel too."""
        place = self._guild(guild, joined=user)
        if user in place.voice:
            await self.leave_voice(user=user, guild=place.id)
        del place.members[user]
        about = {"guild_id": str(place.id), "user": self._parts.world.user(user)}
        self._parts.gateway.dispatch("GUILD_MEMBER_REMOVE", about)

    async def bot_leaves(self, guild: int) -> None:
        """Let somebody remove the bot from a guild."""
        self._parts.world.leave(guild)
        self._parts.gateway.dispatch("GUILD_DELETE", {"id": str(guild)})

    async def bot_returns(self, guild: int) -> None:
        """Let somebody invite the bot again to a guild that it was removed from."""
        self._parts.gateway.tell_guild(self._parts.world.come_back(guild))

    def _tell_voice(self, guild: Guild, user: int, state: Payload) -> None:
        place = {"guild_id": str(guild.id), "member": render.member_json(self._parts.world, guild, user)}
        self._parts.gateway.dispatch("VOICE_STATE_UPDATE", state | place)

    def _member(self, guild: Guild, user: int) -> Payload:
        return render.member_json(self._parts.world, guild, user) | {"guild_id": str(guild.id)}

    def _stored(self, message: Message) -> Message:
        return self._parts.posts.find(int(message["channel_id"]), int(message["id"]))

    def _place(self, channel: int | None) -> Channel:
        return self._parts.world.channel(channel or self._guild(None).channels.stats)

    def _guild(self, guild: int | None, *, joined: int | None = None) -> Guild:
        """Return a guild (the first one for None); *joined* becomes a member, as everybody is who does something."""
        world = self._parts.world
        found = world.guild(next(iter(world.guilds)) if guild is None else guild)
        if joined is not None:
            world.join(found, joined)
        return found
