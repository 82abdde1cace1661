"""Threads share one heap, so that what was large is not kept once for each; what the start has left is let go of."""

import ctypes
import linecache
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from core.heap import tidy

CODE = """
import ctypes, threading
from core.heap import share_heap
share_heap()
blocks = []
def take():
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    blocks.append(libc.malloc(100))
threads = [threading.Thread(target=take) for _ in range(4)]
for one in threads: one.start()
for one in threads: one.join()
heap = next(line.split()[0] for line in open("/proc/self/maps") if line.rstrip().endswith("[heap]"))
begin, end = (int(number, 16) for number in heap.split("-"))
raise SystemExit(0 if all(begin <= one < end for one in blocks) else f"not all in one heap: {blocks}")
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="this C library is not glibc")
def test_what_threads_take_lies_in_one_heap() -> None:
    """A thread that is started later has no heap of its own."""
    asked = [sys.executable, "-c", CODE]
    ran = subprocess.run(asked, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")


def test_sources_that_attrs_has_made_are_let_go_of() -> None:
    """They are kept for tracebacks alone; those of files are read again."""
    made = attrs.make_class("MadeForThisTest", ["value"])
    assert vars(made)["__init__"].__code__.co_filename in linecache.cache

    tidy()

    assert vars(made)["__init__"].__code__.co_filename not in linecache.cache
    assert linecache.getline(__file__, 1).startswith('"""Threads')
