"""Rankings are fair: a rate rests on a sample, rounds with bots do not count, who is equal shares a place."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.rounds import rollups
from plugins.stats_commands.samples import Sample, evening_seconds, places
from roundhook.testing import Stage
from tests.plugins.rounds import play
from tests.plugins.stats_import.invented import Line

PLUGINS = ["stats_import", "stats_commands"]
RATES = ("dpm", "kd", "accuracy")
PEOPLE = [Line(f"A000000{number}", f"human{number}", side=1 + number % 2, fields={0: 1500}) for number in range(6)]
GUEST = Line("B0000001", "late guest", weapons={4: (3, 4, 1, 0, 1)}, tenths=1, fields={0: 300, 25: 0})
SLAYER = Line("B0000002", "bot slayer", fields={0: 6000})
BOTS = [Line("OMNIBOT0", f"[BOT]b{number}", side=2) for number in range(5)]


async def ask(stage: Stage, command: str, **options: Any) -> str:
    """Return what a command says."""
    reply = await stage.discord.invoke(command, user=7, guild=1, options=options)
    return "\n".join([reply["content"] or "", *(embed.get("description", "") for embed in reply["embeds"])])


def at(number: int, players: list[Line]) -> list[Line]:
    """Return the players of one round; no two rounds are the same content."""
    return [replace(one, fields={9: number, **one.fields}) for one in players]


async def test_guests_and_slayers_of_bots_are_in_no_ranking(database_url: str) -> None:
    """Four times six seconds carry no rate; whoever plays against bots is not ranked by it, not even by sums."""
    async with Stage(PLUGINS, database=database_url) as stage:
        for number in range(10):
            guests = [GUEST] if number < 4 else []
            await play(stage, "supply", ago=3600 * (number + 2), players=at(number, [*PEOPLE, *guests]))
            if number < 4:
                await play(stage, "frostbite", ago=3600 * (number + 2) - 900, players=at(number, [SLAYER, *BOTS]))
        said = {category: await ask(stage, "top", category=category) for category in (*RATES, "kills", "rounds")}
        slayer = await ask(stage, "stats", player="bot slayer")
        kept = await stage.db.fetch("SELECT guid, rounds, kills FROM player_totals ORDER BY guid")
        await rollups.rebuild_rollups(stage.db)
        rebuilt = await stage.db.fetch("SELECT guid, rounds, kills FROM player_totals ORDER BY guid")

    assert all("slayer" not in text for text in said.values())
    assert all("guest" not in said[rate] for rate in RATES)
    assert "late guest** — 4 (4 rounds)" in said["kills"]
    assert "at least 4 rounds, from 6:00 played on" in said["dpm"]
    assert "=1. **human0** — 250.0 (10 rounds, 1 h 00 min)" in said["dpm"]
    assert "from 25 shots a round on" in said["accuracy"]
    assert "40.0 % (10 rounds, 500 shots)" in said["accuracy"]
    assert "Rounds with a bot on a side do not count." in slayer
    assert kept == rebuilt


async def test_a_crowd_of_guests_makes_no_sample_of_seconds(database_url: str) -> None:
    """However many look in for seconds, the median that they make does not let them in."""
    async with Stage(PLUGINS, database=database_url) as stage:
        guests = [replace(GUEST, guid=f"C{number:07X}", name=f"guest{number}") for number in range(12)]
        for number in range(9):
            await play(stage, ago=3600 * (number + 1), players=at(number, [*PEOPLE, *guests]))
        said = [await ask(stage, "top", category=rate) for rate in RATES]

    assert all("guest" not in text and "human5" in text for text in said)


async def test_the_evening_is_led_by_who_played_it(database_url: str) -> None:
    """/last: twelve seconds are no evening; an evening against bots is shown and ranks nobody."""
    async with Stage(PLUGINS, database=database_url) as stage:
        for number in range(4):
            await play(stage, ago=9000 + 600 * number, players=at(number, PEOPLE))
        await play(stage, "radar", ago=8400, players=[*PEOPLE, replace(GUEST, tenths=2)])
        with_people = await ask(stage, "last")
        await play(stage, "frostbite", ago=600, players=[SLAYER, *BOTS])
        with_bots = await ask(stage, "last")

    assert "guest" not in with_people
    assert "=1. **human0**" in with_people
    assert "1 player played too little to be ranked." in with_people
    assert "frostbite" in with_bots
    assert "slayer" not in with_bots


async def test_a_round_counts_as_soon_as_its_bots_are_gone(database_url: str) -> None:
    """Bots who only watch are none; a round whose file comes again without them counts from then on."""
    async with Stage(PLUGINS, database=database_url) as stage:
        watching = [replace(bot, side=3) for bot in BOTS]
        await play(stage, "supply", ago=900, players=[*PEOPLE, *watching])
        await play(stage, "radar", ago=300, players=at(1, [*PEOPLE, BOTS[0]]))
        totals = await stage.db.fetch("SELECT DISTINCT rounds FROM player_totals")

    assert totals == [{"rounds": 1}]


async def test_nobody_hits_more_often_than_he_shoots() -> None:
    """A grenade may hit several: /top and /stats say the same of it."""
    throwers = [replace(PEOPLE[number], weapons={11: (hits, 5, 1, 0, 0)}) for number, hits in enumerate((9, 7, 4))]
    async with Stage(PLUGINS) as stage:
        await play(stage, "supply", players=throwers)
        lines = (await ask(stage, "top", category="accuracy")).splitlines()[3:]
        stats = await stage.discord.invoke("stats", options={"player": "human0"})

    assert [line.partition(" (")[0] for line in lines] == [
        "=1. **human0** — 100.0 %", "=1. **human1** — 100.0 %", "3. **human2** — 80.0 %",
    ]  # fmt: skip
    assert "100.0 %" in stats.text


def test_equal_values_share_a_place() -> None:
    """The next place is as far down as there are values before it."""
    assert places(["9", "7", "7", "3"]) == ["1.", "=2.", "=2.", "4."]
    assert places([]) == []


@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=40))
def test_whoever_plays_most_is_always_ranked(seconds: list[int]) -> None:
    """No group is without anybody who can be ranked, and a tenth of the median is asked at least."""
    middle = sorted(seconds)[len(seconds) // 2]
    needed = Sample.of({"rounds": 9, "longest": max(seconds), "seconds": middle, "shots": 200}, shots=True)
    assert 0.1 * middle <= needed.seconds <= max(seconds)
    assert needed.shots == 60
    assert evening_seconds([*seconds, None]) <= max(seconds)
