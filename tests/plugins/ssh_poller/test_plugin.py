"""Fetching over real SSH: what is taken and when, and what happens when the server is away or strange."""

import logging
import os
from pathlib import Path

import pytest

from roundhook.testing import Stage
from tests.plugins.notices import notice

PLUGINS = ["ssh_poller", "stats_import"]
OFTEN = {"plugin": {"ssh_poller": {"poll_seconds": 0.05, "look_seconds": 0.02}}}
SELDOM = {"plugin": {"ssh_poller": {"poll_seconds": 3600.0, "look_seconds": 0.02}}}


async def stored(stage: Stage, count: int) -> list[str]:
    """Return the names of the stored files when there are *count*."""

    async def enough() -> bool:
        return await stage.count("stats_files") >= count

    await stage.until(enough, timeout=20)
    await stage.settled()
    return [row["filename"] for row in await stage.db.fetch("SELECT filename FROM stats_files ORDER BY id")]


async def told(stage: Stage, words: str) -> str:
    message = await stage.discord.wait_for_message(
        stage.discord.admin_channel, lambda one: words in one.text, timeout=20
    )
    return str(message.text)


async def test_the_poll_finds_files_without_a_notice() -> None:
    """A server that sends no notices has its rounds imported all the same."""
    async with Stage(PLUGINS, config=OFTEN) as stage:
        played = await stage.games["local"].play_round(map_name="supply", send_notice=False)

        assert await stored(stage, 1) == [played.filename]


async def test_a_notice_makes_it_look_at_once() -> None:
    """With a poll once an hour, the file of a notice is fetched as soon as it is there."""
    async with Stage(PLUGINS, config=SELDOM) as stage:
        game, end = stage.games["local"], stage.clock.now()
        await stage.publish(notice(round_end_unix=end.timestamp(), received_at=end))
        played = await game.play_round(map_name="supply", ended_at=end.timestamp(), send_notice=False)
        await stored(stage, 1)
        row = (await stage.db.fetch("SELECT filename, trigger FROM stats_files"))[0]

    assert (row["filename"], row["trigger"]) == (played.filename, "notice")


async def test_a_restart_forgets_no_awaited_file(tmp_path: Path) -> None:
    """A notice stored before a restart is awaited after it."""
    database = f"sqlite:///{tmp_path / 'kept.db'}"
    async with Stage(["stats_import"], database=database) as stage:
        end = stage.clock.now()
        await stage.publish(notice(round_end_unix=end.timestamp(), received_at=end))
        await stage.settled()

    async with Stage(PLUGINS, config=SELDOM, database=database) as stage:
        played = await stage.games["local"].play_round(
            map_name="supply", ended_at=end.timestamp(), send_notice=False, seed=5
        )

        assert await stored(stage, 1) == [played.filename]
        assert (await stage.db.fetch("SELECT count(*) AS n FROM round_notices WHERE round_id IS NOT NULL"))[0]["n"] == 1


async def test_a_hint_fetches_the_named_file() -> None:
    """A plain message of the webhook that names a file has it fetched at once."""
    async with Stage(["lua_webhook", *PLUGINS], config=SELDOM) as stage:
        played = await stage.games["local"].play_round(map_name="supply", send_notice=False)
        await stage.discord.post_webhook("local", content=f"written: `{played.filename}`")

        assert await stored(stage, 1) == [played.filename]


async def test_only_stats_files_are_taken() -> None:
    """Other names in the folder, among them folders named like files, are left where they are."""
    async with Stage(PLUGINS, config=OFTEN) as stage:
        root = stage.games["local"].root
        (root / "passwords.txt").write_text("secret\n")
        (root / "2026-01-10-210004-a|b-round-9.txt").write_text("x\n")
        (root / "2026-01-10-210004-folder-round-1.txt").mkdir()
        played = await stage.games["local"].play_round(map_name="supply", send_notice=False)

        assert await stored(stage, 1) == [played.filename]


