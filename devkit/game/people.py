"""Invented players: names with colour codes, GUIDs as clients send them."""

import random
from dataclasses import dataclass

AXIS, ALLIES, SPECTATOR = 1, 2, 3

_NAMES = (
    "^1Ro^7cket",
    "^4Blue ^7Finch",
    "marmot",
    "^3[^7x^3]^2Tuva",
    "^/Gravel^7Pit",
    "K^1o^2b^3a",
    "^dmr. ^5Plum",
    "^7-^1=^7Otto",
    "quiet^8Fox",
    "^?lan^7tern",
    "^6Sally^9!",
    "^2north^7west",
    "Tin^xCup",
    "^5Zebra^7fish",
    "old ^3Boots",
    "^aPa^bper",
)


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody on the game server.

    ``guid`` has 32 characters, as clients send it; ``side`` is 1 Axis, 2 Allies, or 0: wherever there is room.
    ``name`` may hold any bytes; those that are not UTF-8 stand in it as surrogates (``surrogateescape``).
    """

    guid: str
    name: str
    side: int = 0

    @property
    def name_bytes(self) -> bytes:
        """The name as the engine holds it."""
        return self.name.encode("utf-8", "surrogateescape")


def invent_players(count: int = 6, *, seed: int = 1) -> tuple[Player, ...]:
    """Return *count* players, the first half Axis, the second half Allies; the same ones for the same seed."""
    generator = random.Random(f"players {seed}")
    return tuple(
        Player(f"{generator.getrandbits(128):032X}", _name(index), AXIS if index < (count + 1) // 2 else ALLIES)
        for index in range(count)
    )


def _name(index: int) -> str:
    again = index // len(_NAMES)
    return _NAMES[index % len(_NAMES)] + (f"^7.{again + 1}" if again else "")
