"""The contract: the hooks, in the order in which a round meets them.

Every implementation is a coroutine method of a plugin, marked with ``hookimpl``. What it returns is not used. One that
raises or takes longer than its limit (10 s unless the manifest says otherwise) is tried again later; the others do not
notice. Each event is handed over at least once, so a handler must bear the same event twice.
"""

import sys

import pluggy

from core.kernel.contracts import Contracts
from core.plugin import PROJECT, Plugin
from core.rounds.events import EVENTS, FetchedFile, ImportedRound, RoundAmended, RoundNotice

hookspec = pluggy.HookspecMarker(PROJECT)


@hookspec
async def on_round_notice(notice: RoundNotice) -> None:
    """A game server says that a round has ended; its file follows some seconds later.

    Args:
        notice: what the server's script said; unknown fields are ``None`` or 0.

    Called:
        Once for each notice, however often it is sent. Not called for a round whose server sends no notices.
    """


@hookspec
async def on_file_fetched(file: FetchedFile) -> None:
    """A file of a game server is here; ``ctx.files.read(file)`` gives its bytes.

    Args:
        file: name, hash and size; ``kind`` says what it is, ``trigger`` why it was fetched.

    Called:
        Once for each content of each file name.
    """


@hookspec
async def on_round_imported(round: ImportedRound) -> None:
    """A round is stored, and its rows can be read.

    Args:
        round: its identity; values are read from the database.

    Called:
        Once for each round and content of its file, after the commit. ``tryfirst`` implementations have made their
        first attempt before the others start, so what they correct is there. Events of one round arrive in order.
    """


@hookspec
async def on_round_amended(amendment: RoundAmended) -> None:
    """Something stored about a round has changed, such as its real duration when a notice comes late.

    Args:
        amendment: the round, its new revision, and the names of the columns that changed.

    Called:
        Once for each revision, after ``on_round_imported`` of the same round and in the order of publication.
    """


CONTRACTS = Contracts(sys.modules[__name__], EVENTS, PROJECT, Plugin)
"""The hooks above, with their events."""
