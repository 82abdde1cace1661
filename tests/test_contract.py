"""The repository holds itself to its own rules: folders, imports, sizes, docstrings, what must not stand in it."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import core
from core.cli import COMMANDS
from core.hookspecs import CONTRACTS
from core.kernel.folders import built_in
from core.kernel.manifest import API, read_manifest

ROOT = Path(__file__).parents[1]
PLUGINS, EXAMPLES = (
    sorted(file.parent for file in (ROOT / tree).glob("*/manifest.toml")) for tree in ("plugins", "examples")
)
SCOPES = {
    "lua_webhook": "global", "ssh_poller": "global", "stats_import": "global", "timing_override": "global",
    "team_capture": "global", "stats_commands": "guild", "server_admin": "guild",
}  # fmt: skip
README = ["What", "Set up", "Commands", "Config", "How it fails", "Remove"]
TREES = (
    "roundhook", "roundhook_plugins", "core", "plugins", "devkit", "examples", "tests", "docs", "piccolo_migrations",
    "benchmarks",
)  # fmt: skip
LOOPBACK = ("core/cli/demo_command.py", "core/cli/dev_command.py", "core/cli/plugin_check.py")
"""What of core brings the devkit when it is called."""
MAX_BODY, MAX_FILE, MAX_TEST_FILE = 60, 350, 450
PRODUCT = ("roundhook", "core", "plugins", "devkit", "examples")
TOO_LONG = {
    "tests/core/kernel/test_dispatcher.py": "one test for each promise about delivery, on one set of helpers",
    "tests/core/kernel/test_reload.py": "one test for each way in which a reload can fail",
    "tests/plugins/stats_import/test_service.py": "one test for each rule of the import, on one set of invented files",
}
"""Files and functions (``path`` or ``path:function``) that may be longer, each with its reason."""
REGISTRIES = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "proxy.go" + "lang.org", "crates" + ".io")
MACHINE_PATHS = ("/wo" + "rk/", "/ro" + "ot/", ".py" + "env/")
TEXTS = {".py", ".md", ".toml", ".lua", ".txt", ".cfg", ".ini", ".json", ".yml", ".yaml", ""}


def sources(*trees: str) -> list[Path]:
    """Return the Python files of *trees*."""
    return [file for tree in trees for file in sorted((ROOT / tree).rglob("*.py")) if "__pycache__" not in file.parts]


def name_of(file: Path) -> str:
    """Return a file as it is called in messages."""
    return file.relative_to(ROOT).as_posix()


def parsed(file: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(file.read_text("utf-8"))


_HOLD_IMPORTS = (ast.stmt, ast.ExceptHandler, ast.match_case)


def imports_of(file: Path) -> Iterator[tuple[int, str]]:
    """Give level and module of each import that happens at run time; ``if TYPE_CHECKING`` blocks are left out."""
    waiting: list[ast.AST] = [parsed(file)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from ((0, one.name) for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        else:
            waiting += [one for one in ast.iter_child_nodes(node) if isinstance(one, _HOLD_IMPORTS)]


# Plugin folders


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_an_example_has_its_tests(folder: Path) -> None:
    """As a plugin of anybody has: in its folder, and they use the public face too."""
    assert list((folder / "tests").glob("test_*.py"))
    for file in sources(name_of(folder)):
        used = {module.split(".")[0] for level, module in imports_of(file) if not level}
        assert not used & {"core", "plugins", "devkit", "examples", "tests"}, name_of(file)


def test_the_built_in_plugins_are_those_of_the_design() -> None:
    """No more, no fewer, and all are on at the first start."""
    assert {folder.name for folder in PLUGINS} == set(SCOPES) == set(built_in())


@pytest.mark.parametrize("folder", [*PLUGINS, *EXAMPLES], ids=lambda folder: folder.name)
def test_a_manifest_names_its_folder(folder: Path) -> None:
    """Name, API number and, of ours, scope are as they are promised."""
    manifest = read_manifest(folder)
    written = tomllib.loads((folder / "manifest.toml").read_text("utf-8"))["plugin"]

    assert manifest.name == folder.name
    assert type(written["api"]) is int
    assert manifest.api == API
    assert manifest.scope == SCOPES.get(folder.name, manifest.scope)
    assert manifest.summary.endswith(".")
    assert all(option.meaning for option in manifest.options), "every setting says what it means"


@pytest.mark.parametrize("folder", [*PLUGINS, *EXAMPLES], ids=lambda folder: folder.name)
def test_a_plugin_folder_is_complete(folder: Path) -> None:
    """plugin.py is there, and the README has the six headings in order."""
    lines = (folder / "README.md").read_text("utf-8").splitlines()

    assert (folder / "plugin.py").is_file()
    assert lines[0] == f"# {folder.name}"
    assert [line.removeprefix("## ") for line in lines if line.startswith("## ")] == README


@pytest.mark.parametrize("folder", [*PLUGINS, *EXAMPLES], ids=lambda folder: folder.name)
def test_a_plugin_imports_only_its_own_files_and_the_public_face(folder: Path) -> None:
    """Relative imports stay inside the folder; the core, other plugins and devkit are out of reach."""
    for file in sources(name_of(folder)):
        if "tests" in file.relative_to(folder).parts:
            continue
        depth = len(file.relative_to(folder).parts)
        for level, module in imports_of(file):
            assert level <= depth, f"{name_of(file)}: an import climbs out of the plugin's folder"
            package = module.split(".")[0]
            assert level or package not in ("core", "plugins", "devkit", "examples", "tests"), (
                f"{name_of(file)} imports {module}"
            )
            assert level or module != "roundhook.testing", f"{name_of(file)} imports {module}"


# Imports


def test_the_core_imports_neither_plugins_nor_devkit() -> None:
    """Two files may, when they are called: the demo, and the prompt to try plugins by hand."""
    for file in sources("core"):
        found = {module for level, module in imports_of(file) if not level}
        reached = {module.split(".")[0] for module in found} & {"plugins", "devkit", "roundhook", "tests"}
        allowed = {"devkit"} if name_of(file) in LOOPBACK else set()
        assert reached <= allowed, f"{name_of(file)} imports {reached - allowed}"


def test_devkit_imports_no_plugin() -> None:
    """The stage is told by name which plugins run."""
    for file in sources("devkit"):
        assert not any(module.split(".")[0] in ("plugins", "tests") for _, module in imports_of(file)), name_of(file)


def test_every_module_imports_without_a_warning() -> None:
    """In a process of its own: nothing of ours warns, and nothing fails."""
    files = [file for file in sources("roundhook", "core", "plugins", "devkit") if file.name != "__main__.py"]
    modules = [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files]
    code = (
        "import importlib, sys, warnings\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        f"    for name in {modules!r}: importlib.import_module(name)\n"
        f"ours = [one for one in caught if one.filename.startswith({str(ROOT)!r})]\n"
        "said = [f'{one.filename}:{one.lineno}: {one.message}' for one in ours if '/.venv/' not in one.filename]\n"
        "sys.exit('\\n'.join(said) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_core_is_the_one_of_this_checkout() -> None:
    """A dependency that ships a package of that name would win otherwise."""
    assert core.__file__ is not None
    assert (Path(core.__file__).parents[1] / "pyproject.toml").is_file()
    assert Path(core.__file__).parents[1] == ROOT


# Shape


@pytest.mark.parametrize("tree", TREES)
def test_every_file_says_what_it_is_for_and_is_short(tree: str) -> None:
    """A docstring first; a body has at most 60 lines (what is inside counts for itself), a file 350; a test's 450."""
    missing, long = [], []
    for file in sources(tree):
        text = file.read_text("utf-8")
        module, lines = ast.parse(text), len(text.splitlines())
        missing += [] if ast.get_docstring(module) else [name_of(file)]
        if lines > (MAX_FILE if tree in PRODUCT else MAX_TEST_FILE) and name_of(file) not in TOO_LONG:
            long.append(f"{name_of(file)}: {lines} lines")
        long += [
            f"{name_of(file)}:{function.name}: {own_lines(function)} lines"
            for function in functions_of(module)
            if own_lines(function) > MAX_BODY and f"{name_of(file)}:{function.name}" not in TOO_LONG
        ]
    assert not missing
    assert not long


