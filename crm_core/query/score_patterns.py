"""How churn risk and expected value are said where customers are listed, in English and Chinese."""

import re
from collections.abc import Iterable

from crm_core.query.conditions import Field, Sort
from crm_core.query.parts import Mention
from crm_core.scores import Band

_RISK = r"(?:churn(?: risk| score| probability)?|risk(?: of (?:leaving|churn(?:ing)?))?|flight risk)"
_RISK_ZH = "(?:流失)?(?:风险|風險)|流失(?:概率|可能性|率)?"
_WORTH = r"(?:expected|predicted|future|forecast(?:ed)?)(?: lifetime| customer)? (?:value|spend(?:ing)?|revenue)"
_WORTH_ZH = "(?:预期|预计|预测|未来)的?(?:客户|终身)?(?:价值|消费)"


def _said(english: str, chinese: str) -> re.Pattern[str]:
    return re.compile(f"(?<![a-z])(?:{english})(?![a-z])|(?:{chinese})")


SCORE_SORTS: tuple[tuple[Sort, bool, re.Pattern[str]], ...] = (
    (
        "churn",
        True,
        _said(
            rf"(?:sorted )?by (?:the )?{_RISK}|(?:highest|biggest|greatest|worst) {_RISK}(?: first)?"
            r"|most (?:likely to (?:leave|churn)|at risk)|riskiest",
            f"按(?:{_RISK_ZH})(?:排序?|从高到低)?|(?:{_RISK_ZH})最[高大](?:的?在前)?|最(?:可能|容易)(?:流失|走)|风险从高到低",
        ),
    ),
    ("churn", False, _said(rf"(?:lowest|smallest) {_RISK}(?: first)?|safest", f"(?:{_RISK_ZH})最[低小]")),
    (
        "value",
        True,
        _said(
            rf"(?:sorted )?by (?:the )?{_WORTH}|(?:highest|largest|best|most) {_WORTH}(?: first)?",
            f"按{_WORTH_ZH}(?:排序?|从高到低)?|{_WORTH_ZH}最[高大多](?:的?在前)?|{_WORTH_ZH}(?=前)",
        ),
    ),
    ("value", False, _said(rf"(?:lowest|smallest|least) {_WORTH}(?: first)?", f"{_WORTH_ZH}最[低小少]")),
)
_BOUND = (
    r"(?:(?P<more>more than|over|above|higher than|>(?!=)|超过|高于|大于)|(?P<least>at least|from|>=|至少|不低于)"
    r"|(?P<fewer>less than|under|below|lower than|<(?!=)|低于|不到|小于)|(?P<most>at most|up to|<=|最多|不超过))?"
)
CHURN_AMOUNT = re.compile(
    rf"(?:(?<![a-z]){_RISK}|{_RISK_ZH})(?: score)?\s?(?:is |of |as |are |在|为|是)?{_BOUND}"
    r"\s?(?P<n>\d{1,3}(?:\.\d)?)\s?%"
    r"(?:\s?(?P<up>or more|and more|and up|及?以上)|\s?(?P<down>or less|及?以[下内]))?"
)
EXPECTED = re.compile(rf"(?:{_WORTH}|{_WORTH_ZH})[^,，;；]{{0,14}}$")
"""Stands before an amount that is foretold and not spent."""
BANDS: tuple[tuple[Field, Band, re.Pattern[str]], ...] = (
    ("churn", "low", _said(rf"low {_RISK}|at low risk", "低(?:流失)?(?:风险|風險)|(?:流失)?风险(?:较|比较|很)?低")),
    ("churn", "medium", _said(rf"(?:medium|moderate) {_RISK}", "中等?(?:流失)?风险|(?:流失)?风险中等")),
    (
        "churn",
        "high",
        _said(
            rf"(?:at )?(?:a )?(?:very )?high(?:er)? {_RISK}|at risk(?: of (?:leaving|churn(?:ing)?))?"
            r"|(?:likely|about|going|close|ready|sure) to (?:leave|churn|quit|go)(?: us)?"
            r"|(?:might|may|could|will) (?:soon )?(?:leave|churn|quit)(?: us)?"
            r"|(?:might|may|could|will) (?:we )?(?:soon )?lose|(?:are|is) (?:leaving|churning)(?: us)?|churners|risky",
            "高(?:流失)?(?:风险|風險)|(?:流失)?(?:风险|風險)(?:很|较|比较)?高|有(?:流失)?(?:风险|風險)"
            "|(?:快要?|要|即将|可能会?|容易|会)流失|快要?[走跑]|要[走跑](?!货)|可能会?(?:走|离开)|流失预警",
        ),
    ),
    ("value", "low", _said(rf"low[- ]value|low {_WORTH}", f"低价值|{_WORTH_ZH}低|价值低")),
    ("value", "medium", _said(rf"medium[- ]value|medium {_WORTH}", f"中等价值|{_WORTH_ZH}中等")),
    ("value", "high", _said(rf"high[- ]value|high {_WORTH}", f"高价值|{_WORTH_ZH}高|价值高")),
)
"""What says that a score is in a band."""
_SEGMENT = re.compile(r"(?<![a-z])(?:segments?|groups?|cells?)(?![a-z])|分群|客群|人群|群组|分组|这组|那组|组里|群里")
"""Says that a segment is meant, where a score has the same name."""


def names_a_segment(text: str, segments: Iterable[Mention], match: re.Match[str]) -> bool:
    """Whether words for a score are the name of a segment that is meant, or a part of one.

    Args:
        segments: those that were found in the text.
    """
    covering = [one for one in segments if one.start <= match.start() and match.end() <= one.end]
    longer = any(one.end - one.start > len(match[0]) for one in covering)
    return longer or bool(covering and _SEGMENT.search(text))
