"""Tests: what a person types at the prompt, and what is answered."""

from pathlib import Path

import pytest

from devkit.play.prompt import HELP
from tests.devkit.play.conftest import Screen


async def test_commands_and_what_hangs_on_their_answers(screen: Screen, tmp_path: Path) -> None:
    """Options are typed as they are thought; buttons, menus and forms are used by what stands on them."""
    (tmp_path / "notes.txt").write_text("gg")
    types = screen.types

    assert await types("/add 2") == "[1] #stats roundhook: 3"
    assert await types("/add second=5 2") == "[2] #stats roundhook: 7"
    told = await types(f'/tell 0.5 yes @olz #admin big "a b" {tmp_path}/notes.txt')
    assert told == "[3] #stats roundhook to you alone: 0.5 True olz admin b a b gg"
    assert await types("/tell name=ol?") == "olz the first: name=olz"
    assert await types("menu Whois @olz") == "[4] #stats roundhook: that is olz"
    assert (await types("/ask")).splitlines() == [
        "[5] #stats roundhook: well?",
        "      Title",
        "      words",
        "      { One | Two }",
        "      [Fill in] (Off: off) [More → https://example.org/]",
    ]
    assert "a form opens: A form\n      why: Why? (2 to 4000 characters)" in await types("press Fill in")
    assert "does not take 1 characters" in await types("fill x")
    assert await types("fill why=because") == "[6] #stats roundhook: because"
    assert "[5] #stats roundhook now reads: chosen ['2']" in await types("choose 5 Two")
    assert "is disabled" in await types("press 5 Off")
    lines = (await types("commands")).splitlines()
    assert {"/add first=… [second=…]", "/plugin reload name=…", "menu Whois @somebody", "menu Quote NUMBER"} <= {*lines}


async def test_what_users_do_and_what_can_be_read(
    screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages are written, edited, deleted and read again; a seat is taken for good, or for one line."""
    monkeypatch.chdir(tmp_path)
    types = screen.types

    assert await types("say it's me") == "[1] #stats you: it's me"
    assert await types("edit 1 it was me") == "[1] #stats you now reads: it was me"
    assert await types("react 1 👍") == "[1] #stats you now reads: it was me\n      👍 1"
    assert await types("unreact 1 👍") == "[1] #stats you now reads: it was me"
    quoted = "[2] #stats roundhook: > it was me\n      (file quote.txt, 4 bytes)"
    assert await types("menu Quote 1") == quoted
    assert (await types("save 2"), Path("quote.txt").read_text()) == ("saved quote.txt", "data")
    assert await types("delete 1") == "[1] is gone"
    assert await types("show 2") == quoted
    assert await types("show #admin") == "nothing was said there"
    long = (await types("say long")).splitlines()
    assert long[-1] == "      … 28 more lines: show 4"
    assert len((await types("show 4")).splitlines()) == 40

    assert "Only admins may do that" in await types("/plugin reload all_of_it")
    assert "**all_of_it** reloaded in" in await types("as admin /plugin reload all_of_it")
    assert "to olz alone: Only admins may do that" in await types("as olz /plugin reload all_of_it")
    assert await types("as admin") == "you act as you, an admin"
    assert "**all_of_it** reloaded in" in await types("/plugin reload all_of_it")
    assert await types("as olz") == "you act as olz, a member"
    assert (await types("in #admin"), (await types("say hi"))[-14:]) == ("", "#admin olz: hi")
    for quiet in ("type", "voice talk", "voice off", "join bob", "leave bob", "wait 90", ""):
        assert await types(quiet) == "", quiet


async def test_the_bot_and_its_games(screen: Screen) -> None:
    """Rounds are played, webhooks post, plugins are listed and reloaded; help fits on a screen."""
    types = screen.types

    assert "round 1 of te_escape2 was played" in await types("round te_escape2 408")
    assert "round 1" in await types("show #stats")
    assert "#control local: x" in await types("post x")
    assert await types('post #stats {"content": "a", "embeds": [{"title": "b"}]}') == "[4] #stats stats: a\n      b"
    plugins = (await types("plugins")).splitlines()
    assert "all_of_it 1: running" in plugins
    assert any(line.startswith("broken 1: failed broken: plugin.py:1: invalid syntax") for line in plugins)
    assert await types("reload all_of_it") == "all_of_it: generation 2 runs"
    assert (await types("reload broken")).startswith("broken: plugin.py:1: invalid syntax")
    assert await types("help") == HELP.rstrip()
    assert max(map(len, HELP.splitlines())) < 80
    assert len(HELP.splitlines()) <= 24


async def test_mistakes_are_answered_in_words(screen: Screen) -> None:
    """Each says what there is, or what to write."""
    wrong = {
        "bogus": "There is no 'bogus'. Type help",
        "/": "Name a command after the /",
        "/nope": "Registered: add, ask",
        "/plugin nope": "Use one of",
        "/add": "/add needs first",
        "/add x": "The option first takes a whole number, not 'x'.",
        "/add 1 2 3": "There is no option for '3'. The options are: first=…, second=….",
        "/tell kind=x": "choose one of b",
        "/tell loud=x": "takes yes or no",
        "/tell share=nan": "takes a number",
        "/tell where=#x": "takes a channel",
        "/tell file=/nowhere": "takes the path of a file that can be read",
        '/tell "x': "A quotation mark has no other half.",
        "menu Whois": "Name the command, and whom or which message",
        "menu Nope @olz": "has no command 'Nope'",
        "press Nope": "No message has no 'Nope'",
        "choose One": "No message has no 'menu'",
        "fill x": "No form is open.",
        "edit x": "Begin with the message's number",
        "show 99": "There is no message 99.",
        "show #x": "There is no channel #x. There are: #control, #stats, #admin, #talk.",
        "react 99 x": "There is no message 99.",
        "voice off": "Join one first",
        "voice x": "The voice channel is #talk",
        "join you": "is a member of guild 1 already",
        "post {x": "That is no JSON",
        'post {"x": 1}': "A post has no x.",
        "post": "Cannot send an empty message",
        "round supply x": "'x' is no number of seconds.",
        "wait": "'' is no number of seconds.",
        "as": "Name somebody",
        "in #x": "There is no channel #x.",
        "reload nope": "There is no plugin 'nope'.",
    }
    await screen.types("say hi")

    answered = {line: await screen.types(line) for line in wrong}

    assert {line: answer for line, answer in answered.items() if wrong[line] not in answer} == {}
    assert "react" in await screen.types("react 1 thumbsup") or "Unknown Emoji" in screen.said[0]
