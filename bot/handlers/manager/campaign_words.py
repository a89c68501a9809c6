"""Campaigns in words: what one is, who would get it and how it would read, what it brought."""

from collections.abc import Iterable, Mapping

from bot import wording
from bot.campaigning import called, composed, connected
from bot.failure_words import failure_words
from bot.handlers.manager.asking import ManagerTurn
from bot.handlers.manager.segment_reading import in_words
from bot.messages import Choice, Reply, Table
from bot.phrases import LANGUAGES
from crm_core.campaigns.audience import CHANNELS, Preview, Rules, conditions_of
from crm_core.campaigns.effect import Difference
from crm_core.campaigns.report import CampaignReport, Experiment, VariantFigures
from crm_core.models import Campaign

COLUMNS = ("variant", "sent", "failed", "waiting", "replied", "converted", "revenue", "opted_out")


def rules_of(turn: ManagerTurn) -> Rules:
    """What holds for campaigns here."""
    settings = turn.services.settings
    return Rules(settings.proactive, settings.business.zone, channels_of(turn))


def channels_of(turn: ManagerTurn) -> tuple[str, ...]:
    """The channels of customers that are connected; all where nobody says which those are."""
    health = turn.services.health()
    return connected(health["channels"], turn.services.settings) if "channels" in health else CHANNELS


def state_of(turn: ManagerTurn, campaign: Campaign) -> str:
    """In which state it is."""
    return turn.say(f"campaigns.states.{campaign.state}")


def audience_of(turn: ManagerTurn, campaign: Campaign) -> str:
    """Whom it is for."""
    conditions = conditions_of(campaign, turn.now, turn.services.settings.business.zone)
    told = in_words(turn, conditions) if conditions.all else turn.say("campaigns.everybody")
    return told + (turn.say("agent.query.top", count=conditions.limit) if conditions.limit else "")


def start_of(turn: ManagerTurn, campaign: Campaign) -> str:
    """When it starts or started."""
    if campaign.starts_at is None:
        return turn.say("campaigns.now")
    return wording.moment(campaign.starts_at, turn.language, turn.speaker.zone)


def previewed(turn: ManagerTurn, campaign: Campaign, seen: Preview) -> str:
    """What would happen: whom it is for, how many get it, why others do not, how each text reads."""
    say = turn.say
    channels = wording.listed((say(f"campaigns.channels.{one}") for one in campaign.channels), turn.language)
    lines = [
        say(
            "campaigns.preview", name=campaign.name, state=state_of(turn, campaign),
            audience=audience_of(turn, campaign), channels=channels, start=start_of(turn, campaign),
        )
    ]  # fmt: skip
    places = wording.listed(
        (f"{say(f'campaigns.channels.{name}')} {count}" for name, count in seen.by_channel.items()), turn.language
    )
    by_channel = f" ({places})" if places else ""
    counts = {"audience": seen.audience, "reached": seen.reached, "held_out": seen.held_out}
    lines.append(say("campaigns.counts", by_channel=by_channel, **counts))
    if seen.reasons:
        reasons = (say(f"campaigns.reasons.{name}", count=count) for name, count in sorted(seen.reasons.items()))
        lines.append(say("campaigns.not_now", reasons=wording.listed(reasons, turn.language)))
    if len(campaign.variants) > 1:
        lines.append(say("campaigns.learns", count=len(campaign.variants)))
    return "\n".join([*lines, *_samples(turn, campaign)])


def _samples(turn: ManagerTurn, campaign: Campaign) -> Iterable[str]:
    services = turn.services
    for texts in campaign.variants:
        for language in LANGUAGES:
            name = services.phrases("campaigns.sample_name", language)
            reply = composed(
                services.phrases, services.settings, texts, language, called(name, "person", language), None
            )
            told = turn.say(f"campaigns.languages.{language}")
            yield "\n" + turn.say("campaigns.sample", key=texts["key"], language=told, text=reply.text)


# --- what it brought ------------------------------------------------------------------------------------------------
def reported(turn: ManagerTurn, campaign: Campaign, found: CampaignReport) -> Reply:
    """The figures by text, and the effect against those held out."""
    say, totals = turn.say, _totals(found.variants)
    money = wording.money(totals["revenue_minor"], turn.services.settings.business.currency, turn.language)
    lines = [
        say(
            "campaigns.report", name=campaign.name, state=state_of(turn, campaign), start=start_of(turn, campaign),
            days=campaign.response_days, revenue=money,
            **{name: totals[name] for name in ("sent", "chosen", "replied", "converted", "opted_out")},
        ),
        *_effect(turn, found),
    ]  # fmt: skip
    phrases, language = turn.services.phrases, turn.language
    for reason, count in found.failures:
        lines.append(say("campaigns.not_arrived", count=count, reason=failure_words(phrases, language, reason)))
    if found.experiment:
        lines.append(_verdict(turn, found.experiment))
    table = Table(
        columns=tuple(say(f"campaigns.columns.{name}") for name in COLUMNS),
        rows=tuple(_row(turn, one) for one in found.variants),
    )
    return Reply(text="\n".join(lines), table=table, choices=buttons(turn, campaign))


