"""Roles given and taken at run time, by admins alone, after a look at what it changes."""

import re

from bot import wording
from bot.handlers.agent.asking import confirming, declined
from bot.handlers.manager.asking import ManagerTurn, words_of
from bot.messages import Reply
from bot.staff import listed_role
from crm_core.errors import NotAllowed
from crm_core.staff.colleagues import colleagues, mentioned
from crm_core.staff.roles import NO_ACCESS, change_role, granted

_SLACK_ID = re.compile(r"(?<![A-Za-z0-9])([UW](?=[A-Z0-9]*\d)[A-Z0-9]{6,14})(?![A-Za-z0-9])", re.IGNORECASE)
_GROUP = re.compile(r"(?<![a-z])(?:user )?group(?![a-z])|整组|用户组|全组", re.IGNORECASE)
_TAKE = re.compile(
    r"(?<![a-z])(?:revoke|remove|takes?|lock|block|close|no longer|withdraw|kick|strip|deactivate)(?![a-z])"
    r"|收回|取消|移出|移除|锁|关掉|撤|不再|禁止|停用|注销",
    re.IGNORECASE,
)
_ROLES = (
    ("admin", re.compile(r"(?<![a-z])(?:admin(?:istrator)?s?)(?![a-z])|管理员", re.IGNORECASE)),
    ("manager", re.compile(r"(?<![a-z])(?:managers?|team lead|lead)(?![a-z])|经理|组长|主管", re.IGNORECASE)),
    ("agent", re.compile(r"(?<![a-z])(?:agents?|support)(?![a-z])|客服|坐席", re.IGNORECASE)),
)
_DOWN = re.compile(r"downgrade|demote|降", re.IGNORECASE)
_ASKED = re.compile(
    r"^\W*is [^?]{1,40} (?:an? )?(?:agent|manager|admin)|是.{1,12}还是"
    r"|(?<![a-z])(?:who (?:has|have|is|are|can)|(?:which|what) (?:role|access|rights)|list|show)(?![a-z])"
    r"|谁(?:有|是)|有谁|是谁|有哪些|列出|什么(?:角色|权限)|哪些人",
    re.IGNORECASE,
)
_MYSELF = re.compile(r"(?<![a-z])(?:me|myself)(?![a-z])|给我|把我|我自己", re.IGNORECASE)


def grant_access(turn: ManagerTurn) -> Reply:
    """Change somebody's role once it is confirmed; managers and agents are refused, which is noted."""
    words = words_of(turn)
    try:
        turn.store.permit("staff.write", "staff", ("role",))
    except NotAllowed:
        return Reply(text=words.say("access.admins_only"))
    if declined(turn):
        return turn.reply("agent.nothing_done")
    if turn.question and turn.understanding.first("confirmed"):
        slots = turn.slots
        return _changed(turn, str(slots["external_id"]), str(slots["name"]), str(slots["role"]))
    if _ASKED.search(turn.understanding.text):
        return _roles(turn)
    return _understood(turn)


def _roles(turn: ManagerTurn) -> Reply:
    """Who has which role now: of those that are named, else of everybody."""
    words, entries = words_of(turn), turn.services.settings.staff
    roles = {one.external_id: (one.name, one.role) for one in colleagues(turn.store.session)}
    listed = {f"slack:{entry.slack_user}": entry.name or entry.slack_user for entry in entries if entry.slack_user}
    for external_id in (*roles, *listed):
        if external_id.startswith("slack:"):
            name = listed.get(external_id) or roles[external_id][0]
            roles[external_id] = (name, _present(turn, external_id))
    named = _whom(turn)
    shown = sorted((name, key, role) for key, (name, role) in roles.items() if not named or key in named)
    lines = [
        words.say("access.has", name=name, account=key.partition(":")[2], role=words.say(f"access.roles.{role}"))
        for name, key, role in shown
    ]
    groups = [(entry.slack_group, entry.role) for entry in entries if entry.slack_group and not named]
    lines += [
        words.say("access.group_has", group=group, role=words.say(f"access.roles.{role}")) for group, role in groups
    ]
    return Reply(text="\n".join([words.say("access.list"), *lines]))


