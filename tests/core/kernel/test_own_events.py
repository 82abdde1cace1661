"""Events that plugins declare: published, journalled, delivered and announced as ours are."""

import asyncio
import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from roundhook import ImportedRound, PluginError
from roundhook.testing import Stage
from tests.core.kernel.own_events import (
    CATCHES_UP,
    CONTRACT,
    OPTIONAL,
    choose,
    write_consumer,
    write_producer,
)
from tests.plugin_maker import idle, running, write_plugin

BOTH = ["ladder", "mvp_shout"]
"""The one that handles the event is loaded first, by name."""


async def deliveries(stage: Stage) -> list[tuple[str, str, str]]:
    """Return type, state and error of each delivery of a plugin's event."""
    await stage.app.services.journal.flush()
    rows = await stage.db.fetch(
        "SELECT e.type, d.state, d.error FROM deliveries d JOIN events e ON e.id = d.event_id "
        "WHERE e.type LIKE '%.%' ORDER BY e.id"
    )
    return [(row["type"], row["state"], row["error"] or "") for row in rows]


@pytest.mark.parametrize("mark", ["", OPTIONAL])
async def test_an_own_event_is_delivered(tmp_path: Path, database_url: str, mark: str) -> None:
    """It follows from one of ours, stands in the journal under its plugin's name, and the same again is nothing."""
    write_producer(tmp_path)
    write_consumer(tmp_path, mark=mark)
    async with Stage(BOTH, folders=[tmp_path], database=database_url) as stage:
        await stage.publish(ImportedRound(round_id=7, file_sha256="a", server="local"))
        await stage.settled()
        await choose(stage, 7)
        await stage.settled()

        assert running(stage, "ladder").seen == [7]
        (row,) = await stage.db.fetch("SELECT type, key, payload FROM events WHERE type <> 'ImportedRound'")
        assert (row["type"], row["key"]) == ("mvp_shout.MvpChosen", "mvp_shout.MvpChosen:7")
        assert json.loads(row["payload"]) == {"server": "local", "round_id": 7, "guid": "0A", "damage": None}


async def test_only_its_owner_publishes_it_and_only_what_can_be_read_back(tmp_path: Path) -> None:
    """Each is told what is wrong; nothing is stored. A test may publish everything."""
    other = """
        from roundhook import Plugin
        from roundhook.contracts import mvp_shout

        class Other(Plugin):
            async def shout(self, event=None):
                await self.ctx.publish(event or mvp_shout.MvpChosen(server="", round_id=1, guid="0A"))
        """
    write_producer(tmp_path)
    write_plugin(tmp_path, "other", other)
    async with Stage(["other", "mvp_shout"], folders=[tmp_path]) as stage:
        contract = importlib.import_module("roundhook.contracts.mvp_shout")
        with pytest.raises(PluginError, match=r"other: mvp_shout.MvpChosen is published by mvp_shout alone"):
            await running(stage, "other").shout()
        with pytest.raises(PluginError, match=r"object is no event. Declare its class in contract.py, with @event"):
            await running(stage, "other").shout(object())
        for values, told in (
            ({"guid": 5}, "guid is 5. It must be str."),
            ({"damage": "much"}, "damage is 'much'. It must be int or None."),
            ({"damage": True}, "damage is True. It must be int or None."),
            ({"damage": 1.0}, "damage is 1.0. It must be int or None."),
            ({"server": None}, "server is None. It must be str."),
        ):
            with pytest.raises(PluginError) as refused:
                await choose(stage, 1, **values)
            assert str(refused.value) == f"mvp_shout: mvp_shout.MvpChosen is not published: {told}"
        assert await stage.count("events") == 0

        await stage.publish(contract.MvpChosen(server="", round_id=1, guid="0A"))
        assert await stage.count("events") == 1


