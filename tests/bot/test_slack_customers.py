"""Customers who write to us on Slack: answered there, reached by campaigns where that is allowed, stopped by a word."""

import pytest
from sqlalchemy import select

from bot.campaigning import connected
from bot.messages import Sender
from config.settings import Settings, Slack
from crm_core import consent
from crm_core.campaigns import running
from crm_core.models import Campaign, CampaignContact, Conversation, Customer
from crm_core.query.conditions import Conditions
from jobs.run_campaigns import run_campaigns
from tests.dialogues import Stage

GUEST, CHAT = Sender(external_id="U0GUEST001", name="Ines Roth", team="T9", restricted=True), "D0GUEST001"


def says(stage: Stage, text: str) -> list[str]:
    before = len(stage.desk.outgoing)
    stage._receive("slack", "T1", CHAT, GUEST, text, side="customer", direct=True)
    return [one.reply.text for one in stage.desk.outgoing[before:] if one.chat_id == CHAT]


def begun(stage: Stage, name: str) -> None:
    with stage.app.store.write() as session:
        campaign = Campaign(
            name=name, channels=["slack"], variants=[{"key": "A", "en": "Tea week, {name}!", "zh": "{name}，茶周！"}],
            conditions=[{**Conditions().dump(), "said_at": stage.clock().isoformat()}], held_out_milli=0,
            response_days=7, created_at=stage.clock(),
        )  # fmt: skip
        session.add(campaign)
        session.flush()
        running.start(session, campaign, 0, stage.clock(), 1)
        campaign.approved_by_id = None


def run(stage: Stage) -> list[str]:
    before = len(stage.desk.outgoing)
    run_campaigns(stage.app, stage.clock())
    stage.settle()
    return [one.reply.text for one in stage.desk.outgoing[before:]]


def test_a_guest_is_answered_reached_where_that_is_allowed_and_stops_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert says(stage, "hello")
    with stage.app.store.write() as session:
        chat = session.execute(select(Conversation).where(Conversation.chat_id == CHAT)).scalar_one()
        assert chat.audience == "customer"
        assert chat.customer_id is not None
        session.get_one(Customer, chat.customer_id).kind = "person"  # no visitor any more: staff know who it is
        consent.say(session, chat.customer_id, consent.MARKETING, True, "said", stage.clock())
    begun(stage, "not allowed")
    assert run(stage) == []
    allowing = stage.app.settings.model_copy(update={"slack": Slack(customers=True)})
    monkeypatch.setattr(stage.app, "settings", allowing)
    begun(stage, "allowed")
    (told,) = run(stage)
    assert told.startswith("Tea week, Ines!")
    assert "To stop" in told
    stage.clock.advance(hours=26)
    begun(stage, "stopped before it went")
    assert says(stage, "STOP")
    assert run(stage) == []
    with stage.app.store.read() as session:
        assert len(session.execute(select(CampaignContact)).scalars().all()) == 1


def test_slack_is_a_channel_of_campaigns_only_where_customers_may_write_there() -> None:
    there = {"slack": object(), "telegram": object()}
    assert connected(there, Settings(_env_file=None)) == ("telegram",)
    assert connected(there, Settings(_env_file=None, slack=Slack(customers=True))) == ("telegram", "slack")