async def test_a_file_over_the_limit_is_named_and_left_aside() -> None:
    """The admins read which file is too large, once; the next one is fetched."""
    async with Stage(PLUGINS, config=OFTEN) as stage:
        root, now = stage.games["local"].root, stage.clock.now()
        huge = root / f"{now:%Y-%m-%d-%H%M%S}-huge-round-1.txt"
        huge.write_bytes(b"x" * 2_000_000)
        text = await told(stage, huge.name)
        played = await stage.games["local"].play_round(map_name="supply", send_notice=False)
        names = await stored(stage, 1)

        assert "2,000,000 bytes" in text
        assert names == [played.filename]
        assert len(stage.discord.messages(stage.discord.admin_channel)) == 1


async def test_a_file_without_its_end_is_waited_for() -> None:
    """A file that does not end in a newline yet is looked at again; what is stored is the whole file."""
    async with Stage(PLUGINS, config=OFTEN) as stage:
        game = stage.games["local"]
        played = await game.play_round(map_name="supply", send_notice=False)
        await stored(stage, 1)
        whole = (game.root / played.filename).read_bytes()
        later = game.root / f"{stage.clock.now():%Y-%m-%d-%H%M%S}-supply-round-1.txt"
        later.write_bytes(whole[:-40])
        later.write_bytes(whole)
        await stored(stage, 2)
        rows = await stage.db.fetch("SELECT state, reason FROM stats_files ORDER BY id")

    assert rows[-1]["state"] in ("imported", "duplicate"), rows[-1]["reason"]


async def test_an_outage_is_told_once_and_ends_by_itself() -> None:
    """One message when the server goes; when it is back, what was written meanwhile is fetched."""
    async with Stage(PLUGINS, config=OFTEN) as stage:
        game = stage.games["local"]
        await game.outage()
        text = await told(stage, "is away")
        played = await game.play_round(map_name="supply", send_notice=False)
        await game.back()
        await stage.clock.advance(120)

        assert await stored(stage, 1) == [played.filename]
        assert len(stage.discord.messages(stage.discord.admin_channel)) == 1

    assert "tried again" in text


async def test_a_changed_host_key_is_refused_with_the_remedy(caplog: pytest.LogCaptureFixture) -> None:
    """A server that shows another key than the known one is not talked to; the rest of the bot goes on."""
    async with Stage([*PLUGINS, "stats_commands"], config=OFTEN) as stage:
        stage.games["local"].change_host_key()
        with caplog.at_level(logging.WARNING):
            text = await told(stage, "host key")
        answer = await stage.discord.invoke("status", user=7, guild=1)

    assert "known_hosts" in text
    assert "ssh-keyscan" in text
    assert answer.text


async def test_a_reload_while_fetching_loses_nothing() -> None:
    """Reloads of the poller between and during fetches leave every file fetched once."""
    async with Stage(PLUGINS, config=OFTEN) as stage:
        game, names = stage.games["local"], []
        for number in range(4):
            played = await game.play_round(map_name=f"map{number}", send_notice=False)
            names.append(played.filename)
            report = await stage.plugins.reload("ssh_poller")
            assert report.ok, report.error

        assert sorted(await stored(stage, 4)) == sorted(names)


async def test_old_files_are_fetched_after_new_ones_and_announced_by_nobody(samples: Path) -> None:
    """Everything in the folder is stored in the end; what has just been played comes first."""
    async with Stage(["stats_import", "stats_commands"]) as stage:
        root = stage.games["local"].root
        for old in sorted(samples.glob("2025-10-25*-round-*.txt")):
            (root / old.name).write_bytes(old.read_bytes())
        played = await stage.games["local"].play_round(map_name="supply", send_notice=False)
        await stage.plugins.enable("ssh_poller")

        names = await stored(stage, 5)

        assert names[0] == played.filename
        assert len(names) == 5
        assert len(stage.discord.messages(stage.discord.stats_channel)) == 1


async def test_a_file_written_in_the_second_of_the_look_is_found() -> None:
    """The folder's time has whole seconds: a second file in the same second leaves no sign, and is found."""
    async with Stage(PLUGINS) as stage:
        game = stage.games["local"]
        await stage.plugins.disable("ssh_poller")
        first = await game.play_round(map_name="one", send_notice=False)
        await stage.plugins.enable("ssh_poller")
        await stored(stage, 1)
        second = await game.play_round(map_name="two", send_notice=False)
        os.utime(game.root, (game.root.stat().st_atime, (game.root / first.filename).stat().st_mtime))
        await stage.clock.advance(3)

        assert sorted(await stored(stage, 2)) == sorted([first.filename, second.filename])
