"""Whose public posts are whose: suggested, decided by a person or a rule, taken back, erased alone and for good."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from config.settings import Business, Source
from crm_core import privacy, public_names
from crm_core.access import Actor
from crm_core.connectors import base
from crm_core.connectors.storing import keep_posts
from crm_core.database import Store
from crm_core.errors import NotAllowed, NotPossible
from crm_core.listening import author_candidates, authors
from crm_core.models import AuthorTie, Customer, ErasedMark, Identity, Post, PostPicture, PostRecord, Pull, Staff
from crm_core.personal_data import counts
from crm_core.reach import reach
from crm_core.staff.store import Search, StaffStore
from tests.bot.shop import Shop, open_shop
from tests.conftest import NOW

SOURCE = Source(name="ours", of="@shop")
MEI = "@mei.lin@far.example"


class Listening:
    """A shop that reads one network, and somebody who works there."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.shop: Shop = open_shop(store, NOW)
        with store.write() as session:
            session.add(Staff(id=1, external_id="slack:U1", name="Ann", role="manager"))
            self.customer_id = session.scalars(select(Customer.id).where(Customer.kind == "person")).first() or 0
            self.number = session.get_one(Customer, self.customer_id).number

    def staff(self, session: Any, role: str = "manager") -> StaffStore:
        actor = Actor(1, role, "Ann", "slack:U1")
        return StaffStore(session, self.store.vault, actor=actor, now=NOW, business=Business())

    def read(self, *posts: base.Post, writes_as: str = "", region: str | None = None) -> Any:
        with self.store.write() as session:
            pull = Pull(connector="mastodon", source="ours", began_at=NOW)
            return keep_posts(session, pull, SOURCE, posts, NOW, writes_as, region)

    def rows(self) -> list[Post]:
        with self.store.read() as session:
            return list(session.scalars(select(Post).where(Post.connector == "mastodon").order_by(Post.external_id)))

    def tie(self, customer_id: int = 0, role: str = "manager") -> AuthorTie:
        with self.store.write() as session:
            post = session.scalars(select(Post).where(Post.connector == "mastodon")).first()
            assert post
            tie = authors.suggest(session, post, customer_id or self.customer_id, ("handle",), NOW, anew=True)
            assert tie
            return authors.decide(self.staff(session, role), tie.id, True)


def said(number: int, author: str = MEI, text: str = "Great coffee", **more: Any) -> base.Post:
    record = {"account": {"display_name": "Somebody", "note": more.pop("note", "")}}
    return base.post(
        f"https://far.example/{number}",
        NOW - timedelta(minutes=number),
        text=text,
        author=author,
        record=record,
        **more,
    )


@pytest.fixture
def listening(store: Store) -> Iterator[Listening]:
    return Listening(store)  # type: ignore[return-value]


def test_reading_ties_nobody(listening: Listening) -> None:
    listening.read(said(1), said(2, "@other@far.example"))
    assert [row.customer_id for row in listening.rows()] == [None, None]
    assert len({row.author_index for row in listening.rows()}) == 2


def test_a_tie_takes_all_posts_of_the_author_and_those_to_come(listening: Listening) -> None:
    listening.read(said(1), said(2), said(3, "@other@far.example"))
    tie = listening.tie()
    assert (tie.state, tie.how, tie.staff_id) == ("tied", "staff", 1)
    listening.read(said(4))
    whose = [row.customer_id for row in listening.rows()]
    assert whose == [listening.customer_id, listening.customer_id, None, listening.customer_id]
    assert [row.text for row in listening.rows()] == ["Great coffee"] * 4
    with listening.store.read() as session:
        records = list(session.scalars(select(PostRecord).order_by(PostRecord.id)))
        assert sum(row.customer_id == listening.customer_id for row in records) == 3
        assert all("Somebody" in str(row.record) for row in records)
        found = listening.staff(session).find(Search(handles=(MEI,)), None)  # type: ignore[arg-type]
        assert [one.customer_id for one in found] == [listening.customer_id]
        account = session.scalars(select(Identity).where(Identity.channel == "mastodon")).one()
        assert account.verified_at is None
        assert "mastodon" not in [
            one.channel for one in reach(listening.staff(session), listening.customer_id).accounts
        ]


