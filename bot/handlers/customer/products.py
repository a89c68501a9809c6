"""What there is, what it costs, and what it is like."""

import re

from bot import wording
from bot.handlers.customer import attributes
from bot.handlers.customer.common import (
    CustomerTurn,
    argument,
    choices,
    known_or_plain,
    offer_person,
    words,
)
from bot.handlers.customer.knowledge import known_answer
from bot.messages import Card, Choice, Reply, Table
from crm_core.catalogue import ProductView, Wish

FEW = 5
"""From this stock on down we say how many are left."""
WHOLESALE_FROM = 20
MOST_PIECES = 100_000
SHOWN = 3
SHOWN_INSTEAD = 2
MOST_NAMED = 4
CARD_FACTS = 6
_DEALS = re.compile(
    r"discount|promo|coupon|voucher|sale\b|deal|offer|double 11|black friday|优惠|折|活动|券|促销|便宜点|双十一|满减"
)
_FIRST_TWO = re.compile(r"\bfirst (?:two|2)\b|前面?[两2][个款种]")


# --- which products -------------------------------------------------------------------------------------------------
def named_products(turn: CustomerTurn, every: bool = False) -> list[ProductView]:
    """The products that are meant: named now, asked about before, or shown last; in the colour that was named.

    `every`: all that a name may mean ("the cup" in three colours), instead of the first.
    """
    products = turn.store.products(named_skus(turn, every) or _last_shown(turn))
    colour = str(turn.understanding.first("colour") or "")
    if colour and not any(colour in product.colour for product in products) and len(products) == 1:
        products = [one for one in turn.store.variants(products[0]) if colour in one.colour] or products
    elif colour:
        products = [product for product in products if colour in product.colour] or products
    if products:
        turn.memory.show("product", [product.sku for product in products])
    return products


def named_skus(turn: CustomerTurn, every: bool = False) -> list[str]:
    """SKUs that were pressed, named or noted. Where a name means several products: the first, unless `every`."""
    pressed = argument(turn)
    if pressed:
        return [pressed]
    named: dict[int, list[str]] = {}
    for place, entity in enumerate(turn.understanding.entities):
        if entity.name == "product":
            named.setdefault(entity.start if entity.start >= 0 else -1 - place, []).append(str(entity.value))
    colour = turn.understanding.first("colour")
    skus = [sku for meanings in named.values() for sku in (meanings if every or colour else meanings[:1])]
    kept = turn.slots.get("product")
    return list(dict.fromkeys(skus))[:MOST_NAMED] or ([str(kept)] if kept else [])


def _last_shown(turn: CustomerTurn) -> list[str]:
    """What was shown last, if it is clear which of it is meant."""
    kept = turn.memory.shown("product")
    shown = [str(sku) for sku in kept] if isinstance(kept, list) else []
    if _FIRST_TWO.search(words(turn)) and len(shown) > 1:
        return shown[:2]
    place = turn.understanding.first("ordinal")
    if isinstance(place, int) and shown and (place == -1 or 1 <= place <= len(shown)):
        return [shown[place - 1] if place > 0 else shown[-1]]
    pointed = turn.understanding.first("reference") is not None
    if turn.understanding.first("category") is not None and not pointed:
        return []
    return shown if len(shown) == 1 or (pointed and len(shown) == 2) else []


def product_card(turn: CustomerTurn, product: ProductView, facts: int = 0, reason: str = "") -> Card:
    """A product at a glance: price, whether it is there, what matters about it."""
    price = wording.money(product.price_minor, product.currency, turn.language)
    stated = attributes.facts(turn, product, facts) if facts else ()
    why = ((turn.say("customer.recommend.why"), reason),) if reason else ()
    return Card(
        title=product.names[turn.language], subtitle=f"{price} · {availability(turn, product)}", facts=(*why, *stated)
    )


def availability(turn: CustomerTurn, product: ProductView) -> str:
    """In stock, only some left, or sold out."""
    if product.stock > FEW:
        return turn.say("customer.stock.there")
    return turn.say("customer.stock.few", count=product.stock) if product.stock > 0 else turn.say("customer.stock.none")


