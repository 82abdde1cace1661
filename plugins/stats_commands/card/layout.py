"""The measures that all pictures share, in pixels.

A phone shows a picture 330 pixels wide. There a figure is nine pixels high when its type is a twenty-sixth of the
picture's width, so that is the size of all figures that matter; what may be smaller is what only explains them.
"""

WIDTH = 1000
EDGE = 24
RIGHT = WIDTH - EDGE
GAP = 16
PAD = 20
CORNER = 14

FIGURE = 38
"""Type of names and of figures that matter."""
WORDS = 28
"""Type of results in words."""
SMALL = 24
"""Type of what stands beside: dates, notes, totals."""
LABEL = 22
"""Type of headings of columns."""
