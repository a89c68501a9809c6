"""Questions that the knowledge base answers, and those that nothing here answers."""

from bot.handlers.customer.common import CustomerTurn, choices, offer_person
from bot.messages import Reply
from nlu.knowledge import CONFIDENT

LONGEST_QUESTION = 400
"""Characters that are compared with the knowledge base: longer texts are stories, and would cost too much."""
GUESSES = 2


def faq(turn: CustomerTurn) -> Reply:
    """Answer from the knowledge base, or say that we do not know."""
    return known_answer(turn) or unknown(turn)


def known_answer(turn: CustomerTurn) -> Reply | None:
    """The answer of the knowledge base, if it is sure to fit."""
    question = turn.understanding.text[:LONGEST_QUESTION].strip()
    if not question:
        return None
    hits = turn.services.knowledge.search(question, turn.language)
    return Reply(text=hits[0].answer) if hits and hits[0].score >= CONFIDENT else None


def unknown(turn: CustomerTurn) -> Reply:
    """We do not know, and offer a person who might."""
    turn.outcome.unsure = True
    return offer_person(turn, "customer.knowledge.unknown")


def out_of_scope(turn: CustomerTurn) -> Reply:
    """Nothing we understood: the knowledge base first, then what we can do, the likeliest guesses in front."""
    if turn.message.kind == "button":
        return Reply(text=turn.say("customer.old_button"), choices=choices(turn, "help"))
    answer = known_answer(turn)
    if answer:
        return answer
    turn.outcome.unsure = True
    guesses = [intent for intent, _ in turn.understanding.alternatives if _offered(turn, intent)][:GUESSES]
    usual = [intent for intent in ("order_status", "product_recommend") if intent not in guesses]
    key = "customer.out_of_scope.guess" if guesses else "customer.out_of_scope.say"
    return Reply(text=turn.say(key), choices=choices(turn, *(guesses or usual), "talk_to_human"))


def _offered(turn: CustomerTurn, intent: str) -> bool:
    return turn.services.phrases.has(f"customer.labels.{intent}") and intent not in ("talk_to_human", "help")
