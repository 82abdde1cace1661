"""Discord's REST API for the terminal, where no bot runs."""

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from roundhook import ConfigError, PeerUnavailableError
from roundhook.cli import Config

if TYPE_CHECKING:
    import hikari


def places_of(config: Config) -> str:
    """Return the control channels in words."""
    channels = config.discord.control_channels
    return f"channel {channels[0]}" if len(channels) == 1 else f"one of the channels {', '.join(map(str, channels))}"


@contextlib.asynccontextmanager
async def rest_of(config: Config, key: str) -> AsyncIterator["hikari.api.RESTClient"]:
    """Open Discord's REST API with the bot's token.

    Raises:
        ConfigError: token or control channel is missing, and the settings name no address either.
        PeerUnavailableError: Discord does not answer.
    """
    import hikari

    if not config.discord.control_channels:
        raise ConfigError(
            f"Where shall the script post? Set discord.control_channel, or servers.{key}.webhook_url to a webhook's "
            'address ("env:NAME" or "file:PATH").'
        )
    app = hikari.RESTApp(url=config.discord.rest_url)
    await app.start()
    try:
        async with app.acquire(config.token().reveal(), hikari.TokenType.BOT) as rest:
            yield rest
    except hikari.UnauthorizedError as error:
        raise ConfigError(
            "Discord refuses the token. Copy it anew: Developer Portal, Bot, Reset Token; or set "
            f"servers.{key}.webhook_url."
        ) from error
    except (hikari.ForbiddenError, hikari.NotFoundError) as error:
        raise ConfigError(
            f"The bot may not manage webhooks in {places_of(config)} (discord.control_channel). "
            f"Give it 'Manage Webhooks' there, or name a webhook's address in servers.{key}.webhook_url."
        ) from error
    except (hikari.HikariError, OSError) as error:
        raise PeerUnavailableError(f"Discord at {config.discord.rest_url} does not answer: {error}") from error
    finally:
        await app.close()
