"""A regular digest in words: when, where to, in which language, of what."""

from babel.dates import get_day_names

from bot import wording
from bot.phrases import Phrases
from bot.staff_places import masked
from crm_core.models import DigestPlan


def when(plan: DigestPlan, phrases: Phrases, language: str) -> str:
    """On which days: every Monday, 每个工作日, on the last day of each month."""
    values: dict[str, object] = {}
    key: str = plan.every
    if plan.every == "week" or plan.nth:
        names = get_day_names("wide", locale=wording.LOCALES[language])
        days = phrases("digests.and", language).join(names[day] for day in sorted(plan.weekdays or [0]))
        values["days"] = days
    if plan.interval > 1:
        key, values["interval"] = f"{key}s", plan.interval
    if plan.nth:
        key += "_nth"
        values["nth"] = phrases(f"digests.nth.{plan.nth if plan.nth > 0 else 'last'}", language)
    elif plan.every == "month" and (plan.month_day or 1) < 0:
        key += "_end"
    elif plan.every == "month":
        values["day"] = plan.month_day or 1
    return phrases(f"digests.every.{key}", language, **values)


def clock(plan: DigestPlan) -> str:
    """09:00."""
    return f"{plan.minute // 60:02d}:{plan.minute % 60:02d}"


def spoken(plan: DigestPlan, phrases: Phrases, language: str, address: str = "") -> str:
    """The whole of it in a line."""
    by = phrases(
        f"digests.by.{plan.channel}", language, **({"address": masked(address)} if plan.channel == "email" else {})
    )
    names = [phrases(f"digests.parts.{part}", language) for part in plan.parts]
    return phrases(
        "digests.plan",
        language,
        every=when(plan, phrases, language),
        time=clock(plan),
        zone=plan.zone,
        by=by,
        language=phrases(f"digests.languages.{plan.language}", language),
        kind=phrases(f"digests.kinds.{plan.kind}", language),
        parts=wording.listed(names, language) if names else phrases("digests.all_parts", language),
    )


def footer(plan: DigestPlan, phrases: Phrases, language: str) -> str:
    """Why a digest came, and how it is changed or stopped."""
    return phrases(
        "digests.footer",
        language,
        kind=phrases(f"digests.kinds.{plan.kind}", language),
        every=when(plan, phrases, language),
        time=clock(plan),
        zone=plan.zone,
    )
