"""Fetching over real SSH: what is taken and when, and what happens when the server is away or strange."""

import itertools
import logging
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.servers import remote_files, ssh
from plugins.ssh_poller.awaited import Awaited
from plugins.ssh_poller.client import RemoteFile
from roundhook.rounds import parse_stats_filename
from roundhook.testing import Stage
from tests.patience import PATIENCE
from tests.plugin_maker import running, until
from tests.plugins.notices import notice
from tests.plugins.stats_import.invented import PLAYERS, name_of, stats_file

PLUGINS = ["ssh_poller", "stats_import"]
OFTEN = {"plugin": {"ssh_poller": {"poll_seconds": 0.05, "look_seconds": 0.02}}}
SELDOM = {"plugin": {"ssh_poller": {"poll_seconds": 3600.0, "look_seconds": 0.02}}}


async def stored(stage: Stage, count: int) -> list[str]:
    """Return the names of the stored files when there are *count*."""

    async def enough() -> bool:
        return await stage.count("stats_files") >= count

    await stage.until(enough, timeout=PATIENCE)
    await stage.settled()
    return [row["filename"] for row in await stage.db.fetch("SELECT filename FROM stats_files ORDER BY id")]


async def told(stage: Stage, words: str) -> str:
    message = await stage.discord.wait_for_message(
        stage.discord.admin_channel, lambda one: words in one.text, timeout=PATIENCE
    )
    return str(message.text)


async def test_a_notice_or_a_hint_makes_it_look_at_once() -> None:
    """With a poll once an hour, the file of a notice, or one that a message names, is fetched when it is there."""
    async with Stage(["lua_webhook", *PLUGINS], config=SELDOM) as stage:
        game, end = stage.games["local"], stage.clock.now()
        await stage.publish(notice(round_end_unix=end.timestamp(), received_at=end))
        await stage.settled()
        asked = stage.app.services.servers["local"].asked
        await until(lambda: not asked.is_set())  # a look that knows of the notice has begun
        played = await game.play_round(map_name="supply", ended_at=end.timestamp(), send_notice=False)
        await stored(stage, 1)
        row = (await stage.db.fetch("SELECT filename, trigger FROM stats_files"))[0]
        named = await game.play_round(map_name="radar", send_notice=False)
        await stage.discord.post_webhook("local", content=f"written: `{named.filename}`")

        assert await stored(stage, 2) == [played.filename, named.filename]

    assert (row["filename"], row["trigger"]) == (played.filename, "notice")


async def test_a_file_whose_time_alone_changes_leaves_nothing(tmp_path: Path) -> None:
    """It is fetched, as it may be another one; the event about it has been, so nobody would take what is kept."""
    async with Stage(PLUGINS, config=OFTEN, folder=tmp_path) as stage:
        game = stage.games["local"]
        played = await game.play_round(map_name="supply", send_notice=False)
        await stored(stage, 1)
        assert played.path is not None
        os.utime(played.path, (1_700_000_000, 1_700_000_000))
        await game.play_round(map_name="radar", send_notice=False)
        await stored(stage, 2)
        seen = running(stage, "ssh_poller").loops["local"]._seen
        await until(lambda: seen.get(played.filename, (0, 0))[1] == 1_700_000_000)
        await stage.settled()

        assert list((tmp_path / "data" / "files").iterdir()) == []


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


async def test_only_stats_files_are_taken() -> None:
    """The poll finds them without a notice; other names, among them folders named like files, stay where they are."""
    async with Stage(PLUGINS, config=OFTEN) as stage:
        root = stage.games["local"].root
        (root / "passwords.txt").write_text("secret\n")
        (root / "2026-01-10-210004-a|b-round-9.txt").write_text("x\n")
        (root / "2026-01-10-210004-folder-round-1.txt").mkdir()
        played = await stage.games["local"].play_round(map_name="supply", send_notice=False)

        assert await stored(stage, 1) == [played.filename]


