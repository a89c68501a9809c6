"""The best campaign, proposed: whom to write to, when, where, with which discount and how often; what it is expected to
bring, and why. Nothing is kept before the manager says so, and nothing is sent before the draft is started.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot import wording
from bot.handlers.agent.asking import argument
from bot.handlers.manager.asking import ManagerTurn
from bot.handlers.manager.segment_reading import in_words
from bot.messages import Choice, Reply, Table
from bot.turns import Handler, Preparing
from crm_core.analytics.campaigns.proposals import Asked, Proposal, propose
from crm_core.analytics.child import ChildFailed
from crm_core.campaigns.audience import CHANNELS
from crm_core.models import Campaign
from crm_core.query.conditions import Condition, Conditions
from crm_core.query.reading import conditions_from
from crm_core.staff.campaigns import Plan

PLAN = re.compile(
    r"(?<![a-z])(?:optimi[sz]\w*|improve|plan(?:ning)? (?:a|an|the|my|our|us|me)\b.*campaign(?! *:)|campaign plan"
    r"|most profitable|be best|best (?:campaign|plan|time|hour|audience|discount|offer)|propos\w+|suggest\w*"
    r"|recommend\w*)(?![a-z])"
    r"|优化|最优|最佳|最划算|收益最高|(?:规划|策划|设计|推荐|建议).{0,12}(?:活动|群发|推送)|(?:活动|群发)方案"
)
"""Words that ask for a proposal, and not for a campaign as they say it."""
_THIS = re.compile(r"(?<![a-z])(?:this|that|the|it)(?![a-z])|这|那|该")
_LOST = re.compile(
    r"(?<![a-z])(?:w[io]n(?:ning)?[ -]?(?:\w+ ){0,2}back|lapsed|reactivat\w+)(?![a-z])|挽回|召回|流失|唤醒"
)
_BUDGET = re.compile(
    r"(?:(?:with )?(?:a )?budget(?: of)?|预算)[^\d;，；。]{0,12}(?P<number>\d[\d,]*(?:\.\d+)?) ?(?P<unit>万|千|k\b)?",
    re.IGNORECASE,
)
_UNITS = {"万": 10_000, "千": 1000, "k": 1000}
LOST_DAYS = 60
WAVES = timedelta(days=7)
"""Between two messages of a plan to one customer."""


@dataclass(frozen=True)
class Planned:
    """What was computed before the turn; `campaign_id` where an existing one shall be made better."""

    proposal: Proposal | None
    conditions: Conditions
    budget_minor: int
    campaign_id: int | None = None


def prepare_plan(given: Preparing) -> Planned | None:
    """Compute a proposal where one is asked for; it takes seconds."""
    text = given.understanding.text[:600]
    if given.message.kind == "button" or not PLAN.search(text.lower()):
        return None
    settings = given.services.settings
    with given.store.read() as session:
        rows = session.execute(select(Campaign).order_by(Campaign.created_at.desc(), Campaign.id.desc())).scalars()
        campaigns = [(row.id, row.name, row.state, row.conditions) for row in rows]
    named = next((one for one in campaigns if one[1].casefold() in text.casefold()), None)
    if named is None and _THIS.search(text.lower()) and not _LOST.search(text.lower()):
        named = next((one for one in campaigns if one[2] == "draft"), None)
    said = _said(given, text)
    conditions = Conditions.load(named[3][0]) if named and named[3] and not said.all else said
    budget = _budget(given, text)
    asked = Asked(
        settings.database_url, settings.database.keys_url, str(settings.data_dir),
        settings.master_key.get_secret_value() if settings.master_key else None, given.now.isoformat(),
        settings.business.zone, settings.business.currency, conditions.dump(), CHANNELS, budget,
        settings.campaigns.most_messages, settings.campaigns.margin_percent / 100, settings.campaigns.message_minor,
        settings.proactive.model_dump(),
    )  # fmt: skip
    try:
        proposal = propose(asked, settings.data_dir / "plans")
    except ChildFailed:
        proposal = None
    return Planned(proposal, conditions, budget, named[0] if named else None)


def _said(given: Preparing, text: str) -> Conditions:
    """Whom the sentence names, besides what it says of the budget; who is to be won back is silent."""
    business = given.services.settings.business
    spans = [match.span() for match in _BUDGET.finditer(text)]
    mentions = [
        one for one in given.understanding.entities if not any(start <= one.start < end for start, end in spans)
    ]
    rest = _BUDGET.sub(lambda match: " " * len(match[0]), text)
    read = conditions_from(rest, mentions, now=given.now, zone=business.zone, currency=business.currency)
    kept = Conditions(all=read.all, currency=business.currency)
    if not read.all and _LOST.search(text.lower()):
        return replace(kept, all=(_silent(LOST_DAYS, given.now),))
    return kept


def _budget(given: Preparing, text: str) -> int:
    """The budget that was said, or the usual one, in minor units."""
    said = _BUDGET.search(text)
    if said is None:
        return 100 * given.services.settings.campaigns.budget
    return round(100 * float(said["number"].replace(",", "")) * _UNITS.get((said["unit"] or "").lower(), 1))


def _silent(days: int, now: datetime) -> Condition:
    return Condition("last_order", "before", until=now - timedelta(days=days), moves=True)


# --- telling it -----------------------------------------------------------------------------------------------------
def proposed(turn: ManagerTurn) -> Reply:
    """The proposal with what it is expected to bring and why, or why there is none."""
    planned = turn.prepared
    assert isinstance(planned, Planned)
    turn.store.permit("campaign.read", "plan", ("orders", "consent"))
    proposal = planned.proposal
    if proposal is None:
        return turn.reply("campaign_plans.failed")
    if proposal.state != "found":
        return turn.reply(f"campaign_plans.{proposal.state}", contacts=proposal.contacts, bought=proposal.bought)
    conditions = bounded(planned.conditions, proposal.values, turn.now)
    turn.memory.show("plan", {
        "conditions": conditions.dump(), "values": dict(proposal.values), "campaign": planned.campaign_id,
    })  # fmt: skip
    currency = turn.services.settings.business.currency

    def money(amount: float) -> str:
        return wording.money(round(amount), currency, turn.language)

    text = turn.say(
        "campaign_plans.found", audience=in_words(turn, conditions), people=proposal.people,
        message=_message(turn, proposal.values), messages=proposal.messages, gain=money(proposal.gain),
        low=money(proposal.low), high=money(proposal.high), spent=money(proposal.spent),
        budget=money(planned.budget_minor), contacts=proposal.contacts, bought=proposal.bought,
        way=turn.say(f"campaign_plans.ways.{proposal.way}"),
    )  # fmt: skip
    if proposal.low < 0:
        text += "\n" + turn.say("campaign_plans.unsure")
    why = sorted(proposal.why.items(), key=lambda each: -each[1])
    rows = tuple((turn.say(f"campaign_plans.parts.{part}"), money(gain)) for part, gain in why)
    columns = tuple(turn.say(f"campaign_plans.columns.{name}") for name in ("part", "gain"))
    keep = Choice(label=turn.say("campaign_plans.keep"), value="campaign_create:plan")
    return Reply(text=text, table=Table(columns=columns, rows=rows), choices=(keep,))


def _message(turn: ManagerTurn, values: Any) -> str:
    return turn.say(
        "campaign_plans.message", channel=turn.say(f"campaigns.channels.{values['channel']}"),
        hour=f"{int(values['hour']):02d}:00", discount=int(values["discount"]), times=int(values["messages"]),
    )  # fmt: skip


def bounded(conditions: Conditions, values: Any, now: datetime) -> Conditions:
    """Whom the plan means: the conditions that were given, and the bounds it chose."""
    more = []
    silent = _silent(int(values["silent_days"]), now)
    said = [one.until for one in conditions.all if (one.field, one.operator) == ("last_order", "before")]
    if values["silent_days"] and not any(until <= silent.until for until in said if until and silent.until):
        more.append(silent)
    if values["seen_within_days"] is not None:
        since = now - timedelta(days=int(values["seen_within_days"]))
        more.append(Condition("last_order", "after", since=since, moves=True))
    if values["least_orders"]:
        more.append(Condition("orders", "at_least", int(values["least_orders"])))
    if values["least_spend_minor"]:
        more.append(Condition("spend", "at_least", int(values["least_spend_minor"])))
    return replace(conditions, all=tuple(dict.fromkeys((*conditions.all, *more))))


# --- keeping it -----------------------------------------------------------------------------------------------------
def or_planned(handler: Handler) -> Handler:
    """The handler of an intent, and of the proposals that are asked for in its words."""

    def answer(turn: ManagerTurn) -> Reply:
        if isinstance(turn.prepared, Planned):
            return proposed(turn)
        return handler(turn) if argument(turn, "plan") is None else kept(turn)

    return answer


def kept(turn: ManagerTurn) -> Reply:
    """Keep the proposal as a draft, one for each of its messages."""
    stored = turn.memory.shown("plan")
    if not isinstance(stored, dict):
        return turn.reply("campaign_plans.gone")
    turn.memory.forget("plan")
    values, conditions = stored["values"], Conditions.load(stored["conditions"])
    base = turn.store.campaigns.with_id(stored["campaign"]) if stored["campaign"] else None
    starts_at = next_at(int(values["hour"]), turn.now, turn.services.settings.business.zone)
    today = wording.day(turn.now, turn.language, turn.speaker.zone)
    name = base.name if base else turn.say("campaign_plans.name", day=today)
    variants = tuple(base.variants) if base else (_first_text(turn, int(values["discount"])),)
    drafts = []
    for number in range(int(values["messages"])):
        began = starts_at + number * WAVES
        whom = replace(conditions, all=(*conditions.all, *_not_since(starts_at, number)))
        draft = turn.store.campaigns.draft(Plan(name, whom, variants, (str(values["channel"]),), began))
        draft.discount_percent = int(values["discount"])
        drafts.append(draft)
    turn.memory.show("campaign", drafts[0].id)
    quoted = turn.say("agent.query.quoted").join(draft.name for draft in drafts)
    start = wording.moment(starts_at, turn.language, turn.speaker.zone)
    text = turn.say("campaign_plans.kept", names=quoted, count=len(drafts), start=start)
    look = Choice(label=turn.say("campaign_plans.look"), value=f"campaign_create:start:{drafts[0].id}")
    return Reply(text=text, choices=(look,))


def _not_since(began: datetime, number: int) -> tuple[Condition, ...]:
    """A second message goes to nobody who has ordered since the first."""
    return (Condition("last_order", "before", until=began),) if number else ()


def _first_text(turn: ManagerTurn, discount: int) -> dict[str, Any]:
    """A text to begin with, in both languages."""
    key = "campaign_plans.text_discount" if discount else "campaign_plans.text"
    phrases = turn.services.phrases
    return {"key": "A", **{language: phrases(key, language, discount=discount) for language in ("en", "zh")}}


def next_at(hour: int, now: datetime, zone: str) -> datetime:
    """The next time it is this hour there.

    >>> from datetime import UTC
    >>> next_at(10, datetime(2026, 11, 23, 4, tzinfo=UTC), "Asia/Shanghai").isoformat()
    '2026-11-24T02:00:00+00:00'
    """
    local = now.astimezone(ZoneInfo(zone))
    days = 1 if local.hour >= hour else 0
    there = (local + timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0)
    return there.astimezone(now.tzinfo)
