"""Names that only the text knows: of a segment that is being made, a company on an invoice, a channel to write to."""

import re

from nlu.entities.spans import Passage

_QUOTED = r"[「『“\"'](?P<quoted>[^」』”\"'\n]{1,40})[」』”\"']"
_SEGMENT = re.compile(
    r"(?<![a-z])(?:call(?:ed)?(?: (?:it|them|this|that))?|name(?:d)?(?: (?:it|them|this|that))?"
    r"|sav(?:e|ed|ing) .{1,80}? as|as a segment called)"
    rf" (?:{_QUOTED}|(?P<plain>[^\W\d_][\w '-]{{1,30}}?))(?=\s*(?:$|[.,;!?]))"
    rf"|(?<![a-z])(?:define|create|new segment) (?P<defined>[^\W\d_][\w '-]{{1,30}}?) (?:as|=|:)(?![a-z])"
    r"|(?:名字?(?:就)?叫做?|就?叫做|命名(?:为|成)|取名(?:叫)?|起名(?:叫)?|存成|存为|保存(?:为|成)|归为|定义为)"
    rf"[:：]? ?(?:{_QUOTED.replace('quoted', 'quoted2')}|(?P<plain2>[\w]{{2,12}}))(?=\s*(?:$|[，。,.；;！!]))"
    rf"|(?:定义|新建|新增|建)(?:一?个)?(?:客群|分群|人群|群组|群|segment)?"
    rf"(?:{_QUOTED.replace('quoted', 'quoted3')}|(?P<plain3>(?!客群|分群|人群|群|segment)[\w]{{2,8}}))(?=[：:，,])"
)
_BILLED = re.compile(
    r"(?<![a-z])(?:made? out to|billed? to|invoice title(?: should be| is|:)?|in the name of|company name(?: is|:)?)"
    r" (?P<plain>[A-Z][\w&.'-]*(?: (?:[A-Z][\w&.'-]*|of|and|&)){0,5})"
)
_BILLED_ZH = re.compile(
    r"(?:抬头|公司名称?|开票单位|开给)(?:改成|写|是|为|填|用|就写|能改成)?[:：]? ?"
    r"(?P<plain>(?!公司|个人|单位|改|的|怎|错|能|可)[\u4e00-\u9fffA-Za-z0-9（）()]{2,30}?)(?=吗|吧|[，。,.；;！!？?\s]|$)"
)


def find(passage: Passage) -> None:
    """Claim what a new segment is called, whom an invoice is made out to, and where a report goes, as it is written."""
    if passage.intent == "segment_create" and not passage.has(("segment",)):
        _claim_first(passage, "segment", (_SEGMENT,))
    if passage.intent == "invoice_request" and not passage.has(("company",)):
        _claim_first(passage, "company", (_BILLED, _BILLED_ZH))
    if passage.intent in _REPORTING and not passage.has(("recipient",)):
        _claim_first(passage, "recipient", (_ROOM, _ROOM_ZH, _READER, _READER_ZH))


_ROOM = re.compile(r"(?<![\w&])#(?P<room>[a-z\u4e00-\u9fff][\w-]{0,40})")
_ROOM_ZH = re.compile(r"(?:发到|发在|发去|推到|抄送到?|在|到)(?P<room>[\u4e00-\u9fffA-Za-z]{0,6}?(?:频道|群))")
_OFFICE = (
    r"(?:the )?(?:whole )?(?:board|finance|accounting|marketing|operations|ops|sales|leadership|management|owners?|boss"
    r"|ceo|cfo|coo|team|warehouse|support)(?: team| department| channel)?"
)
_READER = re.compile(
    rf"(?<![a-z])(?:cc|loop in|copy in|send|email|mail|to|for) (?P<office>{_OFFICE})(?![\w'-])"
    r"|(?<![a-z])(?:(?:cc|loop in|copy in)|(?:send|email|mail|forward|copy) (?:it |this |that |a copy )?to)"
    r" (?P<who>me|us|[A-Z][\w'-]+|[\w.+-]+@[\w.-]+)(?![\w'-])"
)
_READER_ZH = re.compile(
    r"(?:给|給)(?P<office>(?:财务|財務|董事会|董事會|管理层|管理層|运营|運營|市场|市場|销售|銷售|仓库|倉庫|老板|老闆|全员|全員)"
    r"(?:部|组|組|团队|團隊)?)"
    r"|(?:抄送|发|發|推送?|私发|私發|寄)(?:一份|份)?(?:给|給|到)(?P<who>我们?|我們|[A-Za-z][\w.@'-]{1,40}"
    r"|[\u4e00-\u9fff]{2,6}?(?=一份|的?邮箱|的?郵箱))"
)
_REPORTING = frozenset({"digest_schedule", "digest_change", "digest_now", "alert_create", "export_report"})


def _claim_first(passage: Passage, entity: str, patterns: tuple["re.Pattern[str]", ...]) -> None:
    for pattern in patterns:
        match = pattern.search(passage.text)
        if match is None:
            continue
        group = next(name for name, text in match.groupdict().items() if text)
        start, end = match.span(group)
        passage.add(entity, passage.text[start:end].strip(), start, end)
        return
