"""A message as Discord sent it: hikari's own where hikari can read it, else as far as that can be."""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import hikari

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMessage:
    """What could be read of a message that hikari cannot read; the names are those of ``hikari.Message``."""

    id: hikari.Snowflake
    channel_id: hikari.Snowflake
    created_at: datetime
    webhook_id: hikari.Snowflake | None = None
    content: str | None = None
    embeds: tuple[hikari.Embed, ...] = ()
    attachments: tuple[hikari.Attachment, ...] = ()
    raw: dict[str, Any] = field(repr=False)
    """All of it, as Discord sent it."""


def message_of(app: hikari.GatewayBot, payload: dict[str, Any]) -> hikari.Message | RawMessage:
    """Return the message in *payload*."""
    try:
        return app.entity_factory.deserialize_message(payload)
    except Exception as error:  # noqa: BLE001 - an odd value can make hikari raise anything; told below
        log.warning("message %s has something that hikari cannot read (%r); the rest is taken", payload["id"], error)
    number, webhook = hikari.Snowflake(payload["id"]), payload.get("webhook_id")
    factory = app.entity_factory
    return RawMessage(
        id=number,
        channel_id=hikari.Snowflake(payload["channel_id"]),
        created_at=number.created_at,
        webhook_id=hikari.Snowflake(webhook) if webhook else None,
        content=payload.get("content") or None,
        embeds=tuple(_readable(factory.deserialize_embed, payload.get("embeds"))),
        attachments=tuple(_readable(lambda one: _attachment(factory, one), payload.get("attachments"))),
        raw=payload,
    )


def _readable(read: Any, payloads: Any) -> list[Any]:
    found = []
    for payload in payloads if isinstance(payloads, list) else ():
        try:
            found.append(read(payload))
        except Exception as error:  # noqa: BLE001 - as above
            log.debug("a part of a message cannot be read: %r", error)
    return found


def _attachment(factory: Any, payload: dict[str, Any]) -> hikari.Attachment:
    attachment: hikari.Attachment = factory._deserialize_message_attachment(payload)
    return attachment
