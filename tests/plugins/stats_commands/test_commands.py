"""What the commands answer, asked on Discord, on both databases."""

from pathlib import Path

from core.rounds.files import Files
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugins.notices import notice
from tests.plugins.rounds import filename, give_awards, hand_over, play, play_match
from tests.plugins.stats_import.invented import PLAYERS, Line, stats_file

PLUGINS = ["stats_import", "timing_override", "stats_commands"]


async def ask(stage: Stage, command: str, **options: object) -> str:
    reply = await stage.discord.invoke(command, user=7, guild=1, options=options)
    return str(reply.text)


NOT_THERE: tuple[tuple[str, dict[str, object], str], ...] = (
    ("last", {}, "No session is stored yet. Rounds appear here"),
    ("stats", {}, "No complete round is stored on all servers, all time. Players are ranked as soon as"),
    ("stats", {"player": "olz"}, "No player called 'olz' is known. Type a part of the name and choose."),
    ("stats", {"server": "moon"}, "No round of a server 'moon' is stored. There are rounds of: no server yet."),
    ("round", {}, "No round is stored yet. Rounds appear here"),
    ("round", {"id": 5}, "There is no round 5. /last shows"),
    ("round", {"id": 2**53 - 1}, "There is no round 9007199254740991. /last shows"),
    ("timing", {}, "No round is stored yet."),
    ("timing", {"id": -1}, "There is no round -1."),
    ("top", {"category": "kills", "days": 3}, "last 3 days. Try more days."),
    ("awards", {}, "No awards are stored for any round. They come from the game server's endstats file"),
)


async def test_what_is_not_there_is_said_with_advice(database_url: str) -> None:
    """On an empty database each command says, to its user alone, what is missing and what to do; nothing is offered."""
    async with Stage(["stats_commands"], database=database_url) as stage:
        replies = [await stage.discord.invoke(name, guild=1, options=options) for name, options, _ in NOT_THERE]
        status = await ask(stage, "status")
        choices = [
            await stage.discord.autocomplete(command, option, "a", guild=1)
            for command, option in (("stats", "player"), ("stats", "server"), ("round", "id"), ("awards", "id"))
        ]

    assert choices == [[], [], [], []]
    for reply, (name, options, says) in zip(replies, NOT_THERE, strict=True):
        assert says in reply.text, (name, options)
        assert reply.ephemeral or name == "round"  # a picture takes its time: deferred for all to see
    assert status.startswith("🟢 roundhook ")


async def test_the_latest_session_and_its_players(database_url: str) -> None:
    """/last: the maps of the latest evening that has a whole round, with results; /stats: a player's sums and names."""
    before = [Line("AAAAAAA1", "before", weapons={4: (10, 40, 4, 2, 1)}), Line("DDDDDDD1", "yesterday's man")]
    async with Stage(PLUGINS, database=database_url) as stage:
        await play(stage, "te_escape2", ago=172800, players=before)
        first, second = await play_match(stage, "supply", ago=86400)
        await play(stage, "frostbite", ago=4000, players=[])
        alone = stats_file("radar", 2, [player.later() for player in PLAYERS], limit="6:05", shown="6:05")
        await hand_over(stage, filename(stage, "radar", 2, ago=60), alone)
        last = await ask(stage, "last")
        by_name, by_guid = await ask(stage, "stats", player="ONE"), await ask(stage, "stats", player="aaaaaaa1")
        by_old_name = await ask(stage, "stats", player="befor", server="local", days=3)
        (row,) = await stage.db.fetch(
            "SELECT sum(p.kills) AS kills, sum(p.deaths) AS deaths, sum(p.hits) AS hits, sum(p.shots) AS shots "
            "FROM player_rounds p JOIN rounds r ON r.id = p.round_id WHERE guid = 'AAAAAAA1' AND status = 'ok'"
        )

    assert "Last session on local" in last
    assert f"`{first['id']}` **supply** R1: Allies took the objective in 6:05" in last
    assert f"`{second['id']}` **supply** R2: Axis held" in last
    assert "the first attackers win" in last
    assert "2 rounds" in last
    assert "1. **one** — " in last
    assert not any(word in last for word in ("yesterday", "te_escape2", "radar", "frostbite"))
    assert by_name == by_guid
    assert by_name.startswith("one\n")
    assert f"{row['kills']} / {row['deaths']} ({row['kills'] / row['deaths']:.2f})" in by_name
    assert f"{row['hits'] / row['shots'] * 100:.1f} %" in by_name
    assert "mp40: 10 kills" in by_name
    assert "one, before" in by_name
    assert "on local, last 3 days" in by_old_name


