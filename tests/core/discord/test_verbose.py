"""What ``--verbose`` logs: everything hikari and aiohttp say, and no token in it."""

import io
import logging

import hikari

from core.shown import LineFormatter
from roundhook.testing import Stage


async def test_no_token_is_logged() -> None:
    """Of the bot, of a webhook, of an interaction; in lines and in tracebacks."""
    kept = io.StringIO()
    handler = logging.StreamHandler(kept)
    handler.setFormatter(LineFormatter("%(name)s %(message)s"))
    loggers = [logging.getLogger(), logging.getLogger("hikari")]
    before = [one.level for one in loggers]
    async with Stage(["server_admin", "lua_webhook"]) as stage:
        for one in loggers:
            one.setLevel(5)  # hikari's own, below DEBUG: bodies and headers
        logging.getLogger().addHandler(handler)
        try:
            await stage.discord.invoke("setup server", admin=True, options={"server": "local"})
            await stage.discord.post_webhook("local", content="hello")
            stage.discord.fail_next("POST", "/interactions/*", 404)
            try:
                await stage.app.services.discord.rest.create_interaction_response(1, "t" * 80, 4, "x")
            except hikari.HikariError:
                logging.getLogger("a.plugin").exception("it failed")
        finally:
            logging.getLogger().removeHandler(handler)
            for one, level in zip(loggers, before, strict=True):
                one.setLevel(level)
        secrets = [stage.discord.token, *(one.token for one in stage.discord.webhooks.values()), "t" * 80]
    said = kept.getvalue()

    assert "/interactions/1/…/callback" in said
    assert [secret for secret in secrets if secret in said] == []