async def test_contracts_have_the_names_of_now(tmp_path: Path) -> None:
    """One module, whatever is loaded; an ImportError that says what to do while the plugin is away."""
    write_producer(tmp_path)
    async with Stage(["mvp_shout"], folders=[tmp_path]) as stage:
        from roundhook.contracts import mvp_shout

        first = mvp_shout.MvpChosen(server="", round_id=1, guid="0A")
        write_producer(tmp_path, CONTRACT + "    weight: float = 1\n\nLIMIT = 3\n")
        assert (await stage.plugins.reload("mvp_shout")).ok
        second = mvp_shout.MvpChosen(server="", round_id=1, guid="0A", weight=2.5)

        assert (mvp_shout.LIMIT, "LIMIT" in dir(mvp_shout)) == (3, True)
        assert type(first) is not type(second)
        assert isinstance(first, mvp_shout.MvpChosen)
        assert isinstance(second, type(first))
        with pytest.raises(AttributeError, match="the contract of mvp_shout has no Nobody"):
            _ = mvp_shout.Nobody

        await stage.plugins.disable("mvp_shout")
        with pytest.raises(ImportError, match=r"mvp_shout does not run, or has no contract.py. Switch mvp_shout on"):
            _ = mvp_shout.MvpChosen
        with pytest.raises(ImportError, match="mvp_shout does not run"):
            from roundhook.contracts import mvp_shout as gone  # noqa: F401
        with pytest.raises(ImportError, match="mvp_shout does not run"):
            importlib.import_module("roundhook.contracts.mvp_shout")

        await stage.plugins.enable("mvp_shout")
        from roundhook.contracts import mvp_shout as again

        assert again is mvp_shout
        assert again.LIMIT == 3
    with pytest.raises(ImportError, match="nobody does not run"):
        from roundhook.contracts import nobody  # noqa: F401


async def test_a_hook_that_nobody_declares(tmp_path: Path) -> None:
    """It is refused unless it is optional; whoever was refused for it is loaded when somebody declares it."""
    write_producer(tmp_path)
    write_consumer(tmp_path, "strict", mark="")
    write_consumer(tmp_path, "easy")
    async with Stage(["strict", "easy"], folders=[tmp_path], broken=True) as stage:
        assert stage.plugins.status("strict").error == (
            "strict: plugin.py:8: there is no hook 'on_mvp_chosen'. The hooks are on_round_notice, on_file_fetched, "
            "on_round_imported, on_round_amended. If a plugin that is not on declares it: switch that one on, or write "
            "@hookimpl(optionalhook=True)."
        )
        answer = await stage.discord.invoke("plugin info", user=stage.discord.owner_id, options={"name": "easy"})
        assert "`on_mvp_chosen`: no plugin that runs declares it" in answer.text

        await stage.plugins.enable("mvp_shout")
        assert stage.plugins.status("strict").state == "running"
        await choose(stage, 1)
        await stage.settled()
        assert [running(stage, name).seen for name in ("strict", "easy")] == [[1], [1]]

        await stage.plugins.disable("mvp_shout")
        assert (await stage.plugins.reload("easy")).ok
        assert not (await stage.plugins.reload("strict")).ok
        assert (await stage.plugins.enable("mvp_shout")).ok
        await choose(stage, 2)
        await stage.settled()
        assert [running(stage, name).seen for name in ("strict", "easy")] == [[1, 2], [1, 2]]


async def test_plugins_that_handle_each_others_events(tmp_path: Path) -> None:
    """In whatever order they are loaded; a contract that names another's hook is refused, naming its owner."""
    one = CONTRACT.replace("on_mvp_chosen", "on_one")
    for name, hook, handles in (("one", "on_one", "on_two"), ("two", "on_two", "on_one")):
        code = f"""
            from roundhook import Plugin, hookimpl
            from .contract import MvpChosen

            class Both(Plugin):
                seen = 0

                @hookimpl
                async def {handles}(self, event):
                    self.seen += 1

                async def say(self):
                    await self.ctx.publish(MvpChosen(server="", round_id=1, guid=""))
            """
        write_plugin(tmp_path, name, code, files={"contract.py": CONTRACT.replace("on_mvp_chosen", hook)})
    write_plugin(tmp_path, "three", "from roundhook import Plugin\n\nclass Three(Plugin): pass\n",
                 files={"contract.py": one})  # fmt: skip
    async with Stage(["one", "two", "three"], folders=[tmp_path], broken=True) as stage:
        for name in ("one", "two"):
            await running(stage, name).say()
        await stage.settled()

        assert [running(stage, name).seen for name in ("one", "two")] == [1, 1]
        assert stage.plugins.status("three").error == (
            "three: contract.py:5: three.MvpChosen names the hook on_one, which belongs to one. Choose another name."
        )


