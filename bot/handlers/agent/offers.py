"""What to offer a customer next: from the lists that were computed for them, else from their last orders."""

from bot import wording
from bot.handlers.agent.asking import Asked, StaffTurn, asked, hushed, label, whom
from bot.messages import Reply
from bot.offer_words import GOES_WITH, reason_of
from crm_core.catalogue import Wish
from crm_core.offers import Offer, Offers
from crm_core.staff.store import Brief
from crm_core.suggesting import Pick

SHOWN = 3


def recommend_for_customer(turn: StaffTurn) -> Reply:
    """Three new things and three to buy again, each with its reason; or what goes with the thing that was named."""
    wanted = asked(turn)
    who = whom(turn, wanted)
    if isinstance(who, Reply):
        return who
    turn.memory.show("customer", who.customer_id)
    wish = _wish(turn, wanted)
    if GOES_WITH.search(wanted.text.lower()):
        return hushed(turn, _with(turn, who, wanted, wish))
    offers, refused = turn.store.scores.offers(who.customer_id, wish)
    if offers.new or offers.again:
        return hushed(turn, _listed(turn, who, offers))
    if offers.computed_at and wish != Wish():
        unlimited, _ = turn.store.scores.offers(who.customer_id, Wish())
        if unlimited.new or unlimited.again:
            return hushed(turn, _listed(turn, who, unlimited, "agent.offers.none_fits"))
    return hushed(turn, _picked(turn, who, refused=refused))


def _wish(turn: StaffTurn, wanted: Asked) -> Wish:
    """What is looked for: a kind of thing, a price."""
    own = turn.services.settings.business.currency
    least = most = None
    for money in wanted.all("money"):
        if isinstance(money, dict) and money.get("currency") in (None, own) and money.get("amount_minor") is not None:
            amount = int(money["amount_minor"])
            if money.get("bound") == "min":
                least = amount
            else:
                most = amount * 12 // 10 if money.get("bound") == "about" else amount
    category = wanted.first("category")
    return Wish(category=str(category) if category else None, least_minor=least, most_minor=most)


def _listed(turn: StaffTurn, who: Brief, offers: Offers, intro: str = "agent.offers.intro") -> Reply:
    lines = [turn.say(intro, who=label(turn, who))]
    shown: list[str] = []
    for key, some in (("new", offers.new[:SHOWN]), ("again", offers.again[:SHOWN])):
        if some:
            lines += [turn.say(f"agent.offers.{key}"), *(_line(turn, offer) for offer in some)]
            shown += [offer.product.sku for offer in some]
    turn.memory.show("product", shown)
    if offers.computed_at:
        computed = wording.moment(offers.computed_at, turn.language, turn.speaker.zone)
        lines.append(turn.say("agent.offers.from", computed=computed))
    return Reply(text="\n".join(lines))


def _line(turn: StaffTurn, offer: Offer) -> str:
    product, language = offer.product, turn.language
    fact, values = reason_of(offer, language)
    return turn.say(
        "agent.offers.line",
        name=product.names[language],
        price=wording.money(product.price_minor, product.currency, language),
        stock=product.stock,
        reason=turn.say(f"agent.offers.facts.{fact}", **values),
        sku=product.sku,
    )


# --- what goes with something ---------------------------------------------------------------------------------------
def _with(turn: StaffTurn, who: Brief, wanted: Asked, wish: Wish) -> Reply:
    """What goes with the product that was named, else with what was bought last."""
    skus = [str(value) for value in wanted.all("product")][:SHOWN]
    if not skus:
        last = turn.store.orders_of(who.customer_id, 1)
        skus = [line.sku for line in last[0].lines] if last else []
    if not skus:
        return _picked(turn, who)
    language = turn.language
    names = turn.store.product_names(skus, language)
    said = ", ".join(names.get(sku, sku) for sku in skus[:SHOWN])
    offers = turn.store.scores.goes_with(skus, wish)
    if not offers:
        return turn.reply("agent.offers.with_none", names=said)
    turn.memory.show("product", [offer.product.sku for offer in offers])
    return Reply(text="\n".join([turn.say("agent.offers.with", names=said), *(_line(turn, offer) for offer in offers)]))


# --- without a list -------------------------------------------------------------------------------------------------
def _picked(turn: StaffTurn, who: Brief, *, refused: bool = False) -> Reply:
    """By the last orders and what sells; only by what sells for those who do not want to be profiled."""
    picks = turn.store.recommend(who.customer_id, personal=not refused)
    if not picks:
        return turn.reply("agent.offers.none", who=label(turn, who))
    turn.memory.show("product", [pick.sku for pick in picks])
    lines = [turn.say("agent.offers.intro", who=label(turn, who)), *(_pick(turn, pick) for pick in picks)]
    lines.append(turn.say("agent.offers.refused" if refused else "agent.offers.not_computed"))
    return Reply(text="\n".join(lines))


def _pick(turn: StaffTurn, pick: Pick) -> str:
    language = turn.language
    price = wording.money(pick.price_minor, pick.currency, language)
    day = wording.day(pick.last_bought_at, language, turn.speaker.zone) if pick.last_bought_at else ""
    because = (pick.because or {}).get(language, "")
    key = pick.reason if pick.reason != "popular" or pick.sold else "in_stock"
    values: dict[str, dict[str, object]] = {
        "again": {"day": day},
        "category": {"because": because, "sold": pick.sold},
        "popular": {"sold": pick.sold},
    }
    reason = turn.say(f"agent.offers.reasons.{key}", **values.get(key, {}))
    return turn.say(
        "agent.offers.line", name=pick.names[language], price=price, stock=pick.stock, reason=reason, sku=pick.sku
    )
