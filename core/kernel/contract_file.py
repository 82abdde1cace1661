"""A plugin's ``contract.py``: what it declares for others, checked; what is wrong is told with file and line."""

import ast
import asyncio
import contextlib
import keyword
from collections.abc import AsyncIterator, Iterable, Mapping
from types import ModuleType
from typing import Any

from core.errors import PluginError
from core.kernel import loader
from core.kernel.contracts import Contracts
from core.kernel.fields import NoFieldError
from core.kernel.forms import Form, Moment, Nothing, OneOf, Text, Truth, WrongValueError
from core.kernel.kinds import Kind
from core.kernel.manifest import Manifest
from core.kernel.names import stable
from core.kernel.served import serve
from core.syntax import tree_of

CONTRACT = "contract"
"""The module's name."""

_USED_AS: dict[str, tuple[type[Form], str]] = {
    "server": (Text, "a str"), "at": (Moment, "a datetime"), "quiet": (Truth, "a bool"),
}  # fmt: skip
"""What the core uses a field as, and of what type it is then."""


async def read_contract(
    source: loader.Source, package: str, contracts: Contracts
) -> tuple[ModuleType | None, list[Kind]]:
    """Import and check the contract of *source* as a module of *package*; return it and the kinds that it declares.

    A ``PluginError`` names file and line. Of a plugin that has none there is no module.
    """
    if CONTRACT not in source.files:
        return None, []
    file = ContractFile(source, contracts)
    file.check_imports()
    module = await loader.import_generation(source, package, CONTRACT)
    return module, file.kinds(module)


def has_contract(manifest: Manifest) -> bool:
    """Tell whether a plugin declares anything."""
    return (manifest.folder / f"{CONTRACT}.py").is_file()


@contextlib.asynccontextmanager
async def declared(manifests: Iterable[Manifest], contracts: Contracts) -> AsyncIterator[None]:
    """Have *contracts* hold those of plugins that are not loaded yet, so that nobody depends on the order of loading.

    Of each only the contract is imported; one that is broken is left out: its load tells why.
    """
    packages: list[str] = []
    try:
        for manifest in manifests:
            with contextlib.suppress(PluginError):
                source = await asyncio.to_thread(loader.read_source, manifest.name, manifest.folder)
                packages.append(loader.new_package(manifest.name))
                module, kinds = await read_contract(source, packages[-1], contracts)
                contracts.replace(manifest.name, kinds)
                serve(manifest.name, module)
        yield
    finally:
        for package in packages:
            loader.forget(package)


class ContractFile:
    """Looks at one ``contract.py``."""

    def __init__(self, source: loader.Source, contracts: Contracts) -> None:
        self._source, self._contracts = source, contracts

    def check_imports(self) -> None:
        """Refuse one that imports others of the plugin's files: it has to be readable alone."""
        for node in ast.walk(tree_of(self._source.files[CONTRACT])):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = ["." * node.level + (node.module or "")]
            for name in names:
                if name.startswith(".") or name.split(".")[0] in (loader.NAMESPACE, self._source.name):
                    problem = f"imports '{name}', and the contract stands alone. Move what it needs into contract.py."
                    raise self._wrong(f"{CONTRACT}.py:{node.lineno}", problem)  # type: ignore[attr-defined]

    def kinds(self, module: ModuleType) -> list[Kind]:
        """Return the kinds of events that *module* declares."""
        found: dict[str, Kind] = {}
        own = stable(module.__name__)
        for cls in vars(module).values():
            kind = vars(cls).get("__event__") if isinstance(cls, type) and cls.__module__ == own else None
            if isinstance(kind, Kind):
                self._check(kind, module)
                if (other := found.get(kind.hook)) is not None:
                    problem = f"{kind.type} and {other.type} have one hook, {kind.hook}. Give each its own."
                    raise self._wrong(self._place(kind), problem)
                found[kind.hook] = kind
        return list(found.values())

    def _check(self, kind: Kind, module: ModuleType) -> None:
        kind.owner = self._source.name
        try:
            forms = kind.formed(module).forms
        except NoFieldError as error:
            raise self._wrong(self._place(kind, error.field), f"{kind.type}: {_about(error)}") from error.__cause__
        self._check_heading(kind)
        if problem := self._contracts.taken(kind):
            raise self._wrong(self._place(kind), problem)
        self._check_names(kind, forms)
        self._check_defaults(kind, forms)

    def _check_heading(self, kind: Kind) -> None:
        given: tuple[tuple[str, Any], ...] = (("hook", kind.hook), ("argument", kind.argument))
        for name, word in given:
            if not (isinstance(word, str) and word.isidentifier()) or keyword.iskeyword(word) or word == "self":
                raise self._wrong(self._place(kind), f"{kind.type}: {name}={word!r} is no name. Use a-z, 0-9 and _.")
        if hasattr(self._contracts.base, kind.hook):
            problem = f"{kind.type}: every plugin has a {kind.hook} already. Choose another name for the hook."
            raise self._wrong(self._place(kind), problem)

    def _check_names(self, kind: Kind, forms: Mapping[str, Form]) -> None:
        key: Any = kind.key
        if not isinstance(key, tuple) or not key:
            first = next(iter(forms), "id")
            problem = f'{kind.type}: key={kind.key!r} names no fields. Write key=("{first}",), for one.'
            raise self._wrong(self._place(kind), problem)
        for what, name in (*(("key", one) for one in kind.key), *kind.names.items()):
            if name and name not in forms:
                problem = f"{kind.type}: {what} names '{name}', and its fields are {', '.join(forms) or 'none'}."
                raise self._wrong(self._place(kind), problem)
            wanted, words = _USED_AS.get(what, (Form, ""))
            if name and not all(isinstance(one, (wanted, Nothing)) for one in _forms(forms[name])):
                problem = f"{kind.type}: {what} names '{name}', which is not {words} (it may be None too)."
                raise self._wrong(self._place(kind, name), problem)

    def _check_defaults(self, kind: Kind, forms: Mapping[str, Form]) -> None:
        for name, one in kind.cls.__dataclass_fields__.items():
            if name in forms and name not in kind.form.needed:
                try:
                    forms[name].write(one.default_factory() if callable(one.default_factory) else one.default)
                except WrongValueError as error:
                    problem = f"{kind.type}: the default of {name} {error.problem}"
                    raise self._wrong(self._place(kind, name), problem) from error

    def _place(self, kind: Kind, field: str = "") -> str:
        """Return file and line of a field, or of its class."""
        return class_place(self._source, kind.cls.__name__, field)

    def _wrong(self, place: str, problem: str) -> PluginError:
        return PluginError(f"{self._source.name}: {place}: {problem}")


def class_place(source: loader.Source, name: str, field: str = "") -> str:
    """Return ``file:line`` of a class in ``contract.py``, or of a field of it."""
    tree = tree_of(source.files.get(CONTRACT, b""))
    found = [one for one in ast.walk(tree) if isinstance(one, ast.ClassDef) and one.name == name]
    lines = [one.lineno for one in found]
    lines += [
        one.lineno
        for one in (found[-1].body if found else ())
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and one.target.id == field
    ]
    return f"{CONTRACT}.py:{lines[-1] if lines else 1}"


def _forms(form: Form) -> list[Form]:
    return form.forms if isinstance(form, OneOf) else [form]


def _about(error: NoFieldError) -> str:
    return f"{error.field}: {error}" if error.field else str(error)
