"""What Discord accepts as components: rows, buttons, selects, layout components, modals."""

from collections.abc import Iterator

from devkit.discord.checks import Check, Path, Problems, anything, each, flag, number, one_of, record, text, url
from devkit.discord.shapes import Json, Payload

ROW, BUTTON, SELECT, INPUT = 1, 2, 3, 4
SECTION, TEXT_DISPLAY, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
SELECTS = (3, 5, 6, 7, 8)
LINK, PREMIUM = 5, 6

_CUSTOM_ID = text(100, 1)
_EMOJI = record({"id": anything, "name": text(100), "animated": flag()})
_MEDIA = record({"url": url("http", "https", "attachment")}, required=["url"])
_OPTION = record(
    {"label": text(100, 1), "value": text(100, 1), "description": text(100), "emoji": _EMOJI, "default": flag()},
    required=["label", "value"],
)
_COMMON: dict[str, Check] = {"type": number(), "id": number(0, 2**31 - 1)}
_SELECT: dict[str, Check] = {
    **_COMMON,
    "custom_id": _CUSTOM_ID,
    "placeholder": text(150),
    "min_values": number(0, 25),
    "max_values": number(1, 25),
    "disabled": flag(),
    "required": flag(),
}
_PICKER = record({**_SELECT, "default_values": each(anything, 25), "channel_types": anything}, required=["custom_id"])


def _nested(value: Json, path: Path, problems: Problems) -> None:
    check_component(value, path, problems)


RULES: dict[int, Check] = {
    ROW: record({**_COMMON, "components": each(_nested, 5, 1)}, required=["components"]),
    BUTTON: record(
        {
            **_COMMON,
            "style": number(1, 6),
            "label": text(80),
            "emoji": _EMOJI,
            "custom_id": _CUSTOM_ID,
            "url": url("http", "https", "discord"),
            "sku_id": anything,
            "disabled": flag(),
        },
        required=["style"],
    ),
    SELECT: record({**_SELECT, "options": each(_OPTION, 25, 1)}, required=["custom_id", "options"]),
    INPUT: record(
        {
            **_COMMON,
            "custom_id": _CUSTOM_ID,
            "style": one_of(1, 2),
            "label": text(45, 1),
            "min_length": number(0, 4000),
            "max_length": number(1, 4000),
            "required": flag(),
            "value": text(4000),
            "placeholder": text(100),
        },
        required=["custom_id", "style", "label"],
    ),
    **dict.fromkeys((5, 6, 7, 8), _PICKER),
    SECTION: record(
        {**_COMMON, "components": each(_nested, 3, 1), "accessory": _nested}, required=["components", "accessory"]
    ),
    TEXT_DISPLAY: record({**_COMMON, "content": text(4000, 1)}, required=["content"]),
    THUMBNAIL: record({**_COMMON, "media": _MEDIA, "description": text(1024), "spoiler": flag()}, required=["media"]),
    GALLERY: record(
        {
            **_COMMON,
            "items": each(
                record({"media": _MEDIA, "description": text(1024), "spoiler": flag()}, required=["media"]), 10, 1
            ),
        },
        required=["items"],
    ),
    FILE: record({**_COMMON, "file": _MEDIA, "spoiler": flag()}, required=["file"]),
    SEPARATOR: record({**_COMMON, "divider": flag(), "spacing": one_of(1, 2)}),
    CONTAINER: record(
        {**_COMMON, "components": each(_nested, 40, 1), "accent_color": number(0, 0xFFFFFF), "spoiler": flag()},
        required=["components"],
    ),
}

MODAL = record(
    {"custom_id": _CUSTOM_ID, "title": text(45, 1), "components": each(_nested, 5, 1)},
    required=["custom_id", "title", "components"],
)


def check_component(component: Json, path: Path, problems: Problems) -> None:
    """Check one component and what is in it."""
    kind = component.get("type") if isinstance(component, dict) else None
    if not isinstance(kind, int) or kind not in RULES:
        problems.add((*path, "type"), "BASE_TYPE_CHOICES", f"Value must be one of {set(RULES)}.")
        return
    RULES[kind](component, path, problems)
    if kind == BUTTON:
        _check_button(component, path, problems)
    elif kind == ROW:
        _check_row(component, path, problems)
    elif kind in SELECTS:
        _check_select(component, path, problems)