def at(stage: Stage, seconds: float, map_name: str = "odd") -> str:
    """Return the name of a file that was written so many seconds ago: the later, the earlier it is its turn."""
    return f"{stage.clock.now() - timedelta(seconds=seconds):%Y-%m-%d-%H%M%S}-{map_name}-round-1.txt"


def fill_with_odd_things(stage: Stage) -> dict[str, str]:
    """Put what only has a stats file's name before all else; return what is to be said about each."""
    root = stage.games["local"].root
    folder, pipe, broken, loop, memory = (at(stage, 300 - number) for number in range(5))
    (root / folder).mkdir()
    os.mkfifo(root / pipe)
    for name, target in ((broken, "nowhere"), (loop, loop), (memory, "/proc/self/mem")):
        (root / name).symlink_to(target)
    return {
        folder: "is a folder, no plain file. It is left where it is; rename it, or move it away.",
        pipe: "is a named pipe, no plain file.",
        broken: "is a link that leads nowhere, no plain file.",
        loop: "is a link that leads nowhere, no plain file.",
        memory: "cannot be read (Input/output error). It is tried again.",
    }


async def test_what_only_has_the_name_of_a_file_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """A folder, a pipe, broken links, an unreadable file: each in the log once; the files after them are fetched."""
    async with Stage(["stats_import"], config=OFTEN) as stage:
        root, odd = stage.games["local"].root, fill_with_odd_things(stage)
        (root / at(stage, 90_000, "old")).write_bytes(stats_file("old"))
        with caplog.at_level(logging.WARNING):
            await stage.plugins.enable("ssh_poller")
            await stored(stage, 1)
            for number in range(2, 5):  # each changes the folder, so that it is listed again
                await stage.games["local"].play_round(map_name=f"map{number}", send_notice=False)
                await stored(stage, number)
        said = [str(message.text) for message in stage.discord.messages(stage.discord.admin_channel)]

    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert len(said) == 1
    assert f"{len(odd) - said[0].count('local: ')} more are in the log." in said[0]
    for name, words in odd.items():
        assert f"local: {name} {words}" in logged
        assert logged.count(name) == 1


async def test_a_folder_full_of_odd_things_is_one_message(caplog: pytest.LogCaptureFixture) -> None:
    """As many are told as a message has room for, the rest is in the log, with the reasons."""
    async with Stage(["stats_import"], config=OFTEN) as stage:
        names = [at(stage, 300 - number) for number in range(8)]
        for name in names:
            (stage.games["local"].root / name).mkdir()
        with caplog.at_level(logging.WARNING):
            await stage.plugins.enable("ssh_poller")
            text = await told(stage, "5 more are in the log.")
        assert len(stage.discord.messages(stage.discord.admin_channel)) == 1

    assert text.count("is a folder") == 3
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert [logged.count(f"local: {name} is a folder") for name in names] == [1] * 8


async def test_a_name_that_is_no_text_does_not_hide_the_others() -> None:
    """Names are bytes: one that is no UTF-8 is left alone, or refused if it is like a stats file's."""
    async with Stage(["stats_import"], config=OFTEN) as stage:
        root, now = os.fsencode(stage.games["local"].root), f"{stage.clock.now():%Y-%m-%d}".encode()
        for name in (b"caf\xe9.txt", now + b"-000000-caf\xe9-round-1.txt"):
            Path(os.fsdecode(root + b"/" + name)).write_bytes(stats_file("caf"))
        os.symlink(b"nowhere", root + b"/" + now + b"-000001-caf\xe9-round-1.txt")
        played = await stage.games["local"].play_round(map_name="supply", send_notice=False)
        await stage.plugins.enable("ssh_poller")

        text = await told(stage, "is not taken as a file name")
        assert await stored(stage, 1) == [played.filename]

    assert text.count("caf\\udce9-round-1.txt' is not taken as a file name") == 2


