"""Commands and buttons: what they mean without any guessing."""

import re
from collections.abc import Container

from bot import public_name_words
from bot.helping import asked_group
from bot.messages import IncomingMessage
from nlu.understanding import Audience

CUSTOMER_COMMANDS = {
    "start": "greeting",
    "help": "help",
    "order": "order_status",
    "return": "return_request",
    "human": "talk_to_human",
    "language": "switch_language",
    "preferences": "set_preferences",
    "link": "link_identity",
    "stop": "unsubscribe",
    "mydata": "data_access",
    "forget": "data_erase",
}
STAFF_COMMANDS = {
    "find": "find_customer",
    "show": "show_customer",
    "timeline": "show_timeline",
    "list": "list_customers",
    "order": "order_lookup",
    "case": "case_create",
    "cases": "case_list",
    "close": "case_update",
    "reopen": "case_update",
    "priority": "case_update",
    "assign": "case_assign",
    "snooze": "case_snooze",
    "note": "add_note",
    "task": "add_task",
    "tasks": "list_tasks",
    "done": "complete_task",
    "undo": "undo",
    "tag": "tag_customer",
    "set": "update_field",
    "merge": "merge_customers",
    "unmerge": "unmerge_customers",
    "score": "get_score",
    "why": "explain_score",
    "needs": "predict_need",
    "reply": "suggest_reply",
    "translate": "translate",
    "suggest": "recommend_for_customer",
    "next": "approve_suggestion",
    "take": "handoff_take",
    "release": "handoff_return",
    "consent": "consent_check",
    "export": "data_export",
    "template": "send_canned_reply",
    "notify": "set_notifications",
    "link": "link_customer",
    "trace": "trace",
    "correct": "correct",
    "review": "review",
    "digest": "digest_now",
    "post": "public_post",
    "help": "help",
}
DESK_COMMANDS = ("deleted", "send")
"""What Slack tells of lines in a hand-over thread: one was deleted; the shortcut "Send to customer" was used on one."""
SPOKEN_COMMAND = re.compile(
    r"\s*/?(?P<word>link|trace|correct|review|关联|追踪|纠正|复核)\s*(?P<rest>(?:[#＃]?\d[\w.-]{0,60})?)\s*",
    re.IGNORECASE,
)
"""What works by mention, too: Slack has no slash commands inside threads, where these are needed."""
_TYPED = re.compile(r"\s*/crm\s+(?P<all>(?P<word>\S+)(?P<rest>.*))", re.IGNORECASE | re.DOTALL)
PUBLIC = re.compile(
    r"\s*(?:(?:public )?reply|reply publicly|(?:公开)?回复)\s*[:：].*\S.*"
    r"|\s*(?:please )?(?:post|publish)\s+(?:this\s+)?(?:to|on)\s+\w+\s*[:：].*\S.*"
    r"|\s*(?:请)?发布?(?:到|在)\s*\w{1,10}?\s*上?\s*[:：].*\S.*",
    re.IGNORECASE | re.DOTALL,
)
"""What is to be said in public, once it was seen and confirmed."""
PUBLIC_ERASURE = re.compile(
    r"\s*(?:please )?(?:erase|delete|remove)\s+(?:all )?(?:the )?public posts (?:of|by|from)\s+(?P<whose>.{1,100})"
    r"|\s*(?:请|帮我)?(?:删除|清除|抹掉)\s*(?P<whose_zh>.{1,100}?)\s*的?(?:所有|全部)?公开(?:帖子|发言|言论)[。!！]?\s*",
    re.IGNORECASE | re.DOTALL,
)
UNDO = re.compile(
    r"\s*(?:please |pls )?(?:undo(?: (?:that|it|this|the last (?:one|change)))?|revert(?: that"
    r"| it)?|take (?:that|it) back)"
    r"(?: please| pls)?[.!]*\s*"
    r"|\s*(?:请|帮我)?(?:撤销|撤消|撤回|还原)(?:一下|掉|吧|刚才的?(?:操作|改动|修改)?|上一步)?[。！!]*\s*"
    r"|\s*(?:把)?刚才的?(?:操作|改动|修改|那个|那步)?(?:撤销|撤消|撤回|还原)(?:一下|掉|吧)?[。！!]*\s*",
    re.IGNORECASE,
)
"""What takes back the last change, in words."""
CHINESE_COMMANDS = {
    "查": "find",
    "详情": "show",
    "记录": "timeline",
    "列表": "list",
    "订单": "order",
    "工单": "case",
    "工单列表": "cases",
    "关闭": "close",
    "重开": "reopen",
    "优先级": "priority",
    "转给": "assign",
    "挂起": "snooze",
    "备注": "note",
    "待办": "task",
    "待办列表": "tasks",
    "完成": "done",
    "撤销": "undo",
    "标签": "tag",
    "修改": "set",
    "合并": "merge",
    "撤销合并": "unmerge",
    "评分": "score",
    "为什么": "why",
    "需求": "needs",
    "回复": "reply",
    "翻译": "translate",
    "推荐": "suggest",
    "下一步": "next",
    "接手": "take",
    "交回": "release",
    "授权": "consent",
    "导出": "export",
    "模板": "template",
    "通知": "notify",
    "关联": "link",
    "追踪": "trace",
    "纠正": "correct",
    "复核": "review",
    "简报": "digest",
    "发布": "post",
    "帮助": "help",
}


def forced_intent(message: IncomingMessage, audience: Audience, known: Container[str]) -> tuple[str, str]:
    """The intent that a command or button names, and what follows it; ("", text) when the text must be understood."""
    if message.kind == "button":
        intent, _, argument = message.button.partition(":")
        return (intent, argument) if intent in known else ("out_of_scope", "")
    if message.side == "staff" and message.command in DESK_COMMANDS:
        return "desk_thread", ""
    if message.kind == "command":
        table = CUSTOMER_COMMANDS if audience == "customer" else STAFF_COMMANDS
        word = message.command.lower()
        word = word if audience == "customer" else CHINESE_COMMANDS.get(word, word)
        if word in table:
            return table[word], message.text.strip()
        return ("help", "") if audience == "customer" else ("", f"{message.command} {message.text}".strip())
    if message.side == "staff" and not message.addressed:
        return "desk_thread", message.text
    return _in_words(message, audience)


def _in_words(message: IncomingMessage, audience: Audience) -> tuple[str, str]:
    if asked_group(message.text, audience):
        return "help", message.text
    return _spoken(message.text) if message.side == "staff" else _told(message.text)


def _told(text: str) -> tuple[str, str]:
    """What customers say in words that need no guessing: by what name they go in public."""
    return ("link_identity" if public_name_words.read(text) else ""), text


def _spoken(text: str) -> tuple[str, str]:
    """A command said in words, by mention, or typed where there are no slash commands (console, playground)."""
    typed = _TYPED.fullmatch(text)
    if typed:
        word = CHINESE_COMMANDS.get(typed["word"].lower(), typed["word"].lower())
        return (STAFF_COMMANDS[word], typed["rest"].strip()) if word in STAFF_COMMANDS else _spoken(typed["all"])
    if PUBLIC.fullmatch(text):
        return "public_post", text
    erasure = PUBLIC_ERASURE.fullmatch(text) if len(text) < 200 else None
    if erasure:
        return "public_erase", erasure["whose"] or erasure["whose_zh"]
    if len(text) < 60 and UNDO.fullmatch(text):
        return "undo", text
    said = SPOKEN_COMMAND.fullmatch(text)
    if said is None:
        return "", text
    word = said["word"].lower()
    return STAFF_COMMANDS[CHINESE_COMMANDS.get(word, word)], said["rest"]