async def test_who_sees_it_and_what_is_said_of_it(tmp_path: Path) -> None:
    """Guilds that see its server; one message about one thing; not what is old or quiet."""
    contract = """
        from datetime import datetime
        from roundhook import event

        @event(hook="on_said", key=("number",), about="round_id", server="server", at="at", quiet="quiet")
        class Said:
            number: int
            round_id: int
            server: str = "ours"
            at: datetime | None = None
            quiet: bool = False
        """
    code = """
        from datetime import timedelta
        from roundhook import Plugin, hookimpl
        from .contract import Said

        class Speaker(Plugin):
            async def say(self, number, round_id, hours=0, **values):
                at = self.ctx.clock.now() - timedelta(hours=hours)
                await self.ctx.publish(Said(number=number, round_id=round_id, at=at, **values))

            @hookimpl
            async def on_said(self, event):
                await self.ctx.send_to_guilds(event, f"number {event.number}")
        """
    write_plugin(tmp_path, "speaker", code, scope="guild", files={"contract.py": contract})
    config = {"servers": {"ours": {"timezone": "UTC", "guilds": [1]}}}
    async with Stage(["speaker"], folders=[tmp_path], guilds=(1, 2), config=config) as stage:
        speaker = running(stage, "speaker")
        for number, round_id, values in (
            (1, 1, {}), (2, 2, {}), (3, 1, {}), (4, 4, {"hours": 2}), (5, 5, {"quiet": True}), (6, 6, {"server": ""}),
        ):  # fmt: skip
            await speaker.say(number, round_id, **values)
            await stage.settled()

        said = [
            [one.text for one in stage.discord.messages(stage.discord.guild_channels(guild).stats)] for guild in (1, 2)
        ]
        assert said == [["number 3", "number 2", "number 6"], ["number 6"]]
        subjects = await stage.db.fetch("SELECT DISTINCT subject, round_id FROM announcements ORDER BY subject")
        assert [(row["subject"], row["round_id"]) for row in subjects] == [
            ("speaker/1", None), ("speaker/2", None), ("speaker/6", None)
        ]  # fmt: skip


async def test_events_about_one_thing_stay_in_order(tmp_path: Path) -> None:
    """The first waits for its retry and holds back the next about the same round, and no other."""
    contract = CONTRACT.replace('key=("round_id",)', 'key=("round_id", "damage")')
    write_producer(tmp_path, contract)
    write_consumer(tmp_path, body="if event.damage == 1 and not self.kinds: self.kinds.append(1); raise ValueError")
    async with Stage(BOTH, folders=[tmp_path]) as stage:
        ladder = running(stage, "ladder")
        for number, damage in ((1, 1), (1, 2), (2, 3)):
            await choose(stage, number, damage=damage)
        await stage.until(lambda: _has(ladder.seen, [2]))
        await stage.clock.advance(2)
        await stage.settled()

        assert ladder.seen == [2, 1, 1]


async def _has(seen: list[Any], wanted: list[Any]) -> bool:
    return seen == wanted


async def test_what_waits_is_handed_over_as_the_contract_of_now(tmp_path: Path) -> None:
    """A retry after a reload with a new field finds it, with its default; so does what waited in the journal."""
    write_producer(tmp_path)
    write_consumer(tmp_path, body="self.kinds.append(event.streak)")
    write_consumer(tmp_path, "away")
    async with Stage([*BOTH, "away"], folders=[tmp_path]) as stage:
        await stage.plugins.disable("away")
        await stage.plugins.enable("away")
        ladder = running(stage, "ladder")
        await choose(stage, 1)
        await stage.until(lambda: _tried(stage))
        write_producer(tmp_path, CONTRACT + "    streak: int = 4\n")
        assert (await stage.plugins.reload("mvp_shout")).ok
        await stage.clock.advance(2)
        await stage.settled()

        assert (ladder.seen, ladder.kinds[0]) == ([1], 4)


