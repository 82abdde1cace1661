"""A name that does not exist is answered with those nearest to it, whatever it names and whoever is asked."""

import pytest

from roundhook import PluginUnavailableError
from roundhook.testing import Stage
from tests.plugins.rounds import play
from tests.plugins.stats_import.invented import Line

SETTINGS = {"name": "stats_commands"}
ON_DISCORD: tuple[tuple[str, dict[str, object], str], ...] = (
    ("plugin info", {"name": "stat_comands"}, "Did you mean stats_commands? /plugin list shows"),
    ("plugin enable", {"name": "stats"}, "Did you mean stats_commands or stats_import? /plugin list"),
    ("plugin reload", {"name": "statsimport"}, "Did you mean stats\\_import?"),
    ("plugin history", {"name": "stats_improt"}, "Did you mean stats_import or"),
    ("plugin settings", {"name": "stats_comands"}, "Did you mean stats_commands? /plugin list"),
    ("plugin settings", {**SETTINGS, "key": "post"}, "`post` to set. Did you mean `posts`? It has: `announce_within`"),
    ("plugin settings", {**SETTINGS, "key": "annonce", "value": "3"}, "Did you mean `announce_within`?"),
    ("events replay", {"id": 77}, "Nothing of that id has failed. /events failed lists what has."),
    ("server test", {"server": "locla"}, "'locla' is configured for you (known: local). Did you mean local? It has"),
    ("setup server", {"server": "lcal"}, "Did you mean local?"),
    ("sessions", {"server": "loc"}, "Did you mean local? There are rounds of: local."),
    ("stats", {"player": "annabll"}, "'annabll' is known. Did you mean annabel (`AAAAAAA1`)? Choose while typing."),
    ("timing", {"id": 9}, "There is no round 9. The nearest: 1. /last"),
    ("awards", {"id": 9}, "There is no round 9. The nearest: 1. /last"),
    ("session", {"date": "1.1.2001"}, "No session is stored of that day. The nearest: 20"),
)


async def test_on_discord() -> None:
    """Plugins, settings, servers, players, rounds and days; offered while typing, too."""
    async with Stage(["stats_import", "stats_commands", "server_admin"]) as stage:
        owner = stage.discord.owner_id
        row = await play(stage, players=[Line("AAAAAAA1", "annabel"), Line("AAAAAAA2", "two", side=2)])
        said = [
            await stage.discord.invoke(command, user=owner, guild=1, options=options)
            for command, options, _ in ON_DISCORD
        ]
        offered = [
            await stage.discord.autocomplete(command, option, typed, user=owner, guild=1, options=options)
            for command, option, typed, options in (
                ("plugin info", "name", "STATS comands", {}), ("plugin settings", "key", "pots", SETTINGS),
                ("plugin settings", "value", "rouns", {**SETTINGS, "key": "posts"}),
                ("server test", "server", "lcl", {}),
            )
        ]  # fmt: skip
        with pytest.raises(PluginUnavailableError, match="Correct the name"):
            await stage.call("stats_import.nothing")
        missing = await stage.plugins.reload("stats_comands")

    assert row["id"] == 1
    assert [one.text for one, (_, _, part) in zip(said, ON_DISCORD, strict=True) if part not in one.text] == []
    assert [[choice["value"] for choice in one] for one in offered] == [
        ["stats_commands"], ["posts"], ["rounds"], ["local"],
    ]  # fmt: skip
    assert "Did you mean stats_commands?" in missing.error
