"""The settings, of the bot and of the built-in plugins, as pages show them."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from core import config
from core.kernel.folders import BUILT_IN
from core.kernel.manifest import Manifest, read_manifest
from core.kernel.options import Option, plain
from docs.source import ROOT, table

EXAMPLE = ROOT / "roundhook.example.toml"


def settings() -> str:
    """The keys of roundhook.toml: types and defaults from the code, meanings from the example file."""
    sections: list[tuple[str, str, type[msgspec.Struct]]] = [
        ("[discord]", "discord", config.Discord),
        ("[guilds.&lt;id&gt;]", "guilds.*", config.Guild),
        ("[database]", "database", config.DatabaseSection),
        ("[storage]", "storage", config.Storage),
        ("[plugins]", "plugins", config.Plugins),
        ("[servers.&lt;key&gt;]", "servers.*", config.ServerSection),
        ("[servers.&lt;key&gt;.ssh]", "servers.*.ssh", config.Ssh),
    ]
    meanings = example_meanings()
    return "\n\n".join(
        f"### {title}\n\n{table(('key', 'type', 'default', 'meaning'), _keys(place, kind, meanings))}"
        for title, place, kind in sections
    )


def _keys(place: str, kind: type[msgspec.Struct], meanings: dict[str, str]) -> Iterator[tuple[str, ...]]:
    for field in msgspec.structs.fields(kind):
        if field.name != "ssh":
            default = (
                "*needed*"
                if field.required
                else f"`{_toml(field.default)}`"
                if field.default is not None
                else "not set"
            )
            yield f"`{field.name}`", _type_name(field.type), default, meanings[f"{place}.{field.name}"]


def example_meanings() -> dict[str, str]:
    """Return the comment above each key of the example file, by ``section.key``; ids and server keys are ``*``."""
    found, section, comment = {}, "", ""
    for line in EXAMPLE.read_text("utf-8").splitlines():
        key = re.match(r"#?([a-z_]+) = ", line)
        if line.startswith("["):
            section, comment = re.sub(r"^(guilds|servers)\.\w+", r"\1.*", line.strip("[] ")), ""
        elif key:
            found[f"{section}.{key[1]}"], comment = comment.strip(), ""
        else:
            comment = f"{comment} {line[2:]}" if line.startswith("# ") else ""
    return found


def plugin_settings() -> str:
    """The settings of all built-in plugins."""
    return "\n\n".join(f"### [plugin.{one.name}]\n\n{plugin_config(one.name)}" for one in manifests() if one.options)


def plugin_config(name: str) -> str:
    """The settings of one built-in plugin, by its manifest."""
    options = read_manifest(BUILT_IN / name).options
    rows = [
        (f"`{one.key}`", _about(one), "not set" if one.default is None else f"`{_toml(one.default)}`", one.meaning)
        for one in options
    ]
    return table(("key", "type", "default", "meaning"), rows) if rows else "None."


def _about(option: Option) -> str:
    """Return a setting's type, unit, bounds, and whether guilds have their own."""
    bounds = [
        f"{word} {plain(bound)}" for word, bound in (("from", option.min), ("to", option.max)) if bound is not None
    ]
    choices = f"one of {', '.join(map(_toml, option.choices))}" if option.choices else ""
    about = (option.type, option.unit, " ".join(bounds), choices, option.pattern and f"fits `{option.pattern}`")
    return ", ".join(filter(None, (*about, "per guild" if option.per_guild else "")))


def plugin_list() -> str:
    """The built-in plugins."""
    rows = [
        (f"[{one.name}](../../plugins/{one.name}/README.md)", one.scope, str(one.priority), one.summary)
        for one in manifests()
    ]
    return table(("plugin", "scope", "priority", "what it does"), rows)


def manifests() -> list[Manifest]:
    """Return the manifests of the built-in plugins."""
    return [read_manifest(file.parent) for file in sorted(BUILT_IN.glob("*/manifest.toml"))]


def _toml(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value).replace("'", '"')


def _type_name(kind: Any) -> str:
    text = str(kind).replace(" | None", "")
    plain = "number" if "int" in text else "true or false" if "bool" in text else "text"
    return f"list of {plain}s" if "tuple" in text else plain
