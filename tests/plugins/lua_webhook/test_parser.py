"""Notices read from messages: both dialects, the attachment, and whatever a stranger may send."""

import contextlib
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import BadInputError
from core.rounds.events import Pause, PlayerRef, RoundNotice
from plugins.lua_webhook.bounds import LARGEST, MAX_ATTACHMENT, MOST_A_DAY, Count
from plugins.lua_webhook.parser import hinted_file, is_notice, parse_attachment, parse_embed
from tests.plugins.notices import DIALECT_A, DIALECT_B, END, END_UNIX
from tests.plugins.stats_import.invented import name_of, named


def read_embed(fields: dict[str, str], footer: str = "Slomix Lua Webhook v1.7.2") -> RoundNotice:
    return parse_embed(fields, footer, server="local", sent_at=END, message_id=5, source="gateway")


def read_attachment(data: bytes) -> RoundNotice:
    return parse_attachment(data, server="local", sent_at=END, message_id=5, source="gateway")


def test_dialect_a_is_read() -> None:
    """Every field of the older dialect arrives."""
    notice = read_embed(DIALECT_A, "Slomix Lua Webhook v1.1.0")

    assert (notice.map_name, notice.round_number, notice.round_end_unix) == ("supply", 2, END_UNIX)
    assert (notice.winner_side, notice.defender_side, notice.time_limit_seconds) == (2, 1, 720)
    assert (notice.actual_duration_seconds, notice.round_start_unix) == (512, END_UNIX - 512)
    assert (notice.pause_count, notice.total_pause_seconds, notice.end_reason) == (1, 37, "surrender")
    assert notice.axis_players == (PlayerRef("AAAAAAAA", "anna"),)


def test_dialect_b_is_read() -> None:
    """Every field of the newer dialect arrives; a limit in decimal minutes is not cut to 0."""
    notice = read_embed(DIALECT_B)

    assert notice.time_limit_seconds == 231
    assert notice.pauses == (Pause(END_UNIX - 100, END_UNIX - 63),)
    assert notice.warmup_seconds == 41
    assert notice.axis_players == (PlayerRef("AAAAAAAA", "anna"),)
    assert notice.allies_players == (PlayerRef("BBBBBBBB", 'a "b" c'),)
    assert (notice.message_id, notice.source, notice.sender) == (5, "gateway", "Slomix Lua Webhook v1.7.2")


def test_names_of_fields_have_no_case_and_no_order() -> None:
    """Fields are found whatever their case and order."""
    shuffled = {name.upper(): value for name, value in reversed(DIALECT_B.items())}

    assert read_embed(shuffled) == read_embed(DIALECT_B)


@pytest.mark.parametrize("value", ["", "soon", "-5 sec", "none"])
def test_a_bad_number_is_unknown_and_not_zero(value: str) -> None:
    """What cannot be read as a duration is None."""
    assert read_embed({**DIALECT_B, "Lua_Playtime": value}).actual_duration_seconds is None


def test_no_pause_counted_by_an_old_sender_is_unknown() -> None:
    """Senders before 1.7.1 never counted a pause, so their 0 says nothing; ours does."""
    fields = {**DIALECT_B, "Lua_Pauses": "0 (0 sec)"}

    assert read_embed(fields, "Slomix Lua Webhook v1.6.0").pause_count is None
    assert read_embed(fields, "Slomix Lua Webhook v1.7.1").pause_count == 0


def test_a_raw_zero_is_round_two() -> None:
    """Some senders give the engine's number, in which round 2 is 0."""
    assert read_embed({**DIALECT_B, "Round": "0"}).round_number == 2


ODD_MAPS = [
    "te_escape2 (1)", "[UJE]_base", "frost'n'fire", "B&W", "map#7", "$2000$", "goldrush~1", "über", "a b", "mp-sub-rc1",
    "a-round-1", "100%", "x,y;z", "a" * 160,
]  # fmt: skip


@pytest.mark.parametrize("map_name", ODD_MAPS)
def test_a_map_may_be_called_what_a_file_may_be_called(map_name: str) -> None:
    """The name that a stats file is taken with is taken from a notice of either form, as it is."""
    assert named(name_of("2026-03-01-200000", map_name)).map_name == map_name
    assert read_embed({**DIALECT_A, "Map": map_name}).map_name == map_name
    values = {"map_name": map_name, "round_number": 1, "round_end_unix": END_UNIX}
    assert read_attachment(json.dumps(values).encode()).map_name == map_name


@pytest.mark.parametrize("map_name", ["", "a/b", "a\\b", "\u2028", "\ud800", "a" * 200, "../etc"])
def test_what_no_file_can_be_called_is_no_map(map_name: str) -> None:
    """A folder part, a line's end, no name at all: refused, as of a file."""
    with pytest.raises(BadInputError, match="which no map is called"):
        read_attachment(json.dumps({"map_name": map_name, "round_number": 1}).encode())


def test_without_an_end_the_time_of_the_message_counts() -> None:
    """The message's time stands in for a missing end."""
    fields = {name: value for name, value in DIALECT_B.items() if name != "Lua_RoundEnd"}

    assert read_embed(fields).round_end_unix == END.timestamp()


@pytest.mark.parametrize("change", [{"Map": ""}, {"Map": "../../etc"}, {"Round": "three"}, {"Round": "7"}])
def test_a_notice_without_a_key_is_refused_by_name(change: dict[str, str]) -> None:
    """Map and round are needed; the message names the server and what was found."""
    with pytest.raises(BadInputError, match="local"):
        read_embed({**DIALECT_B, **change})


