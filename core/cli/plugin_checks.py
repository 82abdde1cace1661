"""What plugins look at for ``roundhook check``: a plugin's ``check.py`` has ``async def check(terminal)``."""

from collections.abc import AsyncIterator, Iterable

from core.cli.terminal import Terminal
from core.config import Config
from core.errors import PluginError, RoundhookError
from core.kernel import loader
from core.kernel.manifest import Manifest


async def findings(config: Config, manifests: Iterable[Manifest]) -> AsyncIterator[tuple[bool, str]]:
    """Give what each of these plugins has found: whether it is well, and what to read about it."""
    for manifest in manifests:
        if not (manifest.folder / "check.py").is_file():
            continue
        try:
            async for finding in _of(config, manifest):
                yield finding
        except RoundhookError as error:
            yield False, f"plugin {manifest.name}: {error}"


async def _of(config: Config, manifest: Manifest) -> AsyncIterator[tuple[bool, str]]:
    package = loader.new_package(manifest.name)
    try:
        module = loader.import_now(loader.read_source(manifest.name, manifest.folder), package, "check")
        if not callable(check := getattr(module, "check", None)):
            problem = "there is no `async def check(terminal)`. Write it, or give the file another name."
            raise PluginError(f"{manifest.name}: check.py:1: {problem}")
        async with Terminal(config, manifest.settings(config.plugin.get(manifest.name, {}))) as terminal:
            async for finding in check(terminal):
                yield finding
    finally:
        loader.forget(package)
