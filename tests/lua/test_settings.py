"""The settings file: found, read, and its mistakes named on the console."""

import pytest

from core.rounds.events import ALLIES
from devkit.game import Engine
from devkit.game.home import CONFIG, SCRIPT, SCRIPTS, config_text
from tests.lua.harness import Game, begin

SECRET = "sEcReT-tOkEn"


def short_round(engine: Engine) -> None:
    """Play a round of ten seconds."""
    begin(engine)
    engine.run_until_played(10)
    engine.objective(ALLIES)
    engine.run(1)


def load(engine: Engine) -> None:
    """Load a map: that is when settings are read."""
    engine.load_map("supply")


MISTAKES = {
    "unknown key": ("return { webhook_urls = {}, webhook_url = 'x' }", "unknown key 'webhook_url'"),
    "text for a list": ("return { webhook_urls = 'http://127.0.0.1/sEcReT-tOkEn' }", "webhook_urls must be a list"),
    "no address": ("return { webhook_urls = { 'sEcReT-tOkEn' } }", "webhook_urls must be a list"),
    "quoted address": ("return { webhook_urls = { 'http://a/\"sEcReT-tOkEn' } }", "webhook_urls must be a list"),
    "text for a switch": ("return { enabled = 'yes' }", "enabled must be true or false"),
    "text for a number": ("return { outbox_max = 'many' }", "outbox_max must be a whole number"),
    "fraction": ("return { outbox_max = 1.5 }", "outbox_max must be a whole number"),
    "too often": ("return { resend_seconds = 0 }", "resend_seconds must be a whole number"),
    "number for a folder": ("return { outbox_dir = 7 }", "outbox_dir must be the path"),
    "no table": ("return 7", "must be `return"),
    "no Lua": ("return { webhook_urls = ", "cannot be read"),
    "no comma": (
        "return { webhook_urls = {\n'http://a/1',\n'http://a/2' 'http://a/sEcReT-tOkEn' } }",
        "lua:3: '}' expected",
    ),
    "quote not closed": ("return { webhook_urls = {\n'http://a/sEcReT-tOkEn } }\n", "lua:2: unfinished string"),
    "backslash": ("return { webhook_urls = { 'http://a/sEcReT-tOkEn\\q' } }", "lua:1: invalid escape sequence"),
    "a program": ("return { debug = os.time() }", "cannot be read"),
    "nothing to send to": ("return { webhook_urls = {} }", "webhook_urls is empty"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_mistakes_are_named(game: Game, mistake: str) -> None:
    """A mistake is told on the console, with the key and what is wanted, but never an address."""
    text, told = MISTAKES[mistake]
    game.configure(text)

    await game.play(load)

    printed = "".join(game.engine.printed)
    assert told in printed
    assert SECRET not in printed
    assert game.engine.shell.commands == []


async def test_one_mistake_spoils_nothing_else(game: Game) -> None:
    """A wrong key is told and left aside; the rest holds."""
    game.configure(config_text([game.webhook.url], colour="blue"))

    posted = await game.play(short_round)

    assert len(posted) == 1
    assert any("unknown key 'colour'" in line for line in game.engine.printed)


async def test_missing_settings(game: Game) -> None:
    """Without a settings file the console says where it belongs, and the game is left alone."""
    (game.folder / CONFIG).unlink()

    assert await game.play(short_round) == []

    assert any("is missing" in line and str(game.folder) in line for line in game.engine.printed)


async def test_disabled(game: Game) -> None:
    """``enabled = false`` does nothing at all."""
    game.configure(config_text([game.webhook.url], enabled=False))

    assert await game.play(short_round) == []

    assert not game.outbox.exists()


async def test_the_sample_settings_are_valid(game: Game) -> None:
    """The settings file as it is shipped lacks nothing but an address."""
    game.configure((SCRIPTS / CONFIG).read_text(encoding="utf-8"))

    await game.play(load)

    assert ["webhook_urls is empty" in line for line in game.engine.printed] == [True]


async def test_script_in_a_folder(game: Game) -> None:
    """``lua_modules`` may name a path: the settings lie beside the script."""
    (game.folder / "luascripts").mkdir()
    for name in (SCRIPT, CONFIG):
        (game.folder / name).rename(game.folder / "luascripts" / name)
    game.engine.close()
    game.engine = Engine(game.home, modules=[f"luascripts/{SCRIPT}"], flavour=game.flavour)

    posted = await game.play_one(short_round)

    assert posted.notice.end_reason == "objective"


async def test_outbox_elsewhere(game: Game) -> None:
    """The outbox may be anywhere, also where the path has blanks and quotes."""
    elsewhere = game.home / "some 'where' $HOME"
    game.configure(config_text([game.webhook.url], outbox_dir=str(elsewhere)))

    await game.play_one(short_round)

    assert (elsewhere / "hook-1.curl").exists()
    assert elsewhere.stat().st_mode & 0o077 == 0


async def test_debug_tells_what_it_does(game: Game) -> None:
    """With ``debug`` the console follows along."""
    game.configure(config_text([game.webhook.url], debug=True))

    await game.play(short_round)

    assert any("gamestate 0 -> 3" in line for line in game.engine.printed)
