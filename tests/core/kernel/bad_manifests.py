"""Each way in which a plugin's manifest can be bad, and its settings."""

from tests.core.kernel.bad_plugins import MANIFEST, Bad, manifest

MANIFESTS = (
    Bad("a manifest that is not TOML", ("not valid TOML",), manifest=MANIFEST + "\n[[[  # here\n"),
    Bad(
        "an unknown key in the manifest",
        ("plugin.colour", "version"),
        manifest=manifest("api = 1", 'api = 1\ncolour = "red"'),
    ),
    Bad(
        "an intent that there is not",
        ("holds 'guild_voice'", "guild_voice_states"),
        manifest=manifest("api = 1", 'api = 1\nintents = ["guild_voice"]'),
    ),
    Bad(
        "a value of the wrong type in the manifest",
        ("plugin.priority", "'low'", "int"),
        manifest=manifest("priority = 100", 'priority = "low"'),
    ),
    Bad(
        "a limit of no hook",
        ("limits.on_x is no hook and no offer", "on_round_imported", "It offers nothing."),
        manifest=MANIFEST + "\n[limits]\non_x = 1  # here\n",
    ),
    Bad(
        "a key that is missing in the manifest",
        ("plugin.version is missing",),
        manifest=manifest("[plugin]", "[plugin]").replace('version = "2"', ""),
    ),
    Bad(
        "an API version from the future",
        ("plugin.api is 99", "Update roundhook"),
        manifest=manifest("api = 1", "api = 99"),
    ),
    Bad("a name that is none", ("plugin.name is 'Good'", "a-z"), manifest=manifest('name = "good"', 'name = "Good"')),
    Bad(
        "a name that another plugin has",
        ("the name 'another' is taken by",),
        manifest=manifest('name = "good"', 'name = "another"'),
        ways=("start",),
    ),
    Bad(
        "another name than before",
        ("now says the name is 'better'", "Change it back"),
        manifest=manifest('name = "good"', 'name = "better"'),
        ways=("reload",),
    ),
    Bad(
        "a config value of the wrong type",
        ("plugin.good.speed is 'fast'", "int"),
        manifest=manifest(
            '[config.speed]\ntype = "str"\ndefault = ""', '[config.speed]  # here\ntype = "int"\ndefault = 1'
        ),
    ),
    Bad(
        "a config value that is not declared",
        ("plugin.good.speed (= 'fast')", "Known: pace"),
        manifest=manifest("[config.speed]", "[config.pace]"),
    ),
)
