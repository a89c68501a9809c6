"""WeChat: what an Official Account published, and the comments below.

It answers 200 to everything; whether it meant yes stands in `errcode`.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

from config.settings import ConnectorSettings, Source
from crm_core.connectors.api import Api, Limited, Refused, parsed
from crm_core.connectors.base import ANSWER_PAGES, Malformed, Page, Post, Reading, Start, listed, post
from crm_core.connectors.fetching import Unreachable
from crm_core.connectors.plain_text import plain

AT_ONCE, COMMENTS_AT_ONCE = 20, 49
BUSY = -1
ENOUGH = {45009, 45011}
"""Its codes for too many calls, of a day and of a minute."""
TOKEN_OVER = {40001, 40014, 42001}
WITHOUT_COMMENTS = {88000, 88001}
"""The account may have none, or it does not know the article as one that was sent to its followers."""


class WeChat:
    """Reads an account (`of`: its AppID). `token` is its AppSecret, which is told for an access token."""

    newest_first: ClassVar[bool] = True

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._url = (settings.base_url or "https://api.weixin.qq.com").rstrip("/") + "/cgi-bin/"
        self._secret = settings.token.get_secret_value() if settings.token else ""
        self._api = api.without_token()
        self._tokens: dict[str, str] = {}

    def lists_all(self, source: Source) -> frozenset[str]:
        """All articles; of comments only so many are read."""
        return frozenset({"post"})

    def pages(self, source: Source, start: Start) -> Iterator[Page]:
        """Articles, newest first; `cursor` counts the publications before. A new one only shifts them."""
        done = int(start.cursor or 0)
        while True:
            answer = self._ask(source.of, "freepublish/batchget", offset=done, count=AT_ONCE, no_content=1)
            records = listed(answer, "item")
            reading, open_ones = Reading(), []
            for record in records:
                for place, article in enumerate(_articles(record)):
                    before = len(reading.posts)
                    reading.add(article, _article, record, place)
                    if len(reading.posts) > before and article.get("need_open_comment"):
                        open_ones.append(reading.posts[-1])
            for found in open_ones:
                for comment in self._comments(source.of, found):
                    reading.add(comment, _comment, found)
            done += len(records)
            yield reading.page(str(done) if records else None)
            if not records:
                return

    def _comments(self, account: str, found: Post) -> Iterator[Any]:
        """What is said below an article: it is named there by two parts of its address, not by its id."""
        named = parse_qs(urlsplit(found.url or "").query)
        number, index = (named.get(name, [""])[0] for name in ("mid", "idx"))
        if found.deleted or not (number.isdecimal() and index.isdecimal()):
            return
        asked = {"msg_data_id": int(number), "index": int(index) - 1, "count": COMMENTS_AT_ONCE, "type": 0}
        for begin in islice(range(0, 2**31, COMMENTS_AT_ONCE), ANSWER_PAGES):
            answer = self._ask(account, "comment/list", accepting=WITHOUT_COMMENTS, begin=begin, **asked)
            comments = [] if _code(answer) else listed(answer, "comment")
            yield from comments
            if len(comments) < COMMENTS_AT_ONCE:
                return

    def _ask(self, account: str, place: str, accepting: set[int] | None = None, **body: object) -> Any:
        """Ask once, and once more when the access token is over.

        Raises:
            Limited, Unreachable, Refused: also where WeChat says so by a code. Besides what `Api.post` raises.
        """
        answer = self._asked(account, place, body)
        if _code(answer) in TOKEN_OVER:
            self._tokens.pop(account)
            answer = self._asked(account, place, body)
        return answer if _code(answer) in (accepting or ()) else _allowed(answer)

    def _asked(self, account: str, place: str, body: Mapping[str, object]) -> Any:
        if account not in self._tokens:
            self._tokens[account] = self._token(account)
        query = urlencode({"access_token": self._tokens[account]})
        return parsed(self._api.post(f"{self._url}{place}?{query}", json_body=body))

    def _token(self, account: str) -> str:
        """An access token: the one there is, as long as it lasts, so that nobody else's is made void."""
        asked = {"grant_type": "client_credential", "appid": account, "secret": self._secret}
        answer = _allowed(parsed(self._api.post(f"{self._url}stable_token", json_body=asked)))
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise Malformed("No access token in the answer. Is the address that of WeChat's API?")
        return token


def _code(answer: Any) -> int:
    code = answer.get("errcode", 0) if isinstance(answer, dict) else None
    if not isinstance(code, int):
        raise Malformed("The answer is not in WeChat's form. Is the address that of its API?")
    return code


def _allowed(answer: Any) -> Any:
    """The answer, unless it says no."""
    code = _code(answer)
    if code in ENOUGH:
        raise Limited("WeChat allows no more calls for now.", None)
    if code == BUSY:
        raise Unreachable("WeChat says that it is busy.")
    if code:
        raise Refused(
            f"WeChat answers with error {code}. Check AppID and AppSecret, that our address is on the account's IP"
            " list, and that the account may use this part of the API."
        )
    return answer


def _articles(record: Any) -> list[Any]:
    """Those that were published together; one that cannot be read where there is nothing of the kind."""
    content = record.get("content") if isinstance(record, dict) else None
    articles = content.get("news_item") if isinstance(content, dict) else None
    return articles if isinstance(articles, list) and articles else [None]


def _article(article: Any, record: Any, place: int) -> Post:
    text = "\n".join(part for part in (plain(article["title"]), plain(article.get("digest") or "")) if part)
    return post(
        f"{record['article_id']}_{place}", _time(record["content"].get("create_time") or record["update_time"]),
        text=text, author=article.get("author"), url=article.get("url"), deleted=bool(article.get("is_deleted")),
        record=article, pictures=[(article.get("thumb_url"), "")],
    )  # fmt: skip


def _comment(comment: Any, below: Post) -> Post:
    """Who wrote is told as a number of this account's own, and not at all of those who are no users of WeChat."""
    return post(
        f"{below.external_id}_{comment['user_comment_id']}", _time(comment["create_time"]), kind="comment",
        text=comment["content"], author=comment.get("openid"), url=below.url, parent_id=below.external_id,
        replies=1 if (comment.get("reply") or {}).get("content") else 0, record=comment,
    )  # fmt: skip


def _time(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
