"""What a plugin keeps: by key, for all or for a guild, over everything that happens to the plugin and the bot."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import PluginError
from core.kernel.plain import to_json
from roundhook.testing import Stage
from tests.plugin_maker import running, write_plugin

KEEPS = """
from roundhook import Plugin

class Keeps(Plugin):
    async def setup(self):
        self.found = await self.ctx.store.get("count", 0)
        try:
            await self.ctx.store.WRITE
        except Exception as error:
            self.refused = str(error)
"""
LONG = "x" * (64 * 1024)


async def test_what_is_kept_outlives_reload_and_restart(tmp_path: Path, database_url: str) -> None:
    """Values come back as they were; keys of guilds and other plugins are others; a prefix is taken as it is."""
    write_plugin(tmp_path, "keeps", KEEPS.replace("WRITE", 'set("count", 1)'))
    write_plugin(tmp_path, "other", KEEPS.replace("WRITE", 'delete("count")'))
    values: dict[str, Any] = {
        "count": 3, "text": "Žiga \N{PILE OF POO}\0\ud800", "deep": [{"a": [None, 1.5, True]}], "none": None,
        "c%_d": 1, "cxxd": 2, "C": 9, "Š": {},
    }  # fmt: skip
    async with Stage(["keeps", "other"], folders=[tmp_path], database=database_url) as stage:
        store = running(stage, "keeps").ctx.store
        for key, value in values.items():
            await store.set(key, value)
        await store.set("count", [1], guild=5)
        await store.delete("count", guild=6)
        assert await store.items() == values
        assert list(await store.items("c")) == ["c%_d", "count", "cxxd"]
        assert await store.items("c%_") == {"c%_d": 1}
        assert await store.items(guild=5) == {"count": [1]}
        assert await running(stage, "other").ctx.store.items() == {}
        assert [await store.get("nothing"), await store.get("nothing", 7), await store.get("none", 7)] == [
            None,
            7,
            None,
        ]
        await stage.plugins.reload("keeps")
        assert running(stage, "keeps").found == 3
    async with Stage(["keeps", "other"], folders=[tmp_path], database=database_url) as stage:
        keeps, other = running(stage, "keeps"), running(stage, "other")
        assert keeps.found == 3
        assert "store.set() before the plugin runs" in keeps.refused
        assert "store.delete() before the plugin runs" in other.refused
        await keeps.ctx.store.delete("count")
        assert await keeps.ctx.store.get("count") is None
        assert await keeps.ctx.store.get("count", guild=5) == [1]


async def test_what_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    """No JSON, too large, no key: told with the key and the remedy, and what was there stays."""
    write_plugin(tmp_path, "keeps", KEEPS.replace("WRITE", 'set("count", 1)'))
    async with Stage(["keeps"], folders=[tmp_path]) as stage:
        store = running(stage, "keeps").ctx.store
        await store.set("a", "old")
        await store.set("largest", LONG[2:])
        for value, told in (
            ({1, 2}, "not JSON serializable"), ({1: 2}, "the key 1 is no str"), (float("nan"), "not JSON compliant"),
            (LONG, "65538 bytes as JSON"), ("ž" * 40_000, "80002 bytes"), ([stage], "Stage"), (10**5000, "4300"),
        ):  # fmt: skip
            with pytest.raises(PluginError, match=rf"keeps: store.set\(\) of 'a': .*{told}"):
                await store.set("a", value)
        deep: list[Any] = []
        deep.append(deep)
        with pytest.raises(PluginError, match=r"store\.set"):
            await store.set("a", deep)
        for key in ("", 7, None, "x" * 201, "a\0b", "\ud800"):
            for call in (store.get(key), store.set(key, 1), store.delete(key)):
                with pytest.raises(PluginError, match="a key is a text of 1 to 200 characters"):
                    await call
        for guild in (None, "7", 1.5, -1, 2**63):
            for call in (store.get("a", guild=guild), store.set("a", 1, guild=guild), store.items(guild=guild)):
                with pytest.raises(PluginError, match=f"guild is {guild!r}, and a guild is its number"):
                    await call
        assert await store.get("a") == "old"


async def test_a_value_is_part_of_the_transaction_that_it_is_set_in(tmp_path: Path, database_url: str) -> None:
    """It comes and goes with the rows."""
    write_plugin(tmp_path, "keeps", KEEPS.replace("WRITE", 'set("count", 1)'))
    async with Stage(["keeps"], folders=[tmp_path], database=database_url) as stage:
        ctx = running(stage, "keeps").ctx
        with pytest.raises(ZeroDivisionError):
            async with ctx.db.transaction():
                await ctx.store.set("a", 1)
                raise ZeroDivisionError
        assert await ctx.store.items() == {}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_json_comes_back_as_it_was(value: Any) -> None:
    """Whatever JSON can say is kept as it was, and is text that both databases take."""
    text = to_json(value)
    assert eval(text, {"null": None, "true": True, "false": False}) == value  # noqa: S307
    assert "\0" not in text
    text.encode()
