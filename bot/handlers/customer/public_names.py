"""By what name a customer goes in public: kept after a yes, because then what they post there is on their record."""

from bot.handlers.customer.common import CustomerTurn, choices, confirmed, yes_or_no
from bot.messages import Reply
from bot.public_name_words import PublicName

INTENT = "link_identity"


def public_name(turn: CustomerTurn, said: PublicName) -> Reply:
    """Ask whether to remember a name, or forget one at once."""
    network = _network(turn, said.network)
    if not turn.store.verified:
        return Reply(
            text=turn.say("customer.public_name.who", network=network),
            request_contact=turn.say("customer.share_contact"), choices=choices(turn, "talk_to_human:link"),
        )  # fmt: skip
    if not said.name:
        key = "forgotten" if turn.store.forget_public_name(said.network) else "unknown"
        return turn.reply(f"customer.public_name.{key}", network=network)
    turn.ask("confirm", INTENT, network=said.network, name=said.name)
    text = turn.say("customer.public_name.sure", network=network, name=f"@{said.name}")
    return Reply(text=text, choices=yes_or_no(turn))


def public_name_confirmed(turn: CustomerTurn) -> Reply:
    """Keep what was asked about, or do not."""
    network, name = str(turn.slots["network"]), str(turn.slots["name"])
    if not confirmed(turn):
        return turn.reply("customer.public_name.kept_out")
    turn.store.remember_public_name(network, name)
    return turn.reply("customer.public_name.kept", network=_network(turn, network), name=f"@{name}")


def _network(turn: CustomerTurn, name: str) -> str:
    return turn.say(f"public.networks.{name}")