def test_the_posts_are_sealed_with_the_key_of_whose_they_are(listening: Listening) -> None:
    listening.read(said(1, pictures=[("https://far.example/cup.jpg", "my cup")]))
    listening.tie()
    with listening.store.read() as session:
        picture = session.scalars(select(PostPicture)).one()
        assert (picture.customer_id, picture.alt) == (listening.customer_id, "my cup")
    listening.store.vault.forget(listening.customer_id)
    assert [row.text for row in listening.rows()] == [""]
    with listening.store.read() as session:
        assert session.scalars(select(PostPicture)).one().alt in ("", None)


def test_a_tie_is_taken_back_and_a_rejected_one_not_suggested_again(listening: Listening) -> None:
    listening.read(said(1), said(2))
    tie = listening.tie()
    with listening.store.write() as session:
        assert authors.take_back(listening.staff(session), tie.id).state == "undone"
    assert [(row.customer_id, row.text) for row in listening.rows()] == [(None, "Great coffee")] * 2
    with listening.store.write() as session:
        assert not session.scalars(select(Identity).where(Identity.channel == "mastodon")).all()
        post = session.scalars(select(Post).where(Post.connector == "mastodon")).first()
        assert post
        assert authors.suggest(session, post, listening.customer_id, ("handle",), NOW) is None
        anew = authors.suggest(session, post, listening.customer_id, ("name",), NOW, anew=True)
        assert anew
        assert anew.state == "suggested"


def test_an_author_is_one_customer_alone(listening: Listening) -> None:
    listening.read(said(1))
    with listening.store.write() as session:
        post = session.scalars(select(Post)).first()
        other = session.scalars(select(Customer.id).where(Customer.id != listening.customer_id)).first()
        assert post
        assert other
        tie = authors.suggest(session, post, other, ("name",), NOW)
        assert tie
        tie_id = tie.id
    listening.tie()
    with listening.store.write() as session, pytest.raises(NotPossible):
        authors.decide(listening.staff(session), tie_id, True)


def test_reasons_are_found_and_names_alone_are_none(listening: Listening) -> None:
    with listening.store.write() as session:
        customer = session.get_one(Customer, listening.customer_id)
        email = customer.email
    assert email
    listening.read(
        said(1, "@a@far.example", f"write me: {email}"),
        said(2, "@b@far.example", note=f"<p>{email}</p>"),
        said(3, "@c@far.example", "who else"),
    )
    with listening.store.write() as session:
        posts = session.scalars(select(Post).where(Post.connector == "mastodon").order_by(Post.external_id)).all()
        found = [author_candidates.candidates(session, post, None, "CN") for post in posts]
        assert [[(one.customer_id, one.reasons) for one in each] for each in found] == [
            [(listening.customer_id, ("email",))], [(listening.customer_id, ("email",))], [],
        ]  # fmt: skip
        fresh = author_candidates.suggest_recent(session, "CN", NOW)
        assert [tie.author for tie in fresh] == ["@b@far.example", "@a@far.example"]
        for tie in fresh:
            tie.told_at = NOW
    with listening.store.write() as session:
        assert author_candidates.suggest_recent(session, "CN", NOW) == []
    assert [row.customer_id for row in listening.rows()] == [None] * 3


def test_who_gave_their_name_themself_is_tied_by_rule(listening: Listening) -> None:
    with listening.store.write() as session:
        customer = session.get_one(Customer, listening.customer_id)
        customer.custom = {**customer.custom, "Mastodon": "mei.lin@far.example"}
    listening.read(said(1))
    with listening.store.write() as session:
        assert author_candidates.tie_by_name(session, NOW) == 1
    assert listening.rows()[0].customer_id == listening.customer_id
    with listening.store.write() as session:
        tie = session.scalars(select(AuthorTie)).one()
        assert (tie.how, tie.reasons) == ("rule", ["given"])
        authors.take_back(listening.staff(session), tie.id)
    with listening.store.write() as session:
        assert author_candidates.tie_by_name(session, NOW) == 0


