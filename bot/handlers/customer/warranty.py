"""How long something is under warranty: from the order's date and the months that the catalogue gives the product."""

from calendar import monthrange
from datetime import date
from zoneinfo import ZoneInfo

from bot import wording
from bot.handlers.customer.common import CustomerTurn, argument, choices, offer_person, passes
from bot.handlers.customer.finding import named_number, said_email, which_order
from bot.handlers.customer.knowledge import known_answer
from bot.handlers.customer.orders import today
from bot.handlers.customer.products import named_products
from bot.messages import Reply
from crm_core.catalogue import ProductView
from crm_core.orders import LineView, OrderView

INTENT = "warranty_check"
SOLD = ("placed", "paid", "shipped", "delivered")
LOOKED_BACK = 60
"""Orders of one's own that are looked through for a product."""
SHOWN = 8


def warranty_check(turn: CustomerTurn) -> Reply:
    """Until when something of one's own is under warranty, and why."""
    if named_number(turn) or said_email(turn):
        order = which_order(turn, INTENT, lambda one: one.status in SOLD)
        if isinstance(order, Reply):
            return order
        wanted = {product.sku for product in _named(turn)}
        lines = [line for line in order.lines if line.sku in wanted] or list(order.lines)
        return _told(turn, [(order, line) for line in lines])
    products = _named(turn)
    bought = [one for one in turn.store.orders(passes(turn), LOOKED_BACK) if one.status in SOLD]
    if products:
        return _of_products(turn, products, bought)
    general = known_answer(turn)
    if general and turn.question is None:
        return general
    if not bought:
        return which_order_or_product(turn)
    return _told(turn, [(order, line) for order in bought[:3] for line in order.lines])


def which_order_or_product(turn: CustomerTurn) -> Reply:
    """Nobody knows yet what it is about: the order is asked for, as everywhere."""
    order = which_order(turn, INTENT, lambda one: one.status in SOLD)
    return order if isinstance(order, Reply) else _told(turn, [(order, line) for line in order.lines])


def _named(turn: CustomerTurn) -> list[ProductView]:
    """The products that were named in words, every one that a name may mean."""
    said = turn.understanding.first("product") is not None or turn.understanding.first("reference") is not None
    return named_products(turn, every=True) if said and not argument(turn) else []


def _of_products(turn: CustomerTurn, products: list[ProductView], bought: list[OrderView]) -> Reply:
    wanted = {product.sku for product in products}
    found = [(order, line) for order in bought for line in order.lines if line.sku in wanted]
    if found:
        return _told(turn, found[:SHOWN])
    product = products[0]
    months = _months(product)
    if not turn.store.verified:
        turn.ask("order_id", INTENT, **turn.slots)
        key = "customer.warranty.whose" if months else "customer.warranty.whose_none"
        return turn.reply(key, name=product.names[turn.language], months=months)
    key = "customer.warranty.not_bought" if months else "customer.warranty.not_bought_none"
    return offer_person(turn, key, name=product.names[turn.language], months=months)


def _told(turn: CustomerTurn, bought: list[tuple[OrderView, LineView]]) -> Reply:
    """One sentence for each thing; what is eaten and drunk is left out where there is something else."""
    months = {one.sku: _months(one) for one in turn.store.products([line.sku for _, line in bought])}
    covered = [(order, line) for order, line in bought if months.get(line.sku)]
    lines = [_sentence(turn, order, line, months.get(line.sku, 0)) for order, line in (covered or bought)[:SHOWN]]
    return Reply(text="\n".join(lines), choices=choices(turn, "technical_problem", "talk_to_human"))


def _sentence(turn: CustomerTurn, order: OrderView, line: LineView, months: int) -> str:
    name, zone = line.names[turn.language], turn.speaker.zone
    if order.status not in SOLD:
        return turn.say("customer.warranty.not_sold", name=name, number=order.number)
    if not months:
        return turn.say("customer.warranty.none", name=name, number=order.number)
    since = order.placed_at.astimezone(ZoneInfo(zone)).date()
    until = ends_on(since, months)
    key = "customer.warranty.until" if until >= today(turn) else "customer.warranty.over"
    days = {"since": wording.day(since, turn.language, zone), "until": wording.day(until, turn.language, zone)}
    return turn.say(key, name=name, number=order.number, months=months, **days)


def ends_on(since: date, months: int) -> date:
    """The last day of a warranty.

    >>> ends_on(date(2024, 8, 31), 6)
    datetime.date(2025, 2, 28)
    """
    years, month = divmod(since.month - 1 + months, 12)
    year, month = since.year + years, month + 1
    return date(year, month, min(since.day, monthrange(year, month)[1]))


def _months(product: ProductView) -> int:
    given = product.attributes.get("warranty_months")
    return given if isinstance(given, int) and not isinstance(given, bool) else 0
