"""How networks refuse what is written, in the shapes that their documents show, and what staff are told of it."""

import pytest

from bot.handlers.agent.public_posts import told
from crm_core.database import Store
from tests.bot.turns import PHRASES
from tests.conftest import Clock
from tests.contracts.hearing_networks import hearing
from tests.contracts.networks import Told
from tests.contracts.test_writers import Speaking


def graph(code: int, message: str) -> dict[str, object]:
    return {"error": {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "EJplcsCHuLu"}}


def problem(status: int, detail: str, title: str = "Forbidden") -> dict[str, object]:
    return {"title": title, "type": "about:blank", "status": status, "detail": detail}


def weibo(code: int | str, error: str) -> dict[str, object]:
    return {"error": error, "error_code": code, "request": "/2/statuses/share.json"}


REFUSED = [
    ("x", 401, problem(401, "Unauthorized", "Unauthorized"), "token"),
    ("x", 403, problem(403, "You are not permitted to perform this action."), "rights"),
    ("x", 403, problem(403, "You are not allowed to create a Tweet with duplicate content."), "repeated"),
    ("x", 400, {"errors": [{"message": "Your post is too long."}], "title": "Invalid Request"}, "length"),
    ("facebook", 400, graph(190, "Error validating access token: Session has expired"), "token"),
    ("facebook", 403, graph(200, "(#200) Requires pages_manage_posts permission"), "rights"),
    ("facebook", 400, graph(506, "Duplicate status message"), "repeated"),
    ("facebook", 400, graph(100, "(#100) Message is longer than allowed"), "other"),
    ("linkedin", 401, {"status": 401, "serviceErrorCode": 65601, "message": "The token used has expired"}, "token"),
    ("linkedin", 403, {"status": 403, "serviceErrorCode": 100, "message": "Not enough permissions"}, "rights"),
    ("linkedin", 422, {"status": 422, "message": "Content is a duplicate of urn:li:share:1"}, "repeated"),
    ("linkedin", 400, {"status": 400, "message": "commentary exceeds the maximum of 3000"}, "length"),
    ("weibo", 403, weibo(21327, "expired_token"), "token"),
    ("weibo", 403, weibo(10014, "Insufficient app permissions!"), "rights"),
    ("weibo", 400, weibo(20019, "repeat content!"), "repeated"),
    ("weibo", 400, weibo("20013", "Text too long, please input text less than 140 characters!"), "length"),
    ("weibo", 200, weibo(20111, "Repeated weibo text!"), "repeated"),
    ("weibo", 400, weibo(20101, "Target weibo does not exist!"), "gone"),
    ("mastodon", 401, {"error": "The access token is invalid"}, "token"),
    ("mastodon", 403, {"error": "This action is outside the authorized scopes"}, "rights"),
    ("mastodon", 422, {"error": "Validation failed: Text character limit of 500 exceeded"}, "length"),
    ("bluesky", 400, {"error": "InvalidRequest", "message": "Record/text must not be longer than 300"}, "length"),
]


@pytest.mark.parametrize(("name", "status", "body", "kind"), REFUSED)
def test_a_refusal_is_understood_and_told_in_both_languages(
    one_store: Store, clock: Clock, name: str, status: int, body: dict[str, object], kind: str
) -> None:
    with hearing(name) as network:
        speaking = Speaking(name, one_store, clock, network)
        network.instead = [Told(body, status)]
        speaking.queue()
        done = speaking.send()
        assert done is not None
        assert (done.state, done.refusal, len(network.posts)) == ("failed", kind, 0)
        for language in ("en", "zh"):
            line = told(
                done, lambda key, language=language, **values: PHRASES(key, language, **values), "UTC", language
            )
            assert (str(done.error) in line) == (kind != "gone")
            assert "{" not in line


LIMITED = [
    ("x", 429, problem(429, "Too Many Requests", "Too Many Requests")),
    ("facebook", 400, graph(32, "(#32) Page request limit reached")),
    ("facebook", 403, graph(368, "The action attempted has been deemed abusive")),
    ("linkedin", 429, {"status": 429, "serviceErrorCode": 101, "message": "Resource level throttle limit reached"}),
    ("weibo", 403, weibo(10023, "User requests out of rate limit!")),
    ("weibo", 400, weibo(20016, "Out of limit!")),
    ("mastodon", 429, {"error": "Too many requests"}),
]


@pytest.mark.parametrize(("name", "status", "body"), LIMITED)
def test_a_limit_in_whatever_shape_is_waited_for(
    one_store: Store, clock: Clock, name: str, status: int, body: dict[str, object]
) -> None:
    with hearing(name) as network:
        speaking = Speaking(name, one_store, clock, network)
        network.instead = [Told(body, status)]
        speaking.queue()
        assert speaking.send() is None
        assert (speaking.row.state, speaking.row.refusal) == ("queued", "limit")
        clock.advance(minutes=2)
        done = speaking.send()
        assert done is not None
        assert (done.state, done.refusal, done.error) == ("sent", None, None)


def test_a_post_that_weibo_says_may_take_a_while_is_not_said_again(one_store: Store, clock: Clock) -> None:
    with hearing("weibo") as network:
        speaking = Speaking("weibo", one_store, clock, network)
        network.instead = [Told(weibo(20032, "Update success, while server slow now, please wait 1-2 minutes!"), 400)]
        speaking.queue()
        done = speaking.send()
        assert done is not None
        assert (done.state, done.refusal) == ("unclear", "unsure")
        clock.advance(hours=1)
        assert speaking.send() is None
        assert len(network.told) == 1


def test_a_post_on_weibo_without_a_link_is_not_sent(one_store: Store, clock: Clock) -> None:
    with hearing("weibo") as network:
        speaking = Speaking("weibo", one_store, clock, network)
        speaking.queue("Hello")
        done = speaking.send()
        assert done is not None
        assert (done.state, done.refusal, network.told) == ("failed", "link", [])