async def test_stats_of_nobody_and_of_several(database_url: str) -> None:
    """A name that fits several is answered with them; one that fits none, or no round, with advice."""
    async with Stage(PLUGINS, database=database_url) as stage:
        players = [Line("AAAAAAA1", "anna"), Line("AAAAAAA2", "annabel", side=2), Line("AAAAAAA3", "100%_x", side=2)]
        await play(stage, ago=86400 * 3, players=players)
        several, nobody = await ask(stage, "stats", player="ann"), await ask(stage, "stats", player="%nn%")
        exact, wildcard = await ask(stage, "stats", player="Anna"), await ask(stage, "stats", player="0%_")
        too_late = await ask(stage, "stats", player="anna", days=1)

    assert several == "Several players fit 'ann': anna (`AAAAAAA1`), annabel (`AAAAAAA2`). Choose one while typing."
    assert "No player called '%nn%' is known." in nobody
    assert exact.startswith("anna\n")
    assert wildcard.startswith("100%\\_x\n")
    assert "anna has no complete round on all servers, last 1 days. Try without server and days." in too_late


async def test_timing_tells_file_notice_and_reason(database_url: str) -> None:
    """/timing: both claims, which was taken and why; only a difference above 60 s stands out.

    A notice's surrender in a round that lasted its limit is quoted as it was; that it was held stands beside it.
    """
    async with Stage(PLUGINS, database=database_url) as stage:
        given_up = await play(stage, "supply", ago=300, winner=1, shown="12:00", players=[Line("AAAAAAA1", tenths=84)])
        close = await play(stage, "radar", ago=200, winner=1, shown="12:00", players=[Line("AAAAAAA1", tenths=110)])
        lonely = await play(stage, "frostbite", ago=100)
        for row, seconds in ((given_up, 512), (close, 660)):
            await stage.publish(
                notice(map_name=row["map_name"], round_end_unix=row["played_at"].timestamp() - 4,
                       actual_duration_seconds=seconds, sender="a*script* 2")
            )  # fmt: skip
        await stage.settled()
        first, second = await ask(stage, "timing", id=given_up["id"]), await ask(stage, "timing", id=close["id"])
        third = await ask(stage, "timing")
        held = await play(stage, "adlernest", ago=30, winner=1, shown="12:00", players=[Line("AAAAAAA1", tenths=120)])
        called = notice(
            map_name="adlernest", round_end_unix=held["played_at"].timestamp() - 4, actual_duration_seconds=718,
            end_reason="surrender", surrender_side=2, sender="a script",
        )  # fmt: skip
        await stage.publish(called)
        await stage.settled()
        (quoted,) = (await stage.discord.invoke("timing", user=7, guild=1)).embeds

    fields = {field["name"]: field["value"] for field in quoted["fields"]}
    assert "notice said 11:58: surrender by Allies; notice taken" in quoted["description"]
    assert fields["The notice said"].startswith("11:58, surrender")
    assert fields["Our conclusion"] == "time expired"
    assert "supply round 1: Allies surrendered at 8:32" in first
    assert "12:00 of 12:00" in first
    assert "8:32, surrender\na\\*script\\* 2" in first
    assert "**8:32** from the notice" in first
    assert "the notice is plausible" in first
    sentence = "file said 12:00, notice said 8:32: surrender by Allies; notice taken, 3:28 of time that was not played"
    assert f"{sentence} removed" in first
    assert "no notice came" in third
    assert "⚠️ 3:28 less than the file claimed" in first
    assert "1:00 less than the file claimed" in second
    assert "⚠️" not in second
    assert "frostbite" in third
    assert "nothing came" in third
    assert f"round {lonely['id']}" in third


CATEGORIES = ("dpm", "kd", "kills", "damage", "headshots", "accuracy", "revives", "gibs", "rounds")


