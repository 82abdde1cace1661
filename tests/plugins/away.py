"""A database that goes away in the moment in which a plugin publishes something."""

from typing import Any

import pytest

from roundhook import Event, PeerUnavailableError
from roundhook.testing import Stage
from tests.plugin_maker import running


def once_away(stage: Stage, plugin: str, monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """Let the next thing that *plugin* publishes fail; it is in the list then."""
    ctx, failed = running(stage, plugin).ctx, list[Event]()
    publish = ctx.publish

    async def publish_or_fail(event: Event, **more: Any) -> None:
        if not failed:
            failed.append(event)
            raise PeerUnavailableError("The database does not answer.")
        await publish(event, **more)

    monkeypatch.setattr(ctx, "publish", publish_or_fail)
    return failed
