"""Says who did the most damage in a round, and tells other plugins."""

from typing import Any

from roundhook import ImportedRound, Plugin, RoundAmended, escape_markdown, hookimpl, offer

from .contract import MvpChosen
from .tops import tops


class Mvp(Plugin):
    """Round → MvpChosen → message."""

    @hookimpl
    async def on_round_imported(self, round: ImportedRound) -> None:
        """Choose."""
        await self._choose(round)

    @hookimpl
    async def on_round_amended(self, amendment: RoundAmended) -> None:
        """Choose again; the same revision of the round is one event."""
        await self._choose(amendment.round)

    async def _choose(self, round: ImportedRound) -> None:
        for found in await tops(self.ctx.db, self.ctx.config.min_damage, round.round_id - 1, 1):
            if found["id"] != round.round_id:
                return  # it is not stored any more
            event = MvpChosen(
                round_id=found["id"], revision=found["revision"], server=found["server"], at=found["played_at"],
                imported=round.trigger == "import", **next(iter(found["players"]), {}),
            )  # fmt: skip
            await self.ctx.publish(event)

    @hookimpl
    async def on_mvp_chosen(self, event: MvpChosen) -> None:
        """Have it stand in the stats channels; another choice edits the message, none deletes it."""
        told = f"**{escape_markdown(event.name)}** was the most valuable player: {event.damage} damage"
        await self.ctx.send_to_guilds(event, told if event.guid else None)

    @offer
    async def tops(self, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """Return at most *limit* rounds with ids above *after*, by id: round_id, server, played_unix, players.

        ``players`` are the three with the most damage: guid, name, damage.
        """
        found = await tops(self.ctx.db, self.ctx.config.min_damage, after, min(limit, 500))
        return [
            {
                "round_id": one["id"], "server": one["server"], "played_unix": int(one["played_at"].timestamp()),
                "players": one["players"],
            }
            for one in found
        ]  # fmt: skip