async def test_a_link_to_a_file_is_followed() -> None:
    """It is fetched under its own name; one that replaces something unreadable is, too."""
    async with Stage(["stats_import"], config=OFTEN) as stage:
        root, name, other = stage.games["local"].root, at(stage, 300), at(stage, 200)
        (root / "kept").write_bytes(stats_file("odd"))
        (root / name).symlink_to("kept")
        (root / other).symlink_to("/proc/self/mem")
        await stage.plugins.enable("ssh_poller")
        await told(stage, "cannot be read")
        (root / "new").write_bytes(stats_file("odd", shown="5:00"))
        (root / "new").replace(root / other)

        assert await stored(stage, 2) == [name, other]
        rows = await stage.db.fetch("SELECT state FROM stats_files")
        assert [row["state"] for row in rows] == ["imported"] * 2


async def test_a_file_that_may_not_be_read_is_fetched_when_it_may() -> None:
    """Nothing in the folder changes by that: it is tried at each poll."""
    async with Stage(["stats_import"], config=OFTEN) as stage:
        path = stage.games["local"].root / at(stage, 300)
        path.write_bytes(stats_file("odd"))
        path.chmod(0)
        if os.access(path, os.R_OK):
            pytest.skip("this user may read everything")
        await stage.plugins.enable("ssh_poller")
        text = await told(stage, "cannot be read (Permission denied)")
        path.chmod(0o600)

        assert await stored(stage, 1) == [path.name]
        assert len(stage.discord.messages(stage.discord.admin_channel)) == 1

    assert "Give the user of the bot the right to read it." in text


async def test_files_that_are_too_large_or_not_whole_yet() -> None:
    """The admins read which file is too large, once, and the next one is fetched; one without its end is waited for.

    A pause in writing looks like the end; what is written after it counts, with the next file at the latest.
    """
    async with Stage(PLUGINS, config=OFTEN) as stage:
        game, now = stage.games["local"], stage.clock.now()
        huge = game.root / f"{now:%Y-%m-%d-%H%M%S}-huge-round-1.txt"
        huge.write_bytes(b"x" * 2_000_000)
        text = await told(stage, huge.name)
        played = await game.play_round(map_name="supply", send_notice=False)
        names = await stored(stage, 1)
        assert f"{huge.name} has 2,000,000 bytes and is left aside: at most 1,048,576 are read." in text
        assert names == [played.filename]

        whole = (game.root / played.filename).read_bytes()
        later = game.root / at(stage, 60, "supply")
        later.write_bytes(whole[:-40])
        later.write_bytes(whole)
        await stored(stage, 2)
        row = (await stage.db.fetch("SELECT state, reason FROM stats_files ORDER BY id"))[-1]
        assert row["state"] in ("imported", "duplicate"), row["reason"]

        path, whole = game.root / at(stage, 90, "frostbite"), stats_file("frostbite")
        path.write_bytes(b"".join(whole.splitlines(keepends=True)[:3]))
        await stored(stage, 3)
        before = len(await players_in(stage, path.name))
        path.write_bytes(whole)
        await game.play_round(map_name="radar", send_notice=False)
        await stored(stage, 5)
        after = len(await players_in(stage, path.name))
        states = await stage.db.fetch("SELECT state FROM stats_files WHERE filename = ? ORDER BY id", (path.name,))

        assert (before, after) == (2, 4)
        assert [row["state"] for row in states] == ["superseded", "imported"]
        assert len(stage.discord.messages(stage.discord.admin_channel)) == 1


async def players_in(stage: Stage, filename: str) -> list[dict[str, Any]]:
    return await stage.db.fetch(
        "SELECT p.guid FROM rounds r JOIN player_rounds p ON p.round_id = r.id WHERE r.filename = ?", (filename,)
    )


async def test_an_outage_is_told_once_and_ends_by_itself() -> None:
    """One message when the server goes, one when it is back; what was written meanwhile is fetched."""
    async with Stage(PLUGINS, config=OFTEN) as stage:
        game = stage.games["local"]
        await game.outage()
        text = await told(stage, "is away")
        played = await game.play_round(map_name="supply", send_notice=False)
        await game.back()
        await stage.clock.advance(120)

        assert await stored(stage, 1) == [played.filename]
        await told(stage, "that is over")
        assert len(stage.discord.messages(stage.discord.admin_channel)) == 2

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
        second = await game.play_round(map_name="two", send_notice=False)
        later = (game.root / second.filename).rename(game.root.parent / second.filename)
        await stage.plugins.enable("ssh_poller")
        await stored(stage, 1)
        later.rename(game.root / second.filename)
        os.utime(game.root, (game.root.stat().st_atime, (game.root / first.filename).stat().st_mtime))
        await stage.clock.advance(3)

        assert sorted(await stored(stage, 2)) == sorted([first.filename, second.filename])


