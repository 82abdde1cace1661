"""Events reach plugins in the promised order, within limits, again after failures, and never too many times."""

import asyncio
import textwrap
from pathlib import Path
from typing import Any

import pytest

from core.kernel.slot import CONCURRENT
from roundhook import ImportedRound, RoundAmended, RoundhookError, RoundNotice
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugin_maker import idle, recorder, running, until, write_plugin

ORDER: list[Any] = []
"""What the plugins of one test have noted, in order (they import it)."""
NOTE = "from tests.core.kernel.test_dispatcher import ORDER\nORDER.append(self.ctx.name)"


STUBBORN = """
import asyncio
from roundhook import Plugin, hookimpl

class Stubborn(Plugin):
    async def setup(self):
        self.calls, self.release = [], asyncio.Event()

    @hookimpl
    async def on_round_imported(self, round):
        if self.calls:
            self.calls.append("again")
            return
        self.calls.append("begins")
        while not self.release.is_set():
            try:
                await self.release.wait()
            except asyncio.CancelledError:
                pass
        self.calls.append("ends")
"""


LONG_PAUSE = 600.0


@pytest.fixture(autouse=True)
def _no_order() -> None:
    ORDER.clear()


@pytest.fixture
def _long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """No retry comes by itself while a test runs: the clock goes on in real time, too."""
    monkeypatch.setattr("core.kernel.dispatcher.RETRY_SECONDS", (LONG_PAUSE,) * 5)


def imported(number: int, *, server: str = "", sha: str = "a") -> ImportedRound:
    return ImportedRound(round_id=number, file_sha256=sha, server=server)


def amended(number: int, revision: int) -> RoundAmended:
    return RoundAmended(round=imported(number), revision=revision)


def counts(stage: Stage, name: str, hook: str = "on_round_imported") -> dict[str, int]:
    return dict(stage.app.kernel.slots[name].stats[hook].counts)


async def failed_times(stage: Stage, name: str, times: int) -> None:
    """Return when the handler has failed *times* and the pause before its next attempt has begun."""
    await until(lambda: counts(stage, name).get("failed", 0) == times)
    await idle()


async def states(stage: Stage, plugin: str) -> list[tuple[str, int]]:
    rows = await stage.db.fetch("SELECT state, attempts FROM deliveries WHERE plugin = ? ORDER BY event_id", (plugin,))
    return [(row["state"], row["attempts"]) for row in rows]


