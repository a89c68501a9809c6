"""Everything that is held on a customer, as a file: for those who may, in a direct message, after a yes."""

from collections.abc import Callable

from bot.following import EXPORTS, READ_UP_TO
from bot.handlers.agent.asking import Asked, StaffTurn, asked, confirming, declined, hushed, label, whom
from bot.handlers.agent.case_lists import case_file
from bot.handlers.agent.lists import list_file
from bot.messages import Reply
from crm_core import privacy
from crm_core.errors import NotAllowed
from crm_core.personal_data import counts
from crm_core.staff.store import Brief

RIGHT = "customer.export"
FILES: dict[str, Callable[[StaffTurn], Reply]] = {"customers": list_file, "cases": case_file}
"""What was listed last -> all of it as a file."""
ZIP = "application/zip"
TOLD = ("orders", "interactions", "conversations", "identities", "cases", "notes", "tasks", "consents", "customer_tags")


def data_export(turn: StaffTurn) -> Reply:
    """Show what the file would hold; make it after a yes."""
    if declined(turn):
        return turn.reply("agent.nothing_done")
    number = turn.slots.get("export")
    if turn.question is not None and isinstance(number, int):
        who = turn.store.numbered(number)
        return _made(turn, who) if who else turn.reply("agent.too_late")
    wanted = asked(turn)
    filed = FILES.get(str(turn.memory.shown("answer")))
    if filed is not None and EXPORTS.fullmatch(wanted.text[:READ_UP_TO]):
        return filed(turn)
    return _shown(turn, wanted)


def _shown(turn: StaffTurn, wanted: Asked) -> Reply:
    """What the file of one customer would hold, if it may be made."""
    if not turn.message.direct:
        return Reply(text=turn.say("agent.export.privately"), private=True)
    found = whom(turn, wanted)
    if isinstance(found, Reply):
        return found
    if not _may(turn, found):
        return turn.reply("agent.export.not_allowed")
    turn.memory.show("customer", found.customer_id)
    turn.ask("confirm", "data_export", export=found.number)
    held = counts(turn.store.session, [found.customer_id])
    told = [turn.say(f"agent.merge.counts.{name}", count=held[name]) for name in TOLD if held.get(name)]
    what = turn.say("agent.fields.and").join(told) or turn.say("agent.merge.nothing")
    return hushed(
        turn, Reply(text=turn.say("agent.export.confirm", who=label(turn, found), what=what), choices=confirming(turn))
    )


def _may(turn: StaffTurn, who: Brief) -> bool:
    """Asked before anything is shown and again before it is done; both leave their entry in the audit log."""
    try:
        turn.store.permit(RIGHT, f"customer:{who.number}", ("data", "files"))
    except NotAllowed:
        return False
    return True


def _made(turn: StaffTurn, who: Brief) -> Reply:
    """The zip, sealed with the customer's own key, so that erasing them erases it."""
    if not turn.message.direct:
        return Reply(text=turn.say("agent.export.privately"), private=True)
    if not _may(turn, who):
        return turn.reply("agent.export.not_allowed")
    session, vault = turn.store.session, turn.store.vault
    content, _, rows = privacy.copy_of(session, vault, who.customer_id, turn.services.files.folder, turn.now)
    name = f"customer-{who.number}-{turn.now:%Y-%m-%d}.zip"
    saved = turn.services.files.save(session, content, name, ZIP, who.customer_id)
    text = turn.say("agent.export.made", who=label(turn, who), rows=sum(rows.values()))
    return Reply(text=text, files=(saved,))
