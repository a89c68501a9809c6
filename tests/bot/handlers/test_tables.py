"""The table of handlers, the intents and the phrases agree."""

import re
from pathlib import Path

from bot.handlers.customer import CUSTOMER
from bot.phrases import Phrases
from nlu.intents import CUSTOMER as INTENTS

KEYS = Phrases().keys()
FOLDER = Path(__file__).parents[3] / "bot" / "handlers" / "customer"


def test_every_customer_intent_has_a_handler_and_no_other() -> None:
    assert set(CUSTOMER) == set(INTENTS)


def test_every_phrase_that_handlers_name_is_there() -> None:
    named = {
        key
        for path in FOLDER.glob("*.py")
        for key in re.findall(r'"((?:customer|common|desk)\.[a-z_.]+)"', path.read_text())
    }
    prefixes = {key for key in named if any(one.startswith(f"{key.rstrip('.')}.") for one in KEYS)}
    assert sorted(named - KEYS - prefixes) == []


def test_every_customer_phrase_is_used() -> None:
    """What nothing says is dead text; keys that are put together are known by their beginning."""
    code = "\n".join(path.read_text() for path in FOLDER.glob("*.py"))
    put_together = set(re.findall(r"(customer\.[a-z_.]*?)\.?\{", code)) | {
        "customer.values",
        "customer.attributes",
        "customer.labels",
    }
    put_together |= {
        "customer.order",
        "customer.order.parcel",
        "customer.order.parcel_states",
        "customer.refund.states",
    }
    unused = [
        key
        for key in KEYS
        if key.startswith("customer.")
        and f'"{key}"' not in code
        and not any(key.startswith(f"{beginning}.") for beginning in put_together if beginning != "customer")
    ]
    assert unused == []


def test_every_offered_intent_is_one() -> None:
    labels = {key.removeprefix("customer.labels.") for key in KEYS if key.startswith("customer.labels.")}
    assert labels <= set(INTENTS)
