"""What one plugin offers and another calls: plain data, limits, reloads, circles."""

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import pytest

from core.hookspecs import CONTRACTS
from core.kernel.manifest import read_manifest
from core.kernel.probe import check_contract
from roundhook import CallError, ImportedRound, PluginError, PluginUnavailableError
from roundhook.testing import Stage
from tests.plugin_maker import idle, running, until, write_plugin

SHOP = """
import asyncio, datetime
from roundhook import Plugin, UserFacingError, offer

class Shop(Plugin):
    async def setup(self):
        self.prices = {"tea": [1, 2]}
        self.go, self.asked, self.cancelled = asyncio.Event(), 0, 0

    @offer
    async def prices_of(self, kind: str = "tea", *, days: int = 30):
        return self.prices[kind]

    @offer
    async def take(self, basket, **more):
        basket.append("seen")
        self.basket = basket
        return {"basket": basket, "more": more, "pair": (1, None)}

    @offer
    async def bad(self, what="set"):
        return {"set": {1}, "object": self, "nan": float("nan"), "key": {1: 2}, "time": datetime.datetime.now(),
                "self": self.loop()}[what]

    @offer
    async def fail(self):
        raise UserFacingError("No.")

    @offer
    async def leave(self, how="exit"):
        raise SystemExit(1) if how == "exit" else asyncio.CancelledError

    @offer
    async def wait(self):
        self.asked += 1
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return VERSION

    async def private(self):
        return 1

    def loop(self):
        found = []
        found.append(found)
        return found
"""
GUEST = """
from roundhook import Plugin, hookimpl, offer

class Guest(Plugin):
    async def setup(self):
        self.got = []

    @hookimpl
    async def on_round_imported(self, round):
        self.got.append(await self.ctx.call("shop.wait"))

    @offer
    async def ask(self, target, **arguments):
        return await self.ctx.call(target, **arguments)

    @offer
    async def ask_in_transaction(self):
        async with self.ctx.db.transaction():
            return await self.ctx.call("shop.prices_of")
"""
LIMITS = "[limits]\nwait = 20\n"


def shop(folder: Path, version: int = 1, *, limits: str = LIMITS) -> None:
    """Write the plugin that offers."""
    write_plugin(
        folder, "shop", SHOP.replace("VERSION", str(version)), version=str(version), scope="guild", manifest=limits
    )


def stage_of(folder: Path) -> Stage:
    """Return a stage with the plugin that offers, and one that calls."""
    shop(folder)
    write_plugin(folder, "guest", GUEST, manifest="[limits]\nask = 30\non_round_imported = 30\n")
    return Stage(["shop", "guest"], folders=[folder])


def counts(stage: Stage, offer: str, plugin: str = "shop") -> dict[str, int]:
    """Return how often an offer was called, by how it ended."""
    return dict(stage.app.kernel.slots[plugin].calls[offer].counts)


async def test_what_is_given_and_answered_is_a_copy_of_plain_data(tmp_path: Path) -> None:
    async with stage_of(tmp_path) as stage:
        mine: list[Any] = ["milk", (1, 2)]
        answer = await stage.call("shop.take", basket=mine, offer="x", target=7)
        prices = await stage.call("guest.ask", target="shop.prices_of", kind="tea", days=7)
        prices.append(3)

        assert mine == ["milk", (1, 2)]
        assert answer == {"basket": ["milk", [1, 2], "seen"], "more": {"offer": "x", "target": 7}, "pair": [1, None]}
        answer["basket"].clear()
        assert running(stage, "shop").basket == ["milk", [1, 2], "seen"]
        assert running(stage, "shop").prices == {"tea": [1, 2]}
        assert counts(stage, "take") == {"done": 1}
        info = await stage.discord.invoke("plugin info", user=7, admin=True, options={"name": "shop"})
        assert "`prices_of(kind: str = 'tea', *, days: int = 30)`: 1 done; " in info.text
        assert "`bad(what='set')`: not called yet" in info.text


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("shop.prices_of", {"dayz": 7}, "unexpected keyword argument 'dayz'. It is prices_of(kind: str = 'tea', *, da"),
    ("shop.take", {}, "shop.take was called with other arguments than it takes: missing a required argument: 'bas"),
    ("shop.take", {"basket": {1}}, "shop.take: the argument basket is not plain data: Object of type set"),
    ("shop.take", {"basket": [{2: 1}]}, "the key 2 is no str"),
    ("shop.take", {"basket": float("inf")}, "Give only dict with text as keys, list"),
    ("shop.bad", {"what": "set"}, "shop.bad failed: TypeError: it returned what is no plain data: Object of type"),
    ("shop.bad", {"what": "object"}, "Object of type Shop"),
    ("shop.bad", {"what": "nan"}, "Out of range float"),
    ("shop.bad", {"what": "key"}, "the key 1 is no str"),
    ("shop.bad", {"what": "time"}, "Object of type datetime"),
    ("shop.bad", {"what": "self"}, "recursion"),
    ("shop.bad", {"what": "none"}, "shop.bad failed: KeyError: 'none'. The log of shop says more."),
    ("shop.fail", {}, "shop.fail failed: UserFacingError: No. The log"),
    ("shop.leave", {}, "sys.exit"),
    ("shop.leave", {"how": "cancel"}, "cancelled"),
]


