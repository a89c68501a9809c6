"""Ordering in chat: a draft at today's prices, which staff confirm. Nothing is charged."""

import re

from bot import wording
from bot.handlers.customer.common import CustomerTurn, argument, choices, offer_person, show_desk, words
from bot.handlers.customer.orders import order_card
from bot.handlers.customer.products import MOST_PIECES, ask_product, named_products, pick
from bot.messages import Reply
from crm_core.catalogue import ProductView
from crm_core.drafts import Wanted
from crm_core.errors import NotFound, NotPossible
from crm_core.orders import OrderView
from nlu.understanding import Entity

MOST_LINES = 10
_PLAIN_COUNT = re.compile(r"(?<![\w.,-])(\d{1,7})(?: of\b| ?[x×]\b|\s*$)")
"""A number of pieces without a word for them: "5000 of the dripper", "12" as an answer."""


def place_order(turn: CustomerTurn) -> Reply:
    """Note what somebody wants to buy as a draft for staff; asks for what is missing."""
    wanted = _wanted(turn)
    if isinstance(wanted, Reply):
        return wanted
    for product, quantity in wanted:
        if not 1 <= quantity <= MOST_PIECES:
            turn.ask("quantity", "place_order", product=product.sku)
            return turn.reply("customer.buy.how_many", name=product.names[turn.language])
    try:
        order = turn.store.place_draft([Wanted(product.sku, quantity) for product, quantity in wanted])
    except NotPossible as refusal:
        return _not_enough(turn, wanted, refusal)
    except NotFound:
        return ask_product(turn, "place_order", "customer.buy.not_sold")
    return _noted(turn, order)


def _noted(turn: CustomerTurn, order: OrderView) -> Reply:
    case = turn.store.open_case("place_order", f"{order.number}: {_lines(order, 'en')}", "high", order.number)
    turn.memory.show("order", order.number)
    desk = turn.services.desk.language
    stock = {product.sku: product.stock for product in turn.store.products([line.sku for line in order.lines])}
    lines = "\n".join(
        turn.services.phrases(
            "desk.draft.line", desk, name=line.names[desk], count=line.quantity, stock=stock.get(line.sku, 0),
            price=wording.money(line.unit_minor, order.currency, desk),
        )
        for line in order.lines
    )  # fmt: skip
    buttons = (
        ("desk.draft.confirm", f"desk:confirm:{order.number}"),
        ("desk.draft.decline", f"desk:decline:{order.number}"),
    )
    total = wording.money(order.total_minor, order.currency, desk)
    show_desk(turn, "desk.draft.asked", buttons, number=order.number, case=case.number, lines=lines, total=total)
    text = turn.say("customer.buy.noted", number=order.number, lines=_lines(order, turn.language))
    return Reply(text=text, cards=(order_card(turn, order),), choices=choices(turn, f"cancel_order:{order.number}"))


def _lines(order: OrderView, language: str) -> str:
    return wording.listed((f"{line.quantity} × {line.names[language]}" for line in order.lines), language)


def _not_enough(turn: CustomerTurn, wanted: list[tuple[ProductView, int]], refusal: NotPossible) -> Reply:
    if refusal.reason != "stock":
        return offer_person(turn, "customer.buy.currencies")
    product = next(one for one, _ in wanted if one.sku == refusal.details["sku"])
    name, left = product.names[turn.language], int(refusal.details["left"])
    if left == 0:
        return offer_person(turn, "customer.buy.sold_out", name=name)
    turn.ask("quantity", "place_order", product=product.sku)
    return offer_person(turn, "customer.buy.only", name=name, count=left)


# --- what is wanted -------------------------------------------------------------------------------------------------
def _wanted(turn: CustomerTurn) -> list[tuple[ProductView, int]] | Reply:
    """The products with how many of each; or the reply that asks which one is meant."""
    if turn.question is None and not argument(turn):
        named = _named(turn)
        if len(named) > 1:
            return _several(turn, named)
    products = _in_which_colour(turn, named_products(turn, every=True))
    if not products:
        reply = ask_product(turn, "place_order")
        if turn.outcome.question:
            turn.ask("product", "place_order", quantity=_quantity(turn))
        return reply
    if len(products) > 1:
        turn.ask("product", "place_order", quantity=_quantity(turn))
        return Reply(text=turn.say("customer.buy.which"), choices=pick(turn, "place_order", products))
    return [(products[0], _quantity(turn))]


def _in_which_colour(turn: CustomerTurn, products: list[ProductView]) -> list[ProductView]:
    """All colours of a product that was named without one; what was pressed is meant as it is."""
    if len(products) != 1 or argument(turn) or turn.slots.get("product") or turn.understanding.first("colour"):
        return products
    said = words(turn)
    if products[0].colour and products[0].colour in said:
        return products
    others = [one for one in turn.store.variants(products[0]) if one.stock > 0]
    return others if len({one.colour for one in others}) > 1 else products


def _quantity(turn: CustomerTurn) -> int:
    given = turn.understanding.first("quantity")
    if given is None and turn.message.kind != "button":
        plain = _PLAIN_COUNT.search(words(turn))
        given = plain[1] if plain else None
    if given is None:
        given = turn.slots.get("quantity", turn.memory.shown("quantity") if argument(turn) else None)
    turn.memory.show("quantity", given)
    return _number(given)


def _number(given: object) -> int:
    """How many pieces; 1 when nothing was said, 0 when what was said is no number of pieces."""
    if given is None:
        return 1
    try:
        number = float(str(given))
        return int(number) if number == int(number) else 0
    except (ValueError, OverflowError):
        return 0


def _named(turn: CustomerTurn) -> list[list[Entity]]:
    """What was named, in the order of the text; each with all products that the name may mean."""
    places: dict[int, list[Entity]] = {}
    for entity in turn.understanding.entities:
        if entity.name == "product" and entity.start >= 0:
            places.setdefault(entity.start, []).append(entity)
    return [places[start] for start in sorted(places)][:MOST_LINES]


def _several(turn: CustomerTurn, named: list[list[Entity]]) -> list[tuple[ProductView, int]] | Reply:
    """Several products in one sentence, each with the number that stands nearest to it."""
    counts = [entity for entity in turn.understanding.entities if entity.name == "quantity" and entity.start >= 0]
    pairs = sorted(
        (min(abs(one[0].start - count.end), abs(count.start - one[0].end)), place, count.start, count)
        for place, one in enumerate(named)
        for count in counts
    )
    given: dict[int, Entity] = {}
    for _, place, _, count in pairs:
        if place not in given and count not in given.values():
            given[place] = count
    wanted = []
    for place, one in enumerate(named):
        meant = turn.store.products([str(entity.value) for entity in one])
        if not meant:
            return ask_product(turn, "place_order", "customer.buy.not_sold")
        if len(meant) > 1:
            return Reply(text=turn.say("customer.buy.one_by_one"), choices=pick(turn, "place_order", meant))
        wanted.append((meant[0], _number(given[place].value if place in given else None)))
    turn.memory.show("product", [product.sku for product, _ in wanted])
    return wanted
