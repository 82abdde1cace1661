"""A game server on loopback: the real Lua script in a real Lua, real stats files, a real SSH server."""

from devkit.game.engine import Engine
from devkit.game.people import Player, invent_players
from devkit.game.plan import AbortedBy, Ending
from devkit.game.played import PlayedMatch, PlayedRound
from devkit.game.server import GameServer

__all__ = [
    "AbortedBy",
    "Ending",
    "Engine",
    "GameServer",
    "PlayedMatch",
    "PlayedRound",
    "Player",
    "invent_players",
]
