"""Companies that no record names, by their legal form: Globex Ltd, 上海星辰科技有限公司."""

import re
from collections.abc import Mapping

from nlu.cleaning import fold
from nlu.entities.aliases import of_company
from nlu.entities.spans import Passage

_ENGLISH = re.compile(
    r"(?<![A-Za-z])(?:[A-Z][\w&'’.-]{1,24} (?:(?:and|of|&) )?){1,4}"
    r"(?:Ltd|Limited|Inc|Incorporated|LLC|LLP|GmbH|AG|Corp|Corporation|Company|PLC|Plc|Pty Ltd|Pte Ltd|BV|SARL"
    r"|SpA|Holdings)"
    r"(?![A-Za-z])\.?"
)
_CHINESE = re.compile(
    r"(?P<name>[\u4e00-\u9fffA-Za-z0-9（）()]{2,24}?(?:有限责任公司|股份有限公司|有限公司|集团公司|公司|事务所"
    r"|工作室|商行|贸易行))"
)
_SURE_FORM = re.compile("有限|责任|股份")
_SENTENCE = re.compile("[了次家打把两几那这哪过没不]|.{9}")
"""What a sentence about companies has before the word, and a name has not."""
_VERBS = re.compile(r"(?:(?:Find|Show|Open|From|At|The|Please|Search|For|To) )+")
_LEAD = re.compile(
    r".*(?:抬头(?:是|写|为|开)?|开给|开到|名称(?:是|为)?|我们是|我司是|我是|来自|叫做?|查一?下|找一?下|搜一?下"
    r"|打开|看看|给|找|查|是|(?<!存)在|和|跟|与|把|从|属于"
    r"|去|到|对|联系|关于|的|：|:)"
)
_NOT_A_NAME = re.compile(
    r"(?:[你我他她它您贵本该咱]们?|哪[家些个]?|这[家个些]?|那[家个些]?|什么|某家?|同一家?|一家|两家|几家|所有"
    r"|企业|快递|物流|保险|子|分|总|母|大|小|新|老|外|个人|很多|多家|其他|别的"
    r"|家|为|请问|公司|客户)?(?:公司|工作室|事务所)"
)


def find(passage: Passage, known: Mapping[str, str]) -> None:
    """Claim names with a legal form; the places in them are a part of the name. `known` are those of the records."""
    if passage.audience == "customer" and passage.intent != "invoice_request":
        return
    for match in _ENGLISH.finditer(passage.text):
        verbs = _VERBS.match(match.group())
        start = match.start() + (verbs.end() if verbs else 0)
        if start < match.end() - 4:
            _claim(passage, known, start, match.end())
    for match in _CHINESE.finditer(passage.folded):
        lead = _LEAD.match(match["name"])
        start = match.start() + (lead.end() if lead else 0)
        loose = not _SURE_FORM.search(match["name"]) and _SENTENCE.search(passage.folded[start : match.end()])
        if match.end() - start > 3 and not loose and not _NOT_A_NAME.fullmatch(passage.folded[start : match.end()]):
            _claim(passage, known, start, match.end())


def _claim(passage: Passage, known: Mapping[str, str], start: int, end: int) -> None:
    if passage.free(start, end):
        written, short = passage.text[start:end], of_company(passage.text[start:end])
        in_records = {} if passage.audience == "customer" else known
        value = in_records.get(fold(written)) or in_records.get(short or "") or written
        passage.claim("company", value, start, end)
