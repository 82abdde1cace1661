"""What is asked for at the same time shares one transaction: live that is one, in a backfill dozens."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Hands items that wait together to *work*, one batch after another. ``run`` must be running.

    A plugin makes one in ``setup`` and keeps it going with ``self.ctx.service(batcher.run)``.

    Args:
        work: takes items, returns their results in the same order.
        most: how many items one batch may have.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], *, most: int = 64) -> None:
        self._work = work
        self._most = most
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._arrived = asyncio.Event()

    async def do(self, item: Item) -> Result:
        """Return *item*'s result; raises what its batch raised."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._arrived.set()
        return await future

    async def run(self) -> None:
        """Work off what waits, for ever."""
        while True:
            await self._arrived.wait()
            await self._all_that_come()
            self._arrived.clear()
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._do_batch([one for one in batch if not one[1].done()])

    async def _all_that_come(self) -> None:
        """Return when a turn of the event loop has brought no more: those of one commit come in a turn each."""
        seen = 0
        while seen < len(self._waiting) < self._most:
            seen = len(self._waiting)
            await asyncio.sleep(0)

    async def _do_batch(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._work([item for item, _ in batch])
        except asyncio.CancelledError:
            for _, future in batch:
                future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - raised where the items came from
            if len(batch) > 1:  # one of them is to blame: the others go on without it
                for one in batch:
                    await self._do_batch([one])
            elif batch and not batch[0][1].done():
                batch[0][1].set_exception(error)
        else:
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)
