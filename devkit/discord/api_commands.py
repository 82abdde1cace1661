"""Routes for registering commands and for answering interactions."""

from devkit.discord.check_messages import check_uploads
from devkit.discord.errors import unknown
from devkit.discord.interactions import CHOICES, DEFERRED_UPDATE, MODAL, Interaction
from devkit.discord.parts import Parts
from devkit.discord.routes import Route
from devkit.discord.shapes import Answer, Call, Payload
from devkit.discord.world import BOT_ID

_SCOPES = ("/applications/{application}/commands", "/applications/{application}/guilds/{guild}/commands")


class CommandsApi:
    """/applications/…/commands and /interactions/…/callback."""

    def __init__(self, parts: Parts) -> None:
        self._world = parts.world
        self._registry = parts.registry
        self._interactions = parts.interactions

    def routes(self) -> list[Route]:
        """Return the routes of this part."""
        callback = "/interactions/{interaction}/{token}/callback"
        routes = [Route("POST", callback, self._answer, public=True)]
        for path in _SCOPES:
            routes += [
                Route("GET", path, self._list),
                Route("POST", path, self._create),
                Route("PUT", path, self._replace),
                Route("GET", f"{path}/{{command}}", self._get),
                Route("PATCH", f"{path}/{{command}}", self._edit),
                Route("DELETE", f"{path}/{{command}}", self._delete),
            ]
        return routes

    async def _list(self, call: Call) -> Answer:
        return Answer(self._registry.all(self._scope(call)))

    async def _get(self, call: Call) -> Answer:
        return Answer(self._registry.get(self._scope(call), call.number("command")))

    async def _create(self, call: Call) -> Answer:
        command, new = self._registry.put(self._scope(call), call.body)
        return Answer(command, 201 if new else 200)

    async def _edit(self, call: Call) -> Answer:
        return Answer(self._registry.edit(self._scope(call), call.number("command"), call.body))

    async def _delete(self, call: Call) -> Answer:
        self._registry.delete(self._scope(call), call.number("command"))
        return Answer(status=204)

    async def _replace(self, call: Call) -> Answer:
        return Answer(self._registry.replace(self._scope(call), call.body))

    async def _answer(self, call: Call) -> Answer:
        check_uploads(call.uploads)
        number, token = call.number("interaction"), call.params["token"]
        answered = self._interactions.answer(number, token, call.payload, call.uploads)
        return Answer(_callback_json(answered)) if call.asks("with_response") else Answer(status=204)

    def _scope(self, call: Call) -> int | None:
        if call.number("application") != BOT_ID:
            raise unknown("Application")
        return self._world.guild(call.number("guild")).id if "guild" in call.params else None


def _callback_json(interaction: Interaction) -> Payload:
    about: Payload = {"id": str(interaction.id), "type": interaction.kind}
    message = interaction.original
    if message is None or interaction.answered in (CHOICES, MODAL, DEFERRED_UPDATE):
        return {"interaction": about}
    about |= {
        "response_message_id": message["id"],
        "response_message_loading": message.loading,
        "response_message_ephemeral": message.ephemeral,
    }
    return {"interaction": about, "resource": {"type": interaction.answered, "message": message}}
