"""A shop, and chats with it: of a stranger and of somebody we know."""

from collections.abc import Callable

import pytest

from crm_core.database import Store
from tests.bot.shop import Shop, add_chat, open_shop
from tests.bot.turns import Chat
from tests.conftest import Clock

Opened = Callable[..., Chat]


@pytest.fixture
def shop(store: Store, clock: Clock) -> Shop:
    return open_shop(store, clock())


@pytest.fixture
def stranger(store: Store, shop: Shop, clock: Clock) -> Opened:
    """Makes a chat of a visitor."""

    def make(language: str = "en", external_id: str = "7001") -> Chat:
        return Chat(store, clock(), *add_chat(store, clock(), external_id=external_id), language)  # type: ignore[arg-type]

    return make


@pytest.fixture
def known(store: Store, shop: Shop, clock: Clock) -> Opened:
    """Makes a chat of a customer whose account is verified."""

    def make(language: str = "en", who: str = "mei", external_id: str = "7002") -> Chat:
        ids = add_chat(store, clock(), customer_id=shop.customers[who], verified=True, external_id=external_id)
        return Chat(store, clock(), *ids, language)  # type: ignore[arg-type]

    return make
