"""Campaigns as a manager may see, start and stop them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from crm_core.access import Actor
from crm_core.campaigns import audience, naming, report, running
from crm_core.campaigns.audience import Preview, Rules
from crm_core.campaigns.report import CampaignReport
from crm_core.models import Campaign, CampaignContact, OutboxMessage
from crm_core.query.conditions import Conditions

Permit = Callable[[str, str, Sequence[str]], None]
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign shall be. `variants`: dicts of key, en and zh."""

    name: str
    conditions: Conditions
    variants: tuple[dict[str, Any], ...]
    channels: tuple[str, ...]
    starts_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """A campaign in a list of several; counts of those written to."""

    campaign: Campaign
    sent: int
    replied: int
    converted: int


class StaffCampaigns:
    """Campaigns for managers; `permit` lets each act through and notes it."""

    def __init__(self, session: Session, permit: Permit, actor: Actor, now: datetime) -> None:
        self._session = session
        self._permit = permit
        self._actor = actor
        self._now = now

    # --- reading ----------------------------------------------------------------------------------------------------
    def newest(self) -> list[Campaign]:
        """The last campaigns, newest first; names alone, so that nothing has to be noted."""
        query = select(Campaign).order_by(Campaign.created_at.desc(), Campaign.id.desc())
        return list(self._session.execute(query.limit(SHOWN)).scalars())

    def overview(self) -> list[Overview]:
        """The last campaigns, newest first, with what each brought."""
        self._permit("campaign.read", "campaigns", ("sent", "replied", "orders"))
        found = self.newest()
        sent = case((CampaignContact.state == "sent", 1))
        query = (
            select(
                CampaignContact.campaign_id, func.count(sent), func.count(CampaignContact.replied_at),
                func.count(CampaignContact.converted_at),
            )
            .where(CampaignContact.campaign_id.in_([one.id for one in found]), ~CampaignContact.held_out)
            .group_by(CampaignContact.campaign_id)
        )  # fmt: skip
        counts = {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in self._session.execute(query)}
        return [Overview(one, *counts.get(one.id, (0, 0, 0))) for one in found]

    def names(self) -> list[str]:
        """What campaigns are called, the newest first."""
        query = select(Campaign.name).order_by(Campaign.created_at.desc(), Campaign.id.desc())
        return list(self._session.execute(query).scalars())

    def named(self, text: str, *, wholly: bool = False) -> list[Campaign]:
        """Campaigns that a text means by name, the newest first; `wholly`: it is nothing but a name, or part of one."""
        find = naming.wholly_meant if wholly else naming.meant
        query = select(Campaign).where(Campaign.name.in_(find(text, self.names())))
        return list(self._session.execute(query.order_by(Campaign.created_at.desc(), Campaign.id.desc())).scalars())

    def with_id(self, campaign_id: int) -> Campaign | None:
        """A campaign, if it is still there."""
        return self._session.get(Campaign, campaign_id)

    def preview(self, campaign: Campaign, rules: Rules) -> Preview:
        """Who would get it now."""
        self._permit("campaign.read", f"campaign:{campaign.name}", ("audience", "consent"))
        return audience.preview(self._session, campaign, self._now, rules)

    def report(self, campaign: Campaign) -> CampaignReport:
        """What it brought."""
        self._permit("campaign.read", f"campaign:{campaign.name}", ("sent", "replied", "orders", "consent"))
        return report.report(self._session, campaign, self._now)

    def sketched(self, plan: Plan) -> Campaign:
        """A campaign that is not kept, to look at."""
        return Campaign(
            name=self._free(plan.name), state="draft", kind="marketing", variants=list(plan.variants),
            conditions=[{**plan.conditions.dump(), "said_at": self._now.isoformat()}], channels=list(plan.channels),
            held_out_milli=100, response_days=7, created_by_id=self._actor.staff_id or None, created_at=self._now,
            starts_at=plan.starts_at,
        )  # fmt: skip

    # --- changing ---------------------------------------------------------------------------------------------------
    def draft(self, plan: Plan) -> Campaign:
        """Keep a plan; nothing is sent before it is started."""
        campaign = self.sketched(plan)
        self._permit("campaign.write", f"campaign:{campaign.name}", ("draft",))
        self._session.add(campaign)
        self._session.flush()
        return campaign

    def discard(self, campaign: Campaign) -> bool:
        """Throw a draft away; False where it is none any more."""
        self._permit("campaign.write", f"campaign:{campaign.name}", ("draft",))
        if campaign.state != "draft":
            return False
        self._session.delete(campaign)
        return True

    def start(self, campaign: Campaign, size: int) -> None:
        """Approve it. Raises NotPossible when it is no draft."""
        self._permit("campaign.write", f"campaign:{campaign.name}", ("approved",))
        running.start(self._session, campaign, self._actor.staff_id, self._now, size)

    def pause(self, campaign: Campaign) -> int:
        """Hold back what waits. Raises NotPossible when it does not run."""
        self._permit("campaign.write", f"campaign:{campaign.name}", ("paused",))
        return running.pause(self._session, campaign)

    def resume(self, campaign: Campaign) -> list[OutboxMessage]:
        """Go on; returns what has to be delivered. Raises NotPossible when it is not paused."""
        self._permit("campaign.write", f"campaign:{campaign.name}", ("resumed",))
        return running.resume(self._session, campaign, self._now)

    def stop(self, campaign: Campaign) -> int:
        """End it, take back what waits. Raises NotPossible when it is over."""
        self._permit("campaign.write", f"campaign:{campaign.name}", ("stopped",))
        return running.stop(self._session, campaign, self._now)

    def _free(self, name: str) -> str:
        """A name that no other campaign has."""
        wanted = " ".join(name.split())[:150]
        taken = set(self._session.execute(select(Campaign.name)).scalars())
        names = (wanted, *(f"{wanted} ({number})" for number in range(2, len(taken) + 3)))
        return next(one for one in names if one not in taken)