async def _tried(stage: Stage) -> bool:
    await stage.app.services.journal.flush()
    return bool(await stage.db.fetch("SELECT 1 AS one FROM deliveries WHERE attempts > 0 AND state = 'pending'"))


async def test_what_nobody_can_read_waits(
    tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a restart without its owner it is pending and named, not failed; it comes when the owner is back."""
    home = tmp_path / "home"
    home.mkdir()
    write_producer(tmp_path)
    write_consumer(tmp_path, body="if event.damage: raise ValueError('not yet')")
    write_consumer(tmp_path, "late", manifest=CATCHES_UP)
    async with Stage(BOTH, folders=[tmp_path], database=database_url, folder=home) as stage:
        await choose(stage, 1, damage=5)
        await stage.until(lambda: _tried(stage))
    write_consumer(tmp_path)
    why = "waits for mvp_shout, which declares it and is not there"
    async with Stage(["ladder", "late"], folders=[tmp_path], database=database_url, folder=home) as stage:
        await stage.app.kernel.take_over()
        await stage.settled()
        assert await deliveries(stage) == [("mvp_shout.MvpChosen", "pending", why)]
        assert await asyncio.to_thread(main, ["events", "--json", "--db", database_url]) == 0
        (shown,) = json.loads(capsys.readouterr().out)
        assert (shown["key"], shown["state"], shown["error"]) == ("mvp_shout.MvpChosen:1", "pending", why)

        await stage.plugins.enable("mvp_shout")
        await stage.settled()
        assert [running(stage, name).seen for name in ("ladder", "late")] == [[1], [1]]
        assert {state for _, state, _ in await deliveries(stage)} == {"done"}


async def test_what_an_older_contract_wrote_waits_for_one_that_reads_it(tmp_path: Path) -> None:
    """Nobody relied on the event when its field went, so that was allowed; what lies there is kept, in nobody's way."""
    write_producer(tmp_path)
    write_consumer(tmp_path)
    async with Stage(BOTH, folders=[tmp_path]) as stage:
        await stage.plugins.disable("ladder")
        await stage.app.kernel.toggles.set("ladder", None, enabled=True)
        stage.app.kernel.slots["ladder"].enabled = True  # as one that is on and could not be loaded
        await choose(stage, 1)
        narrowed = CONTRACT.replace("guid: str", "guid: int")
        code = (tmp_path / "mvp_shout" / "plugin.py").read_text().replace('"0A"', "10")
        write_producer(tmp_path, narrowed, code)
        assert (await stage.plugins.reload("mvp_shout")).ok
        await stage.plugins.enable("ladder")
        await choose(stage, 2)
        await stage.settled()
        assert running(stage, "ladder").seen == [2]
        (_, state, why), _ = await deliveries(stage)
        assert (state, why) == (
            "pending", "waits for a version of mvp_shout that can read it: guid is '0A'. It must be int."
        )  # fmt: skip

        write_producer(tmp_path, CONTRACT.replace("guid: str", "guid: int | str"), code)
        assert (await stage.plugins.reload("mvp_shout")).ok
        await stage.settled()
        assert running(stage, "ladder").seen == [2, 1]


CHANGES = (
    ("a field more", "    damage: int | None = None", "    damage: int | None = None\n    streak: int = 0", ""),
    ("a wider type", "round_id: int", "round_id: int | None", ""),
    ("whole numbers become fractions", "round_id: int", "round_id: float", ""),
    ("a field less", "    guid: str\n", "    class_: str = ''\n", "lost the field guid"),
    ("another name", "damage:", "hurt:", "lost the field damage"),
    ("a narrower type", "int | None = None", "int = 0", "narrowed the field damage, which was int or None"),
    ("a needed field", "guid: str", "guid: str\n    name: str", "asks for the new field name, which has no default"),
    ("no default", "int | None = None", "int | None", "took the default of the field damage"),
    ("another hook", "on_mvp_chosen", "on_best", "has another hook, on_best instead of on_mvp_chosen"),
    ("another argument", 'hook=', 'argument="mvp", hook=', "has another argument, mvp instead of event"),
    ("another key", '("round_id",)', '("guid",)', "has another key, ('guid',) instead of ('round_id',)"),
    ("another class", "class MvpChosen", "class Chosen", "is gone"),
)  # fmt: skip


async def test_changes_of_a_contract(tmp_path: Path) -> None:
    """What takes nothing away is taken at once; else those who rely on it are named, and the old one goes on."""
    folder = write_producer(tmp_path)
    write_consumer(tmp_path)
    async with Stage(BOTH, folders=[tmp_path]) as stage:
        for number, (what, old, new, problem) in enumerate(CHANGES):
            assert old in CONTRACT, what
            (folder / "contract.py").write_text(CONTRACT.replace(old, new))
            (folder / "plugin.py").write_text(
                (folder / "plugin.py").read_text().replace("contract import MvpChosen\n", "contract import *\n")
            )
            report = await stage.plugins.reload("mvp_shout")
            line = 1 if "class Chosen" in new else 5
            told = (
                f"mvp_shout: contract.py:{line}: mvp_shout.MvpChosen {problem}, and ladder relies on it. Leave what "
                "was there (fields with a default may be added), or switch ladder off first."
            )
            assert (report.ok, report.error) == (not problem, told if problem else ""), what
            if report.ok:
                (folder / "contract.py").write_text(CONTRACT)
                await stage.plugins.disable("ladder")
                assert (await stage.plugins.reload("mvp_shout")).ok, "nobody relies on it"
                await stage.plugins.enable("ladder")
            await choose(stage, number)
            await stage.settled()
            assert running(stage, "ladder").seen.pop() == number
        (folder / "contract.py").unlink()
        report = await stage.plugins.reload("mvp_shout")
        assert not report.ok


async def test_a_handler_that_does_not_fit(tmp_path: Path) -> None:
    """A plugin that runs goes on without it, and says so; it fits again when the contract does."""
    write_producer(tmp_path, CONTRACT.replace("hook=", 'argument="mvp", hook='))
    write_consumer(tmp_path)
    async with Stage(["ladder"], folders=[tmp_path]) as stage:
        await stage.plugins.enable("mvp_shout")
        status = stage.plugins.status("ladder")
        assert (status.state, "on_mvp_chosen" in status.error) == ("running", True)
        assert "Write `async def on_mvp_chosen(self, mvp)`" in status.error
        await choose(stage, 1)
        await stage.settled()
        write_producer(tmp_path)
        assert (await stage.plugins.reload("mvp_shout")).ok
        await choose(stage, 2)
        await stage.settled()
        await idle()

        assert running(stage, "ladder").seen == [2]
        assert stage.plugins.status("ladder").error == ""


async def test_a_check_knows_the_contracts_of_those_that_are_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``roundhook plugin check`` finds a handler that fits, and one that does not; without the owner it says so."""
    write_producer(tmp_path)
    code = "from roundhook.contracts.mvp_shout import MvpChosen\n"
    place = write_consumer(tmp_path, mark="")
    (place / "plugin.py").write_text(code + (place / "plugin.py").read_text())
    for enabled, ends, told in (("", 1, "mvp_shout does not run"), ('"mvp_shout"', 0, "handles on_mvp_chosen")):
        settings = tmp_path / "roundhook.toml"
        settings.write_text(f'[plugins]\npaths = ["{tmp_path}"]\nenabled = [{enabled}]\n')
        arguments = ["plugin", "check", str(place), "--config", str(settings)]
        assert await asyncio.to_thread(main, arguments) == ends
        shown = capsys.readouterr()
        assert told in shown.out + shown.err
