"""The unit and the container files: what the tools say of them, and that the docs, and they, are of one mind."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from core.cli.run_command import MEND_FIRST, TRY_AGAIN

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
UNIT, COMPOSE = PACKAGING / "roundhook.service", PACKAGING / "compose.yaml"
PAGE = (ROOT / "docs/how-to/run-as-a-service.md").read_text("utf-8")
INSTALL = (ROOT / "docs/how-to/install.md").read_text("utf-8")


def service() -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(UNIT.read_text("utf-8"))
    return dict(parser["Service"])


def test_the_unit_keeps_to_the_exit_codes_and_to_itself() -> None:
    """It is started again where that can help only, and what it makes is its user's alone."""
    values = service()

    assert values["UMask"] == "0077"
    assert values["Restart"] == "on-failure"
    assert values["RestartPreventExitStatus"] == str(MEND_FIRST)
    assert str(TRY_AGAIN) not in values["RestartPreventExitStatus"]


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    """``systemd-analyze verify`` has nothing to say, once the program is there."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not on this machine")
    program = service()["ExecStart"].split()[0]
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text("utf-8").replace(program, shutil.which("true") or "/bin/true"), "utf-8")

    said = subprocess.run([analyze, "verify", str(copy)], capture_output=True, text=True, check=False)

    assert (said.returncode, said.stdout + said.stderr) == (0, "")


def test_docker_understands_the_compose_file() -> None:
    """``docker compose config`` takes it."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not on this machine")

    said = subprocess.run(
        [docker, "compose", "--file", str(COMPOSE), "config", "--quiet"], capture_output=True, text=True, check=False
    )

    assert (said.returncode, said.stderr) == (0, "")


def test_places_and_users_are_the_docs() -> None:
    """What the how-tos make is what the unit and the image expect."""
    values, dockerfile = service(), (PACKAGING / "Dockerfile").read_text("utf-8")
    user, home, program = values["User"], values["WorkingDirectory"], values["ExecStart"].split()[0]
    number = re.search(r"--uid (\d+)", dockerfile)

    assert f"useradd --system --home-dir {home} --create-home {user}" in INSTALL
    assert f"{program} --version" in INSTALL
    assert "packaging/roundhook.service /etc/systemd/system/" in PAGE
    assert values["EnvironmentFile"].lstrip("-") in PAGE
    assert "[Service]" not in PAGE + INSTALL  # the file is the only copy
    assert number is not None
    assert f"-o {number[1]} {home}" in PAGE


def test_what_the_files_name_is_there() -> None:
    """The compose file's Dockerfile; and nothing secret of a checkout gets into the image."""
    named = re.search(r"dockerfile: (\S+)", COMPOSE.read_text("utf-8"))
    ignored = (PACKAGING / "Dockerfile.dockerignore").read_text("utf-8").splitlines()

    assert named is not None
    assert (ROOT / named[1]).is_file()
    assert {"/roundhook.toml", "/secrets", "/token", "/data", "**/*.db*", ".*"} <= set(ignored)
