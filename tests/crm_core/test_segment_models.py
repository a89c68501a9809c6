"""The RFM grid and the clusters on made-up tables, and the nightly refresh: who is where, who came and who left."""

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crm_core.analytics.features.definition import COLUMNS
from crm_core.analytics.segments import store as segments
from crm_core.analytics.segments.clusters import FEWEST_IN_ONE, choose_count, find_clusters
from crm_core.analytics.segments.movements import moves_between, size_at
from crm_core.analytics.segments.refresh import refresh_segments
from crm_core.analytics.segments.rfm import GRADES, NOT_BOUGHT, cell, grid
from crm_core.analytics.segments.words import segment_words
from crm_core.database import Store
from crm_core.models import Customer, Segment, SegmentMember
from crm_core.query.conditions import Condition, Conditions
from tests.crm_core.feature_rows import made_up

DAY = date(2026, 11, 22)


# --- the grid -------------------------------------------------------------------------------------------------------
def test_every_place_of_the_grid_has_a_name_and_every_name_a_place():
    grades = range(1, GRADES + 1)
    cells = {cell(r, f, m, first=first) for r, f, m, first in product(grades, grades, grades, [True, False])}
    assert {*cells, NOT_BOUGHT} == set(segment_words().rfm)


def test_a_name_gets_better_with_what_a_customer_does():
    """The best are champions whatever else; nobody who bought last week is asleep; nobody new was here before."""
    assert cell(5, 5, 5) == "champions"
    assert cell(1, 5, 5) == "cant_lose_them"
    assert cell(1, 1, 1, first=True) == "lost"
    assert cell(5, 1, 1, first=True) == "new"
    assert cell(5, 1, 1) == "promising"
    asleep = {"lost", "hibernating", "about_to_sleep", "at_risk", "cant_lose_them"}
    for frequency, money in product(range(1, 6), range(1, 6)):
        assert cell(5, frequency, money) not in asleep
        assert cell(1, frequency, money) in asleep


ROWS = st.lists(st.tuples(st.integers(0, 900), st.integers(0, 4), st.integers(0, 50)), min_size=1, max_size=40)


@given(rows=ROWS, seed=st.randoms(use_true_random=False))
def test_the_grid_takes_everybody_once_and_treats_equals_alike(rows: list[tuple[int, int, int]], seed):
    table = pandas.DataFrame(rows, columns=["recency_days", "orders", "spend_minor"])
    table["customer_id"] = range(1, len(rows) + 1)
    cells = grid(table)
    assert set(cells) == set(table["customer_id"])
    assert {one for one, key in cells.items() if key == NOT_BOUGHT} == set(table[table["orders"] == 0]["customer_id"])
    for place, mine in enumerate(rows):
        for other, theirs in enumerate(rows[:place]):
            if mine == theirs:
                assert cells[place + 1] == cells[other + 1]
    order = list(range(len(rows)))
    seed.shuffle(order)
    assert grid(table.iloc[order]) == cells


# --- clusters -------------------------------------------------------------------------------------------------------
def test_the_kinds_of_buyers_are_found_and_said_in_words():
    table = made_up(range(1, 1501))
    found = find_clusters(table)
    kinds = dict(zip(table["customer_id"], table["made_as"], strict=True))
    assert set(found.of_customer) == {one for one, kind in kinds.items() if kind != 3}
    together = Counter((kinds[one], number) for one, number in found.of_customer.items())
    assert len(found.described) == 3
    purest = sum(count for _, count in together.most_common(3))
    assert purest >= 0.97 * len(found.of_customer)
    for one in found.described:
        assert one.inside >= 90
        assert one.outside <= 10
    regulars = found.described[together.most_common(3)[0][0][1]]
    said = " ".join(one.means.en for one in found.described) + " ".join(one.means.zh for one in found.described)
    assert "no order in the last" in said
    assert "天没下单" in said
    assert regulars.bounds
    assert len({one.name.en for one in found.described}) == 3
    assert all(any("\u4e00" <= char <= "\u9fff" for char in one.name.zh) for one in found.described)


def test_words_hold_as_they_are_said():
    """The percentages are those of the rounded conditions on all buyers."""
    table = made_up(range(1, 601), seed=4)
    found = find_clusters(table)
    bought = table[table["orders"] > 0]
    for number, one in enumerate(found.described):
        meets = pandas.Series(data=True, index=bought.index)
        for bound in one.bounds:
            values = bought[bound.column]
            meets &= (values > (-1 if bound.low is None else bound.low)) & (
                values <= (10**12 if bound.high is None else bound.high)
            )
        mine = bought["customer_id"].map(found.of_customer) == number
        assert one.inside == round(100 * (meets & mine).sum() / mine.sum())
        assert one.outside == round(100 * (meets & ~mine).sum() / (~mine).sum())


