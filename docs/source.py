"""Reads the repository's source: signatures, fields and docstrings as Markdown."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
_SHOWN = {"contextlib.asynccontextmanager", "contextlib.contextmanager", "classmethod", "staticmethod"}
_SECTION = re.compile(r"(Args|Called|Raises|Returns|Resource handling):")
_ITEM = re.compile(r"(\w+): (.*)")

AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


def tree(path: str) -> ast.Module:
    """Return a file of the repository as a syntax tree."""
    return ast.parse((ROOT / path).read_text("utf-8"))


def classes(path: str) -> list[ast.ClassDef]:
    """Return the classes of a file, in order."""
    return [one for one in tree(path).body if isinstance(one, ast.ClassDef)]


def fields(body: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.expr, ast.expr | None, str]]:
    """Give name, type, default and meaning (the text below) of each annotated name, or ``self.name`` with a meaning."""
    for at, one in enumerate(body):
        meaning = meaning_below(body, at)
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            yield one.target.id, one.annotation, one.value, meaning
        elif isinstance(one, (ast.Assign, ast.AnnAssign)) and meaning:
            target = one.targets[0] if isinstance(one, ast.Assign) else one.target
            kind = one.annotation if isinstance(one, ast.AnnAssign) else ast.Name("Settings")
            if isinstance(target, ast.Attribute):
                yield target.attr, kind, None, meaning


def meaning_below(body: Sequence[ast.stmt], at: int) -> str:
    """Return the text below a name; "" where there is none."""
    below = body[at + 1] if at + 1 < len(body) else None
    if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
        return _plain(" ".join(below.value.value.split()))
    return ""


class _Unquoted(ast.NodeTransformer):
    """Takes the quotes off an annotation."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        return node if ast.unparse(node.value).endswith("Literal") else self._inside(node)

    def _inside(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.Name(node.value) if isinstance(node.value, str) else node


def type_text(annotation: ast.expr) -> str:
    """Return an annotation as text, without the quotes that only importing needs."""
    return ast.unparse(_Unquoted().visit(annotation))


def signature(function: AnyFunction) -> str:
    """Return the head of a function as it is called."""
    for one in (*function.args.args, *function.args.kwonlyargs):
        one.annotation = one.annotation and ast.Name(type_text(one.annotation))
    word = "async def" if isinstance(function, ast.AsyncFunctionDef) else "def"
    returns = f" -> {type_text(function.returns)}" if function.returns else ""
    decorators = "".join(f"@{ast.unparse(one)}\n" for one in function.decorator_list if ast.unparse(one) in _SHOWN)
    return f"{decorators}{word} {function.name}({ast.unparse(function.args)}){returns}"


def prose(found: AnyFunction | ast.ClassDef | ast.Module) -> str:
    """Return a docstring as Markdown: sections become paragraphs, their items lists; doctests are left out."""
    paragraphs = filter(None, (ast.get_docstring(found) or "").split("\n\n"))
    return "\n\n".join(_paragraph(one) for one in paragraphs if not one.startswith(">>>"))


def _paragraph(text: str) -> str:
    head, *lines = text.splitlines()
    section = _SECTION.fullmatch(head)
    if not section:
        return _plain(text)
    items: list[str] = []
    for line in lines:
        item = _ITEM.fullmatch(line.strip())
        if item and section[1] in ("Args", "Raises") and not line.startswith("     "):
            items.append(f"* `{item[1]}`: {item[2]}")
        elif items:
            items[-1] += f" {line.strip()}"
        else:
            items.append(line.strip())
    return _plain(f"**{section[1]}**\n\n" + "\n".join(items))


def _plain(text: str) -> str:
    return re.sub(r":\w+:`([^`]+)`", r"`\1`", text.replace("``", "`"))


def sentence(text: str) -> str:
    """Return *text* as a sentence."""
    text = _plain(text[0].upper() + text[1:])
    return text if text.endswith(".") else f"{text}."


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [headings, ["---"] * len(headings), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
