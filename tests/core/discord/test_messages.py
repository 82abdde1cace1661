"""What the bot says fits into what Discord takes, and nothing of it is lost."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.discord import messages
from core.discord.messages import Embed, Field, File, Message, component_id, nonce_of, split_text

texts = st.text(alphabet="a \n*Ä", max_size=60).flatmap(
    lambda piece: st.integers(min_value=0, max_value=150).map(lambda times: piece * times)
)
short = st.text(alphabet="ab \n", max_size=300)
fields = st.builds(Field, name=short, value=texts, inline=st.booleans())
embeds = st.builds(
    Embed,
    title=short,
    description=texts,
    fields=st.lists(fields, max_size=60).map(tuple),
    footer=texts,
    image=st.sampled_from(["", "a.png", "b.png"]),
)
said = st.builds(
    Message,
    content=texts,
    embeds=st.lists(embeds, max_size=14).map(tuple),
    files=st.just((File(name="a.png", data=b"a"), File(name="b.png", data=b"b"), File(name="c.txt", data=b"c"))),
)


def letters(text: str) -> str:
    return re.sub(r"\s", "", text)


def size(embed: Embed) -> int:
    return sum(map(len, (embed.title, embed.description, embed.footer))) + sum(
        len(field.name) + len(field.value) for field in embed.fields
    )


@given(said)
@settings(max_examples=50, deadline=None)
def test_every_part_is_within_discords_limits(message: Message) -> None:
    """Content, embeds, fields and their sum; and no part is empty."""
    for part in message.parts():
        assert len(part.content) <= 2000
        assert len(part.embeds) <= 10
        assert sum(map(size, part.embeds)) <= 6000
        assert part.content.strip() or part.embeds or part.files
        for embed in part.embeds:
            assert len(embed.title) <= 256
            assert len(embed.description) <= 4096
            assert len(embed.footer) <= 2048
            assert len(embed.fields) <= 25
            assert size(embed) or embed.image
            for field in embed.fields:
                assert 0 < len(field.name) <= 256
                assert 0 < len(field.value) <= 1024
                assert field.name.strip()
                assert field.value.strip()


@given(said)
@settings(max_examples=50, deadline=None)
def test_nothing_but_blanks_is_lost(message: Message) -> None:
    """Content and descriptions keep their letters in order, each field and each file is there."""
    parts = message.parts()

    assert letters("".join(part.content for part in parts)) == letters(message.content)
    out = [embed for part in parts for embed in part.embeds]
    assert letters("".join(embed.description for embed in out)) == letters(
        "".join(e.description for e in message.embeds)
    )
    assert sum(len(embed.fields) for embed in out) == sum(len(embed.fields) for embed in message.embeds)
    assert {file.name for part in parts for file in part.files} == {"a.png", "b.png", "c.txt"}


@given(said)
@settings(max_examples=50, deadline=None)
def test_an_image_is_in_the_message_that_shows_it(message: Message) -> None:
    """Each embed's image lies beside it, also when the embeds are spread over several messages."""
    for part in message.parts():
        assert {embed.image for embed in part.embeds} - {""} <= {file.name for file in part.files}

    shown = [embed.image for part in message.parts() for embed in part.embeds if embed.image]
    assert shown == [embed.image for embed in message.embeds if embed.image]


@given(texts, st.integers(min_value=1, max_value=50))
def test_text_is_split_at_line_ends(text: str, limit: int) -> None:
    """Pieces fit, none is blank, and no letter is lost."""
    pieces = split_text(text, limit)

    assert all(len(piece) <= limit and piece.strip() for piece in pieces)
    assert letters("".join(pieces)) == letters(text)


def test_options_never_ping() -> None:
    """No mention in a name or a file ever rings anybody's phone."""
    options = Message(content="@everyone").options()

    assert options["mentions_everyone"] is False
    assert options["user_mentions"] is False
    assert options["role_mentions"] is False


def test_a_nonce_is_the_same_for_the_same_thing() -> None:
    """25 characters, which is all that Discord takes, and different for different things."""
    assert nonce_of("stats", 1) == nonce_of("stats", 1)
    assert nonce_of("stats", 1) != nonce_of("stats", 11)
    assert nonce_of("a", "bc") != nonce_of("ab", "c")
    assert len(nonce_of("x" * 500)) == messages.NONCE


def test_a_custom_id_that_is_too_long_is_refused() -> None:
    """Discord would refuse the message; the author learns it where the id is made."""
    assert component_id("plugin", "act", "a:b") == "rh1:plugin:act:a:b"
    with pytest.raises(ValueError, match="may have 100"):
        component_id("plugin", "act", "x" * 90)
