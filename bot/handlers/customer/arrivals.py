"""What comes before any handler: messages without words, shared contacts, and groups in which others read along."""

from bot.handlers.customer.common import CustomerTurn, choices, declined, is_private
from bot.handlers.customer.privacy import shared_contact
from bot.messages import Choice, IncomingAttachment, Reply
from bot.turns import Handler

OPEN_TO_ALL = frozenset(
    {
        "greeting",
        "goodbye",
        "thanks",
        "help",
        "affirm",
        "deny",
        "stock_check",
        "price_question",
        "product_question",
        "product_recommend",
        "praise",
        "switch_language",
        "business_hours",
        "faq",
        "out_of_scope",
    }
)
"""Intents that show nothing of the customer and change nothing: answered in groups, too."""


def attended(intent: str, handler: Handler) -> Handler:
    """The handler of an intent, behind what has to be looked at first."""

    def handle(turn: CustomerTurn) -> Reply:
        contact = _contact(turn)
        if not is_private(turn):
            return handler(turn) if intent in OPEN_TO_ALL and not contact else turn.reply("customer.private_only")
        if contact is not None:
            return shared_contact(turn, contact)
        if _is_wordless(turn) and not _shows(turn):
            return wordless(turn)
        if declined(turn) and turn.question and turn.question.wants != "confirm":
            return turn.reply("customer.never_mind")
        return handler(turn)

    return handle


def wordless(turn: CustomerTurn) -> Reply:
    """Thank for what came without words and ask what it is about; the open question stays open."""
    turn.outcome.question = turn.question
    if not turn.message.attachments:
        return Reply(text=turn.say("customer.wordless.empty"), choices=choices(turn, "help"))
    kind = turn.message.attachments[0].kind
    key = f"customer.wordless.{kind}"
    known = turn.services.phrases.has(key)
    return Reply(text=turn.say(key if known else "customer.wordless.document"), choices=_about(turn))


def _about(turn: CustomerTurn) -> tuple[Choice, ...]:
    return choices(turn, "delivery_problem", "return_request", "product_question", "talk_to_human")


def _is_wordless(turn: CustomerTurn) -> bool:
    return turn.message.kind in ("new", "edit") and not turn.message.text.strip()


def _shows(turn: CustomerTurn) -> bool:
    """Whether a picture without words says it all: the record that was asked for, or an order to be told about."""
    asked = turn.question is not None and turn.understanding.first(turn.question.wants) is not None
    return asked or turn.understanding.engine == "picture"


def _contact(turn: CustomerTurn) -> IncomingAttachment | None:
    return next((one for one in turn.message.attachments if one.kind == "contact"), None)
