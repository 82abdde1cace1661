"""The documentation is true: its code runs, its links lead somewhere, its messages are the code's."""

import ast
import functools
import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
import types
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from core import config
from core.cli import COMMANDS, main
from core.config import load_config
from core.kernel import manifest as manifests
from core.kernel import option_types, options, requirements
from core.kernel.folders import BUILT_IN, built_in
from core.kernel.manifest import read_manifest
from docs.settings import EXAMPLE, example_meanings
from roundhook import ImportedRound
from roundhook.testing import Stage
from tests.plugin_maker import running

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    [
        *DOCS.rglob("*.md"),
        *BUILT_IN.glob("*/README.md"),
        *(ROOT / name for name in ("README.md", "CHANGELOG.md", "lua/README.md", "devkit/README.md")),
    ]
)
LIVE = ["lua_webhook", "ssh_poller", "stats_import", "timing_override"]
_FILE_BLOCK = re.compile(r"^`(?P<name>[\w/.]+)`\n\n```\w+\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_FENCED = re.compile(r"^ *```(?P<kind>\w*)\n(?P<text>.*?)^ *```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_GENERATED = re.compile(r"<!-- generated: .*?<!-- end: .*?-->", re.DOTALL)

by_name = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def write_files(text: str, folder: Path) -> list[Path]:
    """Write the code blocks of *text* that stand below a file's name."""
    written = []
    for block in _FILE_BLOCK.finditer(text):
        place = folder / block["name"]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(block["text"], "utf-8")
        written.append(place)
    return written


def fenced(text: str, kind: str) -> list[str]:
    """Return the code blocks of one kind in *text*."""
    return [block["text"] for block in _FENCED.finditer(text) if block["kind"] == kind]


def imported(file: Path) -> types.ModuleType:
    """Import a file by its path."""
    spec = importlib.util.spec_from_file_location(f"documented_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def run_tests(file: Path) -> int:
    """Run the test functions of a file; return how many there are."""
    found = [function for name, function in vars(imported(file)).items() if name.startswith("test_")]
    for function in found:
        await function()
    return len(found)


def slugs(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are made on the web."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-") for heading in headings}


# The code in it runs


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


@by_name
def test_code_blocks_can_be_read(page: Path) -> None:
    """Python parses, TOML too; what is generated shows signatures only."""
    text = _GENERATED.sub("", page.read_text("utf-8"))
    for block in fenced(text, "python"):
        ast.parse(block)
    for block in fenced(text, "toml"):
        tomllib.loads(block)


# The example settings


def test_the_example_is_complete() -> None:
    """Every key of the settings and of every built-in manifest is there, with a comment."""
    kinds: dict[str, type[msgspec.Struct]] = {
        "discord": config.Discord, "guilds.*": config.Guild, "database": config.DatabaseSection,
        "storage": config.Storage, "plugins": config.Plugins, "servers.*": config.ServerSection,
        "servers.*.ssh": config.Ssh,
    }  # fmt: skip
    wanted = {f"{place}.{field.name}" for place, kind in kinds.items() for field in msgspec.structs.fields(kind)}
    for file in BUILT_IN.glob("*/manifest.toml"):
        one = read_manifest(file.parent)
        wanted |= {f"plugin.{one.name}.{option.key}" for option in one.options}

    meanings = example_meanings()
    assert set(meanings) == wanted - {"servers.*.ssh"}
    assert all(meanings.values()), "a key without a comment above it"


def test_the_example_loads_with_the_defaults_it_names() -> None:
    """Its plugin settings pass their manifests and are the defaults."""
    settings = load_config(EXAMPLE)

    assert set(settings.plugins.enabled or ()) == set(built_in())
    for name, values in settings.plugin.items():
        one = read_manifest(BUILT_IN / name)
        assert dict(one.settings(values)) == {option.key: option.default for option in one.options}


def test_check_takes_the_example_as_far_as_connecting(tmp_path: Path) -> None:
    """Settings, storage and plugins are fine; the token and the server's key are what is missing."""
    (tmp_path / "roundhook.toml").write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "ROUNDHOOK_TOKEN"}
    done = subprocess.run(
        [sys.executable, "-m", "roundhook", "check", "--config", str(tmp_path / "roundhook.toml")],
        cwd=ROOT, capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    wrong = [line for line in done.stdout.splitlines() if line.startswith("✗")]

    assert done.returncode == 1, done.stderr
    assert "✓ settings: 1 guilds, 1 game servers" in done.stdout
    assert [line.split(":")[0] for line in wrong] == ["✗ Discord", "✗ server puran"], done.stdout
    assert "Set the environment variable ROUNDHOOK_TOKEN." in wrong[0]
    assert "servers.puran.ssh.known_hosts" in wrong[1]


# Links, generated parts, names


@by_name
def test_links_lead_somewhere(page: Path) -> None:
    """Files exist, and so do the headings that a link names."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for link in _LINK.finditer(text):
        path, _, anchor = link["target"].partition("#")
        if path.startswith("https:"):
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link['target']} is not there"
        assert not anchor or anchor in slugs(target), f"{link['target']}: no such heading"


def test_every_page_is_in_the_index() -> None:
    """Nothing is written that nobody finds."""
    index = (DOCS / "index.md").read_text("utf-8")
    missing = [page for page in DOCS.rglob("*.md") if page.name != "index.md" and f"({name(page)}" not in index]
    assert not missing


def name(page: Path) -> str:
    """Return a page's path as the index links it."""
    return page.relative_to(DOCS).as_posix()


def test_generated_parts_are_up_to_date() -> None:
    """``make docs`` would change nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "docs.generate", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_manifest_page_names_every_key() -> None:
    """Keys, types and hooks' limits."""
    text = (DOCS / "reference" / "manifest.md").read_text("utf-8")
    keys = [*manifests._PLUGIN_KEYS, *requirements.KEYS, *options._OPTION_KEYS]

    assert [key for key in keys if f"| `{key}` |" not in text] == []
    assert [kind for kind in option_types.TYPES if f'`"{kind}"`' not in text] == []


def test_the_script_page_names_every_setting() -> None:
    """The keys of roundhook_config.lua and their defaults."""
    script = (ROOT / "lua" / "roundhook.lua").read_text("utf-8")
    keys = re.findall(r"^    (\w+) = \{", script[script.index("local CHECKS") :].partition("\n}")[0], re.MULTILINE)
    text = (ROOT / "lua" / "README.md").read_text("utf-8")

    assert "webhook_urls" in keys
    assert [key for key in keys if f"| `{key}` |" not in text] == []


@by_name
def test_commands_that_are_named_exist(page: Path) -> None:
    """On the terminal, and on Discord."""
    text = page.read_text("utf-8")
    terminal = re.findall(r"^(?:\S*/)?roundhook ([a-z]+)", "\n".join(fenced(text, "sh")), re.MULTILINE)
    terminal += re.findall(r"`roundhook ([a-z]+)[^`]*`", text)
    table = (DOCS / "reference" / "commands.md").read_text("utf-8")
    known = set(re.findall(r"^\| `/([a-z ]+)` \|", table, re.MULTILINE))
    known |= {command.split()[0] for command in known}

    brought = {
        name.split()[0] for folder in BUILT_IN.glob("*/manifest.toml") for name in read_manifest(folder.parent).cli
    }
    assert set(terminal) <= {*COMMANDS, *brought}
    assert {found.strip() for found in re.findall(r"`/([a-z]+(?: [a-z]+)?)(?: [a-z]+:[^`]*)?`", text)} <= known


# The messages


def said_by_the_code() -> Iterator[str]:
    """Give every text in the code, with … for what is put in; Lua's are taken from its lines."""
    for tree in ("roundhook", "core", "plugins"):
        for file in (ROOT / tree).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
                elif isinstance(node, ast.JoinedStr):
                    yield "".join(str(one.value) if isinstance(one, ast.Constant) else "…" for one in node.values)
    script = (ROOT / "lua" / "roundhook.lua").read_text("utf-8")
    yield from re.sub(r'" \.\. [^"\n]+? \.\. "', "…", script).splitlines()


def test_messages_that_are_explained_exist() -> None:
    """What stands in bold code on the page of troubles is said by the code, word for word between the …"""
    text = (DOCS / "how-to" / "find-out-what-went-wrong.md").read_text("utf-8")
    messages = re.findall(r"\*\*`([^`]+)`\*\*", text)
    said = list(said_by_the_code())
    unknown = [
        message
        for message in messages
        if not any(all(piece in one for piece in message.split("…") if piece) for one in said)
    ]

    assert len(messages) > 25
    assert unknown == []


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
