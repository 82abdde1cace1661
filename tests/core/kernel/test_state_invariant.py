"""What the built-in plugins know survives their reloads: their state, and every round that comes meanwhile."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.folders import built_in
from devkit.game import PlayedRound
from plugins.ssh_poller.delays import REMEMBERED
from roundhook import Plugin
from roundhook.testing import Stage
from tests.core.kernel.examples import examples, play
from tests.patience import PATIENCE
from tests.plugin_maker import running
from tests.plugins.notices import notice
from tests.plugins.rounds import filename
from tests.plugins.stats_import.invented import stats_file

States = Mapping[str, dict[str, Any]]
"""What plugins export, by name."""
SHORTEST_GIVEN = 1000
"""Seconds from notice to file, more than any round that is played here takes."""
STATES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "ssh_poller": st.sets(st.integers(SHORTEST_GIVEN, 2 * SHORTEST_GIVEN), max_size=3).map(
        lambda moments: {"local": {"told": [], "delays": [[float(one), one + 0.5] for one in sorted(moments)]}}
    ),
    "timing_override": st.sets(st.text(max_size=20), max_size=5).map(lambda keys: {"seen": sorted(keys)}),
}
"""What each built-in plugin that exports a state may have in it."""

BUILT_IN = built_in()
LOOK_OFTEN = {
    "plugin": {"ssh_poller": {"poll_seconds": 0.05, "look_seconds": 0.02}, "stats_commands": {"posts": "rounds"}}
}
REFUSED = "radar"
"""The map whose rounds' times cannot be corrected while the database is broken."""
BREAK = {
    "sqlite": [
        f"CREATE TRIGGER broken BEFORE UPDATE OF duration_source ON rounds WHEN NEW.map_name = '{REFUSED}' "
        "BEGIN SELECT RAISE(ABORT, 'no'); END"
    ],
    "postgres": [
        "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'no'; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER broken BEFORE UPDATE OF duration_source ON rounds FOR EACH ROW "
        f"WHEN (NEW.map_name = '{REFUSED}') EXECUTE FUNCTION refuse()",
    ],
}
MEND = {"sqlite": "DROP TRIGGER broken", "postgres": "DROP TRIGGER broken ON rounds"}
TRIED = (
    "SELECT d.attempts FROM deliveries d JOIN events e ON e.id = d.event_id "
    "WHERE e.key = ? AND d.plugin = 'timing_override' AND d.attempts > 0"
)
UNTRIED = "SELECT count(*) AS n FROM deliveries WHERE state = 'pending' AND attempts = 0"

states = st.fixed_dictionaries(STATES)
reload_step = st.tuples(st.just("reload"), st.sampled_from(BUILT_IN))
steps = st.one_of(
    reload_step,
    reload_step,
    st.tuples(st.just("round")),
    st.tuples(st.just("failure")),
    st.tuples(st.just("rest")),
)
scripts = st.lists(steps, min_size=1, max_size=15)


