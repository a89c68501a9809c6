"""Joining two records of one person, and taking that back: shown first, done after a yes."""

import re

from bot import wording
from bot.handlers.agent.asking import (
    Asked,
    StaffTurn,
    argument,
    asked,
    confirming,
    declined,
    hushed,
    label,
    leftover,
    named,
    not_found,
    present,
)
from bot.messages import Choice, Reply, Table
from bot.query_words import spoken
from crm_core import consent, merging
from crm_core.customers import Profile
from crm_core.errors import NotPossible
from crm_core.merging import Undoing
from crm_core.models import Merge
from crm_core.staff.store import Brief, Search

_INTO = re.compile(
    r"(?<![a-z])(?:into|onto|to|with|and)(?![a-z])|合并(?:到|进|入|至)|并(?:到|进|入)|归(?:入|到)|挂到|合到|和|与|跟|同(?!一)|[、,，&]",
    re.IGNORECASE,
)
_DIRECTED = re.compile(r"(?<![a-z])(?:into|onto|to)(?![a-z])|[并归合挂](?:到|进|入|至)", re.IGNORECASE)
_KEEPS = re.compile(r"(?<![a-z])(?:keep|survivor is)\s+$|(?:保留|留下?)\s*$", re.IGNORECASE)
_NO_NAMES = re.compile(
    r"(?<![a-z])(?:merge|merging|merged|unmerge|undo|combine|join|fold|absorb|put|bring|roll|keep|split|separate|restore"
    r"|revert|reverse|records?|profiles?|duplicates?|same|person|together|again|these|those|two|both|one|accounts?"
    r"|entry|entries|first|second|they|yes|into|that|wrong|dedupe|customers?|please|pls|i|want|think)(?![a-z])|合并|归并|合起来|并过来|合成|撤销|撤回|取消|拆开|拆分|恢复|还原|同一个人|同一人|重复|这两个|那两个|两个|两条"
    r"|两份|记录|档案|资料|一个|一条|刚才|那次|这次|保留|另一个",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"[#＃]?(?<!\d)(\d{4,9})(?!\d)")
COUNTED = (
    "identities",
    "conversations",
    "interactions",
    "orders",
    "cases",
    "notes",
    "tasks",
    "customer_tags",
    "consents",
)


# --- joining --------------------------------------------------------------------------------------------------------
def merge_customers(turn: StaffTurn) -> Reply:
    """Show two records side by side and what would move; join them after a yes."""
    if declined(turn):
        return turn.reply("agent.nothing_done")
    swapped = argument(turn, "swap")
    if swapped is not None:
        return _shown(turn, *_numbered(turn, swapped))
    if turn.question is not None and "into" in turn.slots:
        return _merged(turn, *_numbered(turn, f"{turn.slots['from']}:{turn.slots['into']}"))
    pair = _pair(turn, asked(turn))
    return pair if isinstance(pair, Reply) else _shown(turn, *pair)


def _numbered(turn: StaffTurn, numbers: str) -> tuple[Brief | None, Brief | None]:
    first, _, second = numbers.partition(":")
    found = [turn.store.numbered(int(one)) if one.isdigit() and len(one) < 12 else None for one in (first, second)]
    return found[0], found[1]


def _pair(turn: StaffTurn, wanted: Asked) -> tuple[Brief, Brief] | Reply:
    """(which goes, which stays) as it was said; where no direction was said, the older record stays."""
    sides = []
    parts = _parts(wanted)
    for part in parts:
        found = _named(turn, part)
        if isinstance(found, Reply):
            return found
        sides.append(found)
    told = [found for found in sides if found]
    fitting = {one.customer_id: one for found in told for one in found}
    if len(fitting) == 2 and (len(told) == 1 or any(len(found) == 2 for found in told)):
        return _older_stays(*fitting.values())
    if any(len(found) > 1 for found in told):
        listed = "\n".join(f"• {label(turn, one)}" for found in told if len(found) > 1 for one in found)
        return hushed(turn, Reply(text=turn.say("agent.merge.several", customers=listed)))
    if len(told) == 2:
        return _directed(wanted.text, parts, told[0][0], told[1][0])
    return _with_present(turn, wanted, sides) if told else _listed(turn)


