"""The recipes of answering commands do what is said of them."""

import asyncio
import re
from pathlib import Path

from roundhook.testing import Stage
from tests.plugin_maker import idle, until
from tests.test_docs import DOCS, write_files

INSERT = """
    INSERT INTO rounds (id, server, filename, file_sha256, map_name, round_number, played_at, status)
    VALUES (?, 'local', ?, '', ?, 1, ?, 'ok')"""


async def test_the_recipes_of_answering_commands_work(tmp_path: Path) -> None:
    """Pages over a reload; a deferral, a permission, a cooldown and a refusal in words."""
    write_files((DOCS / "how-to" / "answer-commands.md").read_text("utf-8"), tmp_path)
    names = sorted(file.parent.name for file in tmp_path.glob("*/manifest.toml"))
    assert names == ["browse", "careful"]
    async with Stage(names, folders=[tmp_path]) as stage:
        assert (await stage.discord.invoke("maps")).content == "There is nothing to show."
        async with stage.db.transaction() as transaction:
            rows = [(number, str(number), f"map{number:02d}", stage.clock.now()) for number in range(12)]
            await transaction.execute_many(INSERT, rows)
        page = await stage.discord.invoke("maps")
        assert page.content.startswith("**Maps**\nmap00: 1\n")
        await stage.plugins.reload("browse")
        assert (await stage.discord.click(page, "▶", user=8)).content == "**Maps**\nmap10: 1\nmap11: 1"

        before = len(stage.discord.requests)
        asking = asyncio.ensure_future(stage.discord.invoke("digest", admin=True))
        await until(lambda: any("/callback" in one.path for one in stage.discord.requests[before:]))
        await idle()
        await stage.clock.advance(6)
        refused = await stage.discord.invoke("digest", user=8)
        again = await stage.discord.invoke("digest", admin=True)
        wrong = await stage.discord.invoke("digest", user=9, admin=True, options={"days": 0})
        assert (await asking).content == "12 rounds in 7 days."
        assert refused.content == "You may not do that: it takes Manage Guild."
        assert re.fullmatch(r"Not so fast: again in \d+ s\.", again.content)
        assert wrong.content == "Name at least one day."
        assert "ERROR" not in "".join(stage.app.kernel.logbook.last("careful", 50))
