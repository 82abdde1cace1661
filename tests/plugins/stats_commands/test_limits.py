"""Every view with as many players as a server holds, with the longest and oddest names, and with none at all.

The loopback Discord refuses what is over a limit, so an answer that comes is within them.
"""

from collections.abc import Iterator
from typing import Any

from core.discord.messages import escape_markdown
from devkit.discord.message import Message
from roundhook.testing import Stage
from tests.plugins.notices import notice
from tests.plugins.rounds import AWKWARD, crowd, filename, hand_over, play, play_match
from tests.plugins.stats_import.invented import Line

PLUGINS = ["stats_import", "timing_override", "stats_commands"]
VIEWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("last", {}), ("stats", {}), ("stats", {"player": "C0000001"}), ("stats", {"player": "everyone"}), ("round", {}),
    ("timing", {}), ("top", {}), ("top", {"category": "accuracy"}), ("awards", {}), ("status", {}),
)  # fmt: skip
MANY_AWARDS = "".join(f"Most of {number}\t{AWKWARD}{number:02d}\t{number + 2}\n" for number in range(64))


async def asked(stage: Stage) -> dict[str, list[Message]]:
    """Return what each view answers, in all its parts."""
    return {f"{command} {options}": await parts_of(stage, command, **options) for command, options in VIEWS}


async def parts_of(stage: Stage, command: str, **options: object) -> list[Message]:
    """Return the reply to a command and its followups when the command has ended."""
    reply = await stage.discord.invoke(command, user=7, guild=1, options=options)
    generation = stage.app.kernel.slots["stats_commands"].generation
    assert generation is not None
    await generation.interactions.idle()
    assert "failed on our side" not in "".join(part.text for part in [reply, *reply.followups])
    return [reply, *reply.followups]


def pings(message: Message) -> bool:
    return bool(message["mention_everyone"] or message["mentions"] or message["mention_roles"])


def raw_names(message: Message) -> Iterator[str]:
    """Yield the lines in which a name stands with its Markdown at work."""
    yield from (line for line in message.text.splitlines() if "everyone**" in line or "@everyone" in line)


async def test_a_full_server_with_awkward_names() -> None:
    """64 players of 35 bytes of Markdown and mentions: every view is taken, shows them escaped and pings nobody."""
    people = crowd(64)
    assert {len(player.name.encode()) for player in people} == {35}
    async with Stage(PLUGINS) as stage:
        _, second = await play_match(stage, "supply", players=people)
        await hand_over(stage, filename(stage, "supply", 2, ago=58, end="-endstats"), MANY_AWARDS.encode())
        end = second["played_at"].timestamp() - 4
        await stage.publish(notice(round_number=2, round_end_unix=end, sender=f"{AWKWARD} 1"))
        await stage.settled()
        posted = stage.discord.messages(stage.discord.stats_channel)
        answers = await asked(stage)
        answers["awards {}"] += [await stage.discord.click(answers["awards {}"][0], "▶") for _ in range(3)]
        (last,) = answers["last {}"]
        menus = [row["components"][0]["custom_id"] for row in last["components"]]
        chosen = [await stage.discord.click(last, menus[0], values=[one]) for one in ("team:0", "weapons:", "awards:")]
        chosen.append(await stage.discord.click(last, menus[1], values=[f"player:{people[1].guid}"]))

    answers["chosen"] = chosen
    told = {view: "\n".join(part.text for part in parts) for view, parts in answers.items()}
    assert "… and " in chosen[0].text
    assert all("failed on our side" not in one.text for one in chosen)
    assert len(posted) == 1  # the map
    for message in (*posted, *(part for parts in answers.values() for part in parts)):
        assert not pings(message)
        assert list(raw_names(message)) == []
    assert sum(escape_markdown(player.name) in told["awards {}"] for player in people) == 64
    assert sum(escape_markdown(player.name) in told["last {}"] for player in people) == 10
    assert escape_markdown(people[1].name) in told["stats {'player': 'C0000001'}"]
    assert "Several players fit 'everyone'" in told["stats {'player': 'everyone'}"]
    assert escape_markdown(AWKWARD) in told["timing {}"]


async def test_a_round_of_nobody() -> None:
    """A file without a player line breaks no view; it is shown when asked for by its id, and is nobody's last round."""
    async with Stage(PLUGINS) as stage:
        row = await play(stage, players=[])
        answers = await asked(stage)
        picture = await stage.discord.invoke("round", guild=1, options={"id": row["id"]})
        timing = await stage.discord.invoke("timing", guild=1, options={"id": row["id"]})

    assert row["status"] == "empty"
    assert next(iter(picture.files.values())).startswith(b"\x89PNG")
    assert "supply round 1" in timing.text
    assert "No round is stored yet." in answers["round {}"][0].text
    assert "No session is stored yet." in answers["last {}"][0].text


async def test_an_evening_too_long_for_one_message() -> None:
    """A session of many maps is one message all the same: its last rounds, and how many there are before them."""
    names = [f"map_{number:02d}_" + "_".join("abcdefghij" * 3) for number in range(60)]
    async with Stage(PLUGINS) as stage:
        for number, name in enumerate(names):
            players = [Line("AAAAAAA1", "one", fields={0: number})]
            await play(stage, name, ago=60 + number * 700, players=players, trigger="import")
        parts = await parts_of(stage, "last")

    (answer,) = parts
    shown = [name for name in names if f"**{name}** R1" in answer.text]
    assert shown == names[: len(shown)]
    assert f"… and {60 - len(shown)} earlier rounds" in answer.text
    assert "Top players by damage per minute" in answer.text


async def test_odd_names_of_maps_and_servers_are_plain_text() -> None:
    """A map's name with Markdown or a mention is shown letter by letter; a usual one as it is."""
    async with Stage(PLUGINS) as stage:
        await play(stage, "te_escape2", ago=100)
        await play(stage, "**a**@everyone", ago=30, players=[Line("AAAAAAA1", "")])
        said = [(await stage.discord.invoke(name, guild=1)).text for name in ("last", "round", "timing", "stats")]

    assert "te_escape2" in said[0]
    assert all(escape_markdown("**a**@everyone") in text for text in said[:3])
    assert "AAAAAAA1" in said[3]  # who has no name left goes by the GUID