async def test_top_ranks_by_each_category_and_a_round_is_a_picture(database_url: str) -> None:
    """/top knows nine categories; the best stands first, with the value that the rows give.

    /round answers with a PNG and a line that names map, round and result.
    """
    async with Stage(PLUGINS, database=database_url) as stage:
        await play(stage, players=[
            Line("AAAAAAA1", "killer", weapons={4: (10, 100, 9, 3, 2)}, fields={0: 900, 4: 1, 37: 1}),
            Line("AAAAAAA2", "aimer", side=2, weapons={4: (50, 100, 1, 3, 9)}, fields={0: 300, 4: 5, 37: 7}),
            Line("AAAAAAA3", "idler", side=2, weapons={4: (0, 0, 2, 0, 0)}, fields={0: 0, 4: 0, 37: 0}, tenths=0),
        ])  # fmt: skip
        said = {category: await ask(stage, "top", category=category) for category in CATEGORIES}
        default = await ask(stage, "top", days=1)
        opening, _ = await play_match(stage, "te_escape2", ago=30)
        latest = await stage.discord.invoke("round", user=7, guild=1)
        chosen = await stage.discord.invoke("round", user=7, guild=1, options={"id": opening["id"]})

    first = {category: text.split("1. **")[1].split(" (")[0] for category, text in said.items()}
    assert first["kills"] == "killer** — 9"
    assert first["damage"] == "killer** — 900"
    assert first["dpm"] == "killer** — 150.0"
    assert first["kd"] == "killer** — 3.00"
    assert first["headshots"] == "aimer** — 9"
    assert first["accuracy"] == "aimer** — 50.0 %"
    assert first["revives"] == "aimer** — 7"
    assert first["gibs"] == "aimer** — 5"
    assert first["rounds"].endswith(" — 1")
    assert all("idler" not in said[rate] for rate in ("dpm", "kd", "accuracy"))
    assert "at least" not in said["dpm"]
    assert "from 3:00 played on" in said["dpm"]
    assert "Top dpm\non all servers, last 1 days" in default
    assert "te_escape2 · round 2 · Axis held" in latest.text
    assert "te_escape2 · round 1 · Allies took the objective in 6:05" in chosen.text
    assert not chosen.ephemeral
    for reply in (latest, chosen):
        ((name, picture),) = reply.files.items()
        assert name.endswith(".png")
        assert picture.startswith(b"\x89PNG")
        assert reply["attachments"][0]["description"].startswith(reply.text.split("\n")[0])


async def test_a_rate_wants_some_rounds(database_url: str) -> None:
    """With nine rounds of the busiest a rate wants four, and says so; a sum wants none."""
    async with Stage(PLUGINS, database=database_url) as stage:
        for number in range(9):
            lucky = [Line("AAAAAAA2", "lucky", side=2, fields={0: 5000})] if number == 4 else []
            players = [Line("AAAAAAA1", "regular", fields={0: 100 + number}), *lucky]
            await play(stage, ago=90 + number * 60, players=players, trigger="import")
        by_rate, by_sum = await ask(stage, "top"), await ask(stage, "top", category="damage")

    assert "on all servers, all time, at least 4 rounds" in by_rate
    assert "regular" in by_rate
    assert "lucky" not in by_rate
    assert "1. **lucky** — 5,000 (1 round)" in by_sum


async def test_awards_and_status(database_url: str) -> None:
    """/awards shows the latest round that has some; /status names the last one and what needs attention."""
    async with Stage(PLUGINS, database=database_url) as stage:
        row = await play(stage, "supply", ago=300)
        other = await play(stage, "radar", ago=60)
        await give_awards(stage, ago=298)
        await hand_over(stage, filename(stage, "erdenberg_t2", ago=30), b"half a file")
        await stage.publish(notice(map_name="frostbite", round_end_unix=stage.clock.now().timestamp()))
        await stage.settled()
        latest, none = await ask(stage, "awards"), await ask(stage, "awards", id=other["id"])
        status = (await stage.discord.invoke("status", guild=1, admin=True)).text

    assert latest.startswith("Awards: supply round 1\n")
    assert "**Most damage given**: one — 321\n" in latest
    assert "**Best K/D ratio**: unknown player — 1.625\n" in latest
    assert latest.endswith(f"round {row['id']}")
    assert f"No awards are stored for round {other['id']}." in none
    assert f"**local**: last radar R1 <t:{other['played_at'].timestamp():.0f}:R>, stored " in status
    assert "after its end; 1 files refused; 1 notices without a round" in status


async def test_a_real_evening_and_a_reload(samples: Path) -> None:
    """The real rounds of 19 October 2025 read as one session; the next generation of commands answers the same."""
    files = sorted(samples.glob("2025-10-19-2*.txt"))
    async with Stage(PLUGINS) as stage:
        service: Files = stage.app.services.files
        for file in files:
            await stage.publish(await service.put("local", file.name, file.read_bytes(), trigger="import"))
        await stage.settled(PATIENCE)
        last, top = await ask(stage, "last"), await ask(stage, "top")
        report = await stage.plugins.reload("stats_commands")
        again = await ask(stage, "last")
        choices = await stage.discord.autocomplete("round", "id", "goldrush", guild=1)

    assert last.count(" R1: ") == sum("round-1" in file.name for file in files)
    assert "sw_goldrush_te" in last
    assert "1. **" in top
    assert report.ok, report.error
    assert again == last
    assert len(choices) == sum("goldrush" in file.name for file in files)