def check_layout(components: list[Payload], *, layout: bool, path: Path, problems: Problems) -> None:
    """Check what concerns all components of a message together.

    ``layout``: the message carries the flag for layout components ("components V2").
    """
    most = 40 if layout else 5
    every = list(walk(components))
    if (len(every) if layout else len(components)) > most:
        problems.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {most} in length.")
    for index, component in enumerate(components):
        if not layout and component.get("type") != ROW:
            problems.add((*path, index, "type"), "UNION_TYPE_CHOICES", 'Value of field "type" must be one of (1,).')
    check_unique_ids(components, path, problems)


def check_unique_ids(components: list[Payload], path: Path, problems: Problems) -> None:
    """No custom id may stand twice in one message or modal."""
    seen: set[str] = set()
    for component in walk(components):
        custom_id = component.get("custom_id")
        if isinstance(custom_id, str) and custom_id in seen:
            message = f"Component custom id cannot be duplicated: {custom_id}"
            problems.add(path, "COMPONENT_CUSTOM_ID_DUPLICATED", message)
        elif isinstance(custom_id, str):
            seen.add(custom_id)


def check_modal(modal: Payload, path: Path, problems: Problems) -> None:
    """Check a modal: its title, its custom id, one text input in each row."""
    MODAL(modal, path, problems)
    rows = modal.get("components")
    if not isinstance(rows, list):
        return
    check_unique_ids(rows, (*path, "components"), problems)
    for index, row in enumerate(rows):
        inside = [entry.get("type") for entry in row.get("components") or () if isinstance(entry, dict)]
        if inside != [INPUT]:
            problems.add((*path, "components", index), "BASE_TYPE_CHOICES", "A row of a modal holds one text input.")


def walk(components: Json) -> Iterator[Payload]:
    """Yield all components, outer before inner, accessories too."""
    for component in components if isinstance(components, list) else ():
        if isinstance(component, dict):
            yield component
            yield from walk(component.get("components"))
            yield from walk([component.get("accessory")])


def _check_button(button: Payload, path: Path, problems: Problems) -> None:
    style, custom_id, address = button.get("style"), button.get("custom_id"), button.get("url")
    if style == LINK and not address:
        problems.add((*path, "url"), "BASE_TYPE_REQUIRED", "A url is required")
    elif style not in (LINK, PREMIUM) and not custom_id:
        problems.add((*path, "custom_id"), "BASE_TYPE_REQUIRED", "A custom id is required")
    if custom_id and address:
        problems.add(path, "BUTTON_COMPONENT_CUSTOM_ID_URL", "A custom id and url cannot both be specified")
    if style != PREMIUM and not button.get("label") and not button.get("emoji"):
        problems.add(path, "BUTTON_COMPONENT_INVALID_LABEL", "A button must have a label or an emoji")


def _check_row(row: Payload, path: Path, problems: Problems) -> None:
    inside = [entry.get("type") for entry in row.get("components") or () if isinstance(entry, dict)]
    wide = [kind for kind in inside if kind in SELECTS or kind == INPUT]
    if wide and len(inside) > 1:
        message = "The specified component exceeds the maximum width"
        problems.add((*path, "components", 1), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message)
    if any(kind in RULES and kind not in (BUTTON, INPUT, *SELECTS) for kind in inside):
        problems.add((*path, "components"), "UNION_TYPE_CHOICES", "A row holds buttons, or one select.")


def _check_select(select: Payload, path: Path, problems: Problems) -> None:
    least, most = select.get("min_values"), select.get("max_values")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        problems.add((*path, "min_values"), "SELECT_COMPONENT_MIN_VALUES", "min_values must be at most max_values")
    options = select.get("options")
    values = (
        [option.get("value") for option in options if isinstance(option, dict)] if isinstance(options, list) else []
    )
    for index, value in enumerate(values):
        if value in values[:index]:
            message = "The specified option value is already used"
            problems.add((*path, "options", index, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)
