"""What a plugin's commands in the terminal are given: see ``cli.py`` in a plugin's folder."""

from core.cli import add_json
from core.cli.looks import Look
from core.cli.terminal import Offline, Progress, Terminal
from core.config import Config

__all__ = ["Config", "Look", "Offline", "Progress", "Terminal", "add_json"]
