"""The shell behind os.execute, and the stand-in for curl where there is none."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devkit.game.shell import Shell, write_stand_in
from tests.lua.harness import Webhook


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell of its own."""
    shell = Shell(tmp_path)
    yield shell
    shell.close()


def test_status(shell: Shell) -> None:
    """A command's exit status comes back."""
    assert [shell.execute("exit 3"), shell.execute("true")] == [3, 0]


def test_background_is_waited_for(shell: Shell, tmp_path: Path) -> None:
    """A command in the background returns at once; being idle means that it has ended too."""
    gate = tmp_path / "gate"
    subprocess.run(["mkfifo", gate], check=True)
    shell.execute(f"(read line <'{gate}'; echo done >'{tmp_path}/done') &")
    assert not shell.wait_idle(0)

    gate.write_text("go\n", encoding="ascii")

    assert shell.wait_idle()
    assert (tmp_path / "done").exists()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this machine has no /proc to look into")
def test_commands_inherit_what_the_server_holds(shell: Shell, tmp_path: Path) -> None:
    """A descriptor of the server's reaches a command under its number, in the background too; no other does."""
    with (tmp_path / "pk3").open("wb") as file:
        held = f"/proc/self/fd/{file.fileno()}"
        assert shell.execute(f"[ -e {held} ]") == 1
        shell.held = [file.fileno()]
        shell.execute(f"echo kept >{held} &")
        assert shell.wait_idle()

    assert (tmp_path / "pk3").read_bytes() == b"kept\n"


def test_close_ends_what_runs(shell: Shell) -> None:
    """Closing ends what a command left in the background, and does not wait for its own end."""
    shell.execute("sleep 600 & sleep 600 &")
    began = time.monotonic()

    shell.close()

    assert shell.wait_idle(0)
    assert time.monotonic() - began < 300  # not for theirs


async def test_stand_in_for_curl(tmp_path: Path, webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without curl on the machine a program of the devkit posts the same form."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    config = tmp_path / "hook.curl"
    config.write_text(f'url = "{webhook.url}?wait=true"\n', encoding="ascii")
    (tmp_path / "a.payload").write_text('{"content": "STATS_READY"}', encoding="ascii")
    (tmp_path / "a.notice").write_text('{"map_name": "supply"}', encoding="ascii")
    shell = Shell(tmp_path)

    command = (
        f"cd '{tmp_path}' && curl -q -sS -g -K hook.curl --connect-timeout 5 --max-time 9 -o answer -w '%{{http_code}}'"
        " -F 'payload_json=<a.payload' -F 'files[0]=@a.notice;filename=notice.json;type=application/json' >status"
    )
    status = await asyncio.to_thread(shell.execute, command)
    await asyncio.to_thread(shell.close)

    assert (status, (tmp_path / "status").read_text(encoding="ascii")) == (0, "200")
    assert webhook.posted[0].payload == {"content": "STATS_READY"}
    assert webhook.posted[0].attachment == {"map_name": "supply"}
    assert webhook.posted[0].query == {"wait": "true"}


def test_stand_in_without_a_server(tmp_path: Path) -> None:
    """A refused connection has curl's exit status 7, and the code 000."""
    program = write_stand_in(tmp_path / "bin")
    (tmp_path / "hook.curl").write_text('url = "http://127.0.0.1:1/x"\n', encoding="ascii")

    result = subprocess.run(
        [program, "-K", str(tmp_path / "hook.curl"), "-w", "%{http_code}"], capture_output=True, text=True, check=False
    )

    assert (result.returncode, result.stdout) == (7, "000")