def ask_product(turn: CustomerTurn, intent: str, key: str = "customer.product.which") -> Reply:
    """Ask which product is meant: of the kind that is named, else of what was shown last, else of what sells best."""
    turn.ask("product", intent, **{name: value for name, value in turn.slots.items() if name != "product"})
    category = named_category(turn)
    kept = turn.memory.shown("product") if category is None else None
    found = turn.store.products([str(sku) for sku in kept][:SHOWN]) if isinstance(kept, list) else []
    found = found or turn.store.matching(Wish(category=category), SHOWN)
    return Reply(text=turn.say(key), choices=pick(turn, intent, found))


def pick(turn: CustomerTurn, intent: str, products: list[ProductView]) -> tuple[Choice, ...]:
    values = ((product, f"{intent}:{product.sku}") for product in products)
    return tuple(
        Choice(label=product.names[turn.language], value=value)
        for product, value in values
        if value.isascii() and len(value) <= 64
    )


def named_category(turn: CustomerTurn) -> str | None:
    """The kind of product that is named."""
    named = turn.understanding.first("category")
    return str(named) if named else None


# --- stock_check ----------------------------------------------------------------------------------------------------
def stock_check(turn: CustomerTurn) -> Reply:
    """Whether something is there; when it is not, what is there instead."""
    products = named_products(turn, every=True)
    if not products:
        category = named_category(turn)
        return _in_stock_of(turn, category) if category else ask_product(turn, "stock_check")
    colour = str(turn.understanding.first("colour") or "")
    lines = [_stock_line(turn, product, colour) for product in products]
    if any(product.stock > 0 for product in products):
        return Reply(text="\n".join(lines), choices=_next_steps(turn, products[0]))
    others = _instead(turn, products[0], {product.sku for product in products})
    if others:
        lines.append(turn.say("customer.stock.instead"))
    cards = tuple(product_card(turn, other) for other in others)
    return Reply(text="\n".join(lines), cards=cards, choices=choices(turn, "talk_to_human"))


def _instead(turn: CustomerTurn, gone: ProductView, without: set[str]) -> list[ProductView]:
    """What is in stock of the same kind: other colours first."""
    found = [one for one in turn.store.variants(gone) if one.stock > 0 and one.sku not in without]
    if len(found) < SHOWN_INSTEAD:
        wish = Wish(category=gone.category, without=(*without, *(one.sku for one in found)))
        found += turn.store.matching(wish, SHOWN_INSTEAD)
    return found[:SHOWN_INSTEAD]


def _stock_line(turn: CustomerTurn, product: ProductView, colour: str) -> str:
    name = product.names[turn.language]
    price = wording.money(product.price_minor, product.currency, turn.language)
    other = "" if not colour or colour in product.colour or not product.colour else "_other_colour"
    if other:
        wanted = known_or_plain(turn, "customer.values", colour)
        return turn.say("customer.stock.other_colour", name=name, colour=wanted, state=availability(turn, product))
    if product.stock > FEW:
        return turn.say("customer.stock.yes", name=name, price=price)
    if product.stock > 0:
        return turn.say("customer.stock.only", name=name, price=price, count=product.stock)
    return turn.say("customer.stock.no", name=name)


def _in_stock_of(turn: CustomerTurn, category: str) -> Reply:
    found = turn.store.matching(Wish(category=category), SHOWN)
    if not found:
        return offer_person(turn, "customer.stock.category_empty")
    turn.memory.show("product", [product.sku for product in found])
    cards = tuple(product_card(turn, product) for product in found)
    return Reply(text=turn.say("customer.stock.category"), cards=cards, choices=pick(turn, "product_question", found))


def _next_steps(turn: CustomerTurn, product: ProductView) -> tuple[Choice, ...]:
    return choices(turn, f"product_question:{product.sku}")


