"""What the plugins that run declare for others: ``from roundhook.contracts import mvp_shout``.

Each is a module whose names are always those of the contract that stands now, also after that plugin was reloaded.
While the plugin does not run, asking for it is an ``ImportError``. For type checkers all of it is ``Any``.
"""

from typing import Any

from core.kernel import served as _contracts

__all__: list[str] = []
__path__: list[str] = []


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module 'roundhook.contracts' has no attribute {name!r}")
    return _contracts.served(name)


def __dir__() -> list[str]:
    return _contracts.served_names()
