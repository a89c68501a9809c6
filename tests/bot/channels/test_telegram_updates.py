"""Every kind of update Telegram sends, as it sends it, and what it says to us; whatever else comes, nothing breaks."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels.telegram_updates import Bot, translate

PAYLOADS = Path(__file__).parents[2] / "payloads" / "telegram"
UPDATES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(PAYLOADS.glob("*.json"))}
EXPECTED = yaml.safe_load((PAYLOADS / "expected.yml").read_text(encoding="utf-8"))
MEI = {"external_id": "5231998877", "name": "Mei Lin", "handle": "meilin_88", "language": "zh-hans"}
NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
US = Bot("123456789", "shop_test_bot")

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=2**62, max_value=2**80),
    st.just(10**400),
    st.floats(),
    st.text(max_size=40),
    st.sampled_from(["", "\x00", "\ud800", "/", "/start@", "@shop_test_bot", "\u202e", "a" * 5000]),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)


def test_every_payload_has_an_expectation() -> None:
    assert sorted(UPDATES) == sorted(EXPECTED)


@pytest.mark.parametrize("name", sorted(UPDATES))
def test_payload_says_what_is_expected(name: str) -> None:
    message = translate(UPDATES[name], US, NOW)
    assert message is not None
    expected = {"channel": "telegram", "account": "123456789", "sender": MEI} | EXPECTED[name]
    assert message.model_dump(mode="json", exclude_defaults=True) == expected


def test_update_that_names_nobody_says_nothing() -> None:
    poll = {"update_id": 5, "poll": {"id": "1", "question": "?", "options": []}}
    assert translate(poll, US, NOW) is None
    assert translate({"update_id": 5}, US, NOW) is None
    assert translate({"update_id": 5, "message": "not an object"}, US, NOW) is None


def test_the_key_of_a_person_is_the_number_and_never_the_name() -> None:
    update = json.loads(json.dumps(UPDATES["text"]))
    update["message"]["from"].update(username="admin", first_name="Owner")
    message = translate(update, US, NOW)
    assert message is not None
    assert message.sender.external_id == "5231998877"


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to everything inside a payload."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for key, item in inner for place in places(item, (*path, key))]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A recorded update in which a few places were replaced, removed or joined by something unheard of."""
    update: dict[str, Any] = json.loads(json.dumps(UPDATES[draw(st.sampled_from(sorted(UPDATES)))]))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(places(update)))
        holder: Any = update
        for key in path[:-1]:
            holder = holder[key]
        if draw(st.booleans()) or not isinstance(holder, dict):
            holder[path[-1]] = draw(ODD)
        elif draw(st.booleans()):
            del holder[path[-1]]
        else:
            holder[draw(st.text(max_size=6))] = draw(ODD)
        if not places(update):
            break
    return update


@given(mutated())
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_comes_is_read_and_can_be_stored(update: dict[str, Any]) -> None:
    message = translate(update, US, NOW)
    if message is None:
        return
    written = message.model_dump_json()  # raises on a lone surrogate
    assert "\\u0000" not in written
    json.dumps(message.model_dump(mode="json"), allow_nan=False).encode()
    assert message.chat_id
    assert message.message_id
    assert message.sender.external_id
    assert message.sent_at.tzinfo is not None
    assert abs(message.revision) < 2**63
