"""What the application's owner switches in the Developer Portal, and what Discord lets the bot have of sessions."""

from devkit.discord.intents import SWITCHES
from devkit.discord.parts import Parts


class Portal:
    """The part of DiscordServer about the application and its gateway sessions."""

    _parts: Parts

    def switch_intent(self, name: str, *, on: bool, told: bool = True) -> None:
        """Switch a privileged intent (``"guild_members"``): who asks for one that is off is refused (4014).

        Without *told* the application's flags stay as they were, as they do for a moment on Discord.
        """
        gateway, bit = self._parts.gateway, SWITCHES[name]
        gateway.granted = gateway.granted | bit if on else gateway.granted & ~bit
        if told:
            gateway.told = gateway.granted

    @property
    def sessions(self) -> list[int]:
        """The intents of each session that is connected, in the order in which they were opened."""
        return [session.intents for session in self._parts.gateway.sessions.values() if session.line]

    @property
    def sessions_left(self) -> int:
        """How many sessions the bot may still open today."""
        return self._parts.gateway.sessions_left

    @sessions_left.setter
    def sessions_left(self, count: int) -> None:
        self._parts.gateway.sessions_left = count

    @property
    def identified_at(self) -> list[float]:
        """When each IDENTIFY came, refused or not, in Unix seconds: Discord wants 5 s between two."""
        return self._parts.gateway.identified_at

    def delay_session(self, number: int, seconds: float) -> None:
        """Let the events of the session that is opened as the *number*-th (from 0) arrive so much later."""
        self._parts.gateway.delays[number] = seconds
