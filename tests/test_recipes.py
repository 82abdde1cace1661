"""What the pages show runs: the tutorial, the recipes, the plugin of the README, each as it stands there."""

import functools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.cli import main
from roundhook import ImportedRound
from roundhook.testing import Stage
from tests.plugin_maker import running
from tests.test_docs import DOCS, LIVE, ROOT, fenced, imported, run_tests, write_files


async def test_the_tutorial_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Step after step: each state of the plugin loads, the script prints what is shown, the tests pass."""
    steps = (DOCS / "tutorial.md").read_text("utf-8").split("\n## ")
    for step in steps:
        files = write_files(step, tmp_path)
        if (tmp_path / "mvp_shout" / "plugin.py").exists() and files:
            async with Stage(plugins=["mvp_shout"], folders=[tmp_path]) as stage:
                assert [report.error for report in stage.app.reports] == [""], step[:40]
        if tmp_path / "try_it.py" in files:
            await imported(tmp_path / "try_it.py").main()
            assert capsys.readouterr().out == fenced(step, "text")[-1]

    assert await run_tests(tmp_path / "mvp_shout" / "tests" / "test_mvp_shout.py") == 3


def test_the_tutorial_begins_with_what_plugin_new_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader sees on the page what lies in the folder."""
    monkeypatch.chdir(tmp_path)
    assert main(["plugin", "new", "mvp_shout"]) == 0

    first = (DOCS / "tutorial.md").read_text("utf-8").split("\n## ")[1]
    for shown in write_files(first, tmp_path / "shown"):
        made = tmp_path / shown.relative_to(tmp_path / "shown")
        assert made.read_text("utf-8") == shown.read_text("utf-8")


async def test_the_examples_of_testing_work(tmp_path: Path) -> None:
    """They test the tutorial's plugin."""
    write_files((DOCS / "tutorial.md").read_text("utf-8"), tmp_path)
    blocks = fenced((DOCS / "how-to" / "test-a-plugin.md").read_text("utf-8"), "python")
    for number, block in enumerate(blocks):
        file = tmp_path / f"test_example_{number}.py"
        file.write_text(block, "utf-8")
        assert await run_tests(file) == 1

    assert len(blocks) == 3


def test_the_plugin_is_tried_by_hand(tmp_path: Path) -> None:
    """What is typed on the page is answered as on the page."""
    write_files((DOCS / "tutorial.md").read_text("utf-8"), tmp_path)
    (shown,) = fenced((DOCS / "how-to" / "try-a-plugin-by-hand.md").read_text("utf-8"), "text")
    typed = "".join(f"{line[2:]}\n" for line in shown.splitlines() if line.startswith("> "))
    command = [sys.executable, "-m", "roundhook", "dev", "mvp_shout"]
    environment = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    said = subprocess.run(command, input=typed, cwd=tmp_path, env=environment, capture_output=True, text=True)

    assert (said.stdout, said.returncode) == (shown, 0)


async def test_the_recipes_of_writing_work(tmp_path: Path) -> None:
    """Every plugin on the page loads, reloads, and does what is said of it."""
    write_files((DOCS / "how-to" / "write-a-plugin.md").read_text("utf-8"), tmp_path)
    names = [file.parent.name for file in sorted(tmp_path.glob("*/manifest.toml"))]
    assert names == ["ledger", "night_watch", "thumbs"]

    async with Stage(plugins=[*LIVE, *names], folders=[tmp_path]) as stage:
        assert [report.error for report in stage.app.reports if not report.ok] == []
        await stage.games["local"].play_round(map_name="supply")
        message = await stage.discord.wait_for_message(stage.discord.stats_channel)
        await stage.settled()
        reports = [await stage.plugins.reload(name) for name in names]
        reply = await stage.discord.click(message, message["components"][0]["components"][0]["custom_id"])

        assert all(report.ok for report in reports), reports
        assert reply.text == "Round 1 was good, then."
        assert await stage.db.fetch("SELECT * FROM ledger_rounds") == [{"round_id": 1, "map_name": "supply"}]


