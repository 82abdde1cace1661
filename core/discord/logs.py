"""What ``/plugin logs`` shows: the latest records, in as many messages as somebody reads."""

from core.discord.messages import CONTENT, split_text
from core.kernel.logbook import LONGEST, cut_middle
from core.shown import code_block

MESSAGES = 4


def log_parts(head: str, records: list[str]) -> list[str]:
    """Return the messages that show *head* and below it the latest *records* that there is room for."""
    size = CONTENT - len(code_block("")) - 1
    beside = len(head) < size // 2
    size -= len(head) if beside else 0
    room, shown = MESSAGES * (size - LONGEST), list[str]()  # at line ends up to a line's room is lost
    for record in reversed(records):
        if room < len(record) and room < 2 * LONGEST:
            break
        shown.insert(0, cut_middle(record, room))
        room -= len(shown[0]) + 1
    blocks = [code_block(text) for text in split_text("\n".join(shown), size)]
    return [f"{head}\n{blocks[0]}", *blocks[1:]] if beside else [head, *blocks]
