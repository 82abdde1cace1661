"""What Discord accepts as the definition of a command."""

from devkit.discord.checks import Path, Problems, anything, each, flag, number, one_of, record, text
from devkit.discord.shapes import Json, Payload

SUB_COMMAND, SUB_GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(1, 12)
CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
SIZE_LIMIT = 8000

_NAME = text(32, 1, pattern=r"[-_'\w\u0900-\u097F\u0E00-\u0E7F]{1,32}")
_LOCAL = anything
_CHOICE = record({"name": text(100, 1), "name_localizations": _LOCAL, "value": anything}, required=["name", "value"])


def _option(value: Json, path: Path, problems: Problems) -> None:
    _OPTION(value, path, problems)
    if isinstance(value, dict):
        _check_option(value, path, problems)


_OPTION = record(
    {
        "type": one_of(*range(SUB_COMMAND, ATTACHMENT + 1)),
        "name": _NAME,
        "name_localizations": _LOCAL,
        "description": text(100, 1),
        "description_localizations": _LOCAL,
        "required": flag(),
        "choices": each(_CHOICE, 25),
        "options": each(_option, 25),
        "channel_types": anything,
        "min_value": number(whole=False),
        "max_value": number(whole=False),
        "min_length": number(0, 6000),
        "max_length": number(1, 6000),
        "autocomplete": flag(),
    },
    required=["type", "name", "description"],
)
_COMMON = {
    **dict.fromkeys(("id", "application_id", "guild_id", "version", "handler"), anything),
    **dict.fromkeys(("name_localizations", "description_localizations"), _LOCAL),
    "type": one_of(CHAT_INPUT, USER_MENU, MESSAGE_MENU),
    "default_member_permissions": number(0),
    "dm_permission": flag(),
    "default_permission": flag(),
    "nsfw": flag(),
    "integration_types": each(one_of(0, 1), 2),
    "contexts": each(one_of(0, 1, 2), 3),
}
_SLASH = record(
    {**_COMMON, "name": _NAME, "description": text(100, 1), "options": each(_option, 25)},
    required=["name", "description"],
)
_MENU = record(
    {**_COMMON, "name": text(32, 1), "description": text(0), "options": each(anything, 0)}, required=["name"]
)


def check_command(command: Json, path: Path, problems: Problems) -> None:
    """Check one definition; ``type`` is a slash command when it is left out."""
    kind = command.get("type", CHAT_INPUT) if isinstance(command, dict) else CHAT_INPUT
    (_SLASH if kind == CHAT_INPUT else _MENU)(command, path, problems)
    if not isinstance(command, dict) or kind != CHAT_INPUT:
        return
    _check_lower(command, path, problems)
    _check_options(command.get("options"), (*path, "options"), problems)
    if size(command) > SIZE_LIMIT:
        problems.add(path, "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({SIZE_LIMIT})")


def size(part: Payload) -> int:
    """Count the characters of names, descriptions and values, inner options and choices included."""
    own = sum(len(str(part[key])) for key in ("name", "description", "value") if isinstance(part.get(key), str))
    inner = [*(part.get("options") or ()), *(part.get("choices") or ())]
    return own + sum(size(entry) for entry in inner if isinstance(entry, dict))


def _check_option(option: Payload, path: Path, problems: Problems) -> None:
    _check_lower(option, path, problems)
    kind, choices = option.get("type"), option.get("choices")
    if kind in (SUB_COMMAND, SUB_GROUP):
        _check_options(option.get("options"), (*path, "options"), problems)
    elif option.get("options"):
        problems.add((*path, "options"), "BASE_TYPE_MAX_LENGTH", "Must be 0 or fewer in length.")
    if choices and option.get("autocomplete"):
        message = "Options with choices cannot use autocomplete"
        problems.add((*path, "autocomplete"), "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES", message)
    if isinstance(choices, list):
        _check_choices(choices, kind, (*path, "choices"), problems)


def _check_options(options: Json, path: Path, problems: Problems) -> None:
    known = [option for option in options if isinstance(option, dict)] if isinstance(options, list) else []
    names = [option.get("name") for option in known]
    optional_seen = False
    for index, option in enumerate(known):
        if option.get("name") in names[:index]:
            message = "Option name already exists"
            problems.add((*path, index, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", message)
        if option.get("required") and optional_seen:
            message = "Required options must be placed before non-required options"
            problems.add((*path, index), "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        optional_seen = optional_seen or not option.get("required")
    _check_mixture([option.get("type") for option in known], path, problems)


def _check_mixture(kinds: list[Json], path: Path, problems: Problems) -> None:
    groups = [kind in (SUB_COMMAND, SUB_GROUP) for kind in kinds]
    if any(groups) and not all(groups):
        message = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        problems.add(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)


def _check_choices(choices: list[Json], kind: Json, path: Path, problems: Problems) -> None:
    names = [choice.get("name") for choice in choices if isinstance(choice, dict)]
    for index, choice in enumerate(choices):
        if not isinstance(choice, dict) or choice.get("value") is None:
            continue
        if names.index(choice.get("name")) != index:
            message = "Choice name already exists"
            problems.add((*path, index), "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS", message)
        if kind == STRING:
            text(100, 1)(choice["value"], (*path, index, "value"), problems)
        else:
            number(whole=kind == INTEGER)(choice["value"], (*path, index, "value"), problems)


def _check_lower(part: Payload, path: Path, problems: Problems) -> None:
    name = part.get("name")
    if isinstance(name, str) and name != name.lower():
        problems.add((*path, "name"), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