class TestOrder:
    """tryfirst, ordinary, trylast; then priority, then name; never load order."""

    async def test_stages_then_priority_then_name(self, tmp_path: Path) -> None:
        """What is loaded first, or again, changes nothing."""
        for name, mark, priority in (
            ("last_one", "(trylast=True)", 1),
            ("plain_b", "", 100),
            ("plain_a", "", 100),
            ("plain_first", "", 5),
            ("early_b", "(tryfirst=True)", 100),
            ("early_a", "(tryfirst=True)", 200),
        ):
            write_plugin(tmp_path, name, recorder(mark=mark, body=NOTE), priority=priority)
        names = ["last_one", "plain_b", "early_a", "plain_a", "early_b", "plain_first"]
        async with Stage(plugins=names, folders=[tmp_path]) as stage:
            for number, reloaded in enumerate([None, "last_one", "plain_b", "early_a"], 1):
                ORDER.clear()
                if reloaded:
                    await stage.plugins.reload(reloaded)

                await stage.publish(imported(number))

                await stage.settled()
                assert ORDER == ["early_b", "early_a", "plain_first", "plain_a", "plain_b", "last_one"]

    async def test_tryfirst_is_waited_for_and_ordinary_ones_run_together(self, tmp_path: Path) -> None:
        """Ordinary handlers of one event are all under way before the first has ended: they wait for each other."""
        body = """
            import asyncio
            from tests.core.kernel.test_dispatcher import ORDER
            ORDER.append('in')
            for _ in range(20):
                await asyncio.sleep(0)
            while ORDER.count('in') == 1:
                await asyncio.sleep(0.001)
            ORDER.append('out')
        """
        write_plugin(
            tmp_path, "first", recorder(mark="(tryfirst=True)", body=body.replace("append('in')", "append('first')"))
        )
        write_plugin(tmp_path, "one", recorder(body=body))
        write_plugin(tmp_path, "two", recorder(body=body))
        async with Stage(plugins=["two", "first", "one"], folders=[tmp_path]) as stage:
            await stage.publish(imported(1))

            await stage.settled()

            assert ORDER == ["first", "out", "in", "in", "out", "out"]

    async def test_of_two_that_go_first_the_later_sees_what_the_earlier_has_written(self, tmp_path: Path) -> None:
        """By priority; those of one priority run together."""
        slow = "import asyncio\nawait asyncio.sleep(0.01)\n"
        body = "from tests.core.kernel.test_dispatcher import ORDER\nORDER.append(('in', self.ctx.name)); SLOW"
        body = body.replace("SLOW", f"{slow}ORDER.append(('out', self.ctx.name))")
        for name, priority in (("a", 10), ("b", 5), ("c", 10)):
            write_plugin(tmp_path, name, recorder(mark="(tryfirst=True)", body=body), priority=priority)
        ORDER.clear()
        async with Stage(plugins=["a", "b", "c"], folders=[tmp_path]) as stage:
            await stage.publish(imported(1))
            await stage.settled()

            assert [one[0] for one in ORDER] == ["in", "out", "in", "in", "out", "out"]
            assert ORDER[0][1] == "b"

    async def test_a_tryfirst_plugin_that_fails_hangs_or_is_off_is_skipped(self, tmp_path: Path) -> None:
        """Later stages start when it has failed, when its limit has passed, or at once."""
        first = recorder(mark="(tryfirst=True)", body="raise ValueError")
        write_plugin(tmp_path, "failing", first)
        hanging = "import asyncio\nawait asyncio.Event().wait()"
        limits = "[limits]\non_round_imported = 0.05\n"
        write_plugin(tmp_path, "hanging", recorder(mark="(tryfirst=True)", body=hanging), manifest=limits)
        write_plugin(tmp_path, "off", recorder(mark="(tryfirst=True)"))
        write_plugin(tmp_path, "plain", recorder())
        async with Stage(plugins=["failing", "hanging", "off", "plain"], folders=[tmp_path]) as stage:
            await stage.plugins.disable("off")

            await stage.publish(imported(1))

            await until(lambda: running(stage, "plain").seen == [1])
            await until(lambda: counts(stage, "hanging") == {"timed out": 1})
            assert counts(stage, "failing") == {"failed": 1}

    async def test_a_retry_that_succeeds_does_not_run_the_others_again(self, tmp_path: Path) -> None:
        """Only the plugin that failed is called again."""
        write_plugin(tmp_path, "shaky", recorder(mark="(tryfirst=True)", body=_fails_first(1)))
        write_plugin(tmp_path, "plain", recorder())
        async with Stage(plugins=["shaky", "plain"], folders=[tmp_path]) as stage:
            await stage.publish(imported(1))
            await failed_times(stage, "shaky", 1)

            await stage.clock.advance(1)

            await stage.settled()
            assert running(stage, "plain").seen == [1]
            assert running(stage, "shaky").seen == [1]


