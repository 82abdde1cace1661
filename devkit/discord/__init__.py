"""A Discord on loopback: a real HTTP API and a real gateway, for tests, the demo and plugin authors."""

from devkit.discord.errors import RefusedError
from devkit.discord.message import Message
from devkit.discord.server import DiscordServer
from devkit.discord.shapes import Request
from devkit.discord.world import GuildChannels, Webhook

__all__ = ["DiscordServer", "GuildChannels", "Message", "RefusedError", "Request", "Webhook"]
