"""Tests: what Discord refuses in messages, at each limit and one beyond it."""

from typing import Any

import pytest

from devkit.discord import DiscordServer
from tests.devkit.discord.support import Rest


def embed(**parts: object) -> dict[str, Any]:
    return {"embeds": [parts]}


def field(name: int = 1, value: int = 1) -> dict[str, str]:
    return {"name": "n" * name, "value": "v" * value}


def button(number: int = 0, **more: object) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "b", "custom_id": f"id{number}"} | more


def rows(*components: dict[str, Any]) -> dict[str, Any]:
    return {"content": "x", "components": [{"type": 1, "components": list(components)}]}


def select(options: int, **more: object) -> dict[str, Any]:
    listed = [{"label": "l", "value": str(number)} for number in range(options)]
    return {"type": 3, "custom_id": "s", "options": listed} | more


FULL = [{"title": "t" * 256, "description": "d" * 4096}]

LIMITS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("content", {"content": "x" * 2000}, {"content": "x" * 2001}, "content"),
    ("embeds", {"embeds": [{"title": "t"}] * 10}, {"embeds": [{"title": "t"}] * 11}, "embeds"),
    ("title", embed(title="t" * 256), embed(title="t" * 257), "embeds.0.title"),
    ("description", embed(description="t" * 4096), embed(description="t" * 4097), "embeds.0.description"),
    ("fields", embed(fields=[field()] * 25), embed(fields=[field()] * 26), "embeds.0.fields"),
    ("field name", embed(fields=[field(256)]), embed(fields=[field(257)]), "embeds.0.fields.0.name"),
    ("field value", embed(fields=[field(1, 1024)]), embed(fields=[field(1, 1025)]), "embeds.0.fields.0.value"),
    ("empty field", embed(fields=[field(0, 0)]), embed(fields=[{"name": "n"}]), "embeds.0.fields.0.value"),
    ("footer", embed(footer={"text": "f" * 2048}), embed(footer={"text": "f" * 2049}), "embeds.0.footer.text"),
    ("author", embed(author={"name": "a" * 256}), embed(author={"name": "a" * 257}), "embeds.0.author.name"),
    ("color", embed(title="t", color=0xFFFFFF), embed(title="t", color=0x1000000), "embeds.0.color"),
    ("time", embed(title="t", timestamp="2026-11-22T10:00:00Z"), embed(title="t", timestamp="x"), "embeds.0.timestamp"),
    (
        "6000 in total",
        {"embeds": [*FULL, {"description": "d" * 1648}]},
        {"embeds": [*FULL, {"description": "d" * 1649}]},
        "embeds",
    ),
    ("picture", embed(image={"url": "https://x.y/z.png"}), embed(image={"url": "z.png"}), "embeds.0.image.url"),
    ("attachment", embed(title="t"), embed(image={"url": "attachment://no.png"}), "embeds.0.image.url"),
    ("nonce", {"content": "x", "nonce": "n" * 25}, {"content": "x", "nonce": "n" * 26}, "nonce"),
    ("type of content", {"content": "5"}, {"content": 5}, "content"),
    ("unknown field", {"content": "x"}, {"content": "x", "embed": {}}, "embed"),
    ("unknown embed field", embed(title="t"), embed(titel="t"), "embeds.0.titel"),
    (
        "mentions",
        {"content": "x", "allowed_mentions": {"parse": ["users"]}},
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["7"]}},
        "allowed_mentions.users",
    ),
    (
        "mention kind",
        {"content": "x"},
        {"content": "x", "allowed_mentions": {"parse": ["all"]}},
        "allowed_mentions.parse.0",
    ),
    (
        "rows",
        {"content": "x", "components": [rows(button(n))["components"][0] for n in range(5)]},
        {"content": "x", "components": [rows(button(n))["components"][0] for n in range(6)]},
        "components",
    ),
    ("row", rows(*map(button, range(5))), rows(*map(button, range(6))), "components.0.components"),
    ("label", rows(button(label="b" * 80)), rows(button(label="b" * 81)), "components.0.components.0.label"),
    ("no label", rows(button(emoji={"name": "👍"}, label=None)), rows(button(label="")), "components.0.components.0"),
    (
        "custom id",
        rows(button(custom_id="c" * 100)),
        rows(button(custom_id="c" * 101)),
        "components.0.components.0.custom_id",
    ),
    ("custom id twice", rows(button(1), button(2)), rows(button(1), button(1)), "components"),
    (
        "link",
        rows({"type": 2, "style": 5, "label": "l", "url": "https://x.y"}),
        rows(button(style=5)),
        "components.0.components.0.url",
    ),
    ("options", rows(select(25)), rows(select(26)), "components.0.components.0.options"),
    ("no options", rows(select(1)), rows(select(0)), "components.0.components.0.options"),
    ("values", rows(select(3, max_values=3)), rows(select(3, max_values=26)), "components.0.components.0.max_values"),
    ("width", rows(select(1)), rows(select(1), button()), "components.0.components.1"),
    ("kind of component", rows(button()), rows({"type": 99}), "components.0.components.0.type"),
    (
        "layout flag",
        {"flags": 1 << 15, "components": [{"type": 10, "content": "text"}]},
        {"content": "x", "components": [{"type": 10, "content": "text"}]},
        "components.0.type",
    ),
    (
        "layout and content",
        {"flags": 1 << 15, "components": [{"type": 17, "components": [{"type": 10, "content": "text"}]}]},
        {"flags": 1 << 15, "content": "x", "components": [{"type": 10, "content": "text"}]},
        "content",
    ),
]