def _with_present(turn: StaffTurn, wanted: Asked, sides: list[list[Brief]]) -> tuple[Brief, Brief] | Reply:
    """ "Merge this one into 10482": one is named, the other was shown last."""
    other = present(turn)
    [one] = next(found for found in sides if found)
    if other is None:
        return turn.reply("agent.merge.which")
    if not _DIRECTED.search(wanted.text):
        return _older_stays(other, one) if other.customer_id != one.customer_id else (other, one)
    return (one, other) if sides[0] else (other, one)


def _listed(turn: StaffTurn) -> tuple[Brief, Brief] | Reply:
    """ "These two": when exactly two were listed last."""
    shown = turn.memory.shown("list")
    found = turn.store.briefs(shown) if isinstance(shown, list) and len(shown) == 2 else []
    return _older_stays(*found) if len(found) == 2 else turn.reply("agent.merge.which")


def _parts(wanted: Asked) -> list[Asked]:
    """What stands before and behind "into", "and", 合并到 …, each with its own entities."""
    text = wanted.text[:400]
    cuts = [match.span() for match in _INTO.finditer(text)]
    # of several signs the one counts that has something to say on both sides, the directed one first
    cuts.sort(key=lambda span: (_DIRECTED.fullmatch(text[slice(*span)]) is None, span[0]))
    for start, end in cuts:
        before, behind = _part(wanted, 0, start), _part(wanted, end, len(text))
        if _says(before) and _says(behind):
            return [before, behind]
    return [_part(wanted, 0, len(text))]


def _part(wanted: Asked, start: int, end: int) -> Asked:
    inside = tuple(one for one in wanted.entities if start <= one.start and one.end <= end)
    return Asked(wanted.text[start:end], inside)


def _says(part: Asked) -> bool:
    return bool(part.entities) or bool(leftover(_NO_NAMES.sub(" ", part.text)))


def _named(turn: StaffTurn, part: Asked) -> list[Brief] | Reply:
    """The customers that one side may mean; none when it only says "this one"."""
    found = named(turn, part, part.text)
    if found:
        return found
    digits = _DIGITS.search(part.text)
    left = digits[1] if digits else leftover(_NO_NAMES.sub(" ", part.text))
    if not left or (part.first("reference") is not None and not digits):
        return []
    found = turn.store.find(Search(names=(left,)), turn.services.names) if not digits else []
    return found or not_found(turn, left)


def _directed(text: str, parts: list[Asked], first: Brief, second: Brief) -> tuple[Brief, Brief]:
    if _DIRECTED.search(text) or first.customer_id == second.customer_id:
        return first, second
    for one, other in ((first, second), (second, first)):
        at = text.find(str(one.number))
        if at > 0 and _KEEPS.search(text[:at].rstrip("#") + " "):
            return other, one
    return _older_stays(first, second)


def _older_stays(first: Brief, second: Brief) -> tuple[Brief, Brief]:
    return (first, second) if first.number > second.number else (second, first)


def _shown(turn: StaffTurn, goes: Brief | None, stays: Brief | None) -> Reply:
    """The question, with both records side by side."""
    if goes is None or stays is None:
        return turn.reply("agent.too_late")
    try:
        merging.refuse_impossible(turn.store, goes.customer_id, stays.customer_id, preview=True)
    except NotPossible as problem:
        return _refused(turn, problem, goes, stays)
    turn.ask("confirm", "merge_customers", **{"from": goes.number, "into": stays.number})
    parts = [
        turn.say("agent.merge.confirm", goes=label(turn, goes), stays=label(turn, stays)),
        turn.say("agent.merge.moves", what=_counts(turn, merging.belongings(turn.store, goes.customer_id))),
        turn.say("agent.merge.access"),
    ]
    swap = Choice(label=turn.say("agent.merge.swap"), value=f"merge_customers:swap:{stays.number}:{goes.number}")
    return hushed(
        turn,
        Reply(text="\n".join(parts), table=_side_by_side(turn, goes, stays), choices=(*confirming(turn), swap)),
    )


