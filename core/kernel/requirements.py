"""What a manifest says that its plugin relies on: other plugins, installed packages, a version of roundhook."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from core.errors import ManifestError
from core.kernel.document import NAME, Document

if TYPE_CHECKING:  # imported when the first plugin asks for something
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

KEYS = {"requires": (list, []), "packages": (list, []), "roundhook": (str, "")}
"""In ``[plugin]``, each with its type and default."""


def read_requires(document: Document) -> "tuple[Requirement, ...]":
    """Read ``requires``: names of plugins, each with the versions that will do (else ``ManifestError``)."""
    found = tuple(_requirements(document, "requires", "mvp_shout >= 1.2"))
    own = document.value(("plugin", "name"), str)
    for one in found:
        if not NAME.fullmatch(one.name) or one.extras or one.marker or one.url:
            raise _wrong(document, "requires", str(one), "mvp_shout >= 1.2")
        if one.name == own:
            raise document.wrong(("plugin", "requires"), f"names {own} itself. Take it out.")
    return found


def read_packages(document: Document) -> "tuple[Requirement, ...]":
    """Read ``packages``: distributions that must be installed (else ``ManifestError``)."""
    found = tuple(_requirements(document, "packages", "aiocsv >= 1.3"))
    for one in found:
        if one.url:
            raise _wrong(document, "packages", str(one), "aiocsv >= 1.3")
    return found


def read_roundhook(document: Document) -> "SpecifierSet | None":
    """Read ``roundhook``: the versions of the bot that will do (else ``ManifestError``)."""
    text = document.value(("plugin", "roundhook"), *KEYS["roundhook"])
    if not text:
        return None
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        raise _wrong(document, "roundhook", text, ">= 0.2") from None


def _requirements(document: Document, key: str, example: str) -> "Iterable[Requirement]":
    for text in document.value(("plugin", key), *KEYS[key]):
        from packaging.requirements import InvalidRequirement, Requirement

        try:
            yield Requirement(text)
        except (InvalidRequirement, TypeError):
            raise _wrong(document, key, text, example) from None


def _wrong(document: Document, key: str, found: Any, example: str) -> ManifestError:
    written = f'"{example}"' if key == "roundhook" else f'["{example}"]'
    return document.wrong(("plugin", key), f"has {found!r}, which cannot be read. Write it as in {key} = {written}.")
