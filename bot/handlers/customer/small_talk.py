"""Hello, thank you, goodbye, and what we can do."""

from bot.handlers.customer.common import CustomerTurn, choices, is_private
from bot.helping import Helping, group_in
from bot.messages import Reply
from nlu.shortcuts import asks_what_we_are

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
    """Say what we can do, or all of one group; to who asks, that we are no person."""
    helping = Helping(turn.services.phrases, turn.language)
    group = group_in(turn.argument, "customer")
    if group:
        own = [intent for intent, _ in helping.examples(f"customer.{group}")]
        return Reply(text=helping.group("customer", group), choices=choices(turn, *own))
    steps = ("order_status", "return_request", "stock_check", "product_recommend", "switch_language", "talk_to_human")
    text = helping.overview("customer")
    if asks_what_we_are(turn.understanding.text):
        text = f"{turn.say('common.what_i_am')}\n{text}"
    return Reply(text=text, choices=choices(turn, *steps))
