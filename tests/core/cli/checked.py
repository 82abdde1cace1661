"""What the tests of ``roundhook check`` share: what it is to say, and that it is content."""

from collections.abc import Awaitable, Callable

from tests.core.cli.conftest import Said

FINE = "Everything is fine.\n"
Check = Callable[[], Awaitable[Said]]


def wrong(said: Said) -> list[str]:
    """Return what is to be mended."""
    return [line for line in said.out.splitlines() if line.startswith("✗")]


async def only(check: Check, *words: str) -> None:
    """It names one thing, in one line that holds *words*, and nothing unexpected."""
    said = await check()
    assert [all(word in line for word in words) for line in wrong(said)] == [True], said.out
    assert (said.code, said.err) == (1, "")


async def fine(check: Check) -> None:
    """It is content."""
    said = await check()
    assert (said.code, wrong(said), said.err) == (0, [], ""), said.out
    assert said.out.endswith(FINE)
