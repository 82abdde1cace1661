"""Announces rounds, maps and evenings as pictures, keeps the announcements right, and offers the commands."""

from typing import TYPE_CHECKING, Any

from roundhook import ImportedRound, Message, Plugin, RoundAmended, hookimpl
from roundhook.db import Batcher

from . import evening_menu, evening_views
from .boards import Asked
from .commands import loader
from .posts import Posts
from .service import Answers
from .sessions import GAP, Sessions

if TYPE_CHECKING:
    import hikari


class StatsCommands(Plugin):
    """Rounds on Discord."""

    async def setup(self) -> None:
        zones = {key: server.settings.zone for key, server in self.ctx.servers.items()}
        self.answers = Answers(self.ctx.db, self.ctx.clock, zones, self.ctx.component_id)
        self.posts, self.sessions = Posts(self.ctx, self.answers), Sessions(self.ctx, self.answers)
        self.missed: Batcher[int, None] = Batcher(self.sessions.tell)
        self.ctx.service(self.missed.run)
        self.ctx.service(self.answers.boards.keep)
        self.ctx.add_commands(loader)
        self.ctx.on_component(evening_menu.ACTION, self.on_evening)

    @hookimpl
    async def on_round_imported(self, round: ImportedRound) -> None:
        """Post the round or its map, unless it was played too long ago, or not to its end.

        What has only come now and is not being played any more is told by session, not one by one.
        """
        self.answers.boards.wake()
        if self._is_missed(round):
            await self.missed.do(round.round_id)
        else:
            await self.posts.tell(round)
        await self._await_end(round)

    @hookimpl
    async def on_round_amended(self, amendment: RoundAmended) -> None:
        """Draw what is posted anew; post it if the round is news only now, as when its file came in pieces."""
        self.answers.boards.wake()
        round_id = amendment.round.round_id
        before = await self.posts.before(f"round:{round_id}")
        await self.ctx.send_to_guilds(amendment, lambda: self.answers.picture(round_id, before))
        is_told = await self.sessions.is_told(round_id)
        if self._is_missed(amendment.round) or is_told:
            await self.missed.do(round_id)
        await (self.posts.keep if self._is_missed(amendment.round) else self.posts.tell)(amendment.round)

    async def end_of_evening(self, about: dict[str, Any]) -> None:
        """Called when no round of a server has come for the session's gap: tell who has won the evening."""
        if (again := await self.sessions.end(about["server"])) is not None:
            await self.ctx.at(again, self.end_of_evening, about, key=about["server"])

    async def on_evening(self, interaction: "hikari.ComponentInteraction", args: str) -> None:
        """Answer what was chosen below an evening, for whoever chose."""
        import hikari

        if not interaction.values:  # menus of old could be emptied
            await interaction.create_initial_response(hikari.ResponseType.DEFERRED_MESSAGE_UPDATE)
            return
        hidden = self.ctx.hidden_servers(int(interaction.guild_id or 0))
        await interaction.create_initial_response(
            hikari.ResponseType.DEFERRED_MESSAGE_CREATE, flags=hikari.MessageFlag.EPHEMERAL
        )
        chosen = (
            interaction.values[0]
            if args == evening_menu.CHOOSE
            else f"{args.partition(':')[0]}:{interaction.values[0]}"
        )
        session, _, choice = chosen.partition(":")
        message = await self.answers.chosen(int(session), choice, hidden)
        await interaction.edit_initial_response(**message.options())

    async def sessions_page(self, asked: dict[str, Any], number: int) -> Message | None:
        """Return one page of ``/sessions``."""
        hidden = self.ctx.hidden_servers(asked["guild"])
        found = await self.answers.sessions(asked["server"], hidden, number)
        if not found:
            return None
        lines = [evening_views.session_line(row) for row in found]
        row = evening_menu.choose(self.ctx.component_id, found, self.answers.search.labels(found))
        return Message(content="\n".join(lines), components=(row,))

    async def top_page(self, asked: dict[str, Any], number: int) -> Message | None:
        """Return one page of ``/top``."""
        hidden = tuple(self.ctx.hidden_servers(asked["guild"]))
        which = Asked(asked["server"], asked["days"], hidden)
        return await self.answers.top(asked["category"], which, number, asked["player"])

    async def awards_page(self, asked: dict[str, Any], number: int) -> Message | None:
        """Return one page of ``/awards``."""
        return await self.answers.awards(asked["round"], self.ctx.hidden_servers(asked["guild"]), number)

    def hidden(self, context: Any) -> list[str]:
        """Return the servers that the guild of a command does not see."""
        return self.ctx.hidden_servers(int(context.interaction.guild_id or 0))

    def _is_missed(self, round: ImportedRound) -> bool:
        """Tell whether a round is one to be told of, and not of what is being played."""
        now = self.ctx.clock.now()
        if round.quiet or round.is_live(now) or round.at is None:
            return False
        return any(now - round.at <= self.sessions.within(guild) for guild in self.ctx.guilds(round))

    async def _await_end(self, round: ImportedRound) -> None:
        """Look again when the round's session may be over."""
        if round.at is not None and not round.quiet and round.at + GAP > self.ctx.clock.now():
            await self.ctx.at(round.at + GAP, self.end_of_evening, {"server": round.server}, key=round.server)
