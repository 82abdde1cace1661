"""Every mistake in a setting is told with key, value and remedy; secrets are never shown."""

from pathlib import Path
from typing import Any

import pytest

from core.config import Config, ServerSection, load_config, parse_config
from core.errors import ConfigError
from core.kernel.manifest import read_manifest
from roundhook import ManifestError

SECRET = "MTQyNDYyMDQ5OTk3NTI3NDQ5Ng.sentinel"
HEAD = '[plugin]\nname = "a"\nversion = "1"\napi = 1'
SSH = {"host": "h", "user": "et", "key_file": "k", "known_hosts": "kh", "stats_dir": "/"}


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"discrod": {}}, ("discrod", "Did you mean discord?")),
        (
            {"discord": {"control_chanel": 1}},
            ("discord.control_chanel", "= 1", "Did you mean discord.control_channel?"),
        ),
        ({"discord": {"control_channel": "1"}}, ("discord.control_channel", "'1'", "int")),
        ({"discord": {"control_channel": -1}}, ("discord.control_channel", "-1")),
        ({"discord": {"token": SECRET}}, ("discord.token", "literal token", "env:ROUNDHOOK_TOKEN")),
        ({"guilds": {"abc": {}}}, ("guilds.abc", "Copy Server ID")),
        ({"guilds": {"²": {}}}, ("guilds.²", "Copy Server ID")),
        ({"guilds": {"0": {}}}, ("guilds.0", "Copy Server ID")),
        ({"guilds": {"9223372036854775808": {}}}, ("guilds.9223372036854775808", "Copy Server ID")),
        ({"guilds": {"9" * 5000: {}}}, ("guilds.999", "Copy Server ID")),
        ({"discord": {"token": "env:"}}, ("discord.token", "env:ROUNDHOOK_TOKEN")),
        ({"discord": {"rest_url": "discord.com/api/v10"}}, ("discord.rest_url", "https://")),
        ({"discord": {"rest_url": ""}}, ("discord.rest_url", "https://")),
        ({"discord": {"rest_url": "http://[::1"}}, ("discord.rest_url", "https://")),
        ({"storage": {"dir": "a\0b"}}, ("storage.dir", "control character")),
        ({"plugins": {"paths": ["a", "b\n"]}}, ("plugins.paths", "line end")),
        ({"servers": {"puran": {"ssh": {**SSH, "host": ""}}}}, ("servers.puran.ssh.host", "length >= 1")),
        ({"servers": {"puran": {"ssh": {**SSH, "user": "a\tb"}}}}, ("servers.puran.ssh.user", "control character")),
        ({"guilds": [1]}, ("guilds", "[guilds.<key>]")),
        ({"guilds": {"1": {"admin_roles": ["x"]}}}, ("guilds.1.admin_roles", "int")),
        ({"guilds": {"1": 7}}, ("guilds.1", "7", "[guilds.1]")),
        ({"plugins": {"watch": "yes"}}, ("plugins.watch", "'yes'", "bool")),
        ({"plugin": {"x": 1}}, ("plugin.x", "[plugin.x]")),
        ({"servers": {"Puran!": {}}}, ("servers.Puran!", "servers.puran")),
        ({"servers": {"puran": {"timezone": "Europe/Lubljana"}}}, ("timezone", "Europe/Lubljana", "Europe/Ljubljana")),
        ({"servers": {"puran": {"timezone": ""}}}, ("servers.puran.timezone",)),
        ({"servers": {"puran": {"ssh": {**SSH, "port": 99999}}}}, ("servers.puran.ssh.port", "99999")),
        ({"servers": {"puran": {"ssh": {**SSH, "posrt": 22}}}}, ("servers.puran.ssh.posrt", "Did you mean")),
        ({"servers": {"puran": {"ssh": {"host": "h"}}}}, ("servers.puran.ssh", "user")),
        ({"servers": {"puran": {"ssh": {**SSH, "key_file": 7}}}}, ("servers.puran.ssh.key_file", "7", "str")),
    ],
)
def test_a_mistake_names_key_value_and_remedy(tables: dict[str, Any], words: tuple[str, ...], tmp_path: Path) -> None:
    """Unknown keys, wrong types and values that cannot be stop the start."""
    with pytest.raises(ConfigError) as caught:
        parse_config(tables, tmp_path)

    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "tables",
    [
        {"discord": {"token": SECRET}},
        {"discord": {"token": [SECRET]}},
        {"discord": {"tokn": SECRET}},
        {"discord": SECRET},
        {"database": {"url": [SECRET]}},
        {"database": {"password": SECRET}},
        {"database": SECRET},
        {"servers": {"puran": {"webhook_url": [SECRET]}}},
        {"servers": {"puran": {"webhook_url": f"https://discord.com/api/webhooks/1/{SECRET}"}}},
        {"servers": {"puran": {"webhook": {"url": SECRET}, "webhok_url": SECRET}}},
        {"servers": {"puran": {"ssh": {**SSH, "passphrase": SECRET}}}},
    ],
)
def test_a_secret_is_never_in_an_error(tables: dict[str, Any], tmp_path: Path) -> None:
    """Also where it stands under a wrong key or in a wrong type, and in what caused the error."""
    with pytest.raises(ConfigError) as caught:
        parse_config(tables, tmp_path)

    error: BaseException | None = caught.value
    while error is not None:
        assert SECRET not in str(error)
        error = error.__cause__