async def test_the_recipes_of_doing_things_later_work(tmp_path: Path) -> None:
    """The record is kept, the reminder comes after a restart, and so does the post of a morning that was missed."""
    write_files((DOCS / "how-to" / "do-things-later.md").read_text("utf-8"), tmp_path)
    names = [file.parent.name for file in sorted(tmp_path.glob("*/manifest.toml"))]
    assert names == ["longest", "morning_post", "remind_me"]

    async with Stage(plugins=[*LIVE, *names], folders=[tmp_path], folder=tmp_path) as stage:
        await stage.games["local"].play_round(map_name="supply", surrender_at=512)
        await stage.until(lambda: _has_round(stage))
        await stage.settled()
        options = {"minutes": 90, "text": "*tea*"}
        await stage.discord.invoke("remindme", user=7, options=options)
        stored = await stage.db.fetch("SELECT key, value FROM plugin_store")
        assert stored == [{"key": "map supply", "value": "512"}]
        await stage.db.execute("UPDATE plugin_jobs SET due_at = ? WHERE method = 'post'", (stage.clock.now(),))
    async with Stage(plugins=[*LIVE, *names], folders=[tmp_path], folder=tmp_path) as stage:
        await stage.settled()
        said = [message.text for message in stage.discord.messages(stage.discord.stats_channel)]
        assert said == ["1 rounds yesterday"]
        await stage.clock.advance(5400)
        await stage.settled()
        rows = await stage.db.fetch("SELECT content FROM announcements WHERE plugin = 'remind_me'")
        assert ["<@7> \\\\*tea\\\\*" in row["content"] for row in rows] == [True]


async def _has_round(stage: Stage) -> bool:
    return await stage.count("rounds") == 1


async def test_the_plugins_with_an_event_of_their_own_work(tmp_path: Path) -> None:
    """One chooses the best of a round that was played, the other counts."""
    write_files((DOCS / "how-to" / "declare-an-event.md").read_text("utf-8"), tmp_path)
    async with Stage(plugins=[*LIVE, "mvp_shout", "ladder"], folders=[tmp_path]) as stage:
        await stage.games["local"].play_round(map_name="supply")
        await stage.until(lambda: _has_event(stage, "mvp_shout.MvpChosen:1"))
        await stage.settled()

        (best,) = await stage.db.fetch("SELECT guid FROM player_rounds ORDER BY damage_given DESC LIMIT 1")
        assert running(stage, "ladder").times == {best["guid"]: 1}


async def _has_event(stage: Stage, key: str) -> bool:
    return bool(await stage.db.fetch("SELECT id FROM events WHERE key = ?", (key,)))


async def test_the_recipe_of_listening_works(tmp_path: Path) -> None:
    """Its plugin hears what it asks for."""
    text = (DOCS / "how-to" / "listen-to-more-of-discord.md").read_text("utf-8")
    write_files(text, tmp_path)
    (tmp_path / "test_example.py").write_text(fenced(text, "python")[-1], "utf-8")

    assert await run_tests(tmp_path / "test_example.py") == 1


async def test_the_readme_plugin_works(tmp_path: Path) -> None:
    """Ten lines, and the message is there."""
    plugin = write_files((ROOT / "README.md").read_text("utf-8"), tmp_path)[-1]
    assert len([line for line in plugin.read_text("utf-8").splitlines() if line]) <= 10

    async with Stage(plugins=[*LIVE, "played_time"], folders=[tmp_path]) as stage:
        game, end = stage.games["local"], stage.clock.now().timestamp()
        play = functools.partial(game.play_round, map_name="supply", round_number=1, surrender_at=512, ended_at=end)
        await play(write_file=False)
        await stage.until(lambda: _has_notice(stage))  # a look at the folder in between would find the file before it
        await play(send_notice=False)
        message = await stage.discord.wait_for_message(stage.discord.stats_channel)

        assert message.text == "supply R1: 512 s of play"


async def _has_notice(stage: Stage) -> bool:
    return await stage.count("round_notices") == 1