def test_the_attachment_carries_the_fields_of_the_event() -> None:
    """The JSON's keys are the event's field names."""
    data = {
        "map_name": "supply", "round_number": 1, "round_end_unix": END_UNIX, "actual_duration_seconds": 512.35,
        "pauses": [{"start_unix": 1.5, "end_unix": 9}], "end_reason": "surrender", "surrender_side": 2,
        "axis_players": [{"guid": "A" * 32, "name": "^1anna"}], "sender": "roundhook 1.0.0", "unknown": [1, 2],
    }  # fmt: skip
    notice = read_attachment(json.dumps(data).encode())

    assert notice.actual_duration_seconds == 512.35
    assert notice.pauses == (Pause(1.5, 9),)
    assert notice.axis_players == (PlayerRef("AAAAAAAA", "anna"),)
    assert notice.sender == "roundhook 1.0.0"


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b"\xff\xfe", b'{"map_name": "supply"}', b" " * (MAX_ATTACHMENT + 1)]
)
def test_a_broken_attachment_is_refused(data: bytes) -> None:
    """One message says what is wrong with it."""
    with pytest.raises(BadInputError, match="local"):
        read_attachment(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["guid", "name", "start_unix"]), inner),
    max_leaves=8,
)
fields_of_notice = st.sampled_from(sorted(field for field in RoundNotice.__dataclass_fields__))


@settings(suppress_health_check=[HealthCheck.too_slow])  # to make up nested values takes time on a busy machine
@given(st.dictionaries(fields_of_notice, json_values))
def test_any_json_is_read_or_refused(values: dict[str, Any]) -> None:
    """No JSON object whatsoever raises anything but the refusal."""
    try:
        notice = read_attachment(json.dumps(values).encode())
    except BadInputError:
        return
    assert RoundNotice.from_json(notice.to_json()) == notice


@given(st.dictionaries(st.sampled_from(sorted(DIALECT_A | DIALECT_B)), st.text(max_size=60)))
def test_any_embed_is_read_or_refused(changes: dict[str, str]) -> None:
    """No text in any field raises anything but the refusal."""
    try:
        notice = read_embed({**DIALECT_B, **changes})
    except BadInputError:
        return
    assert notice.round_number in (1, 2)


HOSTILE: dict[str, Any] = {
    "digits": int("9" * 400), "power": 2**70, "negative": -(2**70), "huge": 1e308,
    "nested": json.loads("[" * 900 + "]" * 900),
    "surrogate": "a\ud800b", "nul": "a\0b", "escape": "\x1b]0;x\x07", "long": "x" * 100_000, "lines": "a\nb\r\u2028c",
    "list": ["x"] * 10_000, "true": True, "table": {"a": {"b": []}},
}  # fmt: skip


@pytest.mark.parametrize("field", sorted(RoundNotice.__dataclass_fields__))
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_value_costs_itself_at_most(field: str, kind: str) -> None:
    """It is refused or unknown; what is taken fits into every column and every message."""
    values = {"map_name": "supply", "round_number": 1, "round_end_unix": END_UNIX, field: HOSTILE[kind]}
    written = taken_or_refused(values)
    if written.startswith("refused: "):
        assert field in ("map_name", "round_number")
        assert len(written) < 300
        return
    notice = read_attachment(json.dumps(values).encode())
    assert len(written) < 2_000
    for name, most in LARGEST.items():
        value = getattr(notice, name, None)
        assert value is None or 0 <= value <= most
    written.encode()
    assert "\0" not in written


def taken_or_refused(values: dict[str, Any]) -> str:
    try:
        return str(read_attachment(json.dumps(values).encode()).to_json())
    except BadInputError as refusal:
        return f"refused: {refusal}"


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"map_name":' + b"[" * 100_000, b'{"a":' * 20_000, b"9" * 200_000])
def test_what_is_nested_too_deep_is_refused(data: bytes) -> None:
    with pytest.raises(BadInputError, match="local"):
        read_attachment(data)


@given(st.dictionaries(fields_of_notice, st.sampled_from(sorted(HOSTILE))))
def test_hostile_values_together(kinds: dict[str, str]) -> None:
    with contextlib.suppress(BadInputError):
        read_attachment(json.dumps({field: HOSTILE[kind] for field, kind in kinds.items()}).encode())


@given(
    st.sampled_from(sorted(DIALECT_A | DIALECT_B)), st.sampled_from(["9" * 400, "[" * 900, "\x1b[2J", "-1", "1e999"])
)
def test_a_hostile_embed(field: str, value: str) -> None:
    try:
        notice = read_embed({**DIALECT_B, field: value})
    except BadInputError:
        return
    assert all((getattr(notice, name, None) or 0) <= most for name, most in LARGEST.items())


def test_so_many_a_day_and_no_more() -> None:
    """Of one server; another's are counted for themselves, and the next day is another."""
    count = Count()
    for number in range(MOST_A_DAY):
        count.take("flood", END + timedelta(seconds=number))
    with pytest.raises(BadInputError, match="flood has sent more than 500"):
        count.take("flood", END + timedelta(hours=23))
    count.take("calm", END)
    count.take("flood", END + timedelta(hours=25))


def test_a_plain_message_may_name_a_file() -> None:
    """A name in backticks is a hint; paths are not."""
    assert hinted_file("new: `2026-01-10-210004-supply-round-1.txt`!") == "2026-01-10-210004-supply-round-1.txt"
    assert hinted_file("`../x.txt`") is None
    assert hinted_file(None) is None
    assert is_notice(" STATS_READY\n")
    assert not is_notice("STATS_READY now")
