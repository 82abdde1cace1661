"""The pages on what plugins offer and what they rely on: both plugins together."""

from pathlib import Path

from roundhook.testing import Stage
from tests.test_docs import DOCS, write_files


async def test_the_recipes_of_offering_and_relying_work(tmp_path: Path) -> None:
    """One plugin calls the other, goes with it and comes back with it."""
    for page in ("offer-something-to-other-plugins", "rely-on-another-plugin"):
        write_files((DOCS / "how-to" / f"{page}.md").read_text("utf-8"), tmp_path)
    async with Stage(plugins=["podium", "praises"], folders=[tmp_path]) as stage:
        assert (await stage.discord.invoke("podium", user=7)).text == "Nobody was praised yet."
        assert await stage.call("praises.praise", name="olz") == 1
        assert (await stage.discord.invoke("podium", user=7)).text == "olz: 1"
        await stage.plugins.disable("praises")
        assert stage.plugins.status("podium").state == "failed"
        await stage.plugins.enable("praises")
        assert (await stage.discord.invoke("podium", user=7)).text == "Nobody was praised yet."
