"""What ``/plugin info`` says of a plugin's jobs: by method the next time, how many wait, how many have failed."""

from core.db.database import Row, utc
from core.discord.messages import escape_markdown
from core.kernel.schedule import Schedule

MOST = 15
"""Methods that are shown."""


async def job_lines(schedule: Schedule, plugin: str) -> list[str]:
    """Return a line for each method, or cron, of which jobs wait or have failed."""
    rows = await schedule.overview(plugin)
    more = [f"and {len(rows) - MOST} methods more"] if len(rows) > MOST else []
    return [*map(_line, rows[:MOST]), *more]


def _line(row: Row) -> str:
    due, waiting, failed = utc(row["due_at"]), int(row["waiting"]), int(row["failed"])
    said = [f"at `{row['cron']}`"] if row["cron"] else [f"{waiting} wait"] if waiting else []
    if due is not None:
        said.append(f"next <t:{int(due.timestamp())}:f>")
    if failed:
        said.append("the latest failed" if row["cron"] else f"{failed} failed for good")
    return f"`{escape_markdown(row['method'])}`: {', '.join(said)}"
