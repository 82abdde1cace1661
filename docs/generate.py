"""Writes the generated parts of the documentation from the code; ``--check`` tells whether they are up to date.

A page holds a part between two comments: ``<!-- generated: NAME; run `make docs` -->`` and ``<!-- end: NAME -->``.
What stands outside them is written by hand.
"""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from core.kernel.folders import BUILT_IN
from docs.commands import common, discord, terminal
from docs.given import context, errors, events, functions, hooks
from docs.intents import intents
from docs.public import module, module_list, stage
from docs.settings import plugin_config, plugin_list, plugin_settings, settings
from docs.source import ROOT
from docs.stored import tables

_PART = re.compile(
    r"(<!-- generated: (?P<name>[a-z_ ]+); run `make docs` -->\n).*?(<!-- end: (?P=name) -->)", re.DOTALL
)


def main(argv: Sequence[str] | None = None) -> int:
    """Write all pages; with ``--check`` write none and return 1 if one is not as it would be written."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only look; 1 if a page is not up to date")
    check = parser.parse_args(argv).check
    stale = {page: text for page in pages() if (text := renewed(page)) != page.read_text("utf-8")}
    for page, text in stale.items():
        if check:
            sys.stderr.write(f"{page.relative_to(ROOT)} is not up to date with the code. Run `make docs`.\n")
        else:
            page.write_text(text, "utf-8")
            sys.stdout.write(f"wrote {page.relative_to(ROOT)}\n")
    return 1 if check and stale else 0


def pages() -> list[Path]:
    """Return the pages that may hold generated parts."""
    return [*sorted((ROOT / "docs").rglob("*.md")), *sorted(BUILT_IN.glob("*/README.md"))]


def renewed(page: Path) -> str:
    """Return the text of *page* with its generated parts made anew."""

    def made(found: re.Match[str]) -> str:
        name, *arguments = found["name"].split()
        if name not in PARTS:
            raise SystemExit(f"{page}: there is no part '{name}'. Known: {', '.join(PARTS)}.")
        return f"{found[1]}\n{PARTS[name](*arguments).strip()}\n\n{found[3]}"

    return _PART.sub(made, page.read_text("utf-8"))


PARTS: dict[str, Callable[..., str]] = {
    one.__name__: one
    for one in (
        hooks, events, tables, settings, plugin_settings, plugin_config, plugin_list, terminal, common, discord,
        context, functions, errors, module, module_list, stage, intents,
    )
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