async def test_what_goes_wrong_inside_is_told(tmp_path: Path) -> None:
    """As a CallError on which nothing of the other plugin hangs; the traceback is in that plugin's log."""
    async with stage_of(tmp_path) as stage:
        for target, arguments, says in WRONG:
            stage.app.kernel.slots["shop"].renew()  # each is the first that fails
            with pytest.raises(CallError) as caught:
                await stage.call(target, **arguments)

            assert says in str(caught.value)
            assert not isinstance(caught.value, PluginUnavailableError)
            assert caught.value.__cause__ is caught.value.__context__ is None
            if " failed: " in str(caught.value):
                assert "Traceback" in stage.app.kernel.logbook.last("shop", 1)[0]
        assert counts(stage, "bad") == {"failed": 7}


AWAY = [
    ("shop.priced_of", "shop 1 offers bad, fail, leave, prices_of, take, wait. Did you mean prices_of? Correct"),
    ("shop.private", "shop 1 offers"),
    ("shop.setup", "shop 1 offers"),
    ("shop", "shop 1 offers"),
    ("absent.it", "absent.it cannot be called: there is no plugin 'absent'. Add its folder to [plugins] paths."),
    ("", "there is no plugin ''"),
    ("broken.it", "broken does not run: plugin.py:1: plugin.py has no Plugin class"),
    ("unread.it", "unread cannot be used: unread: "),
    ("off.it", "off is switched off. Switch it on with /plugin enable off."),
]


async def test_who_is_not_there_is_told(tmp_path: Path) -> None:
    shop(tmp_path)
    write_plugin(tmp_path, "broken", "x = 1")
    write_plugin(tmp_path, "off", "x = 1")
    write_plugin(tmp_path, "unread", "x = 1", manifest="colour = 1")
    async with Stage(["shop", "broken"], folders=[tmp_path], broken=True) as stage:
        for target, says in AWAY:
            with pytest.raises(PluginUnavailableError) as caught:
                await stage.call(target)

            assert says in str(caught.value)


async def test_a_call_waits_for_a_reload_and_not_for_a_toggle_of_a_guild(tmp_path: Path) -> None:
    """What was begun is answered by the old code, what came meanwhile by the new."""
    async with stage_of(tmp_path) as stage:
        await stage.plugins.disable("shop", guild=1)
        old = running(stage, "shop")
        begun = asyncio.create_task(stage.call("guest.ask", target="shop.wait"))
        await until(lambda: old.asked == 1)
        shop(tmp_path, 2)
        reload = asyncio.create_task(stage.plugins.reload("shop"))
        await until(lambda: stage.app.kernel.slots["shop"].gate.closed)
        late = asyncio.create_task(stage.call("guest.ask", target="shop.wait"))
        await idle()
        assert old.asked == 1
        old.go.set()

        assert (await reload).ok
        assert await begun == 1
        running(stage, "shop").go.set()
        assert await late == 2
        assert counts(stage, "wait") == {"done": 2}


async def test_a_call_in_setup_or_in_a_transaction_is_refused(tmp_path: Path) -> None:
    early = "from roundhook import Plugin\nclass Early(Plugin):\n    async def setup(self):\n"
    write_plugin(tmp_path, "early", f"{early}        await self.ctx.call('shop.prices_of')\n")
    async with stage_of(tmp_path) as stage:
        report = await stage.plugins.enable("early")
        assert "call() before the plugin runs" in report.error
        with pytest.raises(CallError, match=r"PluginError: shop.prices_of is called inside a transaction"):
            await stage.call("guest.ask_in_transaction")