def test_a_name_is_forgotten_with_what_it_tied_and_may_be_given_again(listening: Listening) -> None:
    store, mei = listening.store, listening.customer_id
    listening.read(said(1))
    for _ in range(2):
        with store.write() as session:
            public_names.remember(session, store.vault, mei, "mastodon", MEI.removeprefix("@"), NOW)
        with store.write() as session:
            assert author_candidates.tie_by_name(session, NOW, without=["mastodon"]) == 0
            assert author_candidates.tie_by_name(session, NOW) == 1
        assert listening.rows()[0].customer_id == mei
        with store.write() as session:
            assert public_names.forget(session, store.vault, mei, "mastodon", NOW)
        assert [(row.customer_id, row.text) for row in listening.rows()] == [(None, "Great coffee")]
        with store.write() as session:
            assert author_candidates.tie_by_name(session, NOW) == 0
            assert not session.scalars(select(Identity).where(Identity.channel == "mastodon")).all()


def test_another_name_takes_the_place_of_the_first_and_staff_s_no_stays(listening: Listening) -> None:
    store, mei = listening.store, listening.customer_id
    listening.read(said(1), said(2, "@other@far.example"))
    for name in (MEI, "@other@far.example", MEI):
        with store.write() as session:
            public_names.remember(session, store.vault, mei, "mastodon", name.removeprefix("@"), NOW)
            author_candidates.tie_by_name(session, NOW)
        assert [row.author for row in listening.rows() if row.customer_id == mei] == [name]
    with store.write() as session:
        tie = session.scalars(select(AuthorTie).where(AuthorTie.state == "tied")).one()
        authors.take_back(listening.staff(session), tie.id)
        public_names.remember(session, store.vault, mei, "mastodon", MEI.removeprefix("@"), NOW)
        assert author_candidates.tie_by_name(session, NOW) == 0


def test_who_the_network_gives_the_address_of_is_tied_by_rule(listening: Listening) -> None:
    """Only where the customer proved who they are, and only by what the network says itself."""
    with listening.store.write() as session:
        customer = session.get_one(Customer, listening.customer_id)
        vault = listening.store.vault
        customer.email_index = vault.blind_index("email", "mei@x.example")
        customer.phone_index = vault.blind_index("phone", "+8613900139001")
    told = {"email": "MEI@x.example"}
    listening.read(said(1, **told), region="CN")
    assert listening.rows()[0].customer_id is None
    with listening.store.write() as session:
        session.add(
            Identity(customer_id=listening.customer_id, channel="telegram", account="b", external_id="9",
                     first_seen_at=NOW, verified_at=NOW, verified_how="own contact")
        )  # fmt: skip
    listening.read(said(2, "@a@far.example", text="mei@x.example"), said(3, "@b@far.example", **told))
    assert [row.customer_id for row in listening.rows()] == [None] * 3
    listening.read(said(4, **told), said(5, "@c@far.example", phone="139 0013 9001"), region="CN")
    tied = {row.author: row.customer_id for row in listening.rows() if row.customer_id}
    assert tied == dict.fromkeys([MEI, "@c@far.example"], listening.customer_id)
    with listening.store.write() as session:
        ties = session.scalars(select(AuthorTie).order_by(AuthorTie.id)).all()
        assert [(tie.how, tie.reasons) for tie in ties] == [("rule", ["own_email"]), ("rule", ["own_phone"])]
        authors.take_back(listening.staff(session), ties[0].id)
    listening.read(said(6, **told), region="CN")
    assert listening.rows()[-1].customer_id is None


def test_an_address_of_two_customers_ties_nobody(listening: Listening) -> None:
    with listening.store.write() as session:
        for row in session.scalars(select(Customer).where(Customer.kind == "person").limit(2)).all():
            row.email_index = listening.store.vault.blind_index("email", "both@x.example")
            session.add(
                Identity(customer_id=row.id, channel="telegram", account="b", external_id=str(row.id),
                         first_seen_at=NOW, verified_at=NOW)
            )  # fmt: skip
    listening.read(said(1, email="both@x.example"), region="CN")
    assert listening.rows()[0].customer_id is None