async def test_the_stage_of_the_docs_is_there() -> None:
    """What the page on testing lists can be called."""
    async with Stage(plugins=["stats_import"]) as stage:
        await stage.publish(ImportedRound(round_id=1, file_sha256="0" * 64))
        stage.discord.fail_next("POST", "/channels/*/messages", 500)
        stage.discord.deny(stage.discord.stats_channel, "SEND_MESSAGES")
        await stage.games["local"].outage()
        await stage.games["local"].back()
        await stage.clock.advance(30)
        await stage.settled()
        assert stage.plugins.status("stats_import").state == "running"


async def test_the_recipe_of_commands_works(tmp_path: Path) -> None:
    """Groups, suggestions, menus, a confirmation, languages: as the page says of each."""
    write_files((DOCS / "how-to" / "offer-commands.md").read_text("utf-8"), tmp_path)
    async with Stage(plugins=[*LIVE, "stats_commands", "map_notes"], folders=[tmp_path]) as stage:
        await stage.games["local"].play_round(map_name="supply")
        said = await stage.discord.wait_for_message(stage.discord.stats_channel)
        choices = await stage.discord.autocomplete("notes add", "map", "sup")
        first = await stage.discord.invoke("notes add", options={"map": "supply", "text": "mind the tank"})
        empty = await stage.discord.invoke("notes add", options={"map": "supply", "text": " "})
        who = await stage.discord.use_menu("Who is this", 7)
        noted = await stage.discord.use_menu("Note this down", said)
        asked = await stage.discord.invoke("notes forget", options={"map": "supply"})
        await stage.plugins.reload("map_notes")
        forgotten = await stage.discord.click(asked, "Yes")
        (command,) = [one for one in stage.discord.commands(1) if one["name"] == "notes"]

    assert [one["value"] for one in choices] == ["supply"]
    assert (first.text, empty.text, noted.text) == ("Note 1: supply", "A note needs words.", "Note 1: messages")
    assert who.text.endswith(" is 7")
    assert "Forgotten." in forgotten.text
    assert command["name_localizations"]["de"] == "notizen"


async def test_the_recipe_of_catching_up_works(tmp_path: Path) -> None:
    """What was played before the plugin was there counts once, and so does what comes later."""
    write_files((DOCS / "how-to" / "catch-up-over-stored-rounds.md").read_text("utf-8"), tmp_path)
    async with Stage(plugins=LIVE, folders=[tmp_path]) as stage:
        await stage.games["local"].play_round(map_name="supply")
        await stage.until(lambda: _has_rounds(stage, 1))
        assert (await stage.plugins.enable("most_played")).ok
        await stage.plugins.reload("most_played")
        await stage.clock.advance(900)
        await stage.games["local"].play_round(map_name="radar")
        await stage.until(lambda: _has_rounds(stage, 2))
        await stage.settled()
        (kept,) = await stage.db.fetch("SELECT value FROM plugin_store WHERE plugin = 'most_played'")

    assert json.loads(kept["value"]) == {"until": 2, "counts": {"supply": 1, "radar": 1}}


async def _has_rounds(stage: Stage, count: int) -> bool:
    return await stage.count("rounds") >= count


async def test_the_recipes_of_offering_and_relying_work(tmp_path: Path) -> None:
    """One plugin calls the other, goes with it and comes back with it."""
    for page in ("offer-something-to-other-plugins", "rely-on-another-plugin"):
        write_files((DOCS / "how-to" / f"{page}.md").read_text("utf-8"), tmp_path)
    async with Stage(plugins=["podium", "praises"], folders=[tmp_path]) as stage:
        assert (await stage.discord.invoke("podium", user=7)).text == "Nobody was praised yet."
        assert await stage.call("praises.praise", name="olz") == 1
        assert (await stage.discord.invoke("podium", user=7)).text == "olz: 1"
        await stage.plugins.disable("praises")
        assert stage.plugins.status("podium").state == "failed"
        await stage.plugins.enable("praises")
        assert (await stage.discord.invoke("podium", user=7)).text == "Nobody was praised yet."
