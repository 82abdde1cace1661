"""Tests: what Discord accepts as commands, and how it counts them."""

from typing import Any

import pytest

from devkit.discord import DiscordServer
from tests.devkit.discord.support import Rest
from tests.devkit.discord.test_message_limits import where


def command(name: str = "stats", **more: object) -> dict[str, Any]:
    return {"name": name, "description": "d", "type": 1} | more


def option(name: str = "player", **more: object) -> dict[str, Any]:
    return {"type": 3, "name": name, "description": "d"} | more


def choices(count: int, name: int = 1, value: int = 1) -> list[dict[str, str]]:
    return [{"name": f"{n}".zfill(name), "value": f"{n}".zfill(value)} for n in range(count)]


def options(count: int) -> dict[str, Any]:
    return command(options=[option(f"o{number}") for number in range(count)])


def filled(characters: int) -> dict[str, Any]:
    """A command of that many characters in all."""
    listed = [option(f"o{number:02}", description="d" * 100, choices=choices(20, 2, 2)) for number in range(25)]
    made = command(options=listed)
    for number in range(24):
        listed[number]["choices"] = choices(20, 2, 9)
    size = sum(3 + 100 + sum(len(c["name"]) + len(c["value"]) for c in o["choices"]) for o in listed) + len("statsd")
    listed[24]["choices"][0]["value"] = "v" * (2 + characters - size)
    return made


LIMITS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("name", command("n" * 32), command("n" * 33), "name"),
    ("lower case", command("stats"), command("Stats"), "name"),
    ("characters", command("über-all_1"), command("a b"), "name"),
    ("description", command(description="d" * 100), command(description="d" * 101), "description"),
    ("no description", command(), command(description=""), "description"),
    ("options", options(25), options(26), "options"),
    ("option name", command(options=[option("o" * 32)]), command(options=[option("o" * 33)]), "options.0.name"),
    (
        "option description",
        command(options=[option(description="d" * 100)]),
        command(options=[option(description=None)]),
        "options.0.description",
    ),
    ("option twice", options(2), command(options=[option("a"), option("a")]), "options.1.name"),
    (
        "required first",
        command(options=[option("a", required=True), option("b")]),
        command(options=[option("a"), option("b", required=True)]),
        "options.1",
    ),
    (
        "choices",
        command(options=[option(choices=choices(25))]),
        command(options=[option(choices=choices(26))]),
        "options.0.choices",
    ),
    (
        "choice name",
        command(options=[option(choices=choices(1, name=100))]),
        command(options=[option(choices=choices(1, name=101))]),
        "options.0.choices.0.name",
    ),
    (
        "choice value",
        command(options=[option(choices=choices(1, value=100))]),
        command(options=[option(choices=choices(1, value=101))]),
        "options.0.choices.0.value",
    ),
    (
        "choice type",
        command(options=[option(type=4, choices=[{"name": "n", "value": 1}])]),
        command(options=[option(type=4, choices=[{"name": "n", "value": "x"}])]),
        "options.0.choices.0.value",
    ),
    (
        "choices and completion",
        command(options=[option(autocomplete=True)]),
        command(options=[option(autocomplete=True, choices=choices(1))]),
        "options.0.autocomplete",
    ),
    (
        "sub-commands beside options",
        command(options=[option("a", type=1), option("b", type=2, options=[option("c", type=1)])]),
        command(options=[option("a", type=1), option("b")]),
        "options",
    ),
    ("8000 in all", filled(8000), filled(8001), ""),
    ("unknown field", command(), command(permission=8), "permission"),
]


@pytest.mark.parametrize(("good", "bad", "path"), [row[1:] for row in LIMITS], ids=[row[0] for row in LIMITS])
async def test_limit_of_a_command(
    server: DiscordServer, rest: Rest, good: dict[str, Any], bad: dict[str, Any], path: str
) -> None:
    """What is just allowed is registered; what is just not is 50035 with the error where it belongs."""
    url = f"/applications/{server.application_id}/commands"

    accepted, stored = await rest("POST", url, good)
    status, body = await rest("POST", url, bad)
    bulk, tree = await rest("PUT", url, [good, bad])

    assert accepted == 201, stored
    assert (status, body["code"]) == (400, 50035)
    assert where(body["errors"]) == [f".{path}" if path else ""]
    assert bulk == 400
    assert where(tree["errors"]) == [f".1.{path}".rstrip(".")]
    assert server.commands(None) == [stored]


async def test_one_command_lives(server: DiscordServer, rest: Rest) -> None:
    """Created, replaced by name, edited, read, deleted: the id stays, the version changes."""
    url = f"/applications/{server.application_id}/guilds/2/commands"

    created, first = await rest("POST", url, command(default_member_permissions="8"))
    replaced, second = await rest("POST", url, command(description="new"))
    _, edited = await rest("PATCH", f"{url}/{first['id']}", {"description": "newer"})
    _, fetched = await rest("GET", f"{url}/{first['id']}")
    deleted, _ = await rest("DELETE", f"{url}/{first['id']}")
    gone, _ = await rest("DELETE", f"{url}/{first['id']}")

    assert (created, replaced, deleted, gone) == (201, 200, 204, 404)
    assert first["id"] == second["id"] == edited["id"]
    assert len({first["version"], second["version"], edited["version"]}) == 3
    assert fetched["description"] == "newer"
    assert (first["default_member_permissions"], first["guild_id"]) == ("8", "2")
    assert server.commands(2) == []


async def test_names_are_unique_in_a_scope(server: DiscordServer, rest: Rest) -> None:
    """The same name twice in one list is refused; in another scope, or as another type, it is not."""
    url = f"/applications/{server.application_id}/commands"

    twice = await rest("PUT", url, [command(), command()])
    menu, _ = await rest("PUT", url, [command(), {"name": "stats", "type": 2}])
    scope, _ = await rest("PUT", f"/applications/{server.application_id}/guilds/1/commands", [command()])

    assert (twice[0], where(twice[1]["errors"])) == (400, [".1.name"])
    assert (menu, scope) == (200, 200)


async def test_a_hundred_commands_fit(server: DiscordServer, rest: Rest) -> None:
    """The hundred and first is refused, in one list and one by one."""
    url = f"/applications/{server.application_id}/commands"
    many = [command(f"c{number}") for number in range(101)]

    bulk, body = await rest("PUT", url, many)
    await rest("PUT", url, many[:100])
    single, same = await rest("POST", url, many[100])

    assert (bulk, body["code"], single, same["code"]) == (400, 30032, 400, 30032)
    assert len(server.commands(None)) == 100


async def test_creations_are_counted_by_day() -> None:
    """200 new commands a day and scope; known ones do not count; the next day it goes on."""
    now = 1_800_000_000.0
    async with DiscordServer(now=lambda: now) as server, Rest(server) as rest:
        url = f"/applications/{server.application_id}/commands"
        lists = [[command(f"{letter}{number}") for number in range(100)] for letter in "abc"]
        await rest("PUT", url, lists[0])
        await rest("PUT", url, lists[1])

        again, _ = await rest("PUT", url, lists[1])
        status, body = await rest("PUT", url, lists[2])
        now += 86400
        tomorrow, _ = await rest("PUT", url, lists[2])

    assert (again, status, body["code"], tomorrow) == (200, 400, 30034, 200)
