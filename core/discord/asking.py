"""Asks Discord for its raw answers, of which whoever asks takes what he needs: hikari wants them whole.

A field that Discord leaves out, or a kind of channel that hikari does not know, is no error here.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import hikari
from hikari.internal import routes

from core.config import Config
from core.discord.wire import dumps, tls
from core.errors import ConfigError, PeerUnavailableError

NOT_THERE = (hikari.ForbiddenError, hikari.NotFoundError)
"""What Discord answers about things that are not there, or not for this bot."""
ANSWER_SECONDS = 15.0


class Asking:
    """An open line to Discord's REST API. ``lost`` says why nothing more can be asked, "" while it can."""

    def __init__(self, rest: Any, url: str) -> None:
        self._rest, self._url = rest, url
        self.lost = ""

    async def get(self, path: str, **ids: int) -> Any:
        """Return what Discord answers to ``GET`` *path*, as in ``/guilds/{guild}``.

        Raises:
            hikari.ForbiddenError: it is not for this bot.
            hikari.NotFoundError: there is no such thing.
            ConfigError: the token is refused.
            PeerUnavailableError: Discord does not answer, or has a trouble of its own.
        """
        try:
            return await self._rest._request(routes.Route("GET", path).compile(**ids))
        except NOT_THERE:
            raise
        except hikari.UnauthorizedError:
            self.lost = "it refuses the token. Copy it anew: Developer Portal, Bot, Reset Token."
            raise ConfigError(self.lost) from None
        except hikari.HTTPResponseError as error:
            problem = f"it answers {int(error.status)} to {path}. That is Discord's own trouble: try again later."
            raise PeerUnavailableError(problem) from error
        except (hikari.HikariError, OSError, TimeoutError) as error:
            self.lost = f"{self._url} does not answer: {error}. Is this machine's way out open, and rest_url right?"
            raise PeerUnavailableError(self.lost) from error


@contextlib.asynccontextmanager
async def asking(config: Config) -> AsyncIterator[Asking]:
    """Open the line with the bot's token (``ConfigError`` if there is none)."""
    token, limits = config.token().reveal(), hikari.impl.HTTPTimeoutSettings(total=ANSWER_SECONDS)
    settings = hikari.impl.HTTPSettings(timeouts=limits, ssl=tls())
    app = hikari.RESTApp(url=config.discord.rest_url, max_retries=0, http_settings=settings, dumps=dumps)
    await app.start()
    try:
        async with app.acquire(token, hikari.TokenType.BOT) as rest:
            yield Asking(rest, config.discord.rest_url)
    finally:
        await app.close()
