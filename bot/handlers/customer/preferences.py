"""Which messages, when, how often and where: kept, and said back in words. Stopping all marketing is `unsubscribe`."""

from bot.handlers.customer import preference_words
from bot.handlers.customer.common import CustomerTurn, choices, passes
from bot.messages import Reply
from crm_core.preferences import KINDS, Preferences

INTENT = "set_preferences"
ALWAYS_HERE = "here"


def set_preferences(turn: CustomerTurn) -> Reply:
    """Keep what somebody wants to be sent; without a wish, say what is kept and how to change it."""
    written = turn.message.kind in ("new", "edit") or bool(turn.argument.strip())
    wishes = preference_words.read(turn.understanding.text) if written else preference_words.Wishes()
    if wishes.impossible:
        turn.ask("prose", INTENT)
        return turn.reply("customer.preferences.impossible")
    if not wishes.changes:
        turn.ask("prose", INTENT)
        kept = in_words(turn, turn.store.preferences())
        how = turn.say("customer.preferences.how")
        return Reply(text=f"{kept}\n{how}", choices=choices(turn, "unsubscribe"))
    for name in ("channel", "on"):
        if wishes.changes.get(name) == ALWAYS_HERE:
            wishes.changes[name] = turn.message.channel
    now = turn.store.set_preferences(wishes.changes, f"said in {turn.message.channel}", passes(turn))
    lines = [turn.say("customer.preferences.kept"), in_words(turn, now)]
    if now.channel and now.channel != turn.message.channel:
        lines.append(turn.say("customer.preferences.elsewhere", channel=_channel(turn, now.channel)))
    return Reply(text="\n".join(lines), choices=choices(turn, "unsubscribe"))


def in_words(turn: CustomerTurn, wishes: Preferences) -> str:
    """What is kept, a line for each wish."""
    say = turn.say
    lines = []
    yes = [say(f"customer.preferences.kinds.{kind}") for kind in KINDS if wishes.kinds.get(kind) is True]
    no = [say(f"customer.preferences.kinds.{kind}") for kind in KINDS if wishes.kinds.get(kind) is False]
    comma = say("customer.product.and")
    if yes:
        lines.append(say("customer.preferences.wanted", kinds=comma.join(yes)))
    if no:
        lines.append(say("customer.preferences.unwanted", kinds=comma.join(no)))
    for channel, kinds in turn.store.agreed_by_channel().items():
        told = comma.join(say(f"customer.preferences.kinds.{kind}") for kind in kinds)
        lines.append(say("customer.preferences.on", kinds=told, channel=_channel(turn, channel)))
    if wishes.quiet_from is not None and wishes.quiet_until is not None:
        start, end = _clock(wishes.quiet_from), _clock(wishes.quiet_until)
        lines.append(say("customer.preferences.hours", start=start, end=end, zone=turn.speaker.zone))
    if wishes.quiet_days:
        lines.append(
            say(
                "customer.preferences.days",
                days=comma.join(say(f"customer.preferences.weekdays.{day}") for day in wishes.quiet_days),
            )
        )
    if wishes.channel:
        lines.append(say("customer.preferences.channel", channel=_channel(turn, wishes.channel)))
    if wishes.at_most_every_days:
        lines.append(say("customer.preferences.often", days=wishes.at_most_every_days))
    return "\n".join(lines) or say("customer.preferences.nothing")


def _channel(turn: CustomerTurn, name: str) -> str:
    key = f"customer.preferences.channels.{name}"
    return turn.say(key) if turn.services.phrases.has(key) else name


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
