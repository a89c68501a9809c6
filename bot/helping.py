"""What can be said: groups of examples for each audience, all in short or one in full; `config/replies/*/help.yml`."""

import re
from collections.abc import Iterator
from itertools import islice

from bot.phrases import Phrases
from nlu.understanding import Audience

IN_SHORT = 2
"""Intents of each group of which the overview gives an example."""
COMMANDS = "commands"
"""A group of its own for staff: what may follow /crm."""
AGENTS = "agents"
"""For managers: the overview of what agents can say."""
GROUPS: dict[str, dict[str, str]] = {
    "customer": {
        "orders": "orders|订单",
        "returns": "returns|退货",
        "products": "products|商品",
        "data": "data|资料|数据",
        "people": "people|人工",
    },
    "agent": {
        "customers": "customers?|客户|找客户",
        "orders": "orders?|订单",
        "records": "records?|notes?|资料|备注",
        "cases": "cases?|tasks?|tickets?|工单|待办",
        "desk": "conversations?|threads?|desk|会话|对话",
        "suggestions": "suggestions?|scores?|建议|评分",
        "public": "public|posts?|posting|publishing|social|公开|公开发言|社交|帖子",
        "settings": "settings|notifications?|通知|设置",
        COMMANDS: "commands?|/?crm|命令",
    },
    "manager": {
        "figures": "figures?|metrics?|charts?|exports?|why|数字|指标|图表|导出|原因",
        "trends": "trends?|topics?|mood|趋势|话题|情绪",
        "competitors": "competitors?|rivals?|竞争对手|对手|竞品",
        "forecasts": "forecasts?|predictions?|预测",
        "digests": "digests?|alerts?|简报|警报|提醒",
        "segments": "segments?|分群",
        "campaigns": "campaigns?|proposals?|experiments?|活动|营销活动|营销",
        "suggestions": "suggestions?|scores?|建议|评分",
        "team": "team|system|团队|系统|权限",
        AGENTS: "agents?|客服",
    },
}
"""Audience -> group -> the words that name it in "help campaigns", in the order in which they are shown."""
_ASKED = re.compile(
    r"\W*(?:help|examples?|帮助|例子)\W*(?:(?:with|on|about|for|of)\s|关于)?\s*(?P<of>/?\w[\w ]{0,30}?)\W*"
    r"|\W*(?P<before>\w[\w ]{0,30}?)\s*(?:的|方面的?)?(?:\bhelp|帮助|例子)\W*",
    re.IGNORECASE,
)


def groups_of(audience: Audience) -> dict[str, str]:
    """The groups that somebody may ask for, and their words. A manager's own come first."""
    return GROUPS["manager"] | GROUPS["agent"] if audience == "manager" else GROUPS[audience]


def asked_group(text: str, audience: Audience) -> str:
    """The group of which a text asks for examples, and for nothing else: "help campaigns", 帮助 活动; "" for none."""
    asked = _ASKED.fullmatch(text) if len(text) <= 60 else None
    return group_named(asked["of"] or asked["before"] or "", audience) if asked else ""


def group_in(argument: str, audience: Audience) -> str:
    """The group that a button's or command's argument names, or a whole request for help with it; "" for none."""
    return group_named(argument, audience) or asked_group(argument, audience)


def group_named(word: str, audience: Audience) -> str:
    """The group that a word names, or its own name; "" for none."""
    word = word.strip()
    for group, words in groups_of(audience).items():
        if word == group or re.fullmatch(words, word, re.IGNORECASE):
            return group
    return ""


class Helping:
    """Help in one language."""

    def __init__(self, phrases: Phrases, language: str) -> None:
        self._phrases = phrases
        self._language = language

    def overview(self, audience: Audience) -> str:
        """All groups of an audience in short. What agents can say is not repeated to managers."""
        shown = [group for group in GROUPS[audience] if group not in (COMMANDS, AGENTS)]
        return "\n".join((self.say(f"{audience}.intro"), *(self._line(audience, group) for group in shown)))

    def more(self, audience: Audience) -> str:
        """How to ask for all of a group."""
        return self.say("more", word=self.say(f"{audience}.named"))

    def commands(self, words: str) -> str:
        """What may follow /crm."""
        return self.say(f"agent.{COMMANDS}.words", words=words)

    def group(self, audience: Audience, group: str) -> str:
        """What a group is about, and all its examples."""
        place = self._place(audience, group)
        lines = (f"• {example}" for _, example in self.examples(place))
        return "\n".join((self.say(f"{place}.title"), self.say(f"{place}.about"), *lines))

    def title(self, audience: Audience, group: str) -> str:
        """What a group is called, for a button."""
        return self.say(f"{self._place(audience, group)}.title")

    def examples(self, place: str) -> Iterator[tuple[str, str]]:
        """(intent, example) of a group such as `agent.orders`."""
        prefix = f"help.{place}.say."
        for key in self._phrases.below(prefix):
            for line in self._phrases(key, self._language).splitlines():
                yield key.removeprefix(prefix), line

    def say(self, key: str, **values: object) -> str:
        """A phrase of help."""
        return self._phrases(f"help.{key}", self._language, **values)

    def _line(self, audience: Audience, group: str) -> str:
        place = f"{audience}.{group}"
        firsts: dict[str, str] = {}
        for intent, text in self.examples(place):
            firsts.setdefault(intent, text)
        shown = islice(firsts.values(), IN_SHORT)
        quoted = self.say("between").join(self.say("example", text=text) for text in shown)
        return self.say("line", title=self.say(f"{place}.title"), examples=quoted)

    def _place(self, audience: Audience, group: str) -> str:
        own = audience == "customer" or group in GROUPS[audience]
        return f"{audience if own else 'agent'}.{group}"
