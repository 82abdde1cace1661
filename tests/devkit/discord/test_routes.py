"""Which route a request means: word for word before what varies, whole parts, unquoted."""

import pytest

from devkit.discord.routes import Route, RouteTable
from devkit.discord.shapes import Answer, Call


async def answered(call: Call) -> Answer:
    return Answer(None)


PATHS = ("/users/{user}", "/users/@me", "/users/@me/guilds", "/a/{b}/c/{d}", "/a/{b}/c/@me")
TABLE = RouteTable(Route("GET", path, answered) for path in PATHS)


@pytest.mark.parametrize(
    ("path", "meant", "values"),
    [
        ("/users/7", "/users/{user}", {"user": "7"}),
        ("/users/@me", "/users/@me", {}),
        ("/users/@me/guilds", "/users/@me/guilds", {}),
        ("/a/1/c/2", "/a/{b}/c/{d}", {"b": "1", "d": "2"}),
        ("/a/x%2Fy/c/👍%252F", "/a/{b}/c/{d}", {"b": "x/y", "d": "👍%2F"}),
    ],
)
def test_the_route_of_a_path(path: str, meant: str, values: dict[str, str]) -> None:
    found = TABLE.find("GET", path)

    assert found is not None
    assert (found[0].path, found[1]) == (meant, values)


@pytest.mark.parametrize("path", ["", "/", "/users", "/users/", "/users/7/", "/a//c/2", "/users/7/guilds"])
def test_a_path_of_no_route(path: str) -> None:
    assert TABLE.find("GET", path) is None


def test_another_method() -> None:
    assert TABLE.find("POST", "/users/7") is None
