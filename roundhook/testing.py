"""What the tests of plugins import."""

from devkit.stage import Stage

__all__ = ["Stage"]
