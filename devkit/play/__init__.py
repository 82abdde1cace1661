"""A playground: the bot and plugins kept up on loopback, and what a person does with them, call by call."""

from devkit.play.board import Happening
from devkit.play.playground import Playground, Seat

__all__ = ["Happening", "Playground", "Seat"]
