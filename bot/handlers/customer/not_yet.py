"""What we understand and cannot do yet: said honestly, with a person offered."""

from bot.handlers.customer.common import CustomerTurn, offer_person
from bot.messages import Reply


def not_yet(turn: CustomerTurn) -> Reply:
    """Say that this is not there yet, and offer a person."""
    key = f"customer.not_yet.{turn.understanding.intent}"
    return offer_person(turn, key if turn.services.phrases.has(key) else "common.not_yet")
