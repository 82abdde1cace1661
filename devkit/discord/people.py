"""What people do: call commands, complete options, press buttons, fill in modals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from devkit.discord import compose, permissions, render
from devkit.discord.check_commands import MESSAGE_MENU, USER_MENU
from devkit.discord.check_components import BUTTON, INPUT, walk
from devkit.discord.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    DEFERRED_UPDATE,
    MODAL_SUBMIT,
    Interaction,
)
from devkit.discord.message import Message
from devkit.discord.options import OptionReader, Resolved, find_command, find_menu
from devkit.discord.parts import Parts
from devkit.discord.shapes import Json, Payload, Upload
from devkit.discord.world import BOT_ID, Guild


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and where."""

    user: int
    guild: int
    channel: int
    admin: bool = False
    roles: Sequence[int] = field(default=())


class People:
    """Acts as users do, through the gateway, and waits for the bot's answer."""

    def __init__(self, parts: Parts) -> None:
        self._world = parts.world
        self._posts = parts.posts
        self._gateway = parts.gateway
        self._registry = parts.registry
        self._interactions = parts.interactions
        self._bell = parts.bell

    async def invoke(self, name: str, actor: Actor, options: Mapping[str, Json], timeout: float) -> Message:
        """Use a slash command and return the reply."""
        command, data = self._command_data(name, actor, OptionReader(self._world, options))
        opened = self._open(COMMAND, f"/{name}", actor, data | _scope(command), None)
        return await self._reply(opened, timeout)

    async def use_menu(self, name: str, target: Message | int, actor: Actor, timeout: float) -> Message:
        """Use a command of the menu of a message, or of a user, and return the reply."""
        of_message = isinstance(target, Message)
        command = find_menu(self._registry, name, actor.guild, MESSAGE_MENU if of_message else USER_MENU)
        resolved: Payload = self._resolved(Resolved(users=[] if isinstance(target, Message) else [target]), actor)
        if isinstance(target, Message):
            resolved = {"messages": {target["id"]: dict(target)}}
        on = target["id"] if isinstance(target, Message) else str(target)
        data = {key: command[key] for key in ("id", "name", "type")} | {"target_id": on, "resolved": resolved}
        return await self._reply(self._open(COMMAND, name, actor, data | _scope(command), None), timeout)

    def options(self, name: str, guild: int) -> list[Payload]:
        """Return the options that a slash command, or its sub-command, is registered with."""
        return find_command(self._registry, name, guild)[2]

    async def autocomplete(
        self, name: str, option: str, typed: str, actor: Actor, options: Mapping[str, Json], timeout: float
    ) -> list[Payload]:
        """Type into an option and return the choices that the bot offers."""
        reader = OptionReader(self._world, {**options, option: typed}, focused=option)
        command, data = self._command_data(name, actor, reader)
        opened = self._open(AUTOCOMPLETE, f"/{name} {option}", actor, data | _scope(command), None)
        return await self._bell.until(lambda: opened.choices, timeout, lambda: _silence(opened, timeout))

    async def click(
        self, message: Message, custom_id: str, actor: Actor, values: Sequence[str] | None, timeout: float
    ) -> Message:
        """Press a button or choose in a select of a message, and return the reply or the changed message."""
        stored = self._posts.find(int(message["channel_id"]), int(message["id"]), hidden=True)
        component = _component(stored, custom_id)
        if component["type"] != BUTTON:
            _check_values(component, values)
        data: Payload = {"custom_id": component["custom_id"], "component_type": component["type"]}
        opened = self._open(
            COMPONENT, custom_id, actor, data if values is None else data | {"values": list(values)}, stored
        )
        return await self._reply(opened, timeout)

    async def submit_modal(self, reply: Message, values: Mapping[str, str], actor: Actor, timeout: float) -> Message:
        """Fill in and send the modal that *reply* is, and return what the bot says to it."""
        if "modal" not in reply:
            raise ValueError("This reply is not a modal. Answer with one, or use the reply as it is.")
        rows = _filled(reply["modal"]["components"], values)
        data = {"custom_id": reply["modal"]["custom_id"], "components": rows}
        return await self._reply(self._open(MODAL_SUBMIT, data["custom_id"], actor, data, reply.source), timeout)

    def _command_data(self, name: str, actor: Actor, reader: OptionReader) -> tuple[Payload, Payload]:
        command, chain, definitions = find_command(self._registry, name, actor.guild)
        options = reader.read(f"/{name}", definitions)
        for part in reversed(chain):
            options = [{"type": part["type"], "name": part["name"], "options": options}]
        data = {"id": command["id"], "name": command["name"], "type": 1, "options": options}
        resolved = self._resolved(reader.resolved, actor)
        return command, data | ({"resolved": resolved} if resolved else {})

    def _open(self, kind: int, label: str, actor: Actor, data: Payload, source: Message | None) -> Interaction:
        opened = self._interactions.open(kind, label, user_id=actor.user, channel_id=actor.channel, source=source)
        payload = self._payload(opened, actor, data)
        if source is not None:
            payload["message"] = dict(source)
        self._gateway.dispatch("INTERACTION_CREATE", payload)
        return opened

    async def _reply(self, opened: Interaction, timeout: float) -> Message:
        reply = await self._bell.until(lambda: _outcome(opened), timeout, lambda: _silence(opened, timeout))
        shown = reply.snapshot()
        shown.followups = opened.followups
        return shown

    def _payload(self, opened: Interaction, actor: Actor, data: Payload) -> Payload:
        guild, channel = self._world.guild(actor.guild), self._world.channel(actor.channel)
        app_permissions = str(self._world.bot_permissions(channel))
        rights = str(permissions.ALL if actor.admin else permissions.MEMBER)
        return {
            "id": str(opened.id),
            "application_id": str(BOT_ID),
            "type": opened.kind,
            "data": data,
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": "en-US", "features": []},
            "channel_id": str(channel.id),
            "channel": render.channel_json(channel) | {"permissions": rights},
            "member": self._member(guild, actor, rights),
            "token": opened.token,
            "version": 1,
            "locale": "en-US",
            "guild_locale": "en-US",
            "app_permissions": app_permissions,
            "entitlements": [],
            "authorizing_integration_owners": {"0": str(guild.id)},
            "context": 0,
            "attachment_size_limit": 10 * 1024 * 1024,
        }

    def _member(self, guild: Guild, actor: Actor, rights: str) -> Payload:
        self._world.join(guild, actor.user)
        for role in actor.roles:
            guild.roles.setdefault(role, f"role{role}")
        member = render.member_json(self._world, guild, actor.user)
        roles = sorted({*member["roles"], *map(str, actor.roles)}, key=int)
        return member | {"roles": roles, "permissions": rights}

    def _resolved(self, resolved: Resolved, actor: Actor) -> Payload:
        guild = self._world.guild(actor.guild)
        for role in resolved.roles:
            guild.roles.setdefault(role, f"role{role}")
        shown: Payload = {
            "users": {str(user): self._world.user(user) for user in resolved.users},
            "members": {
                str(user): render.member_json(self._world, guild, user, with_user=False)
                | {"permissions": str(permissions.MEMBER)}
                for user in resolved.users
            },
            "roles": {str(role): render.role_json(guild, role) for role in resolved.roles},
            "channels": {
                str(channel): render.channel_json(self._world.channel(channel))
                | {"permissions": str(permissions.MEMBER)}
                for channel in resolved.channels
            },
            "attachments": {str(made): self._file(made, upload, actor) for made, upload in resolved.files.items()},
        }
        return {kind: entries for kind, entries in shown.items() if entries}

    def _file(self, made: int, upload: Upload, actor: Actor) -> Payload:
        self._posts.uploads[made] = upload
        return compose.attachment_json(self._world, actor.channel, upload, {}, made)


