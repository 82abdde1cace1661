"""Application commands as they are registered: globally and for each guild."""

from typing import TypeAlias

from devkit.discord.check_commands import CHAT_INPUT, MESSAGE_MENU, USER_MENU, check_command
from devkit.discord.checks import Problems
from devkit.discord.errors import RefusedError, unknown
from devkit.discord.shapes import Json, Payload
from devkit.discord.world import BOT_ID, World

Scope: TypeAlias = int | None
"""A guild's id; None is global."""

MOST = {CHAT_INPUT: 100, USER_MENU: 15, MESSAGE_MENU: 15}
CREATIONS_A_DAY = 200
_DAY = 86400.0
_PLAIN = ("name", "name_localizations", "description_localizations", "contexts", "nsfw")


class Registry:
    """The registered commands of every scope."""

    def __init__(self, world: World, *, strict: bool) -> None:
        self._world = world
        self._strict = strict
        self._scopes: dict[Scope, dict[int, Payload]] = {}
        self._created: dict[Scope, list[float]] = {}

    def all(self, scope: Scope) -> list[Payload]:
        """Return what is registered in a scope."""
        return list(self._scopes.get(scope, {}).values())

    def get(self, scope: Scope, command_id: int) -> Payload:
        """Return one command; refused with 10063 when there is none."""
        try:
            return self._scopes[scope][command_id]
        except KeyError:
            raise unknown("application command") from None

    def put(self, scope: Scope, body: Json) -> tuple[Payload, bool]:
        """Create a command, or replace the one of that name and type; the flag says that it is new."""
        self._check(body, ())
        old = self._named(scope, body)
        if old is None:
            self._check_room(scope, [*self.all(scope), body])
            self._count_creations(scope, 1)
        return self._store(scope, body, old), old is None

    def edit(self, scope: Scope, command_id: int, body: Json) -> Payload:
        """Change some fields of a command."""
        old = self.get(scope, command_id)
        merged = {**old, **(body if isinstance(body, dict) else {})}
        self._check(merged, ())
        twin = self._named(scope, merged)
        if twin is not None and twin is not old:
            raise _duplicate_name(())
        return self._store(scope, merged, old)

    def delete(self, scope: Scope, command_id: int) -> None:
        """Remove a command."""
        self.get(scope, command_id)
        del self._scopes[scope][command_id]

    def replace(self, scope: Scope, bodies: Json) -> list[Payload]:
        """Make *bodies* all the commands of a scope: either all of them are accepted or nothing changes."""
        self._check_all(scope, bodies)
        olds = [self._named(scope, body) for body in bodies]
        self._count_creations(scope, olds.count(None))
        kept, self._scopes[scope] = self._scopes.get(scope, {}), {}
        for body, old in zip(bodies, olds, strict=True):
            self._store(scope, body, kept.get(int(old["id"])) if old else None)
        return self.all(scope)

    def _check(self, body: Json, path: tuple[str | int, ...]) -> None:
        problems = Problems(strict=self._strict)
        check_command(body, path, problems)
        problems.refuse()

    def _check_all(self, scope: Scope, bodies: Json) -> None:
        problems = Problems(strict=self._strict)
        if not isinstance(bodies, list):
            problems.add((), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            problems.refuse()
        for index, body in enumerate(bodies):
            check_command(body, (index,), problems)
        problems.refuse()
        keys = [_key(body) for body in bodies]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                raise _duplicate_name((index,))
        self._check_room(scope, bodies)

    def _check_room(self, scope: Scope, bodies: list[Payload]) -> None:
        for kind, most in MOST.items():
            if sum(body.get("type", CHAT_INPUT) == kind for body in bodies) > most:
                message = f"Maximum number of application commands reached ({most})"
                raise RefusedError(400, 30032, message)

    def _count_creations(self, scope: Scope, new: int) -> None:
        now = self._world.now()
        recent = [moment for moment in self._created.get(scope, ()) if now - moment < _DAY]
        if len(recent) + new > CREATIONS_A_DAY:
            message = f"Max number of daily application command creates has been reached ({CREATIONS_A_DAY})"
            raise RefusedError(400, 30034, message)
        self._created[scope] = recent + [now] * new

    def _named(self, scope: Scope, body: Payload) -> Payload | None:
        return next((command for command in self.all(scope) if _key(command) == _key(body)), None)

    def _store(self, scope: Scope, body: Payload, old: Payload | None) -> Payload:
        command = self._as_stored(scope, body, old)
        self._scopes.setdefault(scope, {})[int(command["id"])] = command
        return command

    def _as_stored(self, scope: Scope, body: Payload, old: Payload | None) -> Payload:
        kind = body.get("type", CHAT_INPUT)
        gate = body.get("default_member_permissions")
        stored: Payload = {
            "id": old["id"] if old else str(self._world.snowflake()),
            "application_id": str(BOT_ID),
            "version": str(self._world.snowflake()),
            "type": kind,
            "description": body.get("description") or "",
            "default_member_permissions": None if gate is None else str(gate),
            "dm_permission": scope is None and body.get("dm_permission", True),
            "integration_types": body.get("integration_types") or [0],
            **{key: body.get(key) for key in _PLAIN},
        }
        stored["nsfw"] = bool(stored["nsfw"])
        if body.get("options"):
            stored["options"] = [_option(option) for option in body["options"]]
        return stored if scope is None else stored | {"guild_id": str(scope)}


def _key(command: Json) -> tuple[Json, Json]:
    return command.get("type", CHAT_INPUT), command.get("name")


def _option(option: Payload) -> Payload:
    """An option as Discord stores it: what is empty or false is left out."""
    kept = {key: value for key, value in option.items() if value not in (None, False, [])}
    if "options" in kept:
        kept["options"] = [_option(inner) for inner in kept["options"]]
    return kept


def _duplicate_name(path: tuple[str | int, ...]) -> RefusedError:
    problems = Problems()
    message = "Application command names must be unique"
    problems.add((*path, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
    return RefusedError(400, 50035, "Invalid Form Body", errors=problems.tree)