def _understood(turn: ManagerTurn) -> Reply:
    """Whom and which role a sentence names: asked back, or asked whether to do it."""
    words, text = words_of(turn), turn.understanding.text
    if _GROUP.search(text):
        return Reply(text=words.say("access.groups"))
    found = _whom(turn)
    if not found:
        return Reply(text=words.say("access.myself" if _MYSELF.search(text) else "access.whom"))
    if len(found) > 1:
        names = wording.listed(
            (f"{name} ({external_id.partition(':')[2]})" for external_id, name in found.items()), turn.language
        )
        return Reply(text=words.say("access.several", names=names))
    role = _role(text)
    if role is None:
        return Reply(text=words.say("access.which"))
    ((external_id, name),) = found.items()
    return _asked(turn, external_id, name, role)


def _role(text: str) -> str | None:
    named = next((role for role, said in _ROLES if said.search(text)), None)
    if _DOWN.search(text):
        return named if named != "admin" else "agent"
    return NO_ACCESS if _TAKE.search(text) else named


def _whom(turn: ManagerTurn) -> dict[str, str]:
    """Slack accounts that are meant, with names: by id, by mention, by the name of somebody who wrote before."""
    known = [one for one in colleagues(turn.store.session) if one.external_id.startswith("slack:")]
    names = {one.external_id: one.name for one in known}
    text = turn.understanding.text
    ids = [f"slack:{match.upper()}" for match in _SLACK_ID.findall(text)]
    ids += [f"slack:{user}" for user, _ in turn.message.mentions]
    spoken = dict(turn.message.mentions)
    if not ids:
        ids = [one.external_id for one in mentioned(known, text)]
    return {key: names.get(key) or spoken.get(key.partition(":")[2]) or key.partition(":")[2] for key in ids}


def _asked(turn: ManagerTurn, external_id: str, name: str, role: str) -> Reply:
    words = words_of(turn)
    problem = _problem(turn, external_id, role)
    if problem:
        return Reply(text=words.say(f"access.{problem}", name=name))
    before = _present(turn, external_id)
    if before == role:
        return Reply(text=words.say("access.same", name=name, role=words.say(f"access.roles.{role}")))
    turn.ask("confirm", "grant_access", external_id=external_id, name=name, role=role)
    text = words.say(
        "access.confirm", name=name, account=external_id.partition(":")[2],
        before=words.say(f"access.roles.{before}"), after=words.say(f"access.roles.{role}"),
        may=words.say(f"access.may.{role}"),
    )  # fmt: skip
    return Reply(text=text, choices=confirming(turn, danger=True))


def _problem(turn: ManagerTurn, external_id: str, role: str) -> str:
    """Why it is refused: oneself, an admin of the settings' list, or a new admin by one who is not on that list."""
    listed = turn.services.settings.staff
    if external_id == turn.speaker.external_id:
        return "myself"
    if listed_role(listed, external_id.partition(":")[2]) == "admin":
        return "in_settings"
    own = listed_role(listed, turn.speaker.external_id.partition(":")[2])
    return "only_listed" if role == "admin" and own != "admin" else ""


def _present(turn: ManagerTurn, external_id: str) -> str:
    given = granted(turn.store.session, external_id)
    if given:
        return given.role
    return listed_role(turn.services.settings.staff, external_id.partition(":")[2]) or NO_ACCESS


def _changed(turn: ManagerTurn, external_id: str, name: str, role: str) -> Reply:
    words = words_of(turn)
    problem = _problem(turn, external_id, role)
    if problem:
        return Reply(text=words.say(f"access.{problem}", name=name))
    before = _present(turn, external_id)
    change_role(turn.store, external_id, role, before)
    told = {"name": name, "before": words.say(f"access.roles.{before}"), "after": words.say(f"access.roles.{role}")}
    return Reply(text=words.say("access.done", **told))