class TestFailures:
    """A failure is the plugin's own: retried, then failed for good."""

    async def test_retries_come_after_1_5_30_120_and_600_seconds(self, tmp_path: Path) -> None:
        """Then the delivery has failed for good, and replay tries it anew."""
        pauses = (1, 5, 30, 120, 600)
        tells = "self.at = [*getattr(self, 'at', ()), self.ctx.clock.monotonic()]\n"
        write_plugin(tmp_path, "never", recorder(body=tells + _fails_first(6)))
        async with Stage(plugins=["never"], folders=[tmp_path]) as stage:
            await stage.publish(imported(1))
            for number, pause in enumerate(pauses, 1):
                await failed_times(stage, "never", number)
                await stage.clock.advance(pause - 0.5)
                await idle()
                await stage.clock.advance(0.6)

            await stage.settled()

            times = running(stage, "never").at
            assert all(after - before >= pause for before, after, pause in zip(times, times[1:], pauses, strict=False))
            assert await states(stage, "never") == [("failed", 6)]
            failed = await stage.app.services.journal.failed(10)
            assert [(row["key"], row["plugin"], row["attempts"]) for row in failed] == [("round:1:a", "never", 6)]
            assert failed[0]["error"] == "ValueError: not yet"
            assert await stage.app.kernel.replay([failed[0]["id"]]) == 1
            await until(lambda: running(stage, "never").seen == [1])

    async def test_bad_input_is_never_retried_and_opens_no_breaker(self, tmp_path: Path) -> None:
        """The input is at fault, not the handler: one of many bad files must not hold up the good ones."""
        body = "from roundhook import BadInputError\nif round.round_id < 9: raise BadInputError('no round')"
        write_plugin(tmp_path, "strict", recorder(body=body))
        async with Stage(plugins=["strict"], folders=[tmp_path]) as stage:
            for number in range(1, 10):
                await stage.publish(imported(number))

            await stage.settled()

            assert running(stage, "strict").seen == [9]
            assert await states(stage, "strict") == [("failed", 1)] * 8 + [("done", 1)]
            assert stage.plugins.status("strict").breakers == {}

    async def test_a_handler_that_raises_or_hangs_changes_nothing_for_the_others(self, tmp_path: Path) -> None:
        """The others have the event at once; the time-out says which limit has passed."""
        limits = "[limits]\non_round_imported = 0.05\n"
        write_plugin(tmp_path, "hanging", recorder(body="import asyncio\nawait asyncio.sleep(60)"), manifest=limits)
        write_plugin(tmp_path, "raising", recorder(body="raise ZeroDivisionError"))
        write_plugin(tmp_path, "plain", recorder())
        async with Stage(plugins=["hanging", "plain", "raising"], folders=[tmp_path]) as stage:
            await stage.publish(imported(1))

            await until(lambda: counts(stage, "hanging") == {"timed out": 1})

            assert running(stage, "plain").seen == [1]
            with pytest.raises(TimeoutError, match="round:1:a for hanging, round:1:a for raising"):
                await stage.settled(0.05)
            await stage.app.services.journal.flush()
            rows = await stage.db.fetch("SELECT plugin, error FROM deliveries WHERE state = 'pending' ORDER BY plugin")
            assert [row["error"] for row in rows] == [
                "TimeoutError: on_round_imported took longer than its limit of 0.05 s",
                "ZeroDivisionError: ",
            ]
            for number in range(2, 500):
                await stage.publish(imported(number))
            with pytest.raises(TimeoutError, match=r"hanging, round:.* and [0-9,]+ more$") as left:
                await stage.settled(0.05)
            assert len(str(left.value)) < 500

    async def test_a_handler_that_swallows_its_cancellation_is_left_behind(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is counted as timed out and tried again; it holds no place and nobody else up, but a reload waits."""
        monkeypatch.setattr("core.kernel.limits.GRACE_SECONDS", 0.02)
        monkeypatch.setattr("core.kernel.replacement.LIMIT_SECONDS", 0.02)
        monkeypatch.setattr("core.kernel.replacement.DRAIN_GRACE_SECONDS", 0.02)
        write_plugin(tmp_path, "plain", recorder())
        write_plugin(tmp_path, "stubborn", STUBBORN, manifest="[limits]\non_round_imported = 0.02\n")
        async with Stage(plugins=["stubborn", "plain"], folders=[tmp_path]) as stage:
            stubborn = running(stage, "stubborn")
            await stage.publish(imported(1))
            await until(lambda: counts(stage, "stubborn") == {"timed out": 1})
            await idle()
            assert stage.app.kernel.slots["stubborn"].places.free == CONCURRENT
            refused = await stage.plugins.reload("stubborn")

            await stage.clock.advance(1)
            await stage.settled()
            stubborn.release.set()
            accepted = await stage.plugins.reload("stubborn")

            assert (refused.ok, accepted.ok) == (False, True)
            assert "beyond their limit" in refused.error
            assert stubborn.calls == ["begins", "again", "ends"]
            assert await states(stage, "stubborn") == [("done", 2)]
            assert counts(stage, "stubborn") == {"timed out": 1, "done": 1}
            assert running(stage, "plain").seen == [1]
            assert stage.app.kernel.slots["stubborn"].places.free == CONCURRENT

    async def test_an_error_text_that_no_database_takes_is_recorded_all_the_same(
        self, tmp_path: Path, database_url: str
    ) -> None:
        """NUL, lone surrogates and a hundred thousand letters in an exception's text do not stop the journal."""
        write_plugin(tmp_path, "odd", recorder(body="raise ValueError('\\0 \\ud800 ' + 'x' * 100_000)"))
        write_plugin(tmp_path, "plain", recorder())
        async with Stage(plugins=["odd", "plain"], folders=[tmp_path], database=database_url) as stage:
            await stage.publish(imported(1))
            await failed_times(stage, "odd", 1)

            await stage.publish(imported(2))
            await stage.app.services.journal.flush()

            errors = await stage.db.fetch("SELECT error FROM deliveries WHERE plugin = 'odd' AND error IS NOT NULL")
            assert errors
            assert len(errors[0]["error"]) == 2000


class TestBreaker:
    """A handler that fails again and again is left alone for a while."""

    async def test_it_opens_probes_with_growing_pauses_and_closes(self, tmp_path: Path) -> None:
        """Five failures open it; probes come after 30 and 60 s; a success closes it and the rest follows."""
        write_plugin(tmp_path, "shaky", recorder(body=_fails_first(6)))
        write_plugin(tmp_path, "plain", recorder())
        async with Stage(plugins=["shaky", "plain"], folders=[tmp_path]) as stage:
            for number in range(1, 6):
                await stage.publish(imported(number))
            await failed_times(stage, "shaky", 5)
            await stage.publish(imported(6))
            await idle()
            assert stage.plugins.status("shaky").breakers == {"on_round_imported": "open"}
            await stage.clock.advance(20)
            await idle()
            assert counts(stage, "shaky") == {"failed": 5}

            await stage.clock.advance(11)
            await failed_times(stage, "shaky", 6)
            await stage.clock.advance(50)
            await idle()
            assert counts(stage, "shaky") == {"failed": 6}
            await stage.clock.advance(11)

            await stage.settled()
            assert sorted(running(stage, "shaky").seen) == [1, 2, 3, 4, 5, 6]
            assert stage.plugins.status("shaky").breakers == {}
            assert running(stage, "plain").seen == [1, 2, 3, 4, 5, 6]

    async def test_what_is_held_back_costs_nothing_however_much_it_is(self, tmp_path: Path) -> None:
        """All wait for one probe: each for itself took the event loop from everybody, ten times a second."""
        write_plugin(tmp_path, "shaky", recorder(body=_fails_first(5)))
        async with Stage(plugins=["shaky"], folders=[tmp_path]) as stage:
            for number in range(1, 6):
                await stage.publish(imported(number))
            await failed_times(stage, "shaky", 5)
            before = len(asyncio.all_tasks())

            for number in range(6, 206):
                await stage.publish(imported(number))
            await idle()

            assert len(asyncio.all_tasks()) < before + 10
            await stage.clock.advance(31)
            await stage.settled()
            assert sorted(running(stage, "shaky").seen) == list(range(1, 206))

    async def test_three_time_outs_open_it(self, tmp_path: Path) -> None:
        """A hanging peer is not asked again and again; other hooks of the plugin go on."""
        write_plugin(
            tmp_path,
            "hanging",
            recorder(body="import asyncio\nawait asyncio.sleep(60)"),
            manifest="[limits]\non_round_imported = 0.02\n",
        )
        async with Stage(plugins=["hanging"], folders=[tmp_path]) as stage:
            for number in range(1, 4):
                await stage.publish(imported(number))

            await until(lambda: counts(stage, "hanging") == {"timed out": 3})

            assert stage.plugins.status("hanging").breakers == {"on_round_imported": "open"}
            await stage.publish(amended(9, 1))
            await until(lambda: running(stage, "hanging").seen == [("amended", 9, 1)])


class TestLanes:
    """Events of one round reach a plugin in the order of publication."""

    @pytest.mark.usefixtures("_long_pauses")
    async def test_a_retry_holds_back_only_that_plugins_later_events_of_that_round(self, tmp_path: Path) -> None:
        """Other rounds and other plugins go on; then the order is that of publication."""
        write_plugin(tmp_path, "shaky", recorder(body="if round.round_id == 1:\n" + _indented(_fails_first(1))))
        write_plugin(tmp_path, "plain", recorder())
        async with Stage(plugins=["shaky", "plain"], folders=[tmp_path]) as stage:
            for event in (imported(1), amended(1, 2), imported(2), amended(1, 3), amended(2, 2)):
                await stage.publish(event)
            await failed_times(stage, "shaky", 1)
            everything = [1, ("amended", 1, 2), 2, ("amended", 1, 3), ("amended", 2, 2)]
            await until(lambda: len(running(stage, "plain").seen) == len(everything))
            await until(lambda: running(stage, "shaky").seen == [2, ("amended", 2, 2)])

            await stage.clock.advance(LONG_PAUSE)

            await stage.settled()
            assert running(stage, "plain").seen == everything
            assert running(stage, "shaky").seen == [2, ("amended", 2, 2), 1, ("amended", 1, 2), ("amended", 1, 3)]

    async def test_the_order_holds_when_handlers_take_their_time(self, tmp_path: Path) -> None:
        """Later events of a round wait until the earlier one has been handled."""
        body = "import asyncio\nawait asyncio.sleep(0.01 if round.round_id % 2 else 0)"
        write_plugin(tmp_path, "slow", recorder(body=body))
        async with Stage(plugins=["slow"], folders=[tmp_path]) as stage:
            for number in range(1, 11):
                await stage.publish(imported(number))
                await stage.publish(amended(number, 2))

            await stage.settled()

            seen = running(stage, "slow").seen
            assert all(seen.index(number) < seen.index(("amended", number, 2)) for number in range(1, 11))

    async def test_at_most_64_run_at_once(self, tmp_path: Path) -> None:
        """The 65th waits for a place, and all are handled; the first keep theirs until all are taken."""
        body = """
            import asyncio
            self.now = getattr(self, "now", 0) + 1
            self.most = max(getattr(self, "most", 0), self.now)
            while self.most < 64:
                await asyncio.sleep(0.001)
            for _ in range(20):
                await asyncio.sleep(0)
            self.now -= 1
        """
        write_plugin(tmp_path, "busy", recorder(body=body))
        async with Stage(plugins=["busy"], folders=[tmp_path]) as stage:
            await asyncio.gather(*(stage.publish(imported(number)) for number in range(200)))

            await stage.settled()

            assert running(stage, "busy").most == 64
            assert sorted(running(stage, "busy").seen) == list(range(200))


class TestToggles:
    """Off means silent, here or everywhere, and nothing is lost by it."""

    @pytest.mark.usefixtures("_long_pauses")
    async def test_what_was_recorded_waits_until_the_plugin_is_on_again(self, tmp_path: Path) -> None:
        """It does not count as unsettled meanwhile; events published while it is off are not for it."""
        write_plugin(tmp_path, "shaky", recorder(body=_fails_first(1)))
        async with Stage(plugins=["shaky"], folders=[tmp_path]) as stage:
            await stage.publish(imported(1))
            await failed_times(stage, "shaky", 1)
            waiting = asyncio.create_task(stage.settled(PATIENCE))
            await idle()
            await stage.plugins.disable("shaky")
            await waiting
            await stage.publish(imported(2))
            await stage.clock.advance(LONG_PAUSE)
            await stage.settled()
            assert await states(stage, "shaky") == [("pending", 1)]

            await stage.plugins.enable("shaky")

            await failed_times(stage, "shaky", 2)
            await stage.clock.advance(LONG_PAUSE)
            await stage.settled()
            assert running(stage, "shaky").seen == [1]
            assert await states(stage, "shaky") == [("done", 3)]

    async def test_disabling_waits_for_the_handler_that_runs(self, tmp_path: Path) -> None:
        """It is let end; nothing is cut off."""
        body = "import asyncio\nself.go = asyncio.Event()\nawait self.go.wait()"
        write_plugin(tmp_path, "slow", recorder(body=body))
        async with Stage(plugins=["slow"], folders=[tmp_path]) as stage:
            plugin = running(stage, "slow")
            await stage.publish(imported(1))
            await until(lambda: hasattr(plugin, "go"))
            disabling = asyncio.create_task(stage.plugins.disable("slow"))
            await idle()

            plugin.go.set()

            assert (await disabling).ok
            assert plugin.seen == [1]
            await stage.settled()
            assert await states(stage, "slow") == [("done", 1)]

    async def test_a_guild_that_is_off_is_left_out(self, tmp_path: Path) -> None:
        """Disabling in guild 1 changes nothing in guild 2; off in all of them, the event is not delivered."""
        body = "self.seen.append(tuple(self.ctx.guilds(round)))"
        write_plugin(tmp_path, "local_one", recorder(body=body), scope="guild")
        write_plugin(tmp_path, "global_one", recorder(), scope="global")
        async with Stage(plugins=["local_one", "global_one"], folders=[tmp_path], guilds=(1, 2)) as stage:
            await stage.publish(imported(1))
            await stage.settled()
            await stage.plugins.disable("local_one", guild=1)
            await stage.publish(imported(2))
            await stage.settled()
            await stage.plugins.disable("local_one", guild=2)
            await stage.publish(imported(3))
            await stage.settled()
            await stage.plugins.enable("local_one", guild=1)
            await stage.publish(imported(4))
            await stage.settled()

            assert running(stage, "local_one").seen == [(1, 2), 1, (2,), 2, (1,), 4]
            assert running(stage, "global_one").seen == [1, 2, 3, 4]

    async def test_only_guilds_that_see_the_server_count(self, tmp_path: Path) -> None:
        """A server that names its guilds is nobody else's; one that is not in the config is everybody's."""
        body = "self.seen.append(tuple(self.ctx.guilds(round)))"
        write_plugin(tmp_path, "local_one", recorder(body=body), scope="guild")
        config = {"servers": {"private": {"guilds": [2]}, "foreign": {"guilds": [99]}}}
        async with Stage(plugins=["local_one"], folders=[tmp_path], guilds=(1, 2), config=config) as stage:
            for number, server in enumerate(("private", "foreign", "unheard_of"), 1):
                await stage.publish(imported(number, server=server))
                await stage.settled()

            assert running(stage, "local_one").seen == [(2,), 1, (1, 2), 3]

    async def test_a_global_plugin_has_no_switch_for_one_guild(self, tmp_path: Path) -> None:
        """It is refused with the remedy, and nothing changes."""
        write_plugin(tmp_path, "global_one", recorder(), scope="global")
        async with Stage(plugins=["global_one"], folders=[tmp_path]) as stage:
            report = await stage.plugins.disable("global_one", guild=1)

            assert not report.ok
            assert "on or off everywhere" in report.error
            assert stage.plugins.status("global_one").state == "running"

    async def test_toggles_are_kept_over_a_restart(self, tmp_path: Path, database_url: str) -> None:
        """Everywhere and for one guild, also after a failed reload; ``--without`` changes no toggle."""
        from core.app import bot_application

        for name in ("one", "two", "three"):
            write_plugin(tmp_path, name, recorder(), scope="guild")
        async with Stage(plugins=["one", "two", "three"], folders=[tmp_path], database=database_url) as stage:
            config, clock = stage.app.config, stage.clock
            await stage.plugins.disable("one")
            await stage.plugins.disable("two", guild=1)
            write_plugin(tmp_path, "two", "1 / 0\n", scope="guild")
            assert not (await stage.plugins.reload("two")).ok
            write_plugin(tmp_path, "two", recorder(), scope="guild")
            async with bot_application(config, clock=clock, without=["three"]) as again:
                assert {name: again.kernel.status(name).state for name in ("one", "two", "three")} == {
                    "one": "off",
                    "two": "running",
                    "three": "off",
                }
                assert again.kernel.status("two").off_guilds == (1,)
            async with bot_application(config, clock=clock) as again:
                assert again.kernel.status("three").state == "running"


class TestPublish:
    """``publish`` returns when the event is committed, once for each key."""

    async def test_the_same_event_twice_is_one(self, tmp_path: Path, database_url: str) -> None:
        """By its key, also when both are published at once."""
        write_plugin(tmp_path, "plain", recorder())
        async with Stage(plugins=["plain"], folders=[tmp_path], database=database_url) as stage:
            await asyncio.gather(*(stage.publish(imported(1)) for _ in range(5)))
            await stage.publish(ImportedRound(round_id=1, file_sha256="a", map_name="another"))

            await stage.settled()

            assert running(stage, "plain").seen == [1]
            assert len(await stage.db.fetch("SELECT id FROM events")) == 1

    async def test_it_is_in_the_journal_when_it_returns(self, tmp_path: Path) -> None:
        """With one pending delivery for each plugin that is on and implements the hook, and for no other."""
        write_plugin(tmp_path, "plain", recorder(body="import asyncio\nawait asyncio.sleep(60)"))
        write_plugin(tmp_path, "off", recorder())
        write_plugin(tmp_path, "deaf", "from roundhook import Plugin\nclass Deaf(Plugin):\n    pass\n")
        async with Stage(plugins=["plain", "off", "deaf"], folders=[tmp_path]) as stage:
            await stage.plugins.disable("off")

            await stage.publish(imported(1))

            rows = await stage.db.fetch("SELECT plugin, state FROM deliveries")
            assert [(row["plugin"], row["state"]) for row in rows] == [("plain", "pending")]

    async def test_a_cancelled_publisher_does_not_undo_the_event(self, tmp_path: Path) -> None:
        """Once handed to the journal it is written and delivered."""
        write_plugin(tmp_path, "plain", recorder())
        async with Stage(plugins=["plain"], folders=[tmp_path]) as stage:
            publishing = asyncio.create_task(stage.publish(imported(1)))
            await asyncio.sleep(0)

            publishing.cancel()

            await until(lambda: running(stage, "plain").seen == [1])
            assert publishing.cancelled()

    async def test_a_database_error_reaches_the_publisher_alone(self, tmp_path: Path, database_url: str) -> None:
        """One event that cannot be stored fails for its publisher; those committed with it are stored."""
        write_plugin(tmp_path, "plain", recorder())
        async with Stage(plugins=["plain"], folders=[tmp_path], database=database_url) as stage:
            odd = RoundNotice(server="\ud800", map_name="a", round_number=1, round_end_unix=1.0)

            results = await asyncio.gather(
                stage.publish(imported(1)), stage.publish(odd), stage.publish(imported(2)), return_exceptions=True
            )

            await stage.settled()
            assert [type(result).__name__ for result in results if result is not None]
            assert results[0] is results[2] is None
            assert sorted(running(stage, "plain").seen) == [1, 2]
            assert len(await stage.db.fetch("SELECT id FROM events")) == 2

    async def test_settled_waits_for_what_follows(self, tmp_path: Path) -> None:
        """An event published by a handler belongs to what was recorded before."""
        body = "from roundhook import RoundAmended\nawait self.ctx.publish(RoundAmended(round=round, revision=2))"
        write_plugin(tmp_path, "chain", recorder(body=body))
        async with Stage(plugins=["chain"], folders=[tmp_path]) as stage:
            await stage.publish(imported(1))

            await stage.settled()

            assert sorted(map(str, running(stage, "chain").seen)) == ["('amended', 1, 2)", "1"]

    async def test_settled_waits_for_jobs_that_are_about_to_publish(self, tmp_path: Path) -> None:
        """What was spawned before, or by a handler, is a moment before its event: both are waited for."""
        body = """
            if round.round_id < 3:
                self.ctx.spawn(self.later(round.round_id + 1))
        """
        later = """
            async def later(self, number):
                import asyncio
                await asyncio.sleep(0.02)
                from roundhook import ImportedRound
                await self.ctx.publish(ImportedRound(round_id=number, file_sha256="a"))
        """
        code = recorder(body=body).replace("self.seen = []", "self.seen = []\n        self.ctx.spawn(self.later(1))")
        write_plugin(tmp_path, "busy", code + _indented(textwrap.dedent(later)))
        async with Stage(plugins=["busy"], folders=[tmp_path]) as stage:
            await stage.settled()

            assert running(stage, "busy").seen == [1, 2, 3]

    async def test_settled_does_not_wait_for_workers(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What goes on for long has nothing that it is about to do."""
        monkeypatch.setattr("core.kernel.settling.JOB_SECONDS", 0.05)
        code = recorder().replace("self.seen = []", "self.seen = []\n        self.ctx.spawn(self.ctx.clock.sleep(600))")
        write_plugin(tmp_path, "worker", code)
        async with Stage(plugins=["worker"], folders=[tmp_path]) as stage:
            await stage.publish(imported(1))

            await stage.settled()

            assert running(stage, "worker").seen == [1]

    async def test_settled_does_not_wait_for_what_comes_later(self, tmp_path: Path) -> None:
        """Under steady load it returns when what was there before is done and committed."""
        write_plugin(tmp_path, "plain", recorder(body="import asyncio\nawait asyncio.sleep(0.001)"))
        async with Stage(plugins=["plain"], folders=[tmp_path]) as stage:
            done = False

            async def publish(start: int) -> None:
                number = start
                while not done:
                    number += 1
                    await stage.publish(imported(number))

            publishers = [asyncio.create_task(publish(start * 1_000_000)) for start in range(8)]
            await until(lambda: len(running(stage, "plain").seen) > 10)

            for _ in range(5):
                await stage.settled(PATIENCE)

            done = True
            await asyncio.gather(*publishers)
            await stage.settled()


async def test_stopping_does_not_wait_for_handlers_that_refuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot stops although a handler swallows its cancellation; its delivery stays pending."""
    monkeypatch.setattr("core.kernel.dispatcher.CLOSE_SECONDS", 0.05)
    body = """
        import asyncio
        self.entered = True
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.2)
    """
    write_plugin(tmp_path, "stubborn", recorder(body=body))
    async with asyncio.timeout(PATIENCE):
        async with Stage(plugins=["stubborn"], folders=[tmp_path]) as stage:
            await stage.publish(imported(1))
            await until(lambda: hasattr(running(stage, "stubborn"), "entered"))
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})


