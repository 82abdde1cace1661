"""The card's measures that header and panels share, in pixels."""

WIDTH = 1200
EDGE = 32
RIGHT = WIDTH - EDGE
