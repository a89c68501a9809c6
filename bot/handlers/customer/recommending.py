"""What to take: the customer's own list, what fits a wish, what goes with something, what is like the last purchase."""

import re
from collections.abc import Sequence
from dataclasses import replace

from bot import wording
from bot.handlers.customer.common import CustomerTurn, choices, is_private, offer_person, passes, words
from bot.handlers.customer.products import named_category, named_products, named_skus, pick, product_card
from bot.messages import Reply
from bot.offer_words import GOES_WITH, asks_for_range, reason_of
from bot.query_words import spoken
from crm_core.catalogue import ProductView, Wish
from crm_core.offers import Offer, fits

POPULAR_FROM = 5
"""Pieces sold in 90 days from which we call something a favourite."""
SHOWN = 3
NEW_FIRST = 2
"""Things that are new to the customer in front of one to buy again, where both are wanted."""
WHOLE_KIND = 100
MOST_KINDS, NAMED_OF_KIND = 12, 2
CALM = ("none", "decaf", "low")
"""What the catalogue says of the caffeine in what may be drunk late."""
_LIKE_LAST = re.compile(
    r"last (?:time|purchase|order|one)|(?:bought|ordered|had|got) (?:before|last|again|already)"
    r"|previous (?:order|purchase)"
    r"|like what i (?:bought|had|got)|same as (?:before|last)|上次|上回|之前买|以前买|买过的|跟我买的|差不多的"
)
_AGAIN = re.compile(
    r"again|re-?(?:fill|stock|order)|usual|run(?:ning)? out|再买|补货|补点|老样子|常买|喝完|用完|快没了"
)
_NO_CAFFEINE = re.compile(
    r"de-?caf|caffeine.?free|(?:without|no|low|less|little) caffeine|before bed|at bedtime"
    r"|[不无没](?:含|有)?咖啡因|低因|脱因|睡前|失眠"
)
_WHY = re.compile(r"^(?:but |and |so )?why\b(?!\s+(?:not|don'?t)\b)|(?:为什么|为啥|为何|干嘛).{0,3}推荐")
_GIFT = re.compile(r"gift|present|礼物|送礼|送人|送给")

Found = list[tuple[ProductView, str]]
"""Products with the reason of each, in words."""


def product_recommend(turn: CustomerTurn) -> Reply:
    """Up to three products for what is looked for, each with the reason why."""
    if asks_for_range(words(turn)):
        return _range(turn)
    if GOES_WITH.search(words(turn)):
        with_it = _goes_with(turn)
        if with_it is not None:
            return with_it
    if _LIKE_LAST.search(words(turn)) and is_private(turn):
        return _like_last(turn)
    wish = _wish(turn)
    explained = _explained(turn, wish) if _WHY.search(words(turn)) else None
    if explained is not None:
        return explained
    own = _own_list(turn, wish)
    found = _filled(turn, own, wish)
    text = turn.say("customer.recommend.for_you" if own else "customer.recommend.here")
    if not found and wish.most_minor is not None:
        cheapest = turn.store.matching(Wish(category=wish.category, gift=wish.gift), WHOLE_KIND)
        cheapest = sorted(cheapest, key=lambda product: product.price_minor)[:SHOWN]
        found = [(product, _why(turn, product, wish)) for product in cheapest]
        text = turn.say("customer.recommend.over_budget")
    if not found:
        return offer_person(turn, "customer.recommend.nothing")
    if any(_bound(turn, money)[0] is None for money in turn.understanding.all("money")):
        text = turn.say("customer.recommend.currency", currency=found[0][0].currency) + "\n" + text
    return _recommended(turn, text, found)


def _recommended(turn: CustomerTurn, text: str, found: Found) -> Reply:
    turn.memory.show("product", [product.sku for product, _ in found])
    return Reply(
        text=text,
        cards=tuple(product_card(turn, product, reason=reason) for product, reason in found),
        choices=pick(turn, "product_question", [product for product, _ in found]),
    )


