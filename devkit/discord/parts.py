"""The pieces of the server, put together once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devkit.discord.bell import Bell
from devkit.discord.gateway import Gateway
from devkit.discord.interactions import Interactions
from devkit.discord.posts import Posts
from devkit.discord.reactions import Reactions
from devkit.discord.registry import Registry
from devkit.discord.world import World


@dataclass(frozen=True, slots=True)
class Settings:
    """What a DiscordServer was made with; see there."""

    guilds: Sequence[int]
    granted_intents: int
    strict: bool
    interaction_seconds: float
    now: Callable[[], float]
    origin: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Parts:
    """What handlers and people work with."""

    bell: Bell
    world: World
    gateway: Gateway
    posts: Posts
    reactions: Reactions
    registry: Registry
    interactions: Interactions
    strict: bool


def assemble(settings: Settings) -> Parts:
    """Build everything but the HTTP side."""
    bell = Bell()
    world = World(settings.guilds, now=settings.now, origin=settings.origin)
    gateway = Gateway(world, bell, granted=settings.granted_intents)
    posts = Posts(world, gateway, bell)
    registry = Registry(world, strict=settings.strict)
    interactions = Interactions(world, posts, bell, seconds=settings.interaction_seconds, strict=settings.strict)
    reactions = Reactions(world, gateway, bell)
    return Parts(bell, world, gateway, posts, reactions, registry, interactions, settings.strict)
