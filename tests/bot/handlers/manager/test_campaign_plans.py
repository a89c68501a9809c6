"""Proposals of campaigns in the chat: asked for in words, shown with gain, interval and reasons, kept as drafts."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.handlers.manager.campaign_plans import PLAN, bounded
from crm_core.analytics.campaigns.proposals import Asked, Proposal
from crm_core.analytics.child import ChildFailed
from crm_core.models import AuditEntry, Campaign
from crm_core.query.conditions import Condition, Conditions
from tests.conftest import NOW
from tests.dialogues import Stage

MANAGING = "U-MANAGER"
VALUES = {
    "silent_days": 90.0, "seen_within_days": 365.0, "least_orders": 2.0, "least_spend_minor": 0.0, "hour": 18.0,
    "channel": "telegram", "discount": 10.0, "messages": 2.0,
}  # fmt: skip
FOUND = Proposal(
    "found", VALUES, 120_000.0, -5000.0, 260_000.0, 80_000.0, 42, 84, "ga", {"ga": 1.0}, {"hour": 30_000.0,
    "audience": 90_000.0, "channel": 0.0, "discount": -1000.0, "messages": 5000.0}, 4000, 300,
)  # fmt: skip


class Planner:
    """Stands for the child process: keeps what was asked and answers what it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[Asked] = []
        self.answer: Proposal | Exception = FOUND
        monkeypatch.setattr("bot.handlers.manager.campaign_plans.propose", self.propose)

    def propose(self, asked: Asked, folder: Path) -> Proposal:
        self.asked.append(asked)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def planner(monkeypatch: pytest.MonkeyPatch) -> Planner:
    return Planner(monkeypatch)


def drafts(stage: Stage) -> list[Campaign]:
    with stage.app.store.read() as session:
        found = session.execute(select(Campaign).where(Campaign.state == "draft").order_by(Campaign.id)).scalars()
        return list(found)


def test_a_proposal_is_shown_kept_as_drafts_and_audited(stage: Stage, planner: Planner) -> None:
    [sent] = stage.staff_says(MANAGING, "plan a campaign for winning back lost customers, budget 2,000")
    assert planner.asked[0].budget_minor == 200_000
    assert [one["field"] for one in planner.asked[0].conditions["all"]] == ["last_order"]
    for words in ("4000 contacts", "42 can be reached", "18:00", "10 % off", "2 messages", "1,200", "2,600",
                  "genetic algorithm", "below 0"):  # fmt: skip
        assert words in sent.reply.text
    assert sent.reply.table is not None
    assert sent.reply.table.rows[0][0] == "whom to write to"
    [keep] = sent.reply.choices
    assert not drafts(stage)
    [kept] = stage.staff_says(MANAGING, kind="button", button=keep.value)
    first, second = drafts(stage)
    assert first.discount_percent == second.discount_percent == 10
    assert first.starts_at is not None
    assert first.starts_at == datetime.fromisoformat("2026-11-23T10:00+00:00")
    assert second.starts_at == first.starts_at + timedelta(days=7)
    assert first.channels == ["telegram"]
    assert "10 % off" in first.variants[0]["en"]
    assert "{name}" in first.variants[0]["zh"]
    assert len(second.conditions[0]["all"]) == len(first.conditions[0]["all"]) + 1
    assert first.name in kept.reply.text
    [again] = stage.staff_says(MANAGING, kind="button", button=keep.value)
    assert "not there any more" in again.reply.text
    assert len(drafts(stage)) == 2
    with stage.app.store.read() as session:
        acts = session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("campaign"))).all()
    assert acts == ["campaign.read", "campaign.write", "campaign.write"]


def test_a_draft_that_is_meant_is_made_better_in_chinese(stage: Stage, planner: Planner) -> None:
    whom = Conditions(all=(Condition("place", "is", "Shanghai"),)).dump()
    with stage.app.store.write() as session:
        session.add(Campaign(
            name="春茶", state="draft", conditions=[{**whom, "said_at": NOW.isoformat()}], created_at=NOW,
            variants=[{"key": "A", "en": "Tea!", "zh": "茶！"}], channels=["email"],
        ))  # fmt: skip
    [sent] = stage.staff_says(MANAGING, "优化这次活动")
    assert [one["value"] for one in planner.asked[0].conditions["all"]] == ["Shanghai"]
    assert "遗传算法" in sent.reply.text
    stage.staff_says(MANAGING, kind="button", button=sent.reply.choices[0].value)
    assert [draft.name for draft in drafts(stage)][:2] == ["春茶", "春茶 (2)"]
    assert drafts(stage)[1].variants[0]["zh"] == "茶！"


@pytest.mark.parametrize("state", ["too_few", "unclear", "nobody", "nothing", "failed"])
def test_why_there_is_no_proposal_is_said(stage: Stage, planner: Planner, state: Any) -> None:
    planner.answer = ChildFailed("broken") if state == "failed" else Proposal(state, contacts=700, bought=20)
    [sent] = stage.staff_says(MANAGING, "optimise the best campaign plan for winning back lost customers")
    assert sent.reply.text == stage.app.services.phrases(f"campaign_plans.{state}", "en", contacts=700, bought=20)
    assert not sent.reply.choices


def test_agents_get_none(stage: Stage, planner: Planner) -> None:
    stage.staff_says("U-AGENT", "plan a campaign for winning back lost customers")
    assert not planner.asked


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("plan a campaign for winning back lost customers", True), ("optimize this campaign", True),
        ("优化这次活动", True), ("策划一个挽回流失客户的活动", True), ("规划一个最划算的活动，预算3000", True),
        ("send the mid-autumn offer to loyal customers in guangdong, friday 10am", False),
        ("preview the campaign", False), ("给安静的VIP做个活动，九折", False),
        ("plan a campaign: cold brew week, segment coffee, start 3 july", False),
    ],
)  # fmt: skip
def test_which_words_ask_for_a_proposal(text: str, asks: bool) -> None:
    assert bool(PLAN.search(text)) is asks


def test_bounds_that_say_less_than_was_said_are_left_out() -> None:
    said = Condition("last_order", "before", until=NOW - timedelta(days=120), moves=True)
    told = bounded(Conditions(all=(said,)), VALUES, NOW)
    assert [(one.field, one.operator) for one in told.all] == [
        ("last_order", "before"), ("last_order", "after"), ("orders", "at_least"),
    ]  # fmt: skip