async def test_an_offer_has_a_limit_and_ends_with_its_caller(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_plugin(tmp_path, "guest", GUEST, manifest="[limits]\non_round_imported = 0.2\n")
    shop(tmp_path, limits="[limits]\nwait = 0.1\n")
    async with Stage(["shop", "guest"], folders=[tmp_path]) as stage:
        with pytest.raises(CallError, match=r"shop.wait failed: took longer than 0.1 s; it was at plugin.py:\d+"):
            await stage.call("shop.wait")
        assert counts(stage, "wait") == {"timed out": 1}
        assert "shop.wait, called by a test, took longer than 0.1 s" in stage.app.kernel.logbook.last("shop", 1)[0]

        shop(tmp_path, limits=LIMITS)
        assert (await stage.plugins.reload("shop")).ok
        await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
        await until(lambda: counts(stage, "wait").get("given up"))
        await until(lambda: stage.app.kernel.slots["guest"].stats["on_round_imported"].counts["timed out"])

        plugin = running(stage, "shop")
        gone = asyncio.create_task(stage.call("shop.wait"))
        await until(lambda: plugin.asked == 2)
        gone.cancel()
        await asyncio.wait([gone])
        assert gone.cancelled()
        await until(lambda: plugin.cancelled == 2)
        assert stage.app.kernel.slots["shop"].generation.scope.activity.count == 0  # type: ignore[union-attr]
        never = asyncio.create_task(stage.call("shop.wait"))
        await asyncio.sleep(0)
        never.cancel()
        await asyncio.wait([never])
    assert "never awaited" not in caplog.text


async def test_one_that_is_switched_off_in_the_middle_answers_first(tmp_path: Path) -> None:
    """Who waits for it then is told that it is off."""
    async with stage_of(tmp_path) as stage:
        plugin = running(stage, "shop")
        begun = asyncio.create_task(stage.call("shop.wait"))
        await until(lambda: plugin.asked == 1)
        off = asyncio.create_task(stage.plugins.disable("shop"))
        await until(lambda: stage.app.kernel.slots["shop"].gate.closed)
        late = asyncio.create_task(stage.call("shop.wait"))
        await idle()
        plugin.go.set()

        assert await begun == 1
        with pytest.raises(PluginUnavailableError, match="switched off"):
            await late
        assert (await off).ok


PARTNER = """
import asyncio
from roundhook import Plugin, hookimpl, offer

class Partner(Plugin):
    async def setup(self):
        self.go, self.target, self.got = asyncio.Event(), "", []

    @offer
    async def there_and_back(self, path):
        return await self.ctx.call(path[0], path=path[1:]) if path else VERSION

    @offer
    async def again(self, path):
        return await self.ctx.call("NAME.there_and_back", path=path)

    @hookimpl
    async def on_round_imported(self, round):
        await self.go.wait()
        self.got.append(await self.ctx.call(self.target, path=[]))
"""


def partners(folder: Path, *names: str) -> Stage:
    """Return a stage with plugins that call each other."""
    for name in names:
        write_plugin(folder, name, PARTNER.replace("NAME", name).replace("VERSION", f'"{name}"'))
    return Stage(names, folders=[folder])


async def test_two_that_wait_for_each_other_are_told_at_once(tmp_path: Path) -> None:
    """Each of them by its own offer again, however long the way; another offer of the same plugin is no circle."""
    async with partners(tmp_path, "one", "two", "three") as stage:
        way = ["two.there_and_back", "three.there_and_back", "one.there_and_back"]
        with pytest.raises(PluginUnavailableError) as caught:
            await stage.call("one.there_and_back", path=way)
        circle = "one.there_and_back → two.there_and_back → three.there_and_back → one.there_and_back"
        assert f"{circle}: they wait for each other." in str(caught.value)
        with pytest.raises(PluginUnavailableError, match=r"one.there_and_back → one.there_and_back: they wait"):
            await stage.call("one.there_and_back", path=["one.there_and_back"])

        assert await stage.call("one.again", path=way[:2]) == "three"
        assert await stage.call("one.again", path=["two.again"]) == "two"


def gate(stage: Stage, name: str) -> bool:
    """Tell whether a plugin is held."""
    return stage.app.kernel.slots[name].gate.closed


@pytest.mark.parametrize(
    "targets", [{"one": "one"}, {"one": "two", "two": "one"}, {"one": "two", "two": "three", "three": "one"}]
)
async def test_handlers_that_are_waited_for_call_each_other_and_no_reload_waits(
    tmp_path: Path, targets: dict[str, str]
) -> None:
    """Each is held and drained, and its handler calls one that is held too: one of them is answered by the old code."""
    async with partners(tmp_path, *targets) as stage:
        kernel, old = stage.app.kernel, {name: running(stage, name) for name in targets}
        await stage.publish(ImportedRound(round_id=1, file_sha256="a"))
        await until(lambda: all(kernel.slots[name].generation.scope.activity.count for name in targets))  # type: ignore[union-attr]
        reloads = [asyncio.create_task(stage.plugins.reload(name)) for name in targets]
        await until(lambda: all(gate(stage, name) for name in targets))
        started = time.perf_counter()
        for name, target in targets.items():
            old[name].target = f"{target}.there_and_back"
            old[name].go.set()

        assert [report.error for report in await asyncio.gather(*reloads)] == [""] * len(targets)
        assert {name: one.got for name, one in old.items()} == {name: [target] for name, target in targets.items()}
        assert time.perf_counter() - started < 5
        assert not kernel.calls._waiting


async def test_a_handler_may_call_what_published_its_event(tmp_path: Path) -> None:
    """Nobody waits for a handler, so that is no circle."""
    code = """
from roundhook import ImportedRound, Plugin, hookimpl, offer

class Echo(Plugin):
    async def setup(self):
        self.heard = []

    @offer
    async def say(self, number):
        if number:
            await self.ctx.publish(ImportedRound(round_id=number, file_sha256="a"))
        return number

    @hookimpl
    async def on_round_imported(self, round):
        self.heard.append(await self.ctx.call("echo.say", number=round.round_id - 1))
"""
    write_plugin(tmp_path, "echo", code)
    async with Stage(["echo"], folders=[tmp_path]) as stage:
        await stage.call("echo.say", number=3)
        await stage.settled()

        assert running(stage, "echo").heard == [2, 1, 0]


BAD = [
    ("@offer\n    def plain(self):", "plain is offered and is no coroutine function. Write `async def plain(self, …)`"),
    ("@offer\n    async def _own(self):", "_own cannot be offered under that name"),
    ("@offer\n    async def teardown(self):", "teardown cannot be offered under that name"),
    ("@offer\n    async def few(self, one, /):", "few takes one, which cannot be given by name"),
    ("@offer\n    async def many(self, *all):", "many takes *all, which cannot be given by name"),
    ("@offer\n    @property\n    def read(self):", "@offer marks an `async def` method, not <property"),
    ("@offer\n    @staticmethod\n    async def apart():", "@offer marks an `async def` method, not <staticmethod"),
    (
        "@offer\n    async def steps(self):\n        yield 1\n    async def x(self):",
        "steps is offered and is no corout",
    ),
]


@pytest.mark.parametrize(("head", "says"), BAD)
async def test_what_cannot_be_offered_is_refused_with_its_line(tmp_path: Path, head: str, says: str) -> None:
    code = f"from roundhook import Plugin, offer\nclass One(Plugin):\n    {head}\n        return 1\n"
    with pytest.raises(PluginError) as caught:
        await check_contract(read_manifest(write_plugin(tmp_path, "one", code)), CONTRACTS)

    assert re.search(r"one: .*plugin\.py:[34]: ", str(caught.value))
    assert says in str(caught.value)


async def test_an_offer_that_fails_again_and_again_is_not_called_for_a_while(tmp_path: Path) -> None:
    """What one plugin asks in vain holds up no other; a probe whose caller has gone leaves the place to the next."""
    async with stage_of(tmp_path) as stage:
        call = running(stage, "guest").ctx.call
        for _ in range(5):
            with pytest.raises(CallError, match="KeyError"):
                await call("shop.prices_of", kind="coffee")

        with pytest.raises(PluginUnavailableError, match=r"shop.prices_of is not called for a while: .* mend shop"):
            await call("shop.prices_of")
        assert stage.plugins.status("shop").breakers == {"offer:prices_of for guest": "open"}
        assert counts(stage, "prices_of") == {"failed": 5}
        assert await stage.call("shop.prices_of") == [1, 2]

        await stage.clock.advance(31)
        probe = asyncio.create_task(call("shop.prices_of"))
        await asyncio.sleep(0)
        probe.cancel()
        await asyncio.wait([probe])
        assert counts(stage, "prices_of") == {"failed": 5, "done": 1, "given up": 1}
        assert await call("shop.prices_of") == [1, 2]
        assert stage.plugins.status("shop").breakers == {}
