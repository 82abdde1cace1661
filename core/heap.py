"""The memory of the process: what it takes from the C library, and what the start has left lying."""

import ctypes
import linecache

_M_ARENA_MAX = -8  # malloc.h


def share_heap() -> None:
    """Let all threads that are started from now on share one heap, where the C library is glibc.

    It gives each thread a heap of its own, and each keeps what was large in it: two that draw would keep a picture
    each, 17 MB together; an idle bot holds 2 MB less.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_ARENA_MAX, 1)


def tidy() -> None:
    """Let go of what importing and compiling have left, for others to use.

    attrs keeps the source of each method that it makes, where tracebacks look for it: 1 MB for hikari's classes. And
    glibc keeps pages that nobody uses any more.
    """
    linecache.clearcache()
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)