def _refused(turn: StaffTurn, problem: NotPossible, goes: Brief, stays: Brief) -> Reply:
    text = turn.say(f"agent.merge.refused.{problem.reason}", goes=label(turn, goes), stays=label(turn, stays))
    choices: tuple[Choice, ...] = ()
    if problem.reason == "visitor":
        choices = (
            Choice(label=turn.say("agent.merge.swap"), value=f"merge_customers:swap:{stays.number}:{goes.number}"),
        )
    return hushed(turn, Reply(text=text, choices=choices))


def _side_by_side(turn: StaffTurn, goes: Brief, stays: Brief) -> Table:
    known = [turn.store.profile(one.customer_id) for one in (goes, stays)]
    columns = (
        "",
        *(turn.say(f"agent.merge.{key}", number=one.number) for key, one in (("goes", goes), ("stays", stays))),
    )
    told = [_facts(turn, profile) for profile in known]
    rows = tuple(
        (turn.say(f"agent.merge.facts.{name}"), told[0][name], told[1][name])
        for name in told[0]
        if told[0][name] or told[1][name]
    )
    return Table(columns=columns, rows=rows, note=turn.say("agent.merge.stricter"))


def _facts(turn: StaffTurn, known: Profile) -> dict[str, str]:
    language, zone = turn.language, turn.speaker.zone
    spent = wording.money(known.spend_minor, known.currency, language)
    marketing = consent.allowed(turn.store.session, known.customer_id, consent.MARKETING)
    return {
        "name": known.name,
        "kind": turn.say(f"kinds.{known.kind}"),
        "company": known.company,
        "city": spoken("places", known.city, language) if known.city else "",
        "email": known.email,
        "phone": known.phone,
        "since": wording.day(known.first_seen_at, language, zone),
        "orders": turn.say("cards.spent", amount=spent, count=known.order_count),
        "cases": wording.listed((f"#{number}" for number in known.open_cases), language),
        "tags": wording.listed(known.tags, language),
        "marketing": turn.say(f"agent.merge.words.{marketing}"),
    }


def _merged(turn: StaffTurn, goes: Brief | None, stays: Brief | None) -> Reply:
    if goes is None or stays is None:
        return turn.reply("agent.too_late")
    try:
        done = merging.merge(turn.store, goes.customer_id, stays.customer_id)
    except NotPossible as problem:
        return _refused(turn, problem, goes, stays)
    turn.memory.show("customer", stays.customer_id)
    after = turn.store.numbered(stays.number) or stays
    parts = [
        turn.say("agent.merge.done", goes=label(turn, goes), stays=label(turn, after), what=_counts(turn, done.moved))
    ]
    if done.withdrawn:
        parts.append(turn.say("agent.merge.withdrawn", kinds=_kinds(turn, done.withdrawn)))
    choices = (Choice(label=turn.say("agent.undo"), value=f"unmerge_customers:id:{done.merge_id}"),)
    return hushed(turn, Reply(text="\n".join(parts), choices=choices))


def _counts(turn: StaffTurn, found: dict[str, int]) -> str:
    told = [turn.say(f"agent.merge.counts.{name}", count=found[name]) for name in COUNTED if found.get(name)]
    return turn.say("agent.fields.and").join(told) or turn.say("agent.merge.nothing")


def _kinds(turn: StaffTurn, kinds: tuple[str, ...]) -> str:
    known = [f"agent.consent.kinds.{kind}" for kind in kinds]
    words = [turn.say(key) if turn.services.phrases.has(key) else key.rpartition(".")[2] for key in known]
    return turn.say("agent.fields.and").join(words)


