"""Each way in which a plugin's contract can be bad, and what relies on contracts that are not there."""

from tests.core.kernel.bad_imports import IMPORTS
from tests.core.kernel.bad_manifests import MANIFESTS
from tests.core.kernel.bad_plugins import BAD, GOOD, Bad, handler

GOOD_CONTRACT = """
import dataclasses
from datetime import datetime
from roundhook import event

@event(hook="on_chosen", key=("number",), about="number", server="server", at="at", quiet="quiet")
class Chosen:
    number: int
    server: str = ""
    at: datetime | None = None
    quiet: bool = False
"""


def contract(name: str, says: tuple[str, ...], old: str, new: str) -> Bad:
    """Return the good plugin with a contract in which *old* is replaced; the mistake stands where *new* ends."""
    assert old in GOOD_CONTRACT
    return Bad(name, says, files={"contract.py": GOOD_CONTRACT.replace(old, new)}, ways=("reload",))


def heading(name: str, says: tuple[str, ...], old: str, new: str) -> Bad:
    """Return the good plugin with a contract whose event is declared in another way."""
    bad = contract(name, says, old, new)
    bad.files["contract.py"] = bad.files["contract.py"].replace("class Chosen:", "class Chosen:  # here")
    return bad


CONTRACTS = (
    contract("a contract that does not import", ("ZeroDivisionError",), "import dataclasses\n", "1 / 0  # here\n"),
    contract(
        "a contract that imports another file",
        ("imports '.helper'", "stands alone"),
        "import dataclasses\n", "from .helper import x  # here\n",
    ),
    contract(
        "a field that does not go to JSON",
        ("good.Chosen: number: list[int]", "Use None, bool"),
        "    number: int\n", "    number: list[int]  # here\n",
    ),
    contract(
        "a field that can be changed",
        ("Inner can be changed", "frozen=True"),
        "    number: int\n",
        '    inner: "Inner"  # here\n    number: int\n\n@dataclasses.dataclass\nclass Inner:\n    one: int\n',
    ),
    contract(
        "a field of a type that is missing",
        ("a type of Chosen cannot be read", "Missing"),
        "class Chosen:\n    number: int\n", 'class Chosen:  # here\n    number: "Missing"\n',
    ),
    contract(
        "a default of another type", ("the default of server is 5", "str"),
        '    server: str = ""\n', "    server: str = 5  # here\n",
    ),
    contract(
        "a server that is no text", ("server names 'server'", "a str"),
        '    server: str = ""\n', "    server: int = 0  # here\n",
    ),
    heading("a key of no fields", ("key='number' names no fields", "key=(\"number\",)"), '("number",)', '"number"'),
    heading("a key of a field that is missing", ("key names 'id'", "its fields are"), '("number",)', '("id",)'),
    heading("a hook that is no name", ("hook='on chosen'",), "on_chosen", "on chosen"),
    heading("a hook that every plugin has", ("every plugin has a setup",), "on_chosen", "setup"),
    heading("a hook of roundhook's", ("belongs to roundhook",), "on_chosen", "on_round_imported"),
    contract(
        "two events with one hook", ("have one hook",),
        "    quiet: bool = False\n",
        '    quiet: bool = False\n\n@event(hook="on_chosen", key=("id",))\nclass Second:  # here\n    id: int\n',
    ),
)  # fmt: skip
RELIANCE = (
    Bad(
        "a hook that no plugin declares",
        ("no hook 'on_best_player'", "optionalhook=True"),
        handler("async def on_best_player(self, event)"),
        ways=("reload",),
    ),
    Bad(
        "a contract that is not there",
        ("the plugin nobody does not run", "`requires`"),
        "from roundhook.contracts import nobody  # here\n" + GOOD,
        ways=("reload",),
    ),
)
ALL = (*BAD, *MANIFESTS, *IMPORTS, *CONTRACTS, *RELIANCE)
"""With those that are bad in another way."""
