"""lua_modules in a cfg's text: every way to write it, and nothing else touched."""

import pytest

from core.errors import ConfigError
from plugins.server_admin.lua_modules import find_setting, with_line, with_module, without_module

OURS = "luascripts/roundhook.lua"

ADDED = {
    "quoted": ('set lua_modules "a.lua b.lua"\n', f'set lua_modules "a.lua b.lua {OURS}"\n'),
    "bare": ("set lua_modules a.lua\n", f'set lua_modules "a.lua {OURS}"\n'),
    "bare with commas": ("set lua_modules a.lua,b.lua\n", f"set lua_modules a.lua,b.lua,{OURS}\n"),
    "commas and blanks": ('seta lua_modules "a.lua, b.lua"', f'seta lua_modules "a.lua, b.lua, {OURS}"'),
    "semicolons": ('set lua_modules "a.lua;b.lua"', f'set lua_modules "a.lua;b.lua;{OURS}"'),
    "empty": ('set lua_modules ""\n', f'set lua_modules "{OURS}"\n'),
    "no set": ('lua_modules "a.lua"\n', f'lua_modules "a.lua {OURS}"\n'),
    "capitals": ('SET Lua_Modules "a.lua"\n', f'SET Lua_Modules "a.lua {OURS}"\n'),
    "setl in braces": ('init {\n  setl lua_modules "a.lua"\n}\n', f'init {{\n  setl lua_modules "a.lua {OURS}"\n}}\n'),
    "one line of braces": ('init { setl lua_modules "a.lua" }', f'init {{ setl lua_modules "a.lua {OURS}" }}'),
    "second command": ('set a 1; set lua_modules "a.lua"; vstr b', f'set a 1; set lua_modules "a.lua {OURS}"; vstr b'),
    "with a comment": ('set lua_modules "a.lua" // stats\n', f'set lua_modules "a.lua {OURS}" // stats\n'),
    "Windows lines": ('set a 1\r\nset lua_modules "a.lua"\r\n', f'set a 1\r\nset lua_modules "a.lua {OURS}"\r\n'),
    "the last one counts": (
        'set lua_modules "a.lua"\nset lua_modules "b.lua"\n',
        f'set lua_modules "a.lua"\nset lua_modules "b.lua {OURS}"\n',
    ),
    "a comment does not count": (
        'set lua_modules "a.lua"\n// set lua_modules "b.lua"\n',
        f'set lua_modules "a.lua {OURS}"\n// set lua_modules "b.lua"\n',
    ),
    "slashes in a value": (
        'set url "http://x" \nset lua_modules "a.lua"\n',
        f'set url "http://x" \nset lua_modules "a.lua {OURS}"\n',
    ),
    "no newline": ('set lua_modules "a.lua"', f'set lua_modules "a.lua {OURS}"'),
    "any bytes": ('set n "\xe9"\nset lua_modules "a.lua"\n', f'set n "\xe9"\nset lua_modules "a.lua {OURS}"\n'),
}  # fmt: skip


@pytest.mark.parametrize("case", ADDED)
def test_added_and_taken_away(case: str) -> None:
    """The module is put at the end in the style that is there; adding it again changes nothing."""
    before, after = ADDED[case]

    assert with_module(before, OURS) == after
    assert with_module(after, OURS) == after
    found, again = find_setting(before), find_setting(without_module(after, "roundhook.lua"))
    assert found is not None
    assert again is not None
    assert again.modules == found.modules


@pytest.mark.parametrize(
    "text",
    ['// set lua_modules "a.lua"\n', "", "set lua_modules_old 1\n", "lua_modules\n", 'say "set lua_modules x"\n'],
)
def test_where_it_is_not_set(text: str) -> None:
    """A comment, another cvar, a question and a saying are no assignment; a line is put at the end."""
    assert find_setting(text) is None
    assert with_module(text, OURS) == text
    assert with_line(text, OURS).startswith(text)
    assert find_setting(with_line(text, OURS)).modules == [OURS]  # type: ignore[union-attr]


@pytest.mark.parametrize("value", [OURS, f"{OURS} b.lua", f"a.lua {OURS} b.lua", "a.lua,roundhook.lua;b.lua"])
def test_taken_from_anywhere(value: str) -> None:
    """Wherever it stands in the list, only it goes."""
    text = without_module(f'set lua_modules "{value}"', "roundhook.lua")

    left = [one for one in ("a.lua", "b.lua") if one in value]
    assert find_setting(text).modules == left  # type: ignore[union-attr]


def test_another_one_of_a_similar_name_stays() -> None:
    """``my_roundhook.lua`` is another module."""
    text = 'set lua_modules "my_roundhook.lua"'

    assert without_module(text, "roundhook.lua") == text
    assert with_module(text, OURS) == f'set lua_modules "my_roundhook.lua {OURS}"'


def test_a_list_that_the_engine_would_cut() -> None:
    """More than 255 characters are refused: the engine would cut the last module's name."""
    with pytest.raises(ConfigError, match="cuts it at 255"):
        with_module(f'set lua_modules "{"x" * 240}.lua"', OURS)
