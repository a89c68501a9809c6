"""Proposals out of a database: what past campaigns of the sample business would teach, were there some."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from config.settings import Settings
from crm_core.analytics.campaigns import planning as campaign_planning
from crm_core.analytics.campaigns import plans as campaign_plans
from crm_core.analytics.campaigns.past import read_contacts
from crm_core.analytics.campaigns.planning import compute
from crm_core.analytics.campaigns.proposals import Asked, propose
from crm_core.analytics.campaigns.response import TooFewContacts
from crm_core.analytics.prediction.stored_past import reading_past
from crm_core.database import Store, open_store
from crm_core.models import CampaignContact, Consent, Customer
from crm_core.query.conditions import Condition, Conditions
from tests.conftest import NOW
from tests.crm_core.past_of_campaigns import let_all_be_written_to, write_past

on_one_database = pytest.mark.parametrize("sample_settings", ["sqlite"], indirect=True)
"""Where what is read is not the question."""


def opened(settings: Settings) -> Store:
    return open_store(settings.database_url, settings.data_dir, None, migrate=False)


def asked(settings: Settings, **more: Any) -> Asked:
    given: dict[str, Any] = {
        "conditions": Conditions().dump(), "channels": ("telegram", "web", "email"), "budget_minor": 500_000,
        "most_messages": 200, "margin": 0.5, "message_minor": {},
    }  # fmt: skip
    return Asked(
        settings.database_url, "", str(settings.data_dir), None, NOW.isoformat(), "Asia/Shanghai", "CNY",
        proactive=settings.proactive.model_dump(), **{**given, **more},
    )  # fmt: skip


@pytest.fixture(autouse=True)
def fewer_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the work; what is found is still good."""
    best_plan = campaign_plans.best_plan
    monkeypatch.setattr(
        campaign_plans, "best_plan", lambda *given, **named: best_plan(*given, **{**named, "evaluations": 90})
    )
    monkeypatch.setattr(campaign_planning, "MOST_CUSTOMERS", 150)


def test_without_past_campaigns_it_says_so(sample_settings: Settings) -> None:
    assert compute(asked(sample_settings)).state == "too_few"


def test_it_proposes_what_worked_to_whom_may_be_written_to(sample_settings: Settings) -> None:
    store = opened(sample_settings)
    write_past(store, NOW)
    assert compute(asked(sample_settings)).state in ("nobody", "found")  # of the sample few said yes
    let_all_be_written_to(store, NOW)
    found = compute(asked(sample_settings))
    assert found.state == "found"
    assert found.values["channel"] == "telegram"
    assert found.values["hour"] == 18
    assert found.low < found.gain < found.high
    assert found.people >= 20
    assert found.messages <= 200
    assert found.contacts > 1000
    with store.write() as session:
        session.add_all(
            Consent(customer_id=one, kind="marketing", granted=False, how="test", occurred_at=NOW)
            for one in session.scalars(select(Customer.id)).all()
        )
    assert compute(asked(sample_settings)).state == "nobody"
    store.close()


@on_one_database
def test_where_nothing_tells_who_buys_nothing_is_proposed(sample_settings: Settings) -> None:
    store = opened(sample_settings)
    write_past(store, NOW, works=False)
    let_all_be_written_to(store, NOW)
    assert compute(asked(sample_settings)).state == "unclear"
    store.close()


@on_one_database
def test_whom_no_condition_takes_and_what_no_budget_allows(sample_settings: Settings) -> None:
    store = opened(sample_settings)
    write_past(store, NOW)
    let_all_be_written_to(store, NOW)
    nobody = Conditions(all=(Condition("orders", "at_least", 100_000),)).dump()
    assert compute(asked(sample_settings, conditions=nobody)).state == "nobody"
    assert compute(asked(sample_settings, most_messages=3)).state == "nothing"
    store.close()


def test_what_is_read_of_the_past(sample_settings: Settings) -> None:
    store = opened(sample_settings)
    write_past(store, NOW, campaigns=3)
    refuses = None
    with store.write() as session:
        refuses = session.scalars(select(CampaignContact.customer_id).order_by(CampaignContact.id)).first()
        session.add(Consent(customer_id=refuses, kind="profiling", granted=False, how="test", occurred_at=NOW))
    with reading_past(store, "CNY", NOW.date() - timedelta(days=1)) as past:
        contacts = read_contacts(store, past, NOW, "Asia/Shanghai")
        assert refuses not in contacts.customer
        assert set(contacts.hour[contacts.sent > 0]) == {10.0, 18.0}
        assert set(contacts.discount) == {0.0, 5.0, 10.0}
        last = contacts.day == contacts.day.max()
        assert set(contacts.before[last]) <= {0.0, 1.0, 2.0}
        assert contacts.before[last].max() > 0
        early = NOW - timedelta(days=10)  # the last campaign, 14 days ago, is then still being answered
        assert read_contacts(store, past, early, "Asia/Shanghai").day.max() < contacts.day.max()
        with pytest.raises(TooFewContacts, match="No campaign has ended"):
            read_contacts(store, past, NOW - timedelta(days=300), "Asia/Shanghai")
    store.close()


@on_one_database
def test_the_child_answers_the_same(sample_settings: Settings, tmp_path: Path) -> None:
    assert propose(asked(sample_settings), tmp_path / "plans").state == "too_few"
