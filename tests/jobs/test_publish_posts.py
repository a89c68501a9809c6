"""What was confirmed is said, and its writer is told; who an author may be is shown at the desk once."""

from types import SimpleNamespace
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select

from bot.handover import Place
from bot.messages import Reply
from config.settings import ConnectorSettings, Settings
from crm_core.database import Store
from crm_core.listening import authors
from crm_core.models import AuthorTie, Conversation, Customer, OutboxMessage, Post, Publication, Staff
from jobs.publish_posts import publish_posts
from jobs.tie_authors import tie_authors
from tests.bot.shop import open_shop
from tests.bot.turns import PHRASES
from tests.conftest import NOW, Clock
from tests.contracts.hearing_networks import hearing


def app_of(store: Store, clock: Clock, connectors: dict[str, ConnectorSettings]) -> Any:
    desk = SimpleNamespace(place=lambda: Place("slack", "T1", "C1"))
    return SimpleNamespace(
        store=store, clock=clock, settings=Settings(_env_file=None, connectors=connectors),
        services=SimpleNamespace(phrases=PHRASES, desk=desk), delivery=SimpleNamespace(submit=lambda rows: None),
    )  # fmt: skip


def told(store: Store) -> list[Reply]:
    with store.read() as session:
        rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
        return [Reply.model_validate_json(row.reply or "{}") for row in rows]


def test_the_writer_is_told_with_the_link(store: Store, clock: Clock) -> None:
    with store.write() as session:
        session.add(Staff(id=1, external_id="slack:U1", name="Ann", role="manager"))
        chat = Conversation(
            channel="slack", account="T1", chat_id="D1", audience="manager", state_since=NOW, started_at=NOW
        )  # fmt: skip
        session.add(chat)
        session.flush()
        row = Publication(connector="x", staff_id=1, conversation_id=chat.id, text="Hello", queued_at=NOW)
        session.add(row)
    with hearing("x") as network:
        given = ConnectorSettings(
            write_url=network.url, allow_private=True, writes_as="@shop", write_token=SecretStr("t")
        )  # fmt: skip
        app = app_of(store, clock, {"x": given})
        assert publish_posts(app, clock()) == {"settled": 1, "sent": 1}
        assert publish_posts(app, clock()) == {"settled": 0, "sent": 0}
        assert len(network.posts) == 1
    (reply,) = told(store)
    assert "https://x.com/shop/status/5000" in reply.text


def test_who_an_author_may_be_is_shown_once(store: Store, clock: Clock) -> None:
    open_shop(store, NOW)
    with store.write() as session:
        email = next(row.email for row in session.scalars(select(Customer)) if row.email)
        index = authors.index_of(store.vault, "x", "@mei")
        session.add(
            Post(connector="x", external_id="1", kind="post", author="@mei", text=f"write to {email}", about="us",
                 occurred_at=NOW, author_index=index)
        )  # fmt: skip
    app = app_of(store, clock, {})
    assert tie_authors(app, clock())["suggested"] == 1
    assert tie_authors(app, clock())["suggested"] == 0
    (reply,) = told(store)
    with store.read() as session:
        tie = session.scalars(select(AuthorTie)).one()
    assert [choice.value for choice in reply.choices] == [f"author_tie:yes:{tie.id}", f"author_tie:no:{tie.id}"]