def _range(turn: CustomerTurn) -> Reply:
    """What there is at all: each kind with how many, from what to what price, and what sells best of it."""
    kinds = turn.store.kinds()
    if not kinds:
        return offer_person(turn, "customer.recommend.nothing")
    said = []
    for kind in kinds[:MOST_KINDS]:
        best = turn.store.matching(Wish(category=kind.category), NAMED_OF_KIND)
        low, high = (wording.money(each, kind.currency, turn.language) for each in (kind.least_minor, kind.most_minor))
        said.append(
            turn.say(
                "customer.recommend.kind" if low != high else "customer.recommend.kind_one_price",
                kind=spoken("categories", kind.category, turn.language), count=kind.count, low=low, high=high,
                such=("；" if turn.language == "zh" else "; ").join(one.names[turn.language] for one in best),
            )
        )  # fmt: skip
    more = len(kinds) - len(said)
    said += [turn.say("customer.recommend.more_kinds", count=more)] if more else []
    turn.ask("category", "product_recommend")
    text = "\n".join((turn.say("customer.recommend.range"), *said, turn.say("customer.recommend.which_kind")))
    return Reply(text=text, choices=choices(turn, "product_recommend"))


def _explained(turn: CustomerTurn, wish: Wish) -> Reply | None:
    """Why that: what was shown before, once more with the reason of each; None where nothing was shown."""
    kept = turn.memory.shown("product")
    shown = named_products(turn) or (turn.store.products([str(sku) for sku in kept]) if isinstance(kept, list) else [])
    if not shown:
        return None
    own = turn.store.offers(Wish()) if is_private(turn) else None
    said = {offer.product.sku: _said(turn, offer) for offer in (*own.new, *own.again)} if own else {}
    shown = turn.store.with_sold(shown[:SHOWN])
    found = [(product, said.get(product.sku) or _why(turn, product, wish)) for product in shown]
    return _recommended(turn, turn.say("customer.recommend.because"), found)


# --- the customer's own list ----------------------------------------------------------------------------------------
def _own_list(turn: CustomerTurn, wish: Wish) -> Found:
    """What was chosen for this customer; never where others read along, nor when it is for somebody else."""
    if wish.gift or not is_private(turn):
        return []
    offers = turn.store.offers(wish)
    if _AGAIN.search(words(turn)):
        chosen = [*offers.again, *offers.new]
    else:
        chosen = [*offers.new[:NEW_FIRST], *offers.again[:1], *offers.new[NEW_FIRST:]]
    return [(offer.product, _said(turn, offer)) for offer in chosen if _calm_enough(turn, offer.product)][:SHOWN]


def _said(turn: CustomerTurn, offer: Offer) -> str:
    fact, values = reason_of(offer, turn.language)
    return turn.say(f"customer.recommend.facts.{fact}", **values)


def _filled(turn: CustomerTurn, own: Found, wish: Wish) -> Found:
    """What was called by its name ("a hand grinder") comes first, if it fits; then the own list; then what sells."""
    named = turn.store.with_sold(turn.store.products(named_skus(turn, every=True)))
    named = [product for product in named if fits(product, wish)]
    found = {product.sku: (product, _why(turn, product, wish)) for product in named if _calm_enough(turn, product)}
    found = {**found, **{product.sku: (product, why) for product, why in own if product.sku not in found}}
    if len(found) < SHOWN:
        others = turn.store.matching(
            replace(wish, without=tuple(found)), WHOLE_KIND if _NO_CAFFEINE.search(words(turn)) else SHOWN
        )
        found |= {
            product.sku: (product, _why(turn, product, wish)) for product in others if _calm_enough(turn, product)
        }
    return list(found.values())[:SHOWN]


def _calm_enough(turn: CustomerTurn, product: ProductView) -> bool:
    return not _NO_CAFFEINE.search(words(turn)) or product.attributes.get("caffeine") in CALM