def test_what_turns_out_to_be_said_by_us_is_no_customer_s(listening: Listening) -> None:
    listening.read(said(1))
    listening.tie()
    with listening.store.write() as session:
        authors.keep_as_own(session, session.scalars(select(Post).where(Post.connector == "mastodon")).one())
    (row,) = listening.rows()
    assert (row.customer_id, row.own, row.text, row.author) == (None, True, "Great coffee", MEI)
    listening.store.vault.forget(listening.customer_id)
    with listening.store.read() as session:
        assert "Somebody" in str(session.scalars(select(PostRecord)).one().record)
    assert listening.rows()[0].text == "Great coffee"


def test_our_account_is_ours_from_when_the_settings_name_it(listening: Listening) -> None:
    theirs = said(2, kind="comment", parent_id="https://far.example/1")
    listening.read(said(1, "@shop"), theirs)
    listening.tie()
    listening.read(said(1, "@shop"), theirs, writes_as="@shop")
    assert [(row.own, row.customer_id) for row in listening.rows()] == [(True, None), (False, None)]


def test_what_was_erased_is_not_read_again_and_the_record_stays(listening: Listening) -> None:
    listening.read(said(1), said(2), said(3, "@other@far.example"))
    listening.tie()
    with listening.store.write() as session, pytest.raises(NotAllowed):
        authors.erase_posts(listening.staff(session, "agent"), listening.customer_id)
    with listening.store.write() as session:
        gone = authors.erase_posts(listening.staff(session), listening.customer_id)
        assert (gone.posts, gone.authors) == (2, 1)
    again = listening.read(said(1), said(2), said(5))
    assert again.new == 0
    assert [row.author for row in listening.rows()] == ["@other@far.example"]
    with listening.store.read() as session:
        assert session.get_one(Customer, listening.customer_id).name
        assert not session.scalars(select(Identity).where(Identity.channel == "mastodon")).all()


def test_a_backup_from_before_brings_nothing_back(listening: Listening) -> None:
    listening.read(said(1), said(2))
    listening.tie()
    with listening.store.write() as session:
        authors.erase_posts(listening.staff(session), listening.customer_id)
    with listening.store.write() as session:  # as it was before
        for mark in session.scalars(select(ErasedMark)):
            session.delete(mark)
    listening.read(said(1))
    assert len(listening.rows()) == 1
    with listening.store.write() as session:
        privacy.replay_erased(session, listening.store.vault)
    assert listening.rows() == []
    assert listening.read(said(1)).new == 0


def test_who_is_erased_is_gone_from_the_public_posts_too(listening: Listening) -> None:
    listening.read(said(1, pictures=[("https://far.example/cup.jpg", "my cup")]))
    listening.tie()
    with listening.store.read() as session:
        assert counts(session, [listening.customer_id])["posts"] == 1
    privacy.erase_customer(listening.store, listening.customer_id, actor="test", now=NOW)
    assert listening.rows() == []
    with listening.store.read() as session:
        assert session.scalars(select(PostPicture)).all() == []
    assert listening.read(said(1)).new == 0


def test_what_we_say_ourselves_is_ours_and_nobody_is_tied_to_it(listening: Listening) -> None:
    listening.read(said(1, "@shop"), said(2, kind="comment", parent_id="1"), writes_as="@shop")
    with listening.store.write() as session:
        ours = session.scalars(select(Post).where(Post.own)).one()
        assert ours.author == "@shop"
        assert authors.suggest(session, ours, listening.customer_id, ("name",), NOW) is None


def test_posts_from_before_are_found_by_their_author_too(listening: Listening) -> None:
    with listening.store.write() as session:
        session.add(
            Post(connector="mastodon", external_id="https://far.example/9", kind="post", author=MEI, text="Old",
                 about="us", occurred_at=NOW)
        )  # fmt: skip
    with listening.store.write() as session:
        assert authors.fill_indexes(session) >= 1
    listening.read(said(1))
    listening.tie()
    assert [row.customer_id for row in listening.rows()] == [listening.customer_id] * 2


def test_records_of_the_network_are_read_for_who_it_is(listening: Listening) -> None:
    listening.read(said(1, note="tea"))
    with listening.store.read() as session:
        record = session.scalars(select(PostRecord)).one()
        assert json.loads(record.record or "{}")["account"]["note"] == "tea"
