"""Bad plugins that import what cannot work later: own files under another name, what belongs to a thread."""

from tests.core.kernel.bad_plugins import GOOD, Bad

IMPORTS = (
    Bad(
        "an own file under another name",
        ("'own_helper' is the plugin's own", "`from .own_helper import …`"),
        "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path(__file__).parent))\n"
        "import own_helper  # here\n" + GOOD,
        files={"own_helper.py": "\n"},
    ),
    Bad(
        "a connection that is opened at import",
        ("DATABASE is a connection to SQLite", "setup()"),
        "import sqlite3\nDATABASE = sqlite3.connect(':memory:')  # here\n" + GOOD,
    ),
    Bad(
        "a threading.local that is filled at import",
        ("LOCAL is a threading.local", "setup()"),
        "import threading\nLOCAL = threading.local()  # here\nLOCAL.cache = {}\n" + GOOD,
    ),
    Bad(
        "an event loop that is made at import",
        ("LOOP is an event loop", "asyncio.get_running_loop()"),
        "LOOP = __import__('asyncio').new_event_loop()  # here\nLOOP.close()\n" + GOOD,
    ),
    Bad(
        "an event loop that is asked for at import",
        ("no current event loop", "setup()"),
        "import asyncio\nLOOP = asyncio.get_event_loop()  # here\n" + GOOD,
    ),
    Bad(
        "a signal's handler",
        ("signal only works in main thread", "Signals are the bot's"),
        "import signal\nsignal.signal(signal.SIGUSR2, print)  # here\n" + GOOD,
    ),
    Bad(
        "a Plugin class of another file",
        ("Good is imported: write its class there",),
        "from .code import Good  # here\n",
        files={"code.py": GOOD},
    ),
    Bad(
        "a command's type that is imported for typing only",
        ("/count", "a type that is not there, Shown", "Import Shown above"),
        GOOD.replace("context: lightbulb.Context", "context: 'Shown'").replace('many"):', 'many"):  # here'),
    ),
    Bad(
        "another plugin's file",
        ("Another plugin's files cannot be imported", "take its events"),
        "from ..another import plugin  # here\n" + GOOD,
    ),
)