def where(tree: dict[str, Any], path: str = "") -> list[str]:
    """The paths at which an error tree has errors."""
    own = [path] if "_errors" in tree else []
    return own + [found for key, branch in tree.items() if key != "_errors" for found in where(branch, f"{path}.{key}")]


@pytest.mark.parametrize(("good", "bad", "path"), [row[1:] for row in LIMITS], ids=[row[0] for row in LIMITS])
async def test_limit_of_a_message(
    server: DiscordServer, rest: Rest, good: dict[str, Any], bad: dict[str, Any], path: str
) -> None:
    """What is just allowed is posted; what is just not is 50035 with the error where it belongs."""
    accepted, _ = await rest.post(server.stats_channel, **good)
    status, body = await rest.post(server.stats_channel, **bad)

    assert accepted == 200
    assert (status, body["code"], body["message"]) == (400, 50035, "Invalid Form Body")
    assert where(body["errors"]) == [f".{path}"]
    assert len(server.messages(server.stats_channel)) == 1


@pytest.mark.parametrize("empty", [{}, {"content": "  "}, {"embeds": [{}]}, {"content": None, "embeds": []}])
async def test_empty_message_is_refused(server: DiscordServer, rest: Rest, empty: dict[str, Any]) -> None:
    """Nothing to show is 50006, when posting and when an edit would leave nothing."""
    status, body = await rest.post(server.stats_channel, **empty)
    _, message = await rest.post(server.stats_channel, content="x")
    edit = await rest("PATCH", f"/channels/{server.stats_channel}/messages/{message['id']}", {"content": ""})

    assert (status, body["code"]) == (400, 50006)
    assert (edit[0], edit[1]["code"]) == (400, 50006)
    assert server.messages(server.stats_channel)[0].content == "x"


async def test_upload_limit(server: DiscordServer, rest: Rest) -> None:
    """10 MiB go through, one byte more is 40005."""
    path, most = f"/channels/{server.stats_channel}/messages", 10 * 1024 * 1024

    accepted, _ = await rest("POST", path, {}, files={"most.bin": bytes(most)})
    status, body = await rest("POST", path, {}, files={"more.bin": bytes(most + 1)})

    assert accepted == 200
    assert (status, body["code"]) == (413, 40005)


async def test_unknown_fields_pass_when_not_strict() -> None:
    """With strict=False unknown fields are ignored, as the real Discord mostly does."""
    async with DiscordServer(strict=False) as server, Rest(server) as rest:
        status, _ = await rest.post(server.stats_channel, content="x", embed={"title": "old"})

    assert status == 200


async def test_broken_json_is_refused(server: DiscordServer, rest: Rest) -> None:
    """A body that is not JSON, or not UTF-8, is 50109."""
    webhook = server.add_webhook("local")

    for data in (b"{", b'{"content": "\xff"}'):
        status, text, _ = await rest.raw("POST", webhook.url, data=data, headers={"Content-Type": "application/json"})

        assert status == 400
        assert '"code": 50109' in text
