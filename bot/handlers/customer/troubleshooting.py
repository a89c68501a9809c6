"""Something does not work: steps from the knowledge base first, then a case with what was tried."""

from bot import wording
from bot.handlers.customer.common import (
    CustomerTurn,
    argument,
    ask_staff,
    choices,
    confirmed,
    passes,
    yes_or_no,
)
from bot.handlers.customer.knowledge import LONGEST_QUESTION
from bot.handlers.customer.products import ask_product, named_products
from bot.messages import Reply
from nlu.knowledge import CONFIDENT, Hit

INTENT = "technical_problem"
MOST_TRIED = 2
"""Sets of steps that are tried before a person looks at it."""
LOOKED_BACK = 60


def technical_problem(turn: CustomerTurn) -> Reply:
    """Steps for what is wrong, one set after the other; what they do not mend becomes a case."""
    answer = confirmed(turn)
    if answer:
        return turn.reply("customer.trouble.fixed")
    said = str(turn.slots.get("said") or "")
    if answer is None and turn.message.kind != "button" and turn.understanding.text.strip():
        said = f"{said} {turn.understanding.text}".strip() if said else turn.understanding.text
    if not said.strip():
        turn.ask("prose", INTENT)
        return turn.reply("customer.trouble.what")
    sku = _sku(turn)
    tried = [str(one) for one in turn.slots.get("tried", [])]
    hit = _steps(turn, said, sku, tried)
    if hit and len(tried) < MOST_TRIED:
        turn.ask("confirm", INTENT, said=said[:LONGEST_QUESTION], product=sku, tried=[*tried, hit.id])
        text = turn.say("customer.trouble.try_again" if tried else "customer.trouble.try", steps=hit.answer)
        return Reply(text=text, choices=yes_or_no(turn))
    if not sku and not tried and not turn.slots.get("asked"):
        reply = ask_product(turn, INTENT, "customer.trouble.which")
        turn.ask("product", INTENT, said=said[:LONGEST_QUESTION], asked=True)
        return reply
    return _case(turn, said, sku, tried)


def _sku(turn: CustomerTurn) -> str:
    """The product that was named, pressed or known before; "" while nobody knows."""
    if turn.slots.get("product"):
        return str(turn.slots["product"])
    said = turn.understanding.first("product") is not None or bool(argument(turn))
    products = named_products(turn) if said else []
    return products[0].sku if products else ""


def _steps(turn: CustomerTurn, said: str, sku: str, tried: list[str]) -> Hit | None:
    """The likeliest entry of the knowledge base that was not tried yet, if it is sure to fit."""
    names = [product.names[turn.language] for product in turn.store.products([sku] if sku else [])]
    asked = [said[:LONGEST_QUESTION], *(f"{name}: {said}"[:LONGEST_QUESTION] for name in names)]
    hits = [hit for text in asked for hit in turn.services.knowledge.search(text, turn.language)]
    fresh = [hit for hit in hits if hit.id not in tried and hit.score >= CONFIDENT]
    return max(fresh, key=lambda hit: hit.score, default=None)


def _case(turn: CustomerTurn, said: str, sku: str, tried: list[str]) -> Reply:
    """A case with the product, what was said and what was tried, tied to the order it came with."""
    products = turn.store.products([sku] if sku else [])
    name = products[0].names[turn.language] if products else ""
    number = next(
        (
            order.number
            for order in turn.store.orders(passes(turn), LOOKED_BACK)
            if order.status in ("shipped", "delivered") and any(line.sku == sku for line in order.lines)
        ),
        "",
    )
    steps = turn.say("customer.trouble.tried", steps=wording.listed(tried, turn.language)) if tried else ""
    title = " – ".join(part for part in (name, steps, said) if part)
    angry = turn.understanding.strong and turn.understanding.sentiment < 0
    case = turn.store.open_case(INTENT, title, "high" if angry else "normal", number, passes(turn), adds=True)
    ask_staff(turn, case, title, number)
    wanted = (f"warranty_check:{number}", "talk_to_human") if number else ("talk_to_human",)
    return Reply(text=turn.say("customer.trouble.case", case=case.number), choices=choices(turn, *wanted))
