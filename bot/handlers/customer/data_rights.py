"""What the law gives everybody: a copy of all that is held about them, and that it is erased. Both after a yes."""

import re

from bot import wording
from bot.handlers.customer.common import CustomerTurn, choices, confirmed, words
from bot.messages import Choice, Reply
from crm_core.orders import OPEN

ACCESS, ERASE = "data_access", "data_erase"
FILE_NAME = "my-data.zip"
TOLD = ("orders", "interactions", "cases", "notes", "invoice_requests", "ratings", "attachments", "consents")
"""Tables whose rows people understand; the rest is in the file."""
_KEEP = re.compile(
    r"(?:delete|erase|remove) nothing|(?:^|[,.;!]|\bok(?:ay)?|\bno|\bplease)\s*(?:do not|don['’]?t)"
    r" (?:delete|erase|remove)"
    r"|(?:^|算了|那就|还是|先|[，,。！!\s])(?:不|别|不要|不用|先别)(?:再)?(?:删|抹|清除|注销)"
)
"""A no that says what is not to be done: "delete nothing", 算了不删."""


def data_access(turn: CustomerTurn) -> Reply:
    """Everything we hold about a verified person, as a file in their own chat, after a yes."""
    if not turn.store.verified:
        return _who_are_you(turn, ACCESS)
    answer = confirmed(turn)
    if answer is False:
        return turn.reply("customer.data.not_sent")
    if answer is None:
        turn.ask("confirm", ACCESS)
        return Reply(text=turn.say("customer.data.send_sure", holdings=_holdings(turn)), choices=_buttons(turn, "send"))
    files = turn.services.files
    content = turn.store.copy_of_data(files.folder, turn.message.channel)
    sent = turn.store.keep_file(files.save, content, FILE_NAME, "application/zip")
    return Reply(text=turn.say("customer.data.sent"), files=(sent,))


def data_erase(turn: CustomerTurn) -> Reply:
    """Erase a verified person with all that belongs to them, after an explicit second step."""
    if not turn.store.verified:
        return _who_are_you(turn, ERASE)
    answer = confirmed(turn)
    if answer is False or (turn.message.kind != "button" and _KEEP.search(words(turn))):
        return turn.reply("customer.data.kept")
    if answer is None:
        turn.ask("confirm", ERASE)
        under_way = [order.number for order in turn.store.orders() if order.status in OPEN]
        lines = [turn.say("customer.data.erase_sure", holdings=_holdings(turn))]
        if under_way:
            lines.append(turn.say("customer.data.under_way", numbers=wording.listed(under_way, turn.language)))
        lines.append(turn.say("customer.data.law"))
        return Reply(text="\n".join(lines), choices=_buttons(turn, "erase"))
    turn.outcome.erases = turn.store.ask_to_be_erased(turn.message.channel)
    return turn.reply("customer.data.erased")


def _who_are_you(turn: CustomerTurn, intent: str) -> Reply:
    return Reply(
        text=turn.say(f"customer.data.who.{intent}"),
        choices=choices(turn, "talk_to_human:link"),
        request_contact=turn.say("customer.share_contact"),
    )


def _holdings(turn: CustomerTurn) -> str:
    """What is held, counted, in words."""
    counts = turn.store.holdings()
    parts = [turn.say(f"customer.data.tables.{table}", count=counts[table]) for table in TOLD if counts.get(table)]
    return turn.say("customer.product.and").join([turn.say("customer.data.tables.customers"), *parts])


def _buttons(turn: CustomerTurn, what: str) -> tuple[Choice, ...]:
    danger = what == "erase"
    return (
        Choice(label=turn.say(f"customer.data.{what}"), value="affirm", style="danger" if danger else "primary"),
        Choice(label=turn.say("common.no"), value="deny"),
    )
