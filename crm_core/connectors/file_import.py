"""Posts out of files: exports of listening tools and of networks without an interface, as CSV, XLSX or JSON lines."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from config.settings import ConnectorSettings, Source
from crm_core.connectors.api import Api
from crm_core.connectors.base import NOTHING, ConnectorProblem, Malformed, Page, Post, Reading, Start, post
from crm_core.errors import CrmError
from crm_core.importing.files import FileUnreadable, Row, open_table
from crm_core.importing.values import Habits, moment, text_of

AT_ONCE = 500
LONGEST_LINE = 1 << 20
COLUMNS = {
    "text": "text content message body post comment title 内容 正文 文本 微博内容 评论内容 标题",
    "time": "time date created published timestamp created_at published_at posted_at 时间 日期 发布时间 发表时间",
    "id": "id post_id external_id mid 编号 帖子编号 微博id",
    "author": "author user username name nickname screen_name 作者 用户 昵称 用户名 博主",
    "email": "author_email email e-mail 邮箱 电子邮件 电子邮箱 作者邮箱",
    "phone": "author_phone phone mobile 电话 手机 手机号 作者手机",
    "url": "url link permalink 链接 网址 原文链接",
    "language": "language lang 语言",
    "kind": "kind type 类型",
    "parent": "parent parent_id in_reply_to 回复 上级",
    "pictures": "pictures picture image images image_url image_urls photo photos 图片 配图 图片链接 图片地址",
    "likes": "likes like_count favourites reactions 点赞 点赞数 赞",
    "replies": "replies comments reply_count comment_count 评论 评论数 回复数",
    "shares": "shares reposts retweets share_count 转发 转发数 分享",
}
"""Part of a post → what its column may be called."""
_BETWEEN = re.compile(r"[\s,;|，；]+(?=https?://)|\s+")
"""Between two addresses in one cell."""
_PARTS = {word: part for part, words in COLUMNS.items() for word in words.split()}


class FileImport:
    """Reads a file (`of:` its path) whenever it has changed. Columns are known by name, or by `select`: part → column;
    `zone` and `day_order` (dmy, mdy) say how its times are meant.
    """

    newest_first: ClassVar[bool] = False

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        pass

    def lists_all(self, source: Source) -> frozenset[str]:
        """The next export may begin later."""
        return NOTHING

    def pages(self, source: Source, start: Start) -> Iterator[Page]:
        """The file in parts; nothing when it is the one that was read last."""
        path = Path(source.of)
        try:
            found = path.stat()
        except OSError as error:
            raise ConnectorProblem(
                f"The file of {source.name} cannot be read: {error.strerror}. Check its path."
            ) from None
        version = f"{found.st_mtime_ns}:{found.st_size}"
        begun, _, done = (start.cursor or "").rpartition("|")
        first = int(done) if begun == version else 0
        if start.keep == version and not first:
            return
        habits, records = _habits(source), islice(_records(path, source.select), first, None)
        while some := list(islice(records, AT_ONCE)):
            first, reading = first + len(some), Reading()
            for record in some:
                reading.add(record, _read, habits)
            yield reading.page(f"{version}|{first}" if len(some) == AT_ONCE else None, version)


def _habits(source: Source) -> Habits:
    order: Any = source.select.get("day_order")
    try:
        zone = ZoneInfo(source.select.get("zone", "UTC"))
    except (KeyError, ValueError):
        raise ConnectorProblem(
            f"`zone` of {source.name} is no time zone; write a name such as Asia/Shanghai."
        ) from None
    return Habits(zone=zone, region="", currency="", now=datetime.now(UTC), day_order=order)


def _records(path: Path, select: Mapping[str, str]) -> Iterator[Any]:
    """One mapping of parts a record; None for one that cannot be read."""
    named = {column: part for part, column in select.items()}
    if path.suffix.lower() in (".jsonl", ".ndjson", ".json"):
        yield from (_parts(each, named) for each in _json_lines(path))
        return
    try:
        table = open_table(path, lambda cells: sum(_part(cell, named) in ("text", "time") for cell in cells))
        parts = [_part(column, named) for column in table.columns]
        for row in table.rows():
            yield _cells(row, parts)
    except FileUnreadable as error:
        raise ConnectorProblem(str(error)) from None


def _cells(row: Row, parts: list[str]) -> dict[str, Any] | None:
    return None if row.problem else {part: cell for part, cell in zip(parts, row.cells, strict=False) if part}


def _json_lines(path: Path) -> Iterator[Any]:
    with path.open("r", encoding="utf-8-sig", errors="replace") as file:
        while line := file.readline(LONGEST_LINE):
            if line.strip():
                try:
                    yield json.loads(line)
                except (ValueError, RecursionError):
                    yield None


def _parts(record: Any, named: Mapping[str, str]) -> dict[str, Any] | None:
    if not isinstance(record, dict):
        return None
    return {part: value for column, value in record.items() if (part := _part(column, named))}


def _part(column: str, named: Mapping[str, str]) -> str:
    return named.get(column) or _PARTS.get(text_of(column).lower().replace(" ", "_"), "")


def _read(record: Any, habits: Habits) -> Post:
    try:
        at = moment(record["time"], "time", habits)
    except CrmError as error:
        raise Malformed(str(error)) from None
    text, author = text_of(record["text"]), text_of(record.get("author"))
    said = text_of(record.get("kind")).lower()
    return post(
        text_of(record.get("id")) or _fingerprint(author, at, text), at, text=text, author=author,
        kind=said if said in ("comment", "reaction") else "post", url=text_of(record.get("url")),  # type: ignore[arg-type]
        language=text_of(record.get("language")), likes=record.get("likes"), replies=record.get("replies"),
        shares=record.get("shares"), parent_id=text_of(record.get("parent")), record=record,
        pictures=[(each, "") for each in _BETWEEN.split(text_of(record.get("pictures")))],
        email=text_of(record.get("email")), phone=text_of(record.get("phone")),
    )  # fmt: skip


def _fingerprint(author: str, at: datetime, text: str) -> str:
    """For records without an id: the same words by the same author at the same time are the same."""
    return hashlib.sha256("\n".join((author, at.isoformat(), text)).encode("utf-8", "replace")).hexdigest()