def _scope(command: Payload) -> Payload:
    return {"guild_id": command["guild_id"]} if "guild_id" in command else {}


def _outcome(opened: Interaction) -> Message | None:
    if opened.refused is not None and opened.refused.code == 10062 and opened.answered is None:
        raise TimeoutError(
            f"{opened.label}: the bot answered too late: Discord waits 3 s for the first answer (10062)."
        )
    return opened.outcome


def _silence(opened: Interaction, timeout: float) -> str:
    if opened.refused is not None:
        return f"{opened.label}: no reply within {timeout} s; the bot's answer was refused: {opened.refused}"
    if opened.answered == DEFERRED_UPDATE:
        return f"{opened.label}: acknowledged, but no edit and no followup within {timeout} s."
    if opened.answered is not None:
        return f"{opened.label}: deferred, but nothing filled it within {timeout} s."
    return f"{opened.label}: the bot did not answer within {timeout} s."


def _component(message: Message, custom_id: str) -> Payload:
    known = [entry for entry in walk(message["components"]) if "custom_id" in entry]
    for entry in known:
        if custom_id not in (entry["custom_id"], entry.get("label")):
            continue
        if entry.get("disabled"):
            raise ValueError(f"{custom_id!r} is disabled in that message: a user cannot use it.")
        return entry
    names = ", ".join(entry["custom_id"] for entry in known) or "none"
    raise LookupError(f"That message has no component {custom_id!r}. It has: {names}.")


def _check_values(select: Payload, values: Sequence[str] | None) -> None:
    offered = [option["value"] for option in select.get("options", ())]
    least, most = select.get("min_values", 1), select.get("max_values", 1)
    chosen = list(values or ())
    if not least <= len(chosen) <= most:
        raise ValueError(f"{select['custom_id']!r} takes {least} to {most} values; {len(chosen)} given in values=.")
    strangers = [value for value in chosen if offered and value not in offered]
    if strangers:
        raise ValueError(f"{select['custom_id']!r} offers {', '.join(offered)}; not {', '.join(strangers)}.")


def _filled(rows: list[Payload], values: Mapping[str, str]) -> list[Payload]:
    inputs = [entry for entry in walk(rows) if entry.get("type") == INPUT]
    unknown = set(values) - {entry["custom_id"] for entry in inputs}
    if unknown:
        raise LookupError(f"The modal has no input {', '.join(sorted(unknown))}.")
    return [
        {"type": 1, "id": number, "components": [_typed(entry, number + len(inputs), values)]}
        for number, entry in enumerate(inputs, start=1)
    ]


def _typed(entry: Payload, number: int, values: Mapping[str, str]) -> Payload:
    value = values.get(entry["custom_id"], entry.get("value") or "")
    least = entry.get("min_length") or (1 if entry.get("required", True) else 0)
    if not least <= len(value) <= (entry.get("max_length") or 4000):
        raise ValueError(f"The input {entry['custom_id']!r} does not take {len(value)} characters.")
    return {"type": INPUT, "id": number, "custom_id": entry["custom_id"], "value": value}
