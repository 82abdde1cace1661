"""What stands at the top of every picture: its ground, where and when it was, a title, a score."""

from roundhook.pictures import (
    BLACK,
    BOLD,
    GROUND,
    MEDIUM,
    MUTED,
    WHITE,
    Canvas,
    Color,
    drawable,
    fit_runs,
    fit_size,
    mix,
    text_width,
)

from .colors import colored, team_color
from .layout import EDGE, GAP, SMALL, WIDTH

_TITLE = 68


def draw_ground(canvas: Canvas, color: Color, height: int, *, is_strong: bool) -> None:
    """Draw the ground of the top *height* pixels, tinted with *color*: strongly where somebody has won."""
    canvas.fill((0, 0, WIDTH, height - GAP), mix(GROUND, color, 0.16 if is_strong else 0.06))
    canvas.fill((0, 0, WIDTH, 6), color)


def draw_origin(canvas: Canvas, server: str, when: str, width: float) -> None:
    """Draw the server's name and the time."""
    when = f" ·  {when}"
    room = width - text_width(drawable(when, MEDIUM), MEDIUM, SMALL) - 4
    x = canvas.runs(EDGE, 50, fit_runs(colored(server), BOLD, SMALL, room), face=BOLD, size=SMALL)
    canvas.text(x + 4, 50, when, size=SMALL, color=MUTED)


def draw_title(canvas: Canvas, title: str, width: float) -> None:
    """Draw the largest words of a picture."""
    title = drawable(title, BLACK)
    size = fit_size(title, BLACK, _TITLE, width, least=40)
    canvas.text(EDGE, 122, title, size=size, color=WHITE, face=BLACK, width=width)


def score_width(score: tuple[int, int], size: int) -> float:
    """Return how wide a score is at *size* pixels."""
    return text_width(f"{score[0]}:{score[1]}", BLACK, size)


def draw_score(canvas: Canvas, x: float, base: int, score: tuple[int, int], size: int) -> None:
    """Draw a score from *x* on, each team's in its colour."""
    runs = [(team_color(1), str(score[0])), (WHITE, ":"), (team_color(2), str(score[1]))]
    canvas.runs(x, base, runs, face=BLACK, size=size)
