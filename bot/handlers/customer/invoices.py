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
_NO_NUMBER = re.compile(
    r"\W*(?:(?:i|we) (?:do not|don['’]t|dont) have (?:one|any|it|a (?:tax )?(?:number|id))"
    r"|(?:there is )?(?:no|without|none)"
    r"(?: (?:tax|vat))?(?: (?:number|id|no))?)\W*|.{0,8}(?:没有?|无|不需要|不用)(?:填|写)?(?:税号|统编)\W*|没有\W*",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(
    r"^(?:the |my |our )?(?:company(?: name)?|title|name|invoice title)\s*(?:is|:|：)\s*"
    r"|^(?:发票)?(?:抬头|公司名称|公司)(?:名称)?(?:是|为|叫|：|:)\s*",
    re.IGNORECASE,
)
_SIGNS = re.compile(r"[^0-9A-Za-z]")
MOST_WORDS = 3
"""Words around a tax number; more of them, or a question mark, make a sentence."""
LONG_CODE = 18
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
    if personal or _has_no_number(turn):
        return _noted(turn, order, title, "")
    said = _said_tax(turn)
    number = "" if said is None else normalised_tax_number(said)
    if said is None or number is None:
        return _ask_tax(turn, order, title, said)
    return _noted(turn, order, title, number)


def _ask_tax(turn: CustomerTurn, order: OrderView, title: str, said: str | None) -> Reply:
    """Ask for the tax number, with what was wrong with the one `said`; a mistyped number is no refusal to give one."""
    mistyped = {"tried": said[:40]} if said and any(map(str.isdigit, said)) and _is_number(said) else {}
    turn.ask("text", INTENT, order=order.number, title=title, asked="tax", **mistyped)
    key = "tax" if said is None else "tax_again"
    if mistyped and len(_SIGNS.sub("", str(said))) == LONG_CODE:
        key = "tax_mistyped"
    without = choice(turn, INTENT, f"{order.number}|no_number", turn.say("customer.invoice.without"))
    stop = choice(turn, "deny", "", turn.say("customer.invoice.stop"))
    text = turn.say(f"customer.invoice.{key}", title=title, number=(said or "")[:40])
    return Reply(text=text, choices=tuple(one for one in (without, stop) if one))


def _is_number(said: str) -> bool:
    """Whether this may be meant as a number: no question, no sentence."""
    return "?" not in said and "？" not in said and sum(word.isalpha() for word in said.split()) <= MOST_WORDS


def _has_no_number(turn: CustomerTurn) -> bool:
    """Whether they said that there is none: in words, with the button, or because it is a private invoice."""
    if argument(turn).partition("|")[2] == "no_number":
        return True
    text = turn.understanding.text.strip()[:80]
    return turn.slots.get("asked") == "tax" and bool(_NO_NUMBER.fullmatch(text) or _PERSONAL.fullmatch(text))


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
        title = _LEAD_IN.sub("", _TAX.sub("", text)).strip(" ,，;；。:：")
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
        usable = (one for one in numbers if normalised_tax_number(one) and _is_number(text.replace(one, " ")))
        return next(usable, text.strip())
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
