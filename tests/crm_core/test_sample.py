"""The sample business: deterministic, plausible, consistent, and its known characters always there."""

import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from config.settings import FOLDER
from crm_core.database import Store, next_number, open_store
from crm_core.ids import RANDOM_BITS
from crm_core.models import (
    Base,
    Case,
    Company,
    Consent,
    Conversation,
    Customer,
    Identity,
    Interaction,
    Note,
    Order,
    OrderLine,
    Post,
    Product,
    Refund,
    Shipment,
    Staff,
)
from crm_core.sample.business import SampleSummary, load_sample
from crm_core.sample.content import SampleProblem, read_content
from crm_core.sample.rows import Rows

TODAY = date(2026, 11, 23)
END = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
LEFT = {"shipped", "delivered", "returned"}


def open_empty(folder: Path) -> Store:
    return open_store(f"sqlite:///{folder / 'rapport.sqlite'}", folder, None)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, SampleSummary]]:
    store = open_empty(tmp_path_factory.mktemp("sample"))
    yield store, load_sample(store, today=TODAY)
    store.close()


@pytest.fixture
def sample(loaded: tuple[Store, SampleSummary]) -> Store:
    return loaded[0]


def rows(store: Store, model: type[Base], *options: Any) -> list[Any]:
    with store.read() as session:
        return list(session.execute(select(model).options(*options).order_by(model.id)).scalars())


def known(store: Store, number: int) -> Customer:
    with store.read() as session:
        return session.execute(select(Customer).where(Customer.number == number)).scalar_one()


def order(store: Store, number: str) -> Order:
    with store.read() as session:
        query = select(Order).where(Order.number == number)
        related = (selectinload(Order.shipments), selectinload(Order.refunds), selectinload(Order.lines))
        return session.execute(query.options(*related)).scalar_one()