# --- taking it back -------------------------------------------------------------------------------------------------
def unmerge_customers(turn: StaffTurn) -> Reply:
    """Say what undoing a merge gives back and what not; do it after a yes."""
    if declined(turn):
        return turn.reply("agent.nothing_done")
    if turn.question is not None and "merge" in turn.slots:
        return _undone(turn, int(turn.slots["merge"]))
    row = _meant(turn, asked(turn))
    if isinstance(row, Reply):
        return row
    try:
        plan = merging.undoing(turn.store, row)
    except NotPossible as problem:
        return _not_undone(turn, problem)
    turn.ask("confirm", "unmerge_customers", merge=row.id)
    when = wording.moment(plan.merged_at, turn.language, turn.speaker.zone)
    text = turn.say("agent.unmerge.confirm", goes=plan.from_number, stays=plan.into_number, when=when)
    return hushed(turn, Reply(text="\n".join([text, *_told(turn, plan)]), choices=confirming(turn)))


def _meant(turn: StaffTurn, wanted: Asked) -> Merge | Reply:
    """The merge of the button, of the customer named or of one that is no more, else one's own last one."""
    pressed = argument(turn, "id")
    if pressed is not None:
        row = turn.store.session.get(Merge, int(pressed)) if pressed.isdigit() and len(pressed) < 19 + 1 else None
        return row or turn.reply("agent.too_late")
    for digits in _DIGITS.findall(wanted.text[:200]):
        gone = merging.merged_number(turn.store, int(digits))
        row = merging.last_merge(turn.store, gone) if gone is not None else None
        if row is not None:
            return row
    known = named(turn, wanted, wanted.text)
    if not known:
        return merging.last_merge(turn.store) or turn.reply("agent.unmerge.none")
    rows = [row for one in known if (row := merging.last_merge(turn.store, one.customer_id)) is not None]
    return max(rows, key=lambda row: row.id) if rows else turn.reply("agent.unmerge.none")


def _undone(turn: StaffTurn, merge_id: int) -> Reply:
    row = turn.store.session.get(Merge, merge_id)
    if row is None:
        return turn.reply("agent.too_late")
    try:
        done = merging.unmerge(turn.store, row)
    except NotPossible as problem:
        return _not_undone(turn, problem)
    turn.memory.show("customer", row.from_id)
    text = turn.say("agent.unmerge.done", goes=done.from_number, stays=done.into_number)
    choices = tuple(
        Choice(label=f"#{number}", value=f"show_customer:{number}") for number in (done.from_number, done.into_number)
    )
    return hushed(turn, Reply(text="\n".join([text, *_told(turn, done)]), choices=choices))


def _told(turn: StaffTurn, plan: Undoing) -> list[str]:
    """What goes back, what stays, what cannot be had back."""
    lines = [turn.say("agent.unmerge.back", what=_counts(turn, plan.back), number=plan.from_number)]
    if plan.stays:
        lines.append(turn.say("agent.unmerge.stays", what=_counts(turn, plan.stays), number=plan.into_number))
    if plan.gone:
        lines.append(turn.say("agent.unmerge.gone", count=plan.gone))
    if plan.changed:
        names = [name.removesuffix("_id") for name in plan.changed]
        fields = [turn.say(f"agent.fields.names.{name}") for name in names if name != "first_seen_at"]
        if fields:
            lines.append(turn.say("agent.unmerge.changed", fields=turn.say("agent.fields.and").join(fields)))
    if plan.withdrawn:
        lines.append(turn.say("agent.unmerge.withdrawn", kinds=_kinds(turn, plan.withdrawn)))
    return lines


def _not_undone(turn: StaffTurn, problem: NotPossible) -> Reply:
    return turn.reply(f"agent.unmerge.refused.{problem.reason}", number=problem.details.get("number", ""))
