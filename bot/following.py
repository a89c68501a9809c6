"""What staff say about the list shown last, of customers or of suggestions, however the words sound by themselves."""

import re
from dataclasses import replace

from bot.campaign_orders import named_order
from bot.figure_phrases import asked_for, asks_for_value
from bot.hearing import Heard
from bot.suggestion_reading import DECIDES, LESS, LISTS
from bot.turns import Memory, Speaker
from crm_core.staff.store import StaffStore

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
_SUGGESTED = r"(?:suggest(?:ed|ions?)?|proposals?|建议)"
_PLACE = (
    r"(?:(?:the |number |no\. ?)?(?:first|second|third|fourth|fifth|last|one|two|three|four|five|[1-9])"
    r"(?: (?:one|suggestion))?"
    r"|(?:最后|第)?[一二三四五1-9]?[条个号])"
)
_SWITCHED = re.compile(
    rf"\W*(?:please |can you |请|把)*(?:(?:turn|switch) (?:the |my |all )?{_SUGGESTED} o(?:ff|n)"
    rf"|(?:turn|switch) o(?:ff|n) (?:the |my |all )?{_SUGGESTED}|(?:mute|stop|disable) (?:the |my |all )?{_SUGGESTED}"
    rf"|(?:关闭|关掉|打开|开启|恢复){_SUGGESTED}|{_SUGGESTED}(?:关掉|关闭|打开|开启))(?: please|吧|了)?\W*",
    re.IGNORECASE,
)
"""Says that the card of suggestions shall not come any more, or come again."""
_FARED = re.compile(
    rf"\W*(?:and |please |show me )?how (?:did|do|are|have|well (?:did|do)) "
    rf"(?:the |my |our |your |those |these )?{_SUGGESTED}"
    rf"(?: been)? (?:far(?:e|ed|ing)|do|doing|done|work(?:ed|ing)?|go|gone|perform)\W*"
    rf"|\W*(?:之前的?|这些|那些)?{_SUGGESTED}的?(?:效果|成效|结果|采纳率)(?:如何|怎么样|怎样|呢)?\W*",
    re.IGNORECASE,
)
"""Asks what became of suggestions."""
_OF_THE_LIST = re.compile(
    r"\W*(?:and |please |ok,? |then )*(?:skip|reject|decline|dismiss|drop|ignore|discard) (?:all )?(?:the |of the )*"
    r"(?:rest|others?)(?: of (?:them|the list))?(?: please)?\W*"
    r"|\W*(?:其他|其它|其余|剩下)的?(?:几?[条个])?(?:都|全部?)?(?:跳过|不要|不用|忽略|驳回|拒绝|算了)了?吧?\W*"
    r"|\W*(?:跳过|忽略|驳回|拒绝)(?:其他|其它|其余|剩下)的?(?:建议)?\W*"
    rf"|\W*(?:and |but |so )?(?:why|how come)\W+(?:not )?(?:is |do you suggest |did you suggest )?"
    rf"{_PLACE}(?: suggested)?\W*"
    rf"|\W*(?:为什么|为何|为啥)(?:是|要|会|有)?(?:建议)?{_PLACE}(?:建议)?\W*"
    rf"|\W*{_PLACE}(?:建议)?(?:是)?(?:为什么|为何|为啥|的?理由(?:是什么)?|的?原因(?:是什么)?)\W*",
    re.IGNORECASE,
)
"""Is said of suggestions where they were the list shown last."""
_WHOM_NEXT = re.compile(
    r"\W*(?:(?:我|我们|今天|今日|现在|下一步|接下来|先|最|还|应|该|应该|要|得|需要)*)(?:联系|跟进|找|打给|回访|拜访)(?:哪[些位个]|谁)"
    r"(?:客户|人)?(?:呢|啊|好)?\W*",
    re.IGNORECASE,
)
"""Asks whom to get in touch with."""
_NAMES_THEM = re.compile(r"suggestion|建议", re.IGNORECASE)
_ONLY_WHY = re.compile(
    r"\W*(?:but |and |so )?(?:why|how come|what for|for what reason|why so|explain(?: that| this| them)?"
    r"|why (?:is )?(?:that|this|these|those|them|him|her|not))(?: please)?\W*"
    r"|\W*(?:为什么|为何|为啥|凭什么|怎么说|理由(?:呢|是什么)?|原因(?:呢|是什么)?|解释一?下)(?:呢|啊|呀|这样|这么说)?\W*"
    r"|\W*(?:为什么|为何|为啥)(?:要|会)?(?:推荐|建议)(?:这[个条些]|它们?|他们?|她们?)?\W*",
    re.IGNORECASE,
)
"""Is said of whatever was shown last."""


def follow_up(heard: Heard, memory: Memory, speaker: Speaker, store: StaffStore) -> Heard:
    """The message as it is meant below what was shown last, and where it names a campaign."""
    heard = _about_suggestions(_about_customers(heard, memory), memory)
    if speaker.audience != "manager":
        return heard
    return named_order(_about_figures(heard, memory), memory, store.campaigns.names)


def _about_figures(heard: Heard, memory: Memory) -> Heard:
    """The message as a question about figures, when its form says so: "best sellers this month"."""
    understanding = heard.understanding
    intent = asked_for(understanding.text[:READ_UP_TO]) if heard.message.kind in ("new", "edit") else ""
    if not intent or understanding.engine == "command" or understanding.intent in (intent, "refine_query"):
        return heard
    if asks_for_value(understanding.text) and memory.shown("customer"):
        return heard  # theirs
    meant = understanding.model_copy(update={"intent": intent, "confidence": 1.0, "wishes": ()})
    return replace(heard, understanding=meant, prepared=None)


def _about_suggestions(heard: Heard, memory: Memory) -> Heard:
    """The message as a wish about suggestions, when it can be about nothing else: "skip the rest" below the list."""
    understanding = heard.understanding
    if heard.message.kind not in ("new", "edit") or understanding.engine == "command":
        return heard
    text = understanding.text[:READ_UP_TO]
    forms = [_FARED] + ([_OF_THE_LIST] if memory.shown("suggestions") else [])
    forms += [_ONLY_WHY, DECIDES, LESS] if memory.latest == "suggestions" else []
    forms += [LISTS] if not heard.message.thread_id and _NAMES_THEM.search(text) else []
    intent = "set_notifications" if _SWITCHED.fullmatch(text) else ""
    intent = "approve_suggestion" if any(form.fullmatch(text) for form in forms) else intent
    intent = "list_tasks" if _WHOM_NEXT.fullmatch(text) else intent
    if not intent:
        return heard
    meant = understanding.model_copy(update={"intent": intent, "confidence": 1.0, "wishes": ()})
    return replace(heard, understanding=meant, prepared=None)


def _about_customers(heard: Heard, memory: Memory) -> Heard:
    """The message as a wish about the list, when it can be about nothing else: "only those with open cases"."""
    understanding = heard.understanding
    written = heard.message.kind in ("new", "edit") and understanding.engine != "command"
    if not written or memory.shown("answer") != "customers" or not _FIRST.match(understanding.text[:READ_UP_TO]):
        return heard
    meant = understanding.model_copy(update={"intent": "list_customers", "confidence": 1.0, "wishes": ()})
    return replace(heard, understanding=meant, prepared=None)