def plain_facts(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every row with its sealed values opened, for comparing two stores."""
    facts = {}
    with store.read() as session:
        for mapper in Base.registry.mappers:
            sealed = {attribute.column: name for name, attribute in mapper.class_.__sealed__.items()}
            facts[mapper.local_table.name] = [
                {
                    key: getattr(row, sealed.get(key, key))
                    for key in mapper.columns.keys()  # noqa: SIM118 - a collection of columns, not a dict
                    if not key.endswith("_index")
                }
                for row in session.execute(select(mapper.class_).order_by(mapper.class_.id)).scalars()
            ]
    return facts


def test_the_summary_says_what_is_there(loaded: tuple[Store, SampleSummary]) -> None:
    store, summary = loaded
    print(f"\nloaded in {summary.seconds:.1f} s: {dict(summary.counts)}")  # noqa: T201 - shown by pytest -s, not asserted
    with store.read() as session:
        for model in (Customer, Order, OrderLine, Shipment, Interaction, Case, Post, Product, Staff):
            assert session.scalar(select(func.count(model.id))) == summary.counts[model.__tablename__]
    assert summary.counts["customers"] == 500
    assert 60 <= summary.counts["products"] <= 75
    assert summary.counts["staff"] == 5
    assert 1800 < summary.counts["orders"] < 6000
    assert summary.counts["interactions"] > 2000
    assert summary.characters["wang_fang"] == 10482


def test_the_same_seed_gives_the_same_plain_facts(tmp_path: Path) -> None:
    stores = [open_empty(tmp_path / name) for name in ("one", "two", "other")]
    for store, seed in zip(stores, (3, 3, 4), strict=True):
        load_sample(store, today=TODAY, seed=seed, customers=60)
    one, two, other = (plain_facts(store) for store in stores)
    assert one == two
    assert one["orders"] != other["orders"]
    for store in stores:
        store.close()


def test_it_loads_on_every_database_and_numbers_go_on(store: Store) -> None:
    load_sample(store, today=TODAY, customers=40)
    with store.write() as session:
        assert next_number(session, "customer") == 10483
        assert next_number(session, "case") == 3313
        assert next_number(session, "order") == 30001
    assert known(store, 10482).name == "王芳 Wang Fang"


def test_rows_of_one_second_have_ids_of_their_own_however_many_there_are(sample: Store) -> None:
    with sample.read() as session:
        loading = Rows(session, sample.vault)
        loading.number = (1 << RANDOM_BITS) - 2
        ids = [loading.add(Note, END + timedelta(milliseconds=each), customer_id=1) for each in range(4)]
    second = int(END.timestamp() * 1000) << RANDOM_BITS
    assert ids == sorted(set(ids))
    assert second < ids[0] < ids[-1] < second + (1000 << RANDOM_BITS)


def test_progress_runs_up_to_all(tmp_path: Path) -> None:
    store, seen = open_empty(tmp_path), []
    load_sample(store, today=TODAY, customers=600, progress=seen.append)
    assert len(rows(store, Customer)) == 600
    store.close()
    assert len(seen) > 20
    assert seen == sorted(set(seen))
    assert seen[-1] == 1.0


def test_it_goes_into_an_empty_store_only_and_leaves_nothing_when_refused(sample: Store, tmp_path: Path) -> None:
    with pytest.raises(SampleProblem, match="empty"):
        load_sample(sample, today=TODAY)
    assert len(rows(sample, Customer)) == 500
    store = open_empty(tmp_path)
    with pytest.raises(SampleProblem, match="at least"):
        load_sample(store, today=TODAY, customers=5)
    assert rows(store, Product) == []
    store.close()


def test_a_stopped_load_leaves_nothing_behind(tmp_path: Path) -> None:
    def stop(share: float) -> None:
        raise KeyboardInterrupt

    store = open_empty(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        load_sample(store, today=TODAY, customers=40, progress=stop)
    assert rows(store, Customer) == []
    load_sample(store, today=TODAY, customers=40)
    assert len(rows(store, Customer)) == 40
    store.close()


def test_who_the_customers_are(sample: Store) -> None:
    people = rows(sample, Customer)
    languages = Counter(customer.language for customer in people)
    assert 0.52 < languages["zh"] / len(people) < 0.68
    assert 0.06 < sum(customer.kind == "company" for customer in people) / len(people) < 0.1
    assert {customer.country for customer in people} == {"CN", "HK", "SG", "GB", "US"}
    assert 10 <= sum(customer.tier == "vip" for customer in people) <= 60
    assert all("@" in customer.email and ".example" in f".{customer.email.split('@')[1]}" for customer in people)
    phones = Counter(customer.phone for customer in people)
    assert max(phones.values()) == 1
    ordinary = sorted((customer.number, customer.first_seen_at) for customer in people)
    fixed = {character.number for character in read_content().known.characters}
    starts = [start for number, start in ordinary if number not in fixed]
    assert sum(later < earlier for earlier, later in pairwise(starts)) < len(starts) * 0.4


def test_people_are_found_by_their_blind_indexes(sample: Store) -> None:
    with sample.read() as session:
        by_phone = sample.vault.blind_index("phone", "+8613800138000")
        by_email = sample.vault.blind_index("email", "li.mei@example.com")
        assert session.execute(select(Customer.number).where(Customer.phone_index == by_phone)).scalar_one() == 10482
        assert session.execute(select(Customer.number).where(Customer.email_index == by_email)).scalar_one() == 10207


def test_personal_data_is_sealed_on_disk(tmp_path: Path) -> None:
    store = open_empty(tmp_path)
    load_sample(store, today=TODAY, customers=40)
    store.close()
    written = b"".join(path.read_bytes() for path in tmp_path.glob("*.sqlite*"))
    assert "王芳".encode() not in written
    assert b"wang.fang@example.com" not in written
    assert "龙井收到了".encode() not in written


def test_revenue_is_skewed_like_a_real_shop(sample: Store) -> None:
    spend: dict[int, int] = defaultdict(int)
    for each in rows(sample, Order):
        if each.status not in ("cancelled", "returned"):
            spend[each.customer_id] += each.total_minor
    top = sorted(spend.values(), reverse=True)[: 500 // 5]
    assert 0.5 < sum(top) / sum(spend.values()) < 0.85


def test_customers_come_back_and_leave(sample: Store) -> None:
    orders: dict[int, list[datetime]] = defaultdict(list)
    for each in rows(sample, Order):
        orders[each.customer_id].append(each.placed_at)
    silent = [dates for dates in orders.values() if max(dates) < END - timedelta(days=120)]
    assert 0.15 < len(silent) / len(orders) < 0.6
    assert sum(len(dates) == 1 for dates in orders.values()) > 30
    gaps = [
        (after - before).days
        for dates in orders.values()
        if len(dates) >= 10
        for before, after in pairwise(sorted(dates))
    ]
    assert sum(7 <= gap <= 50 for gap in gaps) / len(gaps) > 0.6


def test_seasons_show(sample: Store) -> None:
    names = {product.id: product.sku for product in rows(sample, Product)}
    placed = {each.id: each.placed_at for each in rows(sample, Order)}
    months: dict[str, Counter[int]] = defaultdict(Counter)
    for line in rows(sample, OrderLine):
        months[names[line.product_id]][placed[line.order_id].month] += line.quantity
    moon = months["JC-X-MOON"]
    assert sum(moon[month] for month in (8, 9, 10)) > 0.8 * moon.total() > 0
    iced = months["JC-B-ICELAKE"]
    assert sum(iced[month] for month in (6, 7, 8)) > iced[1] + iced[2] + iced[3]


def test_baskets_have_affinities(sample: Store) -> None:
    names = {product.id: product.sku for product in rows(sample, Product)}
    baskets: dict[int, set[str]] = defaultdict(set)
    for line in rows(sample, OrderLine):
        baskets[line.order_id].add(names[line.product_id])
    drippers = [basket for basket in baskets.values() if "JC-W-REED" in basket]
    with_papers = sum("JC-A-FILT" in basket for basket in drippers) / len(drippers)
    papers = sum("JC-A-FILT" in basket for basket in baskets.values()) / len(baskets)
    assert with_papers > 1.3 * papers


def test_money_adds_up(sample: Store) -> None:
    goods: Counter[int] = Counter()
    for line in rows(sample, OrderLine):
        assert line.quantity > 0
        assert line.unit_minor > 0
        goods[line.order_id] += line.quantity * line.unit_minor
    orders = rows(sample, Order)
    for each in orders:
        assert each.total_minor == goods[each.id] - each.discount_minor + each.shipping_minor
        assert each.currency == "CNY"
    totals = {each.id: each.total_minor for each in orders}
    assert all(0 < refund.amount_minor <= totals[refund.order_id] for refund in rows(sample, Refund))


def test_nothing_is_of_the_future(sample: Store) -> None:
    moments = {
        Customer: ("first_seen_at", "updated_at"),
        Order: ("placed_at", "updated_at", "cancelled_at"),
        Shipment: ("shipped_at", "delivered_at"),
        Refund: ("requested_at", "paid_at"),
        Interaction: ("occurred_at", "received_at", "answered_at"),
        Conversation: ("started_at", "last_message_at", "state_since"),
        Case: ("opened_at", "closed_at"),
        Consent: ("occurred_at",),
        Post: ("occurred_at",),
    }
    for model, columns in moments.items():
        for row in rows(sample, model):
            for column in columns:
                moment = getattr(row, column)
                assert moment is None or moment <= END, (model, column)


def test_an_order_is_in_a_state_that_fits_its_age(sample: Store) -> None:
    shipments = {shipment.order_id: shipment for shipment in rows(sample, Shipment)}
    orders = rows(sample, Order)
    assert {each.status for each in orders} >= {"paid", "shipped", "delivered", "cancelled", "returned"}
    for each in orders:
        shipment = shipments.get(each.id)
        assert (shipment is not None) == (each.status in LEFT), each.number
        assert each.status not in ("placed", "paid") or each.placed_at > END - timedelta(days=4)
        assert (each.cancelled_at is not None) == (each.status == "cancelled")
        if shipment:
            assert shipment.carrier
            assert shipment.tracking_no
            assert shipment.shipped_at > each.placed_at
            assert (shipment.delivered_at is not None) == (each.status in ("delivered", "returned"))
            assert shipment.delivered_at is None or shipment.delivered_at > shipment.shipped_at
    states = {refund.status for refund in rows(sample, Refund)}
    assert states >= {"paid", "refused", "approved"}


def test_order_numbers_are_unique_and_grow_with_time(sample: Store) -> None:
    orders = sorted(rows(sample, Order), key=lambda each: each.placed_at)
    numbers = [int(each.number.removeprefix("SO-")) for each in orders]
    assert len(set(numbers)) == len(numbers)
    assert max(abs(number - sorted(numbers)[place]) for place, number in enumerate(numbers)) < 2500
    assert min(numbers) > 10000
    assert max(numbers) < 30000


def test_conversations_hang_together(sample: Store) -> None:
    talks = {talk.id: talk for talk in rows(sample, Conversation)}
    said: dict[int, list[Interaction]] = defaultdict(list)
    for line in rows(sample, Interaction):
        said[line.conversation_id].append(line)
        assert line.customer_id == talks[line.conversation_id].customer_id
        assert line.text
        assert "{" not in line.text
        if line.direction == "in":
            assert line.intent
            assert line.topic
            assert line.language in ("en", "zh")
            assert -1000 <= line.sentiment_milli <= 1000
        assert (line.author == "staff") == (line.staff_id is not None)
    assert said.keys() == talks.keys()
    for talk_id, lines in said.items():
        assert [line.occurred_at for line in lines] == sorted(line.occurred_at for line in lines)
        assert talks[talk_id].last_message_at == lines[-1].occurred_at
    assert {talk.state for talk in talks.values()} >= {"bot", "resolved", "person", "waiting"}
    complaints = [line for lines in said.values() for line in lines if line.intent == "complaint"]
    assert all(line.sentiment_milli < 0 for line in complaints)
    assert len({line.occurred_at.date() for lines in said.values() for line in lines}) > 150


def test_cases_and_consents(sample: Store) -> None:
    cases = rows(sample, Case)
    assert len({case.number for case in cases}) == len(cases)
    assert sum(case.status != "closed" for case in cases) >= 5
    assert all((case.closed_at is not None) == (case.status == "closed") for case in cases)
    granted = Counter(consent.granted for consent in rows(sample, Consent))
    assert granted[True] > granted[False] > 50


def test_posts_speak_about_us_and_two_competitors(sample: Store) -> None:
    posts = rows(sample, Post)
    assert {post.about for post in posts} == {"us", "BrightBrew", "Copper Kettle Co"}
    assert {post.language for post in posts} == {"en", "zh"}
    assert min(post.occurred_at for post in posts) > END - timedelta(days=91)
    battery = [post.occurred_at for post in posts if post.topic == "battery"]
    assert min(battery) > END - timedelta(days=14)
    assert len(battery) > 15


def test_wang_fang_has_one_order_on_its_way(sample: Store) -> None:
    wang = known(sample, 10482)
    assert (wang.name, wang.city, wang.tier, wang.language) == ("王芳 Wang Fang", "Shanghai", "vip", "zh")
    assert (wang.phone, wang.email) == ("+8613800138000", "wang.fang@example.com")
    on_its_way = order(sample, "SO-20931")
    assert on_its_way.customer_id == wang.id
    assert on_its_way.status == "shipped"
    (shipment,) = on_its_way.shipments
    assert (shipment.carrier, shipment.status) == ("SF Express", "in_transit")
    assert shipment.expected_on >= TODAY
    with sample.read() as session:
        delivered = select(func.count()).where(Order.customer_id == wang.id, Order.status == "delivered")
        assert session.scalar(delivered) >= 1


def test_there_are_exactly_two_wang_fangs(sample: Store) -> None:
    named = [customer for customer in rows(sample, Customer) if "王芳" in customer.name or "Wang Fang" in customer.name]
    assert {(customer.number, customer.city) for customer in named} == {(10482, "Shanghai"), (10467, "Hangzhou")}


def test_the_other_wang_fang_works_at_lotus_trading(sample: Store) -> None:
    lotus, contact = known(sample, 10156), known(sample, 10467)
    assert lotus.kind == "company"
    assert lotus.company_id == contact.company_id
    (company,) = [company for company in rows(sample, Company) if company.id == lotus.company_id]
    assert company.name == "莲花贸易 Lotus Trading"


def test_li_mei_waits_for_a_refund(sample: Store) -> None:
    broken = order(sample, "SO-20488")
    assert broken.customer_id == known(sample, 10207).id
    assert broken.status == "delivered"
    (refund,) = broken.refunds
    assert (refund.status, refund.amount_minor, refund.paid_at) == ("approved", 59800, None)
    with sample.read() as session:
        case = session.execute(select(Case).where(Case.number == 3312)).scalar_one()
        assert (case.customer_id, case.status) == (broken.customer_id, "open")
        handle = session.execute(select(Identity).where(Identity.customer_id == broken.customer_id)).scalar_one().handle
        assert handle == "li_mei88"


def test_priya_can_still_cancel(sample: Store) -> None:
    today = order(sample, "SO-20877")
    assert today.customer_id == known(sample, 10391).id
    assert today.status == "paid"
    assert today.shipments == []
    assert END - timedelta(hours=2) < today.placed_at < END


def test_acme_is_unhappy_and_tom_baker_is_their_contact(sample: Store) -> None:
    acme, tom = known(sample, 10118), known(sample, 10119)
    assert (acme.name, acme.kind, acme.city, acme.tier) == ("Acme Kitchens", "company", "London", "wholesale")
    assert tom.company_id == acme.company_id
    with sample.read() as session:
        mood = select(func.avg(Interaction.sentiment_milli)).where(
            Interaction.customer_id == acme.id, Interaction.direction == "in"
        )
        assert session.scalar(mood) < -500
        assert session.scalar(select(Conversation.state).where(Conversation.customer_id == acme.id)) == "person"


def test_at_least_three_vips_in_shanghai_were_silent_for_90_days(sample: Store) -> None:
    with sample.read() as session:
        silent = (
            select(Customer.number)
            .join(Order, Order.customer_id == Customer.id)
            .where(Customer.city == "Shanghai", Customer.tier == "vip")
            .group_by(Customer.number)
            .having(func.max(Order.placed_at) < END - timedelta(days=90))
        )
        assert {10043, 10061, 10077} <= set(session.execute(silent).scalars())


def test_the_history_reaches_up_to_the_moment_asked_for(tmp_path: Path) -> None:
    store, now = open_empty(tmp_path), datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    load_sample(store, today=TODAY, customers=400, until=now)
    placed = [each.placed_at for each in rows(store, Order)]
    store.close()
    assert END < max(placed) < now


def test_the_catalogue_refers_to_itself_rightly() -> None:
    catalogue = read_content().catalogue
    for product in catalogue.products:
        assert product.category in catalogue.categories
        assert {*product.goes_with, *product.attributes.get("compatible_with", [])} <= catalogue.by_sku.keys()
        assert product.name("en")
        assert product.name("zh")
    assert sum(product.stock == 0 for product in catalogue.products) >= 3


def test_a_broken_line_is_named_with_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    shutil.copytree(FOLDER / "sample", folder)
    staff = folder / "staff.yml"
    staff.write_text(staff.read_text("utf-8").replace("role: manager", "role: boss"), "utf-8")
    with pytest.raises(SampleProblem, match=r"staff\.yml, at staff > 3 > role"):
        read_content(folder)
    staff.write_text("staff: [", "utf-8")
    with pytest.raises(SampleProblem, match=r"staff\.yml is not YAML"):
        read_content(folder)
    staff.unlink()
    with pytest.raises(SampleProblem, match="missing"):
        read_content(folder)
