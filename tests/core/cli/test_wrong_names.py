"""A wrong name in the terminal is answered with those nearest to it."""

from pathlib import Path

from tests.core.cli.conftest import Command


def test_in_the_terminal(roundhook: Command, filled: str, tmp_path: Path) -> None:
    """Commands and their actions, rounds, servers and plugins."""
    config = tmp_path / "roundhook.toml"
    config.write_text("[guilds.1]\n[discord]\ncontrol_channel = 1\n[servers.puran]\ntimezone = 'UTC'\n")
    answers = [
        roundhook(*words)
        for words in (
            ("staus",), ("plugin", "lst"), ("round", "4000", "--db", filled), ("lua", "deploy", "--server", "purna",
             "--config", config), ("run", "--without", "stats_comands", "--config", config),
        )
    ]  # fmt: skip

    for one, says in zip(
        answers,
        ("there is no 'staus'. Did you mean status? Choose from", "there is no 'lst'. Did you mean list or install?",
         "There is no round 4000. The last before it is 3.", "configured (known: puran). Did you mean puran? Add",
         "Did you mean stats_commands? Found are:"),
        strict=True,
    ):  # fmt: skip
        assert one.code in (1, 2, 78)
        assert says in one.err, one.err