def functions_of(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give the functions at any depth; they stand among statements only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            continue
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield child
        yield from functions_of(child)


def own_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a body, without its docstring and without what is defined inside it."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    inside = [one for one in body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))]
    return _lines(body[0], body[-1]) - sum(_lines(one, one) for one in inside) if body else 0


def _lines(first: ast.stmt, last: ast.stmt) -> int:
    return (last.end_lineno or last.lineno) - first.lineno + 1


def test_no_registry_and_no_path_of_a_machine() -> None:
    """What is written here holds on every machine."""
    found = [
        f"{name_of(file)}: {word}"
        for file in _texts()
        for word in (*REGISTRIES, *MACHINE_PATHS)
        if word in file.read_text("utf-8", "replace")
    ]
    assert not found


def _texts() -> Iterator[Path]:
    for place in (*TREES, "lua", ".ci"):
        yield from (file for file in (ROOT / place).rglob("*") if file.suffix in TEXTS and file.is_file())
    yield from (file for file in ROOT.iterdir() if file.is_file() and file.suffix in TEXTS and file.name != ".git")


# Names that others rely on


def test_every_hook_has_its_heading() -> None:
    """In the reference, with the name of its argument, in order."""
    lines = (ROOT / "docs" / "reference" / "hooks.md").read_text("utf-8").splitlines()
    headings = [line for line in lines if line.startswith("## ")]

    assert headings == [f"## {hook}({event.argument})" for hook, event in CONTRACTS.by_hook.items()]


def test_every_command_of_the_terminal_has_a_file_of_its_own() -> None:
    """``roundhook check`` is ``check_command.py``, and so on."""
    files = {file.stem.removesuffix("_command") for file in (ROOT / "core" / "cli").glob("*_command.py")}
    assert files == set(COMMANDS)


@pytest.mark.parametrize("folder", [*PLUGINS, *EXAMPLES], ids=lambda folder: folder.name)
def test_every_command_of_a_manifest_has_its_function(folder: Path) -> None:
    """``"lua deploy"`` is ``async def lua_deploy`` in ``cli.py``; nothing public stands there besides."""
    wanted = {"_".join(name.split()) for name in read_manifest(folder).cli}
    body = parsed(folder / "cli.py").body if (folder / "cli.py").is_file() else []
    runs = {one.name.removesuffix("_"): one for one in body if isinstance(one, ast.AsyncFunctionDef)}
    declares = {one.name for one in body if isinstance(one, ast.FunctionDef) and one.name.startswith("add_")}

    assert {name for name in runs if not name.startswith("_")} == wanted
    assert declares <= {f"add_{name}" for name in wanted}
    assert [name for name in wanted if len(runs[name].args.args) != 2] == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda page: page.stem)
def test_a_decision_has_its_parts(page: Path) -> None:
    """Number, status, context, decision, consequences, on 20 to 40 lines."""
    lines = page.read_text("utf-8").splitlines()

    assert lines[0].startswith(f"# {page.stem[:4]}: ")
    assert lines[2].startswith("Status: ")
    assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## Consequences"]
    assert 20 <= len(lines) <= 40


GAME = re.compile(
    r"stats.?files?\b|\blua\b|redline|map_name|\bweapons?\b|\baxis\b|\ballies\b|\b(winner|defender)_side\b|"
    + "|".join(folder.name for folder in PLUGINS),
    re.IGNORECASE,
)


def test_the_core_names_no_game() -> None:
    """Outside ``core/rounds/`` and the demo no file names a stats file, Lua, a map, a weapon, a side or a plugin."""
    found = [
        f"{name_of(file)}:{number}: {line.strip()}"
        for file in sources("core")
        if "rounds" not in file.parts and file.stem != "demo_command"
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if GAME.search(line)
    ]
    assert not found
