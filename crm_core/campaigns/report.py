"""What a campaign brought: by variant, against those held out, and how sure it is which text is better."""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.campaigns.effect import Effect, Group, effect
from crm_core.campaigns.outcomes import note_fates
from crm_core.campaigns.running import tallies
from crm_core.campaigns.splitting import Tally, chances_of_best
from crm_core.models import Campaign, CampaignContact, OutboxMessage

ENOUGH = 20
"""Messages of each variant below which nothing is said about which is better."""
SURE = 0.95
DRAWS = 4000
SEED = 7
"""The same figures are told in the same words, of every campaign."""
MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class VariantFigures:
    """One variant. `waiting`: chosen, not gone yet; `sent` arrived at the platform."""

    key: str
    chosen: int = 0
    waiting: int = 0
    sent: int = 0
    failed: int = 0
    cancelled: int = 0
    replied: int = 0
    converted: int = 0
    opted_out: int = 0
    revenue_minor: int = 0


@dataclass(frozen=True, slots=True)
class Experiment:
    """Which variant is better. `chances`: that each is the best; `winner` "" while it is too early to say."""

    tallies: dict[str, Tally]
    chances: dict[str, float]
    winner: str


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """All of it. `effect` is None where nobody was held out, or nobody written to."""

    variants: tuple[VariantFigures, ...]
    held_out: int
    held_out_converted: int
    effect: Effect | None
    experiment: Experiment | None
    failures: tuple[tuple[str, int], ...] = ()
    """Why messages did not arrive, as the platform said it, the most frequent first."""


def report(session: Session, campaign: Campaign, now: datetime) -> CampaignReport:
    """The figures as they were last recorded, and what became of the messages as it is now."""
    note_fates(session, campaign)
    session.flush()
    query = select(CampaignContact).where(CampaignContact.campaign_id == campaign.id)
    contacts = session.execute(query).scalars().all()
    treated = [one for one in contacts if not one.held_out and one.state != "taken_back"]
    held_out = [one for one in contacts if one.held_out]
    keys = [str(variant["key"]) for variant in campaign.variants]
    return CampaignReport(
        variants=tuple(_figures(key, [one for one in contacts if one.variant == key]) for key in keys),
        held_out=len(held_out),
        held_out_converted=sum(one.converted_at is not None for one in held_out),
        effect=effect(_group(treated), _group(held_out), seed=SEED),
        experiment=experiment(tallies(session, campaign, now)),
        failures=_failures(session, campaign),
    )


def _failures(session: Session, campaign: Campaign) -> tuple[tuple[str, int], ...]:
    count = func.count(CampaignContact.id)
    query = (
        select(OutboxMessage.error, count)
        .join(CampaignContact, CampaignContact.outbox_id == OutboxMessage.id)
        .where(
            CampaignContact.campaign_id == campaign.id, CampaignContact.state == "failed",
            OutboxMessage.error.is_not(None),
        )
        .group_by(OutboxMessage.error)
        .order_by(count.desc(), OutboxMessage.error)
        .limit(MOST_REASONS)
    )  # fmt: skip
    return tuple((str(error), number) for error, number in session.execute(query))


def experiment(shown: dict[str, Tally]) -> Experiment | None:
    """Whether one variant is better; None where there is only one."""
    if len(shown) < 2:
        return None
    chances = chances_of_best(shown, Random(SEED), DRAWS)
    leader = max(chances, key=lambda key: chances[key])
    early = min(tally.sent for tally in shown.values()) < ENOUGH or chances[leader] < SURE
    return Experiment(shown, chances, "" if early else leader)


def _figures(key: str, contacts: list[CampaignContact]) -> VariantFigures:
    states = [one.state for one in contacts]
    return VariantFigures(
        key=key,
        chosen=len(contacts),
        waiting=states.count("chosen"),
        sent=states.count("sent"),
        failed=states.count("failed"),
        cancelled=states.count("cancelled") + states.count("taken_back"),
        replied=sum(one.replied_at is not None for one in contacts),
        converted=sum(one.converted_at is not None for one in contacts),
        opted_out=sum(one.opted_out_at is not None for one in contacts),
        revenue_minor=sum(one.revenue_minor for one in contacts),
    )


def _group(contacts: list[CampaignContact]) -> Group:
    spent = tuple(one.revenue_minor for one in contacts if one.revenue_minor)
    return Group(len(contacts), sum(one.converted_at is not None for one in contacts), spent)