def test_clusters_begin_where_they_were():
    """The same buyers again move nobody, whatever the numbers of the clusters were; two more buyers next to nobody."""
    table = made_up(range(1, 901), seed=2)
    found = find_clusters(table)
    again = find_clusters(table, {one: number + 7 for one, number in found.of_customer.items()})
    assert Counter(zip(found.of_customer.values(), again.of_customer.values(), strict=True)).keys() == {
        (number, number) for number in range(len(found.described))
    }
    assert find_clusters(table).of_customer == found.of_customer


def test_a_handful_of_buyers_is_one_cluster():
    few = made_up(range(1, FEWEST_IN_ONE * 2), seed=3)
    assert len(find_clusters(few).described) == 1
    same = pandas.concat([few[few["orders"] > 0].head(1)] * 500).assign(customer_id=range(500))
    assert len(find_clusters(same).described) == 1
    assert find_clusters(few[few["orders"] == 0]).of_customer == {}
    assert choose_count(pandas.DataFrame({"a": []}).to_numpy())[0] == 1


def test_every_fact_is_a_column_of_the_feature_table():
    facts = {*segment_words().clusters.facts, "customer_id", "recency_days", "orders", "spend_minor"}
    assert facts <= set(COLUMNS)


# --- the refresh ----------------------------------------------------------------------------------------------------
@pytest.fixture
def people(store: Store) -> list[int]:
    """Ids of 240 customers."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with store.write() as session:
        rows = [Customer(number=20_000 + n, kind="person", first_seen_at=now, updated_at=now) for n in range(240)]
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def rows_of(store: Store) -> list[tuple[int, int, datetime, datetime | None]]:
    with store.read() as session:
        query = select(SegmentMember).order_by(SegmentMember.id)
        return [(row.segment_id, row.customer_id, row.since, row.until) for row in session.execute(query).scalars()]


def sizes(store: Store, moment: datetime) -> dict[int, int]:
    with store.read() as session:
        return {one: size_at(session, one, moment) for one in session.execute(select(Segment.id)).scalars()}


def ends(day: int) -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC) + timedelta(days=day)


def test_everybody_is_in_one_segment_of_each_kind_and_movements_sum_up(store: Store, people: list[int]):
    for day, seed in enumerate((5, 6, 6)):
        table = made_up(people[: 240 - 40 * day], seed=seed)
        refreshed = refresh_segments(store, table, DAY + timedelta(days=day))
        with store.read() as session:
            kinds = dict(session.execute(select(Segment.id, Segment.kind)).all())
        now = [(customer, kinds[segment]) for segment, customer, _, until in rows_of(store) if until is None]
        for kind in ("rfm", "cluster"):
            assert sorted(customer for customer, each in now if each == kind) == sorted(table["customer_id"])
        assert refreshed.joined == sum(1 for row in rows_of(store) if row[2] == ends(day))
    for before, after in ((0, 1), (1, 2), (0, 2)):
        then, later = sizes(store, ends(before)), sizes(store, ends(after))
        with store.read() as session:
            for segment_id in later:
                moves = moves_between(session, segment_id, ends(before), ends(after))
                assert later[segment_id] == then[segment_id] + moves.joined - moves.left


def test_a_second_run_changes_nothing(store: Store, people: list[int]):
    table = made_up(people, seed=7)
    refresh_segments(store, table, DAY)
    before = rows_of(store)
    again = refresh_segments(store, table.sample(frac=1, random_state=1), DAY)
    tomorrow = refresh_segments(store, table, DAY + timedelta(days=1))
    assert rows_of(store) == before
    assert (again.joined, again.left, tomorrow.joined, tomorrow.left) == (0, 0, 0, 0)
    with store.read() as session:
        assert {segment.computed_at for segment in session.execute(select(Segment)).scalars()} == {ends(1)}


def test_a_run_of_the_same_moment_corrects_the_one_before(store: Store, people: list[int]):
    refresh_segments(store, made_up(people, seed=8), DAY)
    refresh_segments(store, made_up(people, seed=9), DAY)
    refresh_segments(store, made_up(people, seed=8), DAY)
    rows = rows_of(store)
    assert {(since, until) for _, _, since, until in rows} == {(ends(0), None)}
    assert len(rows) == 2 * len(people)


def test_clusters_keep_their_names_while_their_members_stay(store: Store, people: list[int]):
    """A night later most people are the same and some are others; the words may change, the names do not."""
    table = made_up(people, seed=10)
    refresh_segments(store, table, DAY)
    with store.write() as session:
        cluster = session.execute(select(Segment).where(Segment.kind == "cluster")).scalars().first()
        assert cluster
        cluster.name = cluster.name_en = cluster.name_zh = "Our dearest"
        kept = {one.id: one.name for one in session.execute(select(Segment)).scalars()}
    changed = pandas.concat([table.iloc[:220], made_up(people[220:], seed=99)])
    changed["recency_days"] = (changed["recency_days"] * 1.1).astype("Float64").round().astype("Int64")
    refresh_segments(store, changed, DAY + timedelta(days=1))
    with store.read() as session:
        found = session.execute(select(Segment).where(Segment.retired_at.is_(None))).scalars().all()
        assert {one.id: one.name for one in found} == kept


def test_a_cluster_that_is_gone_is_retired_and_comes_back_as_itself(store: Store, people: list[int]):
    many, few = made_up(people, seed=11), made_up(people[:50], seed=11)
    refresh_segments(store, many, DAY)
    with store.read() as session:
        names = {one.name for one in session.execute(select(Segment).where(Segment.kind == "cluster")).scalars()}
    refresh_segments(store, few, DAY + timedelta(days=1))
    with store.read() as session:
        left = session.execute(select(Segment).where(Segment.kind == "cluster", Segment.retired_at.is_(None))).scalars()
        assert len(list(left)) == 2
    refresh_segments(store, many, DAY + timedelta(days=2))
    with store.read() as session:
        back = session.execute(select(Segment).where(Segment.kind == "cluster", Segment.retired_at.is_(None))).scalars()
        assert names & {one.name for one in back}


def test_rules_are_stored_too_unless_they_are_younger_than_the_run(store: Store, people: list[int]):
    """Whoever was first seen in the last 10 days is new; a week later nobody is."""
    table = made_up(people, seed=13)
    with store.write() as session:
        session.get_one(Customer, people[0]).first_seen_at = ends(0) - timedelta(days=5)
        lately = Condition("first_seen", "after", "", since=ends(0) - timedelta(days=10), moves=True)
        for name, made in (("fresh", ends(0)), ("tomorrow's", ends(1))):
            segments.save_rule(session, name, Conditions((lately,)), staff_id=None, now=made, zone="UTC")
    refresh_segments(store, table, DAY)
    with store.read() as session:
        computed = dict(session.execute(select(Segment.name, Segment.computed_at).where(Segment.kind == "rule")).all())
    assert computed == {"fresh": ends(0), "tomorrow's": ends(1)}
    refreshed = refresh_segments(store, table, DAY + timedelta(days=7))
    assert (refreshed.segments["rule"], refreshed.left) == (2, 2)
    rules = [row for row in rows_of(store) if row[1] == people[0] and row[3] is not None]
    assert {(since, until) for _, _, since, until in rules} == {(ends(0), ends(7)), (ends(1), ends(7))}


def test_customers_that_are_gone_are_left_out(store: Store, people: list[int]):
    table = made_up(people, seed=12)
    with store.write() as session:
        session.delete(session.get_one(Customer, people[0]))
        session.get_one(Customer, people[1]).merged_into_id = people[2]
    refreshed = refresh_segments(store, table, DAY)
    assert refreshed.joined == 2 * (len(people) - 2)
    assert {customer for _, customer, _, _ in rows_of(store)} == set(people[2:])


def test_names_of_others_are_left_to_them(store: Store, people: list[int]):
    with store.write() as session:
        mine = Segment(name="Champions", name_en="Champions", name_zh="Champions", created_at=ends(-9))
        session.add(mine)
    refresh_segments(store, made_up(people), DAY)
    with store.read() as session:
        rfm = session.execute(select(Segment.name_en, Segment.name_zh).where(Segment.kind == "rfm")).all()
    assert ("Champions 2", "重要价值客户2") in [tuple(row) for row in rfm]


def test_looking_at_segments_loads_none_of_the_heavy_libraries():
    code = (
        "import sys, json, crm_core.analytics.segments.store, crm_core.staff.store;"
        "print(json.dumps([name for name in ('pandas', 'sklearn', 'scipy') if name in sys.modules]))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(told) == []


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_clusters_of_any_table_are_stable_words_and_numbers(seed: int):
    found = find_clusters(made_up(range(1, 200), seed=seed))
    assert set(found.of_customer.values()) == set(range(len(found.described)))
    for one in found.described:
        assert 0 <= one.outside <= one.inside <= 100