async def test_what_is_listed_is_fetched_although_the_disk_was_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that was broken off is made again, with no change in the folder and no restart in between."""
    async with Stage(PLUGINS, config=OFTEN) as stage:
        loop, files = running(stage, "ssh_poller").loops["local"], stage.app.services.files
        monkeypatch.setitem(type(loop)._look.__globals__, "SETTLE_SECONDS", -1.0)
        put, full = files.put, [OSError(28, "No space left on device")] * 2

        async def put_or_fail(*args: Any, **values: Any) -> Any:
            if full:
                raise full.pop()
            return await put(*args, **values)

        monkeypatch.setattr(files, "put", put_or_fail)
        for number, time in enumerate(("2026-01-02-030405", "2026-01-02-031405")):
            players = [replace(one, fields={9: number}) for one in PLAYERS]
            (stage.games["local"].root / name_of(time)).write_bytes(stats_file(players=players))

        assert sorted(await stored(stage, 2)) == [name_of("2026-01-02-030405"), name_of("2026-01-02-031405")]
        assert full == []


async def test_a_folder_that_is_too_full_is_told_and_rounds_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read stops at a limit; the file of a notice is found by its name, and all when there is room again."""
    monkeypatch.setattr(remote_files, "MOST_NAMES", 100)
    async with Stage(PLUGINS, config=OFTEN) as stage:
        game = stage.games["local"]
        game.claim(lambda: (f"2019-01-01-000000-map{number}.txt" for number in itertools.count()))
        unseen = await game.play_round(map_name="radar", send_notice=False)
        text = await told(stage, "more than 100 names")
        end = stage.clock.now()
        await stage.publish(notice(round_end_unix=end.timestamp(), received_at=end))
        played = await game.play_round(map_name="supply", ended_at=end.timestamp(), send_notice=False)
        by_name = await stored(stage, 1)
        game.claim(tuple)
        (game.root / "something").touch()
        both = await stored(stage, 2)

    assert by_name == [played.filename]
    assert set(both) == {played.filename, unseen.filename}
    assert "local:/" in text
    assert "Move old stats files out of it" in text


@pytest.mark.parametrize("request_", ["list", "read"])
async def test_a_server_that_stops_answering_is_away(monkeypatch: pytest.MonkeyPatch, request_: str) -> None:
    """A request that gets no answer is given up, told, and tried again for as long as it takes."""
    monkeypatch.setattr(ssh, "OPERATION_SECONDS", 0.5)
    async with Stage(PLUGINS, config=OFTEN) as stage:
        game = stage.games["local"]
        game.never_answer(request_)
        played = await game.play_round(map_name="supply", send_notice=False)
        text = await told(stage, "is away")
        game.thaw()

        assert "no answer" in text
        assert await stored(stage, 1) == [played.filename]


def test_each_name_that_an_awaited_file_can_have() -> None:
    """They are names of stats files that fit the notice; a map that is no file name gives none."""
    end = datetime(2026, 3, 29, 0, 59, 30, tzinfo=UTC)  # the clock changes half a minute later
    zone = ZoneInfo("Europe/Ljubljana")
    awaited = Awaited("supply", 2, end, received_at=end)
    names = [parse_stats_filename(name) for name in awaited.names(zone)]

    assert len(names) == 3 * 211
    for name in names:
        assert name is not None
        assert awaited.fits(RemoteFile(name, 1, 1), name.possible_times(zone))
    assert {parse_stats_filename(name) for name in Awaited("../x", 1, end, end).names(zone)} == {None}
