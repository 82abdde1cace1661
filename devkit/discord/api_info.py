"""Routes about the bot itself, its application, guilds, members and users."""

from devkit.discord import render
from devkit.discord.errors import unknown
from devkit.discord.parts import Parts
from devkit.discord.routes import Route
from devkit.discord.shapes import Answer, Call
from devkit.discord.world import BOT_ID


class InfoApi:
    """GET /gateway/bot, /users, /applications, /guilds."""

    def __init__(self, parts: Parts) -> None:
        self._world = parts.world
        self._gateway = parts.gateway

    def routes(self) -> list[Route]:
        """Return the routes of this part."""
        return [
            Route("GET", "/gateway", self._gateway_url, public=True),
            Route("GET", "/gateway/bot", self._gateway_bot),
            Route("GET", "/users/@me", self._me),
            Route("GET", "/users/@me/guilds", self._my_guilds),
            Route("GET", "/users/{user}", self._user),
            Route("GET", "/oauth2/applications/@me", self._application),
            Route("GET", "/applications/@me", self._application),
            Route("GET", "/applications/{application}", self._application),
            Route("GET", "/guilds/{guild}", self._guild),
            Route("GET", "/guilds/{guild}/channels", self._channels),
            Route("GET", "/guilds/{guild}/roles", self._roles),
            Route("GET", "/guilds/{guild}/roles/{role}", self._role),
            Route("GET", "/guilds/{guild}/members", self._members),
            Route("GET", "/guilds/{guild}/members/{user}", self._member),
        ]

    async def _gateway_url(self, call: Call) -> Answer:
        return Answer({"url": self._world.gateway_url})

    async def _gateway_bot(self, call: Call) -> Answer:
        left = self._gateway.sessions_left
        limit = {"total": 1000, "remaining": left, "reset_after": 3_600_000, "max_concurrency": 1}
        return Answer({"url": self._world.gateway_url, "shards": 1, "session_start_limit": limit})

    async def _me(self, call: Call) -> Answer:
        return Answer(render.me_json(self._world))

    async def _my_guilds(self, call: Call) -> Answer:
        keys = ("id", "name", "icon", "banner", "features")
        guilds = [render.guild_json(guild) for guild in self._world.guilds.values()]
        return Answer([{key: guild[key] for key in keys} | {"owner": False, "permissions": "0"} for guild in guilds])

    async def _user(self, call: Call) -> Answer:
        user = self._world.users.get(call.number("user"))
        if user is None:
            raise unknown("User")
        return Answer(user)

    async def _application(self, call: Call) -> Answer:
        if call.params.get("application", str(BOT_ID)) != str(BOT_ID):
            raise unknown("Application")
        return Answer(render.application_json(self._world, self._gateway.application_flags))

    async def _guild(self, call: Call) -> Answer:
        guild = self._world.guild(call.number("guild"))
        counts = {"approximate_member_count": len(guild.members), "approximate_presence_count": 0}
        return Answer(render.guild_json(guild) | (counts if call.asks("with_counts") else {}))

    async def _channels(self, call: Call) -> Answer:
        guild = self._world.guild(call.number("guild"))
        return Answer([render.channel_json(channel) for channel in self._world.channels_of(guild.id)])

    async def _roles(self, call: Call) -> Answer:
        guild = self._world.guild(call.number("guild"))
        return Answer([render.role_json(guild, role) for role in sorted(guild.roles)])

    async def _role(self, call: Call) -> Answer:
        guild, role = self._world.guild(call.number("guild")), call.number("role")
        if role not in guild.roles:
            raise unknown("Role")
        return Answer(render.role_json(guild, role))

    async def _members(self, call: Call) -> Answer:
        guild = self._world.guild(call.number("guild"))
        ids = [user for user in sorted(guild.members) if user > int(call.query.get("after", 0))]
        most = int(call.query.get("limit", 1))
        return Answer([render.member_json(self._world, guild, user) for user in ids[:most]])

    async def _member(self, call: Call) -> Answer:
        guild, user = self._world.guild(call.number("guild")), call.number("user")
        if user not in guild.members:
            raise unknown("Member")
        return Answer(render.member_json(self._world, guild, user))