def test_a_secret_is_never_in_a_repr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the whole, of its parts, and of the token once it is read."""
    monkeypatch.setenv("SENTINEL", SECRET)
    address = f"https://discord.com/api/webhooks/1/{SECRET}"
    section = ServerSection(webhook_url=address)
    config = parse_config(
        {
            "discord": {"token": "env:SENTINEL"},
            "database": {"url": f"postgres://user:{SECRET}@host/db"},
            "servers": {"puran": {"webhook_url": "env:SENTINEL"}},
            "plugin": {"x": {"api_key": SECRET}},
        },
        tmp_path,
    )

    shown = [
        repr(section),
        repr(config),
        str(config),
        repr(config.database),
        repr(config.servers),
        repr(config.token()),
    ]

    shown += [str(config.token()), f"{config.token()}", f"{config.token():>40}"]
    assert not [text for text in shown if SECRET in text]
    assert config.token().reveal() == SECRET


@pytest.mark.parametrize("place", ["env:NOT_SET_ANYWHERE", "file:missing", "file:empty"])
def test_a_token_that_is_not_there_says_where_to_put_it(place: str, tmp_path: Path) -> None:
    """The remedy names the variable or the file."""
    (tmp_path / "empty").write_text("\n")

    with pytest.raises(ConfigError, match=place.partition(":")[2]):
        parse_config({"discord": {"token": place}}, tmp_path).token()


def test_paths_count_from_the_files_folder(tmp_path: Path) -> None:
    """Not from where the bot was started."""
    file = tmp_path / "roundhook.toml"
    file.write_text(
        '[storage]\ndir = "keep"\n[plugins]\npaths = ["mine", "/abs"]\n[database]\nurl = "sqlite:///x.db"\n'
    )

    config = load_config(file)

    assert config.storage_dir == tmp_path / "keep"
    assert config.plugins.paths == (str(tmp_path / "mine"), "/abs")
    assert config.database.url == f"sqlite:///{tmp_path}/x.db"


def test_a_home_that_nobody_has_is_a_folder_like_any_other(tmp_path: Path) -> None:
    """What is not there is told where it is needed, as any path is."""
    file = tmp_path / "roundhook.toml"
    file.write_text('[storage]\ndir = "~nobody_has_this_name/keep"\n')

    assert load_config(file).storage_dir == tmp_path / "~nobody_has_this_name" / "keep"


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And ``roundhook.toml`` in the working directory is found."""
    monkeypatch.chdir(tmp_path)
    assert load_config(None).plugins == Config().plugins
    (tmp_path / "roundhook.toml").write_text("[plugins]\nwatch = true\n")
    assert load_config(None).plugins.watch


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("[[[", "not valid TOML"),
        (b"\xff", "not valid TOML"),
        ("a = " + "[" * 3000, "not valid TOML"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(content: str | bytes | None, words: str, tmp_path: Path) -> None:
    """Missing, not TOML, not UTF-8."""
    file = tmp_path / "c.toml"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(ConfigError, match=words):
        load_config(file)


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ("", ("plugin.name is missing",)),
        ('[plugin]\nname = "Big"\nversion = "1"\napi = 1', ("plugin.name", "'Big'", "a-z")),
        ('[plugin]\nname = "a"\nversion = 1\napi = 1', ("plugin.version is 1", "str")),
        ('[plugin]\nname = "a"\nversion = "1"\napi = "1"', ("plugin.api is '1'", "int")),
        ('[plugin]\nname = "a"\nversion = "1"\napi = true', ("plugin.api is True", "int")),
        ('[plugin]\nname = "a"\nversion = "1"\napi = 2', ("plugin.api is 2", "Update roundhook")),
        (HEAD + '\nscope = "here"', ("plugin.scope", "'here'", '"guild" or "global"')),
        (HEAD + "\nprio = 1", ("plugin.prio", "priority")),
        (HEAD + "\n[limit]", ("limit", "limits")),
        (HEAD + "\n[limits]\non_round_notice = 0", ("limits.on_round_notice is 0",)),
        (HEAD + '\n[config.k]\ntype = "date"\ndefault = 1', ("config.k.type", "'date'", "list[str]")),
        (HEAD + '\n[config.k]\ntype = "int"\ndefault = "x"', ("config.k.default", "'x'")),
        (HEAD + "\n[config]\nk = 1", ("config.k is 1", "[config.k]")),
    ],
)
def test_a_manifests_mistake_names_file_key_and_remedy(manifest: str, words: tuple[str, ...], tmp_path: Path) -> None:
    """It is read without importing any of the plugin's code."""
    (tmp_path / "manifest.toml").write_text(manifest)

    with pytest.raises(ManifestError) as caught:
        read_manifest(tmp_path)

    for word in (str(tmp_path / "manifest.toml"), *words):
        assert word in str(caught.value)


def test_settings_are_checked_and_have_defaults(tmp_path: Path) -> None:
    """Whole numbers are taken for fractions; unknown keys and wrong types are refused, secrets not shown."""
    (tmp_path / "manifest.toml").write_text(
        HEAD + '\n[config.seconds]\ntype = "float"\ndefault = 1.5\nunit = "s"\n'
        '[config.api_key]\ntype = "str"\ndefault = ""\n'
    )
    manifest = read_manifest(tmp_path)

    assert manifest.settings({}).seconds == 1.5
    assert manifest.settings({"seconds": 2}).seconds == 2.0
    assert dict(manifest.settings({"api_key": "k"})) == {"seconds": 1.5, "api_key": "k"}
    with pytest.raises(AttributeError, match="not declared"):
        manifest.settings({}).minutes  # noqa: B018
    with pytest.raises(ConfigError, match=r"plugin.a.second .= 1. is not a setting.*seconds"):
        manifest.settings({"second": 1})
    with pytest.raises(ConfigError, match=r"plugin\.a\.seconds is 'x'"):
        manifest.settings({"seconds": "x"})
    for values in ({"api_key": [SECRET]}, {"apikey": SECRET}):
        with pytest.raises(ConfigError) as caught:
            manifest.settings(values)
        assert SECRET not in str(caught.value)
