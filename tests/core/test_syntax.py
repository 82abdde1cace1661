"""Code is read by several threads at once: plugins are loaded beside each other."""

import ast
import gc
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from core.syntax import tree_of

CODE = "\n".join(f"a{number} = [{number}, ({number}, {{}})]" for number in range(40))


def test_threads_read_code_at_the_same_time() -> None:
    """The garbage collector, at work within one, lets the others in; each is at another depth of its calls."""

    def deeper(depth: int) -> ast.Module:
        return deeper(depth - 1) if depth else tree_of(CODE)

    assert _between(deeper)


def _between(read: Callable[[int], ast.Module]) -> bool:
    """Read in threads while each step of the collector lets another thread go on."""

    def let_others(*_: object) -> None:
        time.sleep(0)

    was = gc.get_threshold()
    gc.callbacks.append(let_others)
    gc.set_threshold(20)
    try:
        with ThreadPoolExecutor(3) as threads:
            return all(len(tree.body) == 40 for tree in threads.map(read, range(0, 60, 5)))
    finally:
        gc.set_threshold(*was)
        gc.callbacks.remove(let_others)