class Evening:
    """Rounds that are played while plugins are reloaded, and what must come of them."""

    def __init__(self, stage: Stage, given_states: States) -> None:
        self.stage = stage
        self.given = given_states
        self.played: list[PlayedRound] = []
        self.failed: dict[str, Any] | None = None
        """The row of the round whose times could not be corrected at first."""

    async def begin(self) -> None:
        """Give each plugin that keeps a state the one it is to have."""
        exporting = {name for name in BUILT_IN if _exports(running(self.stage, name))}
        assert exporting == set(STATES)
        for statement in BREAK[self.stage.db.dialect]:
            await self.stage.db.execute(statement)
        for name, state in self.given.items():
            running(self.stage, name).import_state(state, "1")
        assert self._exported() == self.given
        self._check_delays()

    async def finish(self) -> None:
        """Mend what is broken, let every retry come, and compare."""
        await self._rest()
        await self.stage.db.execute(MEND[self.stage.db.dialect])
        await self.stage.clock.advance(700)
        await self.stage.settled()
        assert self._exported() == self.given
        self._check_delays()
        assert await self.stage.db.fetch("SELECT plugin FROM deliveries WHERE state <> 'done'") == []
        await self._check_rounds()

    async def _reload(self, name: str) -> None:
        report = await self.stage.plugins.reload(name)
        assert report.ok, report.error

    async def _round(self) -> None:
        """Play a round: its notice and its file are on their way when this returns."""
        number = len(self.played)
        self.played.append(
            await self.stage.games["local"].play_round(
                surrender_at=100.0 + number,
                ended_at=self.stage.clock.now().timestamp() - 20 * (20 - number),
                seed=number,
            )
        )

    async def _failure(self) -> None:
        """Let a round come whose times cannot be corrected, if there is none yet."""
        if self.failed is not None:
            return
        name = filename(self.stage, REFUSED)
        await self.stage.publish(notice(map_name=REFUSED, round_end_unix=self.stage.clock.now().timestamp() - 64))
        await self._rest()
        file = await self.stage.app.services.files.put("local", name, stats_file(REFUSED))
        await self.stage.publish(file)
        await self.stage.until(lambda: self._is_told(name))
        self.failed = (await self.stage.db.fetch("SELECT * FROM rounds WHERE filename = ?", (name,)))[0]
        await self._rest()

    async def _rest(self) -> None:
        """Wait until all that is under way has come and was tried; the plugins then know what they must."""
        await self.stage.until(self._is_at_rest, timeout=PATIENCE)
        expected = {**self.given}
        if self.failed is not None:
            key = f"round:{self.failed['id']}:{self.failed['file_sha256']}"
            expected["timing_override"] = {"seen": sorted({*self.given["timing_override"]["seen"], key})}
        assert self._exported() == expected
        self._check_delays()

    async def _is_at_rest(self) -> bool:
        await self.stage.app.services.journal.flush()
        known = await self.stage.db.fetch("SELECT id FROM rounds WHERE duration_source = 'notice'")
        untried = (await self.stage.db.fetch(UNTRIED))[0]["n"]
        return len(known) == len(self.played) and not untried

    async def _is_told(self, name: str) -> bool:
        """Tell whether a round is stored and the correction of its times has been tried."""
        await self.stage.app.services.journal.flush()
        rows = await self.stage.db.fetch("SELECT id, file_sha256 FROM rounds WHERE filename = ?", (name,))
        keys = [f"round:{row['id']}:{row['file_sha256']}" for row in rows]
        return bool(keys) and bool(await self.stage.db.fetch(TRIED, keys))

    async def _check_rounds(self) -> None:
        """Each round is stored with its true time, posted once, and its teams are known; nobody was troubled."""
        failed = [(self.failed["filename"], 512)] if self.failed is not None else []
        truth = sorted([(one.filename, round(one.played_seconds)) for one in self.played] + failed)
        query = "SELECT id, filename, actual_duration_seconds AS s FROM rounds ORDER BY filename"
        rows = await self.stage.db.fetch(query)
        assert [(row["filename"], row["s"]) for row in rows] == truth
        for table in ("announcements", "lua_round_teams"):
            stored = await self.stage.db.fetch(f"SELECT round_id FROM {table} WHERE round_id IS NOT NULL")
            assert sorted(row["round_id"] for row in stored) == sorted(row["id"] for row in rows), table
        said = [one.text for one in self.stage.discord.messages(self.stage.discord.stats_channel)]
        assert sum(" · round " in text.split("\n")[0] for text in said) == len(truth)  # besides the end of an evening
        assert self.stage.discord.messages(self.stage.discord.admin_channel) == []

    def _exported(self) -> States:
        """Return what the plugins know, but for delays: a file that comes while the poller looks adds one."""
        exported = {name: running(self.stage, name).export_state() for name in STATES}
        exported["ssh_poller"]["local"]["delays"] = self._given_delays()
        return exported

    def _given_delays(self) -> list[list[float]]:
        delays: list[list[float]] = self.given["ssh_poller"]["local"]["delays"]
        return delays

    def _check_delays(self) -> None:
        """The given delays are known, but for the oldest where newer ones needed their places."""
        known = running(self.stage, "ssh_poller").export_state()["local"]["delays"]
        kept = [list(one) for one in known if one.after >= SHORTEST_GIVEN]
        given, room = self._given_delays(), REMEMBERED - (len(known) - len(kept))
        assert kept == given[max(len(given) - room, 0) :]


def _exports(plugin: Plugin) -> bool:
    return type(plugin).export_state is not Plugin.export_state


def play_evening(given_states: States, script: Sequence[tuple[str, ...]]) -> None:
    """Play *script* with all built-in plugins, which know *given_states* at the beginning."""

    async def run(folder: Path) -> None:
        async with Stage(config=LOOK_OFTEN, folder=folder) as stage:
            evening = Evening(stage, given_states)
            await evening.begin()
            for kind, *args in script:
                await getattr(evening, f"_{kind}")(*args)
            await evening.finish()

    play(run)


@given(states, scripts)
@examples(6)
def test_no_reload_forgets_anything(given_states: States, script: list[tuple[str, ...]]) -> None:
    """What is imported is exported again after any reloads, with rounds between; no round is lost or told twice."""
    play_evening(given_states, script)


@pytest.mark.full
@given(states, scripts)
@examples(100)
def test_no_reload_forgets_anything_at_length(given_states: States, script: list[tuple[str, ...]]) -> None:
    """The same with many more evenings."""
    play_evening(given_states, script)