async def test_stopping_lets_the_attempt_end_that_follows_one_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    """That the handler that was left behind has ended meanwhile changes nothing."""
    monkeypatch.setattr("core.kernel.limits.GRACE_SECONDS", 0.02)
    again = 'self.again = asyncio.Event()\n            await self.again.wait()\n            self.calls.append("again")'
    code = STUBBORN.replace('self.calls.append("again")', again)
    write_plugin(tmp_path, "stubborn", code, manifest="[limits]\non_round_imported = 0.2\n")
    async with Stage(plugins=["stubborn"], folders=[tmp_path], database=database_url) as stage:
        stubborn = running(stage, "stubborn")
        await stage.publish(imported(1))
        await until(lambda: counts(stage, "stubborn") == {"timed out": 1})
        await stage.clock.advance(1)
        await until(lambda: hasattr(stubborn, "again"))
        stubborn.release.set()
        await until(lambda: "ends" in stubborn.calls)
        asyncio.get_running_loop().call_later(0.05, stubborn.again.set)

    assert stubborn.calls == ["begins", "ends", "again"]


async def test_publishing_when_the_journal_is_closed_fails(tmp_path: Path) -> None:
    """Nobody waits for ever."""
    async with Stage(plugins=[], folders=[tmp_path]) as stage:
        app = stage.app
        app.services.journal.close()
        await until(lambda: app.services.journal._ended)

        with pytest.raises(RoundhookError, match="journal is closed"):
            await stage.publish(imported(1))
        await app.services.journal.flush()


def _fails_first(times: int) -> str:
    """Return code that fails the first *times* that an instance comes to it."""
    return f"self.tries = getattr(self, 'tries', 0) + 1\nif self.tries <= {times}: raise ValueError('not yet')"


def _indented(code: str) -> str:
    return "\n".join(f"    {line}" for line in code.splitlines())
