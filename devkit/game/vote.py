"""A surrender vote: called, counted, passed, failed."""

from dataclasses import dataclass, field

from devkit.game.people import AXIS
from devkit.game.world import World

_LENGTH = 30_000


@dataclass(slots=True)
class SurrenderVote:
    """One vote of one side. ``called_at`` is level time."""

    side: int
    called_at: int
    yes: set[int] = field(default_factory=set)
    no: set[int] = field(default_factory=set)

    @property
    def text(self) -> str:
        return f"Surrender [{'AXIS' if self.side == AXIS else 'ALLIES'}]"

    def take(self, world: World, slot: int, *, is_yes: bool) -> None:
        """Count a vote; only the side's own players have one."""
        if world.clients[slot].team == self.side:
            (self.yes if is_yes else self.no).add(slot)
            world.set_string("VOTE_YES", len(self.yes))
            world.set_string("VOTE_NO", len(self.no))

    def show(self, world: World) -> None:
        """Put the vote into the config strings."""
        world.set_string("VOTE_TIME", self.called_at)
        world.set_string("VOTE_STRING", self.text)
        world.set_string("VOTE_YES", len(self.yes))
        world.set_string("VOTE_NO", len(self.no))

    def result(self, world: World) -> str | None:
        """Return the log line when the vote is decided, None while it is open."""
        voters = len(world.on_team(self.side))
        required = int(world.cvar("vote_percent") or 50) * voters // 100
        count = f"(Y:{len(self.yes)}-N:{len(self.no)}) {self.text}"
        if len(self.yes) > required:
            return f"Vote Passed: {count} (Required:{required}, Voting Clients:{voters})\n"
        if world.level_time - self.called_at >= _LENGTH or len(self.no) >= voters - required:
            return f"Vote Failed: {count}\n"
        return None
