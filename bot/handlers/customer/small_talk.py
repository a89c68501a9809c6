"""Hello, thank you, goodbye, and what we can do."""

from bot.handlers.customer.common import CustomerTurn, choices, is_private
from bot.messages import Reply

FIRST_STEPS = ("order_status", "product_recommend", "business_hours", "talk_to_human")


def greeting(turn: CustomerTurn) -> Reply:
    """Greet, by name once we know who it is; a newcomer is told what we can do."""
    business = turn.services.settings.business
    shop = business.name_zh if turn.language == "zh" else business.name_en
    name = turn.store.name if is_private(turn) else ""
    text = turn.say("customer.greeting.known", name=name) if name else turn.say("customer.greeting.new", shop=shop)
    return Reply(text=text, choices=choices(turn, *FIRST_STEPS))


def goodbye(turn: CustomerTurn) -> Reply:
    """Say goodbye."""
    return turn.reply("customer.goodbye")


def thanks(turn: CustomerTurn) -> Reply:
    """Accept the thanks."""
    return turn.reply("customer.thanks")


def help_(turn: CustomerTurn) -> Reply:
    """Say what we can do."""
    steps = ("order_status", "return_request", "stock_check", "product_recommend", "switch_language", "talk_to_human")
    return Reply(text=turn.say("customer.help"), choices=choices(turn, *steps))
