"""What a plugin is made of: ``Plugin``, ``hookimpl``, ``offer``, ``plugin_of``. Knows nothing of the kernel."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from core.errors import PluginError

if TYPE_CHECKING:
    from core.context import Context

PROJECT = "roundhook"
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a method as the plugin's handler of the hook of that name; ``@hookimpl(tryfirst=True)`` goes before others."""
OFFERED = f"{PROJECT}_offer"
"""The mark of a method that is offered to other plugins."""
_Method = TypeVar("_Method", bound=Callable[..., Any])


class Plugin:
    """A plugin: derive one class from it. One instance is made for each generation; ``ctx`` is its only door."""

    ctx: "Context"

    async def setup(self) -> None:
        """Declare what the plugin needs through ``self.ctx``; ready when it returns (within 10 s)."""

    def export_state(self) -> dict[str, Any]:
        """Return what the next generation must know, as plain JSON data; asked once after ``setup`` too."""
        return {}

    def import_state(self, state: dict[str, Any], from_version: str) -> None:
        """Take what the earlier generation (of *from_version*) exported."""

    async def teardown(self) -> None:
        """Undo what the context does not close by itself (within 5 s)."""


def offer(method: _Method) -> _Method:
    """Mark an ``async def`` method as one that other plugins call: ``await self.ctx.call("name.method", days=7)``.

    Its arguments are given by name; they and what it returns are plain JSON data. It may take 10 s, or what stands for
    its name in the manifest's ``[limits]``.

    Raises:
        PluginError: it is no function.
    """
    if not inspect.isfunction(method):
        raise PluginError(f"@offer marks an `async def` method, not {method!r}. Write it directly above one.")
    setattr(method, OFFERED, True)
    return method


def plugin_of(ctx: Any) -> Any:
    """Return the plugin that a command belongs to: call it with the context that the command was invoked with.

    The command gets the generation that it arrived at, also while the plugin is being reloaded.

    Raises:
        PluginError: the command belongs to no plugin.
    """
    owner = ctx.client.owner_of(ctx.command)
    if owner is None:
        raise PluginError(f"/{ctx.command._command_data.qualified_name} belongs to no loaded plugin.")
    return owner
