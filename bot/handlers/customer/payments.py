"""Trouble with paying: a case with the order concerned, and what happens next. We never see cards or accounts."""

import re

from bot import wording
from bot.handlers.customer.common import CustomerTurn, argument, ask_staff, choice, choices, passes, words
from bot.handlers.customer.finding import named_number, which_order
from bot.handlers.customer.orders import order_card
from bot.messages import Reply
from crm_core.orders import OrderView

INTENT = "payment_problem"
KINDS = ("twice", "taken", "refused", "amount")
PRIORITY = {"twice": "high", "taken": "high", "amount": "high", "refused": "normal"}
_SAID = {
    "twice": re.compile(
        r"twice|double|two (?:identical|charges|times|transactions|payments)|duplicate"
        r"|(?:hit|charged|billed|paid) again|两次|两笔|重复|重複|扣了两|二次"
    ),
    "taken": re.compile(
        r"money (?:is |was |has )?(?:left|gone|taken)|(?:was|been|got) (?:charged|debited)|still (?:says )?unpaid"
        r"|i paid but|no (?:order|confirmation)|took the money|transferred|deducted|付过了|扣了|扣款|钱没了|转账"
        r"|已付|付款了|没有订单|未支付"
    ),
    "amount": re.compile(
        r"wrong amount|instead of|over ?charged|too much|don'?t recogni[sz]e|多扣|多收|金额|没买过|不对"
    ),
    "refused": re.compile(
        r"declin|refus|reject|fail|error|spins?|loading|can'?t pay|won'?t (?:go|let)|does ?n.?t (?:go|work)|bounce"
        r"|block|expired|付不|支付不|失败|被拒|刷不|报错|转圈|出错|拦|失效|没反应|过不去"
    ),
}


def payment_problem(turn: CustomerTurn) -> Reply:
    """Open a case about a payment, tied to its order where we know it; says what happens next."""
    kind = _kind(turn)
    if not kind:
        return _ask_kind(turn)
    order = _order(turn, kind)
    if isinstance(order, Reply):
        return _still_asking(turn, order, kind)
    number = order.number if order else ""
    said = str(turn.slots.get("said") or turn.understanding.text) or turn.say(f"customer.payment.kinds.{kind}")
    angry = turn.understanding.strong and turn.understanding.sentiment < 0
    case = turn.store.open_case(f"payment_{kind}", said, "urgent" if angry else PRIORITY[kind], number, passes(turn))
    if not case.repeated:
        ask_staff(
            turn,
            case,
            f"{turn.services.phrases(f'customer.payment.kinds.{kind}', turn.services.desk.language)}: {said}",
            number,
        )
    text = turn.say("customer.payment.again" if case.repeated else f"customer.payment.{kind}", case=case.number)
    if order is None:
        return Reply(text=text, choices=choices(turn, "talk_to_human"))
    total = wording.money(order.total_minor, order.currency, turn.language)
    state = turn.say(f"order_states.{order.status}")
    about = turn.say("customer.payment.about", number=order.number, total=total, state=state)
    return Reply(text=f"{about}\n{text}", cards=(order_card(turn, order),), choices=choices(turn, "talk_to_human"))


def _kind(turn: CustomerTurn) -> str:
    pressed = argument(turn).partition("|")[2] or argument(turn)
    if pressed in KINDS:
        return pressed
    if turn.slots.get("kind"):
        return str(turn.slots["kind"])
    said = words(turn)
    return next((kind for kind, pattern in _SAID.items() if pattern.search(said)), "")


def _ask_kind(turn: CustomerTurn) -> Reply:
    number = named_number(turn)
    buttons = (
        choice(turn, INTENT, f"{number}|{kind}" if number else kind, turn.say(f"customer.payment.kinds.{kind}"))
        for kind in KINDS
    )
    return Reply(text=turn.say("customer.payment.what"), choices=tuple(button for button in buttons if button))


def _order(turn: CustomerTurn, kind: str) -> OrderView | Reply | None:
    """The order that is meant: named, else the only one that may be; None where there is none, or need not be one."""
    if named_number(turn) or (turn.understanding.first("email") and not turn.store.verified):
        return which_order(turn, INTENT, lambda one: True)
    wanted = ("placed", "draft") if kind in ("taken", "refused") else ("placed", "paid", "shipped")
    known = turn.store.orders(passes(turn))
    fits = [order for order in known if order.status in wanted]
    return fits[0] if len(fits) == 1 else None


def _still_asking(turn: CustomerTurn, reply: Reply, kind: str) -> Reply:
    """The order has to be proved first; the question knows what the trouble is."""
    question = turn.outcome.question
    if question:
        turn.ask(question.wants, INTENT, **{**question.slots, "kind": kind, "said": turn.understanding.text})
    return reply
