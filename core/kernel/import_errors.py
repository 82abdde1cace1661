"""What to write instead of an import that fails: of one of the plugin's own files, another plugin's, a package."""

import difflib
import importlib.util
import re
import sys
import traceback
from collections.abc import Iterable

from core.kernel.bounded import text_of
from core.kernel.names import plugin_of, stable

_NAMED = re.compile(r"cannot import name '(\w+)' from (?:partially initialized module )?'([\w.]+)'")
"""In Python's message: the name and where it was looked for."""
_OF_TIMES = {
    "has no attribute 'ctx'": "self.ctx is there from setup() on.",
    "signal only works in main thread": "Signals are the bot's: use self.ctx.on_close for the end.",
    "no current event loop in thread": "A plugin is imported in a thread: ask for the loop in setup().",
    "no running event loop": "A plugin is imported in a thread: do it in setup().",
}
"""Words of Python's about what belongs to a thread or comes later, each with the remedy."""
_COMMAND = 'Write `class …(lightbulb.SlashCommand, name="…", description="…")`, for one that others derive from too.'
OF_ANOTHER = "Another plugin's files cannot be imported: take its events, or ask what it offers."


def what_failed(error: BaseException, package: str, files: Iterable[str], place: str) -> str:
    """Return what *error* says, whole sentences, and for an import what to write.

    *package* is that of the generation, *files* are its modules without it, *place* is ``file:line`` of the import.
    """
    plain = f"{text_of(error).rstrip('.')}."
    if not isinstance(error, ImportError):
        remedy = next((remedy for words, remedy in _OF_TIMES.items() if words in plain), "")
        if isinstance(error, KeyError) and error.args[0] in ("name", "description") and _is_lightbulbs(error):
            plain, remedy = f"the command class has no {error.args[0]}.", _COMMAND
        return f"{plain} {remedy}".rstrip()
    named = _NAMED.search(str(error))
    name, module = named.groups() if named else ("", error.name or "")
    namespace, _, generation = package.partition(".")
    files = sorted(filter(None, files))
    for own in (package, stable(package)):
        if _within(module, own):
            return _own(str(error), name, module.removeprefix(own).lstrip("."), files)
    if _within(module, namespace):
        return f"{plain} {OF_ANOTHER}"
    top, dots = module.partition(".")[0], "." * (place.count("/") + 1)
    if top == plugin_of(generation):
        return f"{plain} Write `from {dots}` for `from {top}.`: the folder may be called otherwise."
    if any(_within(one, top) for one in files):
        return f"{plain} It is the plugin's own: write it with a dot, `from {dots}{top} import …`."
    return _near(plain, name, _names_in(module)) if name else _package(plain, module, files)


def _is_lightbulbs(error: BaseException) -> bool:
    """Tell whether *error* was raised in lightbulb's own code."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__")).startswith("lightbulb.")


def _names_in(module: str) -> list[str]:
    found = sys.modules.get(module)
    return list(getattr(found, "__all__", dir(found)))


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _own(text: str, name: str, module: str, files: list[str]) -> str:
    """Tell of a relative import: *name* ("": the file itself) from the plugin's *module* ("": the folder)."""
    missing = module if not name else name if not module and name not in files else ""
    if missing:
        path = f"{missing.replace('.', '/')}.py"
        return _near(f"there is no {path} in the plugin's folder.", missing, files, ".")
    if "partially initialized" in text:
        where = f".{module or name}"
        return f"{where} is imported by what it imports itself. Let one of the two import it within a function."
    return f"there is no {name} in {module.replace('.', '/')}.py."


def _package(plain: str, module: str, files: list[str]) -> str:
    """Tell of an absolute import that found nothing."""
    top = module.partition(".")[0]
    if not module or (module != top and _is_installed(top)):
        return f"{plain} {top} is installed: another version may have it." if module else plain
    if difflib.get_close_matches(top, files, 1):
        return _near(plain, top, files, ".")
    return (
        f'{plain} Put packages = ["{top}"] into the manifest and install it where the bot runs: `pip install {top}` '
        "(it may be called otherwise there)."
    )


def _is_installed(top: str) -> bool:
    return top in sys.modules or importlib.util.find_spec(top) is not None


def _near(told: str, name: str, known: Iterable[str], dot: str = "") -> str:
    found = difflib.get_close_matches(name, known, 1)
    return f"{told} Did you mean {dot}{found[0]}?" if found else told
