"""What is particular to WeChat: comments below articles, and refusals that look like answers."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from config.settings import ConnectorSettings, Source
from crm_core.connectors import Pulled, pull_all
from crm_core.database import Store
from crm_core.models import Post
from tests.conftest import NOW, Clock
from tests.contracts.networks import Asked, Network, Told, served
from tests.contracts.voices import wechat_article

AT = int(NOW.timestamp())


class Account:
    """An Official Account with one publication of two articles; the second one has comments."""

    def __init__(self) -> None:
        self.comments = [comment(number) for number in range(1, 61)]
        self.tokens = 0
        self.refusals: dict[str, list[int]] = {}

    def tell(self, network: Network, asked: Asked) -> Told:
        name = asked.path.removeprefix("/cgi-bin/")
        if self.refusals.get(name):
            return Told({"errcode": self.refusals[name].pop(0), "errmsg": "no rid: 1"})
        if name == "stable_token":
            self.tokens += 1
            return Told({"access_token": f"token-{self.tokens}", "expires_in": 7200})
        if name == "freepublish/batchget":
            items = [] if asked.body["offset"] else [self.publication()]
            return Told({"total_count": 1, "item_count": len(items), "item": items})
        begin, count = asked.body["begin"], asked.body["count"]
        if count >= 50:
            return Told({"errcode": 88010, "errmsg": "count range error"})
        assert (asked.body["msg_data_id"], asked.body["index"], asked.body["type"]) == (7, 1, 0)
        found = self.comments[begin : begin + count]
        return Told({"errcode": 0, "errmsg": "ok", "total": len(self.comments), "comment": found})

    def publication(self) -> dict[str, Any]:
        articles = [
            wechat_article(7, "新茶上市", digest="三天内免邮"), wechat_article(7, "冲泡指南", 2, need_open_comment=1),
        ]  # fmt: skip
        return {"article_id": "a7", "update_time": AT, "content": {"news_item": articles}}


def comment(number: int, **more: Any) -> dict[str, Any]:
    return {
        "user_comment_id": number, "openid": f"o{number}", "create_time": AT - number, "content": f"很好喝 {number}",
        "comment_type": 0, "reply": {}, **more,
    }  # fmt: skip


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def network(account: Account) -> Iterator[Network]:
    with served(Network(account.tell)) as one:
        yield one


def pull(store: Store, clock: Clock, network: Network) -> Pulled:
    settings = ConnectorSettings(
        base_url=network.url, allow_private=True, token="secret", writes_as="wx5", sources=(Source(name="s", of="wx5"),)
    )
    return pull_all(store, "wechat", settings, clock)["s"]


def posts(store: Store, kind: str) -> list[Post]:
    with store.read() as session:
        return list(session.scalars(select(Post).where(Post.kind == kind).order_by(Post.external_id)))


def test_articles_are_ours_and_comments_are_read_to_the_last_one(
    store: Store, clock: Clock, network: Network, account: Account
) -> None:
    reply = {"content": "谢谢！", "create_time": AT}
    account.comments[-1] = comment(60, openid=None, reply=reply, content="还会再来")
    assert pull(store, clock, network).counts.new == 62
    first, second = posts(store, "post")
    assert (first.text, second.text, first.own, second.own) == ("新茶上市\n三天内免邮", "冲泡指南", True, True)
    found = {row.external_id: row for row in posts(store, "comment")}
    assert len(found) == 60
    assert {row.parent_id for row in found.values()} == {second.external_id}
    one, last = found["a7_1_1"], found["a7_1_60"]
    assert (one.text, one.author, one.own, one.replies) == ("很好喝 1", "o1", False, 0)
    assert (last.text, last.author, last.replies) == ("还会再来", None, 1)


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_token_that_is_over_is_replaced_in_mid_walk(
    store: Store, clock: Clock, network: Network, account: Account, code: int
) -> None:
    account.refusals = {"comment/list": [code]}
    assert pull(store, clock, network).state == "done"
    assert [asked.query["access_token"] for asked in network.asked if asked.query] == ["token-1"] * 2 + ["token-2"] * 3
    assert len(posts(store, "comment")) == 60


def test_a_token_that_never_holds_is_told(store: Store, clock: Clock, network: Network, account: Account) -> None:
    account.refusals = {"freepublish/batchget": [40001, 40001]}
    done = pull(store, clock, network)
    assert (done.state, "40001" in done.problem, "secret" in done.problem) == ("failed", True, False)


@pytest.mark.parametrize("place", ["stable_token", "freepublish/batchget", "comment/list"])
@pytest.mark.parametrize(("code", "state"), [(45009, "waiting"), (45011, "waiting"), (-1, "failed"), (40164, "failed")])
def test_a_refusal_in_an_answer_is_one(
    store: Store, clock: Clock, network: Network, account: Account, place: str, code: int, state: str
) -> None:
    account.refusals = {place: [code]}
    assert pull(store, clock, network).state == state
    asked = len(network.asked)
    assert pull(store, clock, network).state == "waiting"
    assert len(network.asked) == asked
    clock.advance(minutes=1)
    assert pull(store, clock, network).state == "done"
    assert len(posts(store, "comment")) == 60


@pytest.mark.parametrize("code", [88000, 88001])
def test_an_article_without_comments_is_still_read(
    store: Store, clock: Clock, network: Network, account: Account, code: int
) -> None:
    account.refusals = {"comment/list": [code]}
    assert pull(store, clock, network).state == "done"
    assert (len(posts(store, "post")), posts(store, "comment")) == (2, [])
