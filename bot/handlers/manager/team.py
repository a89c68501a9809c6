"""Figures by agent: one for everybody, ranked, or all of them side by side."""

import re
from dataclasses import replace

from bot import wording
from bot.figures import FigureWords
from bot.handlers.manager.asking import ManagerTurn, words_of
from bot.handlers.manager.metrics import answered, compared, part_lines
from bot.handlers.manager.queries import TEAM, Query, Said, read, whole
from bot.messages import Reply
from crm_core.reports.digest import DigestLine
from crm_core.reports.metrics import METRICS, dimensions
from crm_core.staff.colleagues import colleagues, mentioned

OF_AGENTS = {"conversations": "taken", "messages": "staff_messages", "handovers": "taken"}
"""What a figure of the business means when it is asked for by agent."""
SAID = (
    ("resolution_time", r"resolution|handling time|resolve|解决时|处理时长"),
    ("csat", r"rating|csat|satisf|stars?(?![a-z])|评分|满意度|打分|几分|差评|好评"),
    ("cases_closed", r"cases?(?![a-z])|tickets?(?![a-z])|closed?(?![a-z])|close anything|工单|结单|结案|关了|一单"),
    ("staff_messages", r"messages?(?![a-z])|消息"),
    ("taken", r"chats?(?![a-z])|conversations?|took|take(?![a-z])|workload|overload|busiest|会话|接待|接了|工作量|忙"),
    ("first_response", r"response|repl(?:y|ies)|slow|fast|quick|answer|首响|回复|响应|快|慢"),
)
_WHO = re.compile(r"(?<![a-z])(?:who|which|best|worst)(?![a-z])|谁|哪[个位]|最[佳好差]")
_WORST = re.compile(
    r"slow|lowest|worst|fewest|least|behind|didn'?t|最慢|最低|最少|最差|没(?:有)?(?:关|结|接)|一单都没|倒数"
)
_NAMED = re.compile(
    r"(?:how (?:is|was|did|does|are) |compare |ratings? of |stats of |(?:cases?|chats?|tickets?) (?:did|has) |did )"
    r"(?P<asked>[a-z][a-z'’-]+)|(?P<own>[a-z]+)['’]s(?![a-z])"
)
_NAMED_ZH = re.compile(
    r"^(?:看看|看一下|查查|查一下)?(?P<name>[\u4e00-\u9fff]{2,3}?)(?:的|表现|最近|这周|上周|本月|这个月|上个月|昨天|今天|周[一-日])"
)
_NOBODY = frozenset([
    "each", "every", "all", "my", "our", "the", "team", "agents", "agent", "everybody", "everyone", "people",
    "they", "we", "it", "he", "she", "that", "this", "who", "which", "what", "today", "yesterday", "last",
    "week", "month", "year", "how", "many", "average", "by", "staff", "colleagues", "anybody", "anyone",
    "somebody", "nobody", "the", "first", "response", "customers",
])  # fmt: skip
_NOBODY_ZH = re.compile(r"客服|团队|每|各|谁|哪|大家|同事|坐席|本|上|这|那|今|昨|最|人|所有|全|我|平均|按|周|月|绩效")


def agent_performance(turn: ManagerTurn) -> Reply:
    """The figure that was asked for by agent, or the usual ones side by side; for named agents alone if any are."""
    said = read(turn, turn.store.session)
    unknown = "" if "agent" in said.only else _unknown_name(turn)
    if unknown:
        names = wording.listed(sorted({one.name for one in colleagues(turn.store.session)}), turn.language)
        return Reply(text=words_of(turn).say("team.nobody", name=unknown, names=names))
    metric = _metric(turn, said)
    if metric == TEAM or "agent" not in dimensions(metric):
        return answered(turn, replace(whole(turn, metric, said), group_by="agent"), said)
    text = turn.understanding.text.lower()
    quick = METRICS[metric].unit == "seconds"
    query = replace(whole(turn, metric, said), group_by="agent", ascending=quick != bool(_WORST.search(text)))
    reply = answered(turn, query, said)
    lead = _lead(turn, query) if _WHO.search(text) and reply.table else ""
    return reply.model_copy(update={"text": f"{lead}\n{reply.text}"}) if lead else reply


def _metric(turn: ManagerTurn, said: Said) -> str:
    text = turn.understanding.text.lower()
    named = OF_AGENTS.get(said.metric or "", said.metric if said.metric in METRICS else None)
    if named and "agent" in dimensions(named):
        return named
    found = next((metric for metric, pattern in SAID if re.search(pattern, text)), None)
    return found or named or TEAM


def _lead(turn: ManagerTurn, query: Query) -> str:
    """The answer to "who": whoever comes first, several when they are level."""
    words, parts = words_of(turn), part_lines(compared(turn, query.metric, query, "agent"), query)
    best = parts[0][1].figure.value if parts else None
    first = [(key, line) for key, line in parts if line.figure.value == best]
    if best is None:
        return ""
    names = words.say("figures.and").join(words.part("agent", key) for key, _ in first)
    return words.say("team.first", names=names, metric=words.metric(query.metric), value=_value(first[0][1], words))


def _value(line: DigestLine, words: FigureWords) -> str:
    return words.value(line.figure.unit, line.figure.value)


def _unknown_name(turn: ManagerTurn) -> str:
    """Somebody who is named like a colleague and is none."""
    said, known = turn.understanding, colleagues(turn.store.session)
    for entity in said.entities:
        if entity.name in ("agent_name", "person_name") and entity.text and not mentioned(known, entity.text):
            return entity.text
    for match in _NAMED.finditer(said.text.lower()):
        name, start = match["asked"] or match["own"], match.start(match.lastgroup or 0)
        if name not in _NOBODY and not any(one.start <= start < one.end for one in said.entities):
            return name.capitalize()
    chinese = _NAMED_ZH.match(said.text)
    return chinese["name"] if chinese and not _NOBODY_ZH.search(chinese["name"]) else ""
