"""Invoices: whose name and which tax number, kept with the order; staff issue them."""

import re

from bot.handlers.customer.common import CustomerTurn, argument, ask_staff, choice, choices, offer_person, passes
from bot.handlers.customer.finding import which_order
from bot.messages import Reply
from crm_core.errors import NotFound
from crm_core.invoices import normalised_tax_number
from crm_core.orders import OrderView

INTENT = "invoice_request"
NOT_INVOICED = ("draft", "cancelled")
LONGEST_TITLE = 120
_PERSONAL = re.compile(r"\b(?:my own|private(?:ly)?|personal|just me|myself)\b|个人|個人|我自己|本人", re.IGNORECASE)
_TITLE = re.compile(
    r"(?:抬头(?:是|为|写|开|：|:)?|made out to|in the name of|title(?: is|:|：)?|issued to)\s*[:：]?"
    r"\s*(?P<title>[^,，;；。]{2,120}?)\s*(?=$|[,，;；。]|税号|tax|vat|\band\b)",
    re.IGNORECASE,
)
_TAX = re.compile(
    r"(?:税号|纳税人识别号|信用代码|统编"
    r"|\b(?:tax (?:id|no|number|code)|vat(?: (?:id|no|number))?|tin|uen)\b)\.?"
    r"\s*(?:是|为|is)?\s*[:：]?\s*(?P<number>[0-9A-Za-z][0-9A-Za-z .-]{3,30})",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:[A-Za-z]{2,3}[ -]?)?\d[0-9A-Za-z .-]{4,24}")
_FOR_ORDER = re.compile(r"\s(?:for|on|of) (?:my )?(?:order )?#?[A-Za-z]{0,6}-?\d[\w-]{2,20}")
_HOW = re.compile(
    r"(?:开|一下|的|怎么|什么|我们?的?|my|our|the|a)?\s?(?:公司的?|单位|企业|company|firm|business)?", re.IGNORECASE
)
"""What stands behind "made out to" and names nobody: "our company"."""


def invoice_request(turn: CustomerTurn) -> Reply:
    """Keep what an invoice shall say with its order; asks for the order, the title and the tax number."""
    order = _known(turn) or which_order(turn, INTENT, lambda one: one.status not in NOT_INVOICED)
    if isinstance(order, Reply):
        return _still_asking(turn, order)
    if order.status in NOT_INVOICED:
        return offer_person(turn, "customer.invoice.none", number=order.number)
    personal = _is_personal(turn)
    title = _title(turn)
    if not title:
        return _ask_title(turn, order, personal)
    if personal:
        return _noted(turn, order, title, "")
    said = _said_tax(turn)
    number = "" if said is None else normalised_tax_number(said)
    if said is None or number is None:
        turn.ask("text", INTENT, order=order.number, title=title, asked="tax")
        key = "customer.invoice.tax" if said is None else "customer.invoice.tax_again"
        return turn.reply(key, title=title, number=(said or "")[:40])
    return _noted(turn, order, title, number)


def _known(turn: CustomerTurn) -> OrderView | None:
    """The order that we asked something about: a tax number is no order's."""
    kept = turn.slots.get("order") if turn.slots.get("asked") else None
    return turn.store.order(str(kept), passes(turn)) if kept else None


def _still_asking(turn: CustomerTurn, reply: Reply) -> Reply:
    """The order is asked for; what the invoice shall say is kept until it is known."""
    question = turn.outcome.question
    if question:
        kept = {"title": _title(turn), "personal": _is_personal(turn), "tax": _said_tax(turn) or ""}
        turn.ask(question.wants, INTENT, **{**question.slots, **{name: value for name, value in kept.items() if value}})
    return reply


def _is_personal(turn: CustomerTurn) -> bool:
    pressed = argument(turn).partition("|")[2]
    if pressed:
        return pressed == "personal"
    return bool(turn.slots.get("personal")) or bool(_PERSONAL.search(turn.understanding.text[:200]))


def _title(turn: CustomerTurn) -> str:
    """Whom the invoice is made out to; "" while nobody said."""
    if turn.slots.get("title"):
        return str(turn.slots["title"])
    text = " ".join(turn.understanding.text.split())
    found = _TITLE.search(_FOR_ORDER.sub("", text))
    if found and not _HOW.fullmatch(found["title"].strip()):
        return found["title"].strip()[:LONGEST_TITLE]
    if turn.slots.get("asked") == "title" and turn.message.kind != "button" and any(map(str.isalpha, text)):
        title = _TAX.sub("", text).strip(" ,，;；。:：")
        if title and not _PERSONAL.fullmatch(title):
            return title[:LONGEST_TITLE]
    return turn.store.name if _is_personal(turn) else ""


def _said_tax(turn: CustomerTurn) -> str | None:
    """The tax number as it was written; None while none was. "none" is an answer outside of the home market."""
    text = turn.understanding.text
    found = _TAX.search(text)
    if found:
        return found["number"].strip()
    if turn.slots.get("asked") == "tax" and turn.message.kind != "button":
        numbers = [match.group() for match in _NUMBER.finditer(text)]
        return next((one for one in numbers if normalised_tax_number(one)), text.strip())
    kept = turn.slots.get("tax")
    return str(kept) if kept else None


def _ask_title(turn: CustomerTurn, order: OrderView, personal: bool) -> Reply:
    turn.ask("text", INTENT, order=order.number, asked="title", personal=personal)
    label = turn.say("customer.invoice.personal", name=turn.store.name)
    button = choice(turn, INTENT, f"{order.number}|personal", label) if turn.store.name and not personal else None
    return Reply(text=turn.say("customer.invoice.title", number=order.number), choices=(button,) if button else ())


def _noted(turn: CustomerTurn, order: OrderView, title: str, tax_number: str) -> Reply:
    try:
        kept = turn.store.request_invoice(order.number, title, tax_number, passes(turn))
    except NotFound:
        return turn.reply("customer.find.gone")
    shown = kept.tax_number or "–"
    request = f"{turn.services.phrases('desk.invoice', turn.services.desk.language)}: {kept.title} · {shown}"
    case = turn.store.open_case(INTENT, f"{order.number}: {request}", "normal", order.number, passes(turn), adds=True)
    ask_staff(turn, case, request, order.number)
    text = turn.say("customer.invoice.noted", number=order.number, title=title, tax=shown, case=case.number)
    return Reply(text=text, choices=choices(turn, "talk_to_human"))
