"""What pictures cost: ``python -m benchmarks pictures``, beside an older commit.

A round of twelve is to take at most 35 ms of CPU once the fonts are open, and the loop never to stand still for 50 ms.
"""

from benchmarks.before import compare

BEFORE = "3d51f84"


def main() -> None:
    """Print the figures of then and now."""
    compare("drawing.py", BEFORE)
