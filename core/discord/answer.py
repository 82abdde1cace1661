"""Answers to commands, of any size: in as many parts as Discord's limits ask for, and without a ping."""

import lightbulb

from core.discord.messages import Message, as_message


async def answer(context: lightbulb.Context, message: str | Message, *, ephemeral: bool = False) -> None:
    """Answer a command with a text or message; *ephemeral*: for its user alone."""
    for part in as_message(message).parts():
        await context.respond(ephemeral=ephemeral, **part.options())
