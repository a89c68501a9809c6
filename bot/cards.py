"""Cards that several handlers show: the customer at a glance."""

from bot import wording
from bot.facts import FactWords
from bot.messages import Card, Choice
from bot.phrases import Phrases
from bot.query_words import spoken, worded
from crm_core.customers import Profile

TOLD = ("value", "churn")
"""Scores that a card shows."""


def customer_card(
    profile: Profile, phrases: Phrases, language: str, zone: str, choices: tuple[Choice, ...] = ()
) -> Card:
    """Who it is, value so far, mood, last orders, open cases. Only what is known is shown."""

    def word(key: str, **values: object) -> str:
        return phrases(f"cards.{key}", language, **values)

    facts: list[tuple[str, str]] = []
    if profile.company:
        facts.append((word("company"), profile.company))
    city = spoken("places", profile.city, language) if profile.city else ""
    where = " · ".join(part for part in (city, worded("languages", profile.language or "", phrases, language)) if part)
    if where:
        facts.append((word("where"), where))
    contact = " · ".join(part for part in (profile.email, profile.phone) if part)
    if contact:
        facts.append((word("contact"), contact))
    if profile.order_count:
        spent = wording.money(profile.spend_minor, profile.currency, language)
        facts.append((word("value"), word("spent", amount=spent, count=profile.order_count)))
    facts += _scores(profile, phrases, language, zone)
    facts.append((word("mood"), phrases(f"moods.{wording.mood_key(profile.mood_milli)}", language)))
    for order in profile.orders:
        state = phrases(f"order_states.{order.status}", language)
        total = wording.money(order.total_minor, order.currency, language)
        facts.append((order.number, f"{state} · {wording.day(order.placed_at, language, zone)} · {total}"))
    if profile.open_cases:
        facts.append((word("open_cases"), wording.listed((f"#{number}" for number in profile.open_cases), language)))
    facts += _in_public(profile, phrases, language)
    if profile.segments:
        names = [pair[0 if language == "en" else 1] for pair in profile.segments]
        facts.append((word("segments"), wording.listed(names, language)))
    if profile.tags:
        facts.append((word("tags"), wording.listed(profile.tags, language)))
    title = profile.name or word("visitor" if profile.kind == "visitor" else "customer")
    kind = (
        worded("tiers", profile.tier, phrases, language) if profile.tier else phrases(f"kinds.{profile.kind}", language)
    )
    return Card(title=title, subtitle=f"#{profile.number} · {kind}", facts=tuple(facts), choices=choices)


def _in_public(profile: Profile, phrases: Phrases, language: str) -> list[tuple[str, str]]:
    """How much they said in public; apart from everything they wrote to us."""
    if not profile.public_posts:
        return []
    return [(phrases("public.card", language), phrases("public.card_count", language, count=profile.public_posts))]


def _scores(profile: Profile, phrases: Phrases, language: str, zone: str) -> list[tuple[str, str]]:
    """Expected value and churn risk with their bands, and when they were computed."""
    words = FactWords(phrases, language, profile.currency)
    known = [profile.scores[kind] for kind in TOLD if kind in profile.scores]
    facts = []
    for score in known:
        value, band = words.score(score.kind, score.value_milli), phrases(f"agent.scores.bands.{score.band}", language)
        key = "cards.score_within" if score.horizon_days else "cards.score"
        told = phrases(key, language, value=value, band=band, days=score.horizon_days or 0)
        facts.append((phrases(f"agent.scores.names.{score.kind}", language), told))
    if known:
        computed = min(score.computed_at for score in known)
        facts.append((phrases("cards.computed", language), wording.day(computed, language, zone)))
    return facts