def experimented(turn: ManagerTurn, campaign: Campaign, found: CampaignReport) -> Reply:
    """Which text is better, and how sure that is."""
    if found.experiment is None:
        return turn.reply("campaigns.one_text", name=campaign.name)
    lines = [turn.say("campaigns.experiment", name=campaign.name)]
    for key, tally in found.experiment.tallies.items():
        chance = f"{found.experiment.chances[key] * 100:.0f}"
        lines.append(turn.say("campaigns.arm", key=key, chance=chance, answered=tally.answered, written=tally.sent))
    lines.append(_verdict(turn, found.experiment))
    return Reply(text="\n".join(lines), choices=buttons(turn, campaign))


def buttons(turn: ManagerTurn, campaign: Campaign) -> tuple[Choice, ...]:
    """What can be done with it now."""
    wanted: Mapping[str, tuple[str, ...]] = {
        "draft": ("start", "discard"),
        "approved": ("pause", "stop", "preview"),
        "running": ("pause", "stop", "report"),
        "paused": ("resume", "stop", "report"),
    }
    values = {
        "start": f"campaign_create:start:{campaign.id}", "discard": f"campaign_create:discard:{campaign.id}",
        "pause": f"campaign_stop:pause:{campaign.id}", "stop": f"campaign_stop:stop:{campaign.id}",
        "resume": f"campaign_stop:resume:{campaign.id}", "report": f"campaign_report:show:{campaign.id}",
        "preview": f"campaign_preview:show:{campaign.id}",
    }  # fmt: skip
    actions = wanted.get(campaign.state, ("report",))
    labels = {"start": "campaigns.start", "discard": "campaigns.discard"}
    return tuple(
        Choice(
            label=turn.say(labels.get(one, f"campaigns.buttons.{one}")), value=values[one],
            style="danger" if one in ("stop", "discard") else "plain",
        )
        for one in actions
    )  # fmt: skip


def _row(turn: ManagerTurn, one: VariantFigures) -> tuple[str, ...]:
    money = wording.money(one.revenue_minor, turn.services.settings.business.currency, turn.language)
    counts = {name: str(getattr(one, name)) for name in COLUMNS if name not in ("variant", "revenue")}
    return tuple({"variant": one.key, "revenue": money, **counts}[name] for name in COLUMNS)


def _totals(variants: Iterable[VariantFigures]) -> dict[str, int]:
    names = ("chosen", "sent", "replied", "converted", "opted_out", "revenue_minor")
    kept = list(variants)
    return {name: sum(getattr(one, name) for one in kept) for name in names}


def _effect(turn: ManagerTurn, found: CampaignReport) -> list[str]:
    if found.effect is None:
        return [turn.say("campaigns.no_effect")]
    lines = [turn.say("campaigns.held_out", count=found.held_out, converted=found.held_out_converted)]
    share, head = found.effect.share, found.effect.revenue
    said = dict(
        zip(("share", "low", "high"), (_points(one) for one in (share.value, share.low, share.high)), strict=True)
    )
    if found.effect.early:
        return [*lines, turn.say("campaigns.uplift_early", **said)]
    currency = turn.services.settings.business.currency
    first, last, revenue = (
        wording.money(round(one), currency, turn.language) for one in (head.low, head.high, head.value)
    )
    lines.append(turn.say("campaigns.uplift", first=first, last=last, revenue=revenue, **said))
    return [*lines, *_doubt(turn, share)]


def _doubt(turn: ManagerTurn, share: Difference) -> list[str]:
    return [] if share.is_sure else [turn.say("campaigns.uplift_unsure")]


def _verdict(turn: ManagerTurn, found: Experiment) -> str:
    if not found.winner:
        return turn.say("campaigns.too_early")
    return turn.say("campaigns.winner", key=found.winner, chance=f"{found.chances[found.winner] * 100:.0f}")


def _points(share: float) -> str:
    return f"{share * 100:+.1f}".replace("-", "−")