# --- price_question -------------------------------------------------------------------------------------------------
def price_question(turn: CustomerTurn) -> Reply:
    """What something costs, also many of it; discounts as the knowledge base has them."""
    quantity = _quantity(turn)
    about_deals = bool(_DEALS.search(words(turn))) and not named_skus(turn)
    if about_deals:
        return known_answer(turn) or _no_deal_known(turn)
    products = named_products(turn)
    if not products:
        reply = ask_product(turn, "price_question")
        if turn.outcome.question:
            turn.ask("product", "price_question", quantity=quantity)
        return reply
    lines = [_price_line(turn, product, quantity) for product in products]
    if quantity >= WHOLESALE_FROM:
        lines.append(turn.say("customer.price.wholesale", count=quantity))
        return Reply(text="\n".join(lines), choices=choices(turn, "talk_to_human"))
    return Reply(text="\n".join(lines), choices=_next_steps(turn, products[0]))


def _quantity(turn: CustomerTurn) -> int:
    given = turn.understanding.first("quantity") or turn.slots.get("quantity") or 1
    try:
        return max(1, min(int(given), MOST_PIECES))
    except (TypeError, ValueError):
        return 1


def _price_line(turn: CustomerTurn, product: ProductView, quantity: int) -> str:
    name = product.names[turn.language]
    each = wording.money(product.price_minor, product.currency, turn.language)
    if quantity == 1:
        return turn.say("customer.price.one", name=name, price=each, state=availability(turn, product))
    total = wording.money(product.price_minor * quantity, product.currency, turn.language)
    line = turn.say("customer.price.many", name=name, price=each, count=quantity, total=total)
    if product.stock < quantity:
        line += " " + turn.say("customer.price.not_enough", count=max(product.stock, 0))
    return line


def _no_deal_known(turn: CustomerTurn) -> Reply:
    turn.outcome.unsure = True
    return offer_person(turn, "customer.price.no_deal")


# --- product_question -----------------------------------------------------------------------------------------------
def product_question(turn: CustomerTurn) -> Reply:
    """A property of a product, or how two of them differ."""
    products = named_products(turn)
    if len(products) >= 2:
        return _compared(turn, products[0], products[1])
    if not products:
        return known_answer(turn) or ask_product(turn, "product_question")
    return _described(turn, products[0])


def _described(turn: CustomerTurn, product: ProductView) -> Reply:
    """What was asked about a product, or what it is like."""
    name = product.names[turn.language]
    wanted = [] if turn.message.kind == "button" else attributes.asked(turn, [product])
    stated = [(attributes.label(turn, one), attributes.value(turn, product, one)) for one in wanted]
    stated = [(said, value) for said, value in stated if value]
    description = product.descriptions[turn.language]
    if stated:
        lines = [turn.say("customer.product.facts", name=name)]
        lines += [turn.say("customer.product.fact", label=said, value=value) for said, value in stated[:CARD_FACTS]]
        return Reply(text="\n".join(lines), cards=(product_card(turn, product),))
    if wanted:
        return known_answer(turn) or offer_person(
            turn, "customer.product.not_noted", name=name, description=description
        )
    text = description or turn.say("customer.product.facts", name=name)
    return Reply(
        text=text,
        cards=(product_card(turn, product, CARD_FACTS),),
        choices=choices(turn, f"stock_check:{product.sku}"),
    )


def _compared(turn: CustomerTurn, one: ProductView, other: ProductView) -> Reply:
    language = turn.language
    rows = [
        (
            turn.say("customer.product.price"),
            wording.money(one.price_minor, one.currency, language),
            wording.money(other.price_minor, other.currency, language),
        ),
        (turn.say("customer.product.stock"), availability(turn, one), availability(turn, other)),
    ]
    alike = 0
    for name in dict.fromkeys((*one.attributes, *other.attributes)):
        if name == "compatible_with":
            continue
        pair = attributes.value(turn, one, name) or "–", attributes.value(turn, other, name) or "–"
        if pair[0] == pair[1]:
            alike += pair[0] != "–"
            continue
        rows.append((attributes.label(turn, name), *pair))
    table = Table(
        columns=("", one.names[language], other.names[language]),
        rows=tuple(rows),
        note=turn.say("customer.product.alike", count=alike) if alike else "",
    )
    descriptions = [f"{product.names[language]}: {product.descriptions[language]}" for product in (one, other)]
    return Reply(text="\n".join([turn.say("customer.product.compared"), *descriptions]), table=table)
