"""``roundhook.contracts``: the contracts of the plugins that run, each as a module whose names are the present ones."""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

PACKAGE = "roundhook.contracts"
_SERVED: dict[str, ModuleType] = {}
"""What stands now, by plugin."""
_SEEN: dict[str, ModuleType] = {}
"""What others see of it, which stays one object while contracts come and go."""


class AbsentContractError(ImportError):
    """A plugin whose contract is asked for does not run, or declares nothing."""


def serve(plugin: str, contract: ModuleType | None) -> None:
    """Put a plugin's contract, or none, in place of what others see of it."""
    if contract is not None:
        _SERVED[plugin] = contract
        return
    _SERVED.pop(plugin, None)
    sys.modules.pop(f"{PACKAGE}.{plugin}", None)  # so that it is looked for anew, and not found
    if PACKAGE in sys.modules:
        vars(sys.modules[PACKAGE]).pop(plugin, None)


def served(plugin: str) -> ModuleType:
    """Return the module that stands for a plugin's contract: always the same one, with the names of now.

    Raises:
        AbsentContractError: the plugin does not run now.
    """
    if plugin not in _SERVED:
        raise _absent(plugin)
    return importlib.import_module(f"{PACKAGE}.{plugin}")


def served_names() -> list[str]:
    """Return the plugins that declare something now."""
    return sorted(_SERVED)


class _Contract(ModuleType):
    """Has the names of the contract that is served at that moment."""

    def __getattr__(self, name: str) -> Any:
        plugin = self.__name__.rpartition(".")[2]
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        if plugin not in _SERVED:
            raise _absent(plugin)
        try:
            return getattr(_SERVED[plugin], name)
        except AttributeError:
            raise AttributeError(f"the contract of {plugin} has no {name} (any more)") from None

    def __dir__(self) -> list[str]:
        return sorted(vars(_SERVED.get(self.__name__.rpartition(".")[2], self)))


class _Contracts(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds ``roundhook.contracts.<plugin>``."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, _: object = None) -> Any:
        package, _, plugin = fullname.rpartition(".")
        if package != PACKAGE:
            return None
        if plugin not in _SERVED:
            raise _absent(plugin)
        return importlib.machinery.ModuleSpec(fullname, self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        plugin = spec.name.rpartition(".")[2]
        return _SEEN.setdefault(plugin, _Contract(spec.name, f"What the plugin {plugin} declares for others."))

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: its names are looked up when they are asked for."""


def _absent(plugin: str) -> AbsentContractError:
    remedy = f"Switch {plugin} on, name it in `requires` of your manifest, or import it where it is needed"
    return AbsentContractError(f"the plugin {plugin} does not run, or has no contract.py. {remedy}")


sys.meta_path.append(_Contracts())
