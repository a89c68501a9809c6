"""Posts out of files, as export tools write them."""

import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import select

from config.settings import ConnectorSettings, Source
from crm_core.connectors import pull_all, pulling
from crm_core.connectors.file_import import AT_ONCE
from crm_core.connectors.pulling import Pulled
from crm_core.database import Store
from crm_core.models import Customer, Identity, Post
from tests.bot.shop import open_shop
from tests.conftest import Clock

ROWS: list[list[Any]] = [
    ["编号", "昵称", "内容", "发布时间", "点赞数", "评论数"],
    ["w1", "小林", "这家的茶真好喝", "2026-11-20 09:30", 12, 3],
    ["w2", "阿青", "包装破了，=cmd", "2026年11月21日 20:15", 0, 1],
    ["w3", "阿青", "没有时间", "昨天吧", 0, 0],
]


def pull(store: Store, clock: Clock, path: Path, **select: str) -> Pulled:
    source = Source(name="export", of=str(path), select=select)
    return pull_all(store, "file", ConnectorSettings(sources=(source,)), clock)["export"]


def posts(store: Store) -> list[Post]:
    with store.read() as session:
        return list(session.scalars(select(Post).order_by(Post.occurred_at, Post.id)))


def workbook(path: Path) -> None:
    book = Workbook()
    for row in ROWS:
        book.active.append(row)
    book.save(path)


def comma(path: Path) -> None:
    path.write_bytes("\n".join(",".join(str(cell) for cell in row) for row in ROWS).encode("gb18030"))


def json_lines(path: Path) -> None:
    lines = [json.dumps(dict(zip(ROWS[0], row, strict=True)), ensure_ascii=False) for row in ROWS[1:]]
    path.write_text("\n".join([*lines, "{not json", "[1]"]), "utf-8")


@pytest.mark.parametrize(
    ("name", "write", "malformed"), [("a.xlsx", workbook, 1), ("a.csv", comma, 1), ("a.jsonl", json_lines, 3)]
)
def test_each_form_is_read(store: Store, clock: Clock, tmp_path: Path, name: str, write: Any, malformed: int):
    write(tmp_path / name)
    done = pull(store, clock, tmp_path / name, zone="Asia/Shanghai")
    assert (done.state, done.counts.new, done.counts.malformed) == ("done", 2, malformed)
    first, second = posts(store)
    assert (first.external_id, first.author, first.text, first.likes, first.replies) == (
        "w1",
        "小林",
        ROWS[1][2],
        12,
        3,
    )
    assert first.occurred_at.isoformat() == "2026-11-20T01:30:00+00:00"
    assert second.occurred_at.isoformat() == "2026-11-21T12:15:00+00:00"
    assert pull(store, clock, tmp_path / name).counts.pages == 0


def test_a_file_that_has_changed_is_read_again(store: Store, clock: Clock, tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("id,text,time\n1,one,2026-11-20\n", "utf-8")
    pull(store, clock, path)
    path.write_text("id,text,time\n1,one more,2026-11-20\n2,two,2026-11-21\n", "utf-8")
    clock.advance(minutes=15)
    done = pull(store, clock, path)
    assert (done.counts.new, done.counts.changed) == (1, 1)
    assert [row.text for row in posts(store)] == ["one more", "two"]


def test_columns_are_named_in_the_settings(store: Store, clock: Clock, tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("Snippet;Seen\nhello there;03/04/2026\n", "utf-8")
    assert pull(store, clock, path).state == "failed"
    clock.advance(hours=1)
    done = pull(store, clock, path, text="Snippet", time="Seen", day_order="dmy")
    assert done.counts.new == 1
    assert posts(store)[0].occurred_at.date().isoformat() == "2026-04-03"


def test_a_crash_in_the_middle_goes_on_there(
    store: Store, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "a.jsonl"
    count = 2 * AT_ONCE + 3
    path.write_text("".join(f'{{"id": {n}, "text": "t{n}", "time": "2026-11-20T00:00:00Z"}}\n' for n in range(count)))
    kept, keep = [], pulling.keep_posts

    def dies(*given: Any) -> Any:
        counts = keep(*given)
        kept.append(counts.new)
        if len(kept) == 2:
            raise KeyboardInterrupt
        return counts

    monkeypatch.setattr(pulling, "keep_posts", dies)
    with pytest.raises(KeyboardInterrupt):
        pull(store, clock, path)
    assert len(posts(store)) == AT_ONCE
    assert pull(store, clock, path).state == "done"
    assert len({row.external_id for row in posts(store)}) == len(posts(store)) == count
    assert kept[2] == AT_ONCE


@pytest.mark.parametrize("content", [None, b"", b"\x00\x01\x02" * 50, b"PK\x03\x04 no archive", b"a,b\n1,2\n"])
def test_what_cannot_be_read_is_said(store: Store, clock: Clock, tmp_path: Path, content: bytes | None):
    path = tmp_path / "a.csv"
    if content is not None:
        path.write_bytes(content)
    done = pull(store, clock, path)
    assert (done.state, posts(store)) == ("failed", [])
    assert done.problem


def test_an_authors_own_address_in_an_export_ties_them(store: Store, clock: Clock, tmp_path: Path):
    shop = open_shop(store, clock())
    with store.write() as session:
        customer = session.get_one(Customer, shop.customers["mei"])
        customer.email_index = store.vault.blind_index("email", "mei@x.example")
        session.add(
            Identity(customer_id=customer.id, channel="telegram", account="b", external_id="9", first_seen_at=clock(),
                     verified_at=clock())
        )  # fmt: skip
    path = tmp_path / "a.csv"
    path.write_text(
        "内容,时间,作者,邮箱\n好喝,2026-11-20,小梅,Mei@x.example\n一般,2026-11-20,阿李,li@x.example\n", "utf-8"
    )
    assert pull(store, clock, path).counts.new == 2
    with store.read() as session:
        rows = session.scalars(select(Post).where(Post.connector == "file").order_by(Post.id))
        assert [row.customer_id for row in rows] == [shop.customers["mei"], None]
