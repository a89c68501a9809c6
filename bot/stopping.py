"""Stop words: a message that is nothing but "stop" or 退订 ends all that is sent unasked, the moment it comes in.

Words that may also mean the question we asked ("stop", 停) count as such while one is open, unless something was sent
to this person unasked lately: then they end both.
"""

import re
import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.messages import IncomingMessage
from bot.turns import Question
from crm_core.models import Conversation, OutboxMessage

SURE = frozenset(
    {"unsubscribe", "unsubscribeme", "unsub", "unsubscribeall", "optout", "stopall", "stopmarketing", "stopads"}
    | {
        "stopmessages",
        "td",
        "退订",
        "退訂",
        "取消订阅",
        "取消訂閱",
        "退订短信",
        "我要退订",
        "我要退訂",
        "回复td",
        "回td",
    }
    | {"拒收", "停止发送", "停止發送", "停止推送", "停止接收", "不再接收"}
)
"""Without spaces and signs."""
MAYBE = frozenset(
    {"stop", "stopit", "end", "quit", "t", "停", "停止", "停止吧", "停了", "别发了", "別發了", "不要发了", "不要再发了"}
)
LATELY = timedelta(days=30)
LONGEST = 40
_SIGNS = re.compile(r"[\W_]+")


def stop_word(text: str) -> str:
    """ "sure" or "maybe" for a text that is nothing but a stop word, however written; else "".

    >>> stop_word("ＳＴＯＰ!!"), stop_word("回TD退订。"), stop_word("stop the parcel")
    ('maybe', 'sure', '')
    """
    if len(text) > LONGEST:
        return ""
    plain = _SIGNS.sub("", unicodedata.normalize("NFKC", text).casefold())
    plain = re.sub(r"^(?:please|pls|请|請)|(?:please|pls|谢谢|謝謝|thanks|thankyou)$", "", plain) or plain
    if plain in SURE or plain.removesuffix("退订").removesuffix("退訂") in SURE:
        return "sure"
    return "maybe" if plain in MAYBE else ""


def stops(session: Session, conversation: Conversation, message: IncomingMessage, now: datetime) -> bool:
    """Whether a customer's message ends what is sent to them unasked, without any understanding."""
    if message.side != "customer" or message.kind == "button" or conversation.customer_id is None:
        return False
    if message.kind == "command":
        return message.command.casefold() == "stop"
    word = stop_word(message.text)
    if word != "maybe" or Question.load(conversation.question, now) is None:
        return bool(word)
    lately = select(OutboxMessage.id).where(
        OutboxMessage.customer_id == conversation.customer_id,
        OutboxMessage.purpose == "proactive",
        OutboxMessage.queued_at > now - LATELY,
    )
    return session.execute(lately.limit(1)).first() is not None