def _why(turn: CustomerTurn, product: ProductView, wish: Wish) -> str:
    if wish.gift and product.category.lower().startswith("gift"):
        return turn.say("customer.recommend.gift")
    if product.sold >= POPULAR_FROM:
        return turn.say("customer.recommend.popular", count=product.sold)
    if wish.most_minor is not None and product.price_minor <= wish.most_minor:
        return turn.say("customer.recommend.budget")
    return turn.say("customer.recommend.there")


# --- what is looked for ---------------------------------------------------------------------------------------------
def _wish(turn: CustomerTurn) -> Wish:
    least, most = None, None
    for money in turn.understanding.all("money"):
        amount, bound = _bound(turn, money)
        if amount is None:
            continue
        if bound == "min":
            least = amount
        elif bound == "about":
            least, most = amount * 6 // 10, amount * 12 // 10
        else:
            most = amount
    gift = turn.understanding.first("recipient") is not None or bool(_GIFT.search(words(turn)))
    colour = turn.understanding.first("colour")
    like = turn.store.products(named_skus(turn)[:1])
    category = named_category(turn) or (like[0].category if like else None)
    return Wish(
        category=category, least_minor=least, most_minor=most, gift=gift, colour=str(colour) if colour else None
    )


def _bound(turn: CustomerTurn, money: object) -> tuple[int | None, str]:
    """(minor units, bound) of an amount in the shop's own currency."""
    if not isinstance(money, dict) or money.get("currency") not in (None, turn.services.settings.business.currency):
        return None, ""
    amount = money.get("amount_minor")
    return (int(amount) if amount is not None else None), str(money.get("bound", "max"))


# --- what goes with something ---------------------------------------------------------------------------------------
def _goes_with(turn: CustomerTurn) -> Reply | None:
    """What goes with the product that is meant, else with the last purchase; None when it is a kind of thing that is
    looked for, which a wish answers."""
    products = named_products(turn) or _bought_last(turn)
    if not products:
        if named_category(turn):
            return None
        turn.ask("product", "product_recommend")
        return turn.reply("customer.recommend.with_what")
    names = ", ".join(product.names[turn.language] for product in products)
    wish = replace(_wish(turn), category=named_category(turn), colour=None)
    offers = turn.store.goes_with([product.sku for product in products], wish)
    if not offers:
        reply = turn.say("customer.recommend.with_nothing", names=names)
        return Reply(text=reply, choices=choices(turn, "talk_to_human"))
    found = [(offer.product, _said(turn, offer)) for offer in offers]
    return _recommended(turn, turn.say("customer.recommend.with", names=names), found)


def _bought_last(turn: CustomerTurn) -> Sequence[ProductView]:
    orders = turn.store.orders(passes(turn), 1) if is_private(turn) else []
    return turn.store.products([line.sku for line in orders[0].lines]) if orders else []


# --- like the last purchase -----------------------------------------------------------------------------------------
def _like_last(turn: CustomerTurn) -> Reply:
    orders = turn.store.orders(passes(turn), 1)
    if not orders or not orders[0].lines:
        found = turn.store.matching(_wish(turn), SHOWN)
        text = turn.say("customer.recommend.who_are_you" if not turn.store.verified else "customer.recommend.no_last")
        reply = _recommended(turn, text, [(product, _why(turn, product, Wish())) for product in found])
        return reply.model_copy(
            update={"request_contact": "" if turn.store.verified else turn.say("customer.share_contact")}
        )
    bought = orders[0].lines
    known = turn.store.products([line.sku for line in bought])
    last = max(known, key=lambda product: product.price_minor, default=None)
    if last is None:
        return offer_person(turn, "customer.recommend.nothing")
    wish = Wish(category=last.category, without=tuple(line.sku for line in bought))
    found = turn.store.matching(wish, SHOWN)
    reason = turn.say("customer.recommend.like", name=last.names[turn.language])
    if not found:
        return offer_person(turn, "customer.recommend.nothing")
    return _recommended(turn, turn.say("customer.recommend.here"), [(product, reason) for product in found])
