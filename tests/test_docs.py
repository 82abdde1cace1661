"""The documentation is true: its code runs, its links lead somewhere, its messages are the code's."""

import ast
import importlib.util
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

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    [
        *DOCS.rglob("*.md"),
        *BUILT_IN.glob("*/README.md"),
        *(ROOT / "examples").rglob("README.md"),
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


@pytest.mark.usefixtures("level_kept")
def test_check_takes_the_example_as_far_as_connecting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Settings, storage and plugins are fine; the token and the server's key are what is missing."""
    (tmp_path / "roundhook.toml").write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    monkeypatch.delenv("ROUNDHOOK_TOKEN", raising=False)
    code = main(["check", "--config", str(tmp_path / "roundhook.toml")])
    said = capfd.readouterr()
    wrong = [line for line in said.out.splitlines() if line.startswith("✗")]

    assert code == 1, said.err
    assert "✓ settings: 1 guilds, 1 game servers" in said.out
    assert [line.split(":")[0] for line in wrong] == ["✗ Discord", "✗ server puran"], said.out
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

    manifests = [*BUILT_IN.glob("*/manifest.toml"), *(ROOT / "examples").glob("*/manifest.toml")]
    brought = {name.split()[0] for manifest in manifests for name in read_manifest(manifest.parent).cli}
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
