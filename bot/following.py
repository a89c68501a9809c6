"""What staff say about the list of customers shown last, however the words sound by themselves."""

import re
from dataclasses import replace

from bot.hearing import Heard
from bot.turns import Memory

READ_UP_TO = 600
NARROWS = re.compile(
    r"(?<![a-z])(?:only|just) (?:those|the ones|these|them)(?![a-z])"
    r"|(?<![a-z])(?:of|among|from) (?:those|these|them)(?![a-z])"
    r"|其中|只要|这里面|这些(?:人|客户)?(?:里|中)|(?:在)?他们(?:里面|当中|之中)",
    re.IGNORECASE,
)
"""Says that the list shown last is meant, and less of it."""
_FIRST = re.compile(rf"\W*(?:(?:and|now|ok|please|那|那就|再|请)\W*)?(?:{NARROWS.pattern})", re.IGNORECASE)
EXPORTS = re.compile(
    r"\W*(?:please |can you |could you |now |then )*(?:export|download|save)"
    r"(?: (?:it|this|that|them|these|those|all|the|whole|list|result|results|table|customers|cases"
    r"|tickets|please|now|to|as|an?|in|file|csv|xlsx|excel|sheet|spreadsheet))*\W*"
    r"|\W*(?:请|帮我|麻烦|把)*(?:它|这个|这份|这些|上面的?|刚才的?|名单|列表|清单|结果|表格|工单)*(?:导出|下载|保存)"
    r"(?:一下|成|为|到|它|这个|这份|这些|上面的?|刚才的?|名单|列表|清单|结果|表格|工单|表|文件|吧|来|出来|csv|xlsx|excel"
    r"| )*\W*",
    re.IGNORECASE,
)
"""Says that the answer shown last shall become a file, and nothing else."""


def about_list(heard: Heard, memory: Memory) -> Heard:
    """The message as a wish about the list, when it can be about nothing else: "only those with open cases"."""
    understanding = heard.understanding
    written = heard.message.kind in ("new", "edit") and understanding.engine != "command"
    if not written or memory.shown("answer") != "customers" or not _FIRST.match(understanding.text[:READ_UP_TO]):
        return heard
    meant = understanding.model_copy(update={"intent": "list_customers", "confidence": 1.0, "wishes": ()})
    return replace(heard, understanding=meant, prepared=None)
