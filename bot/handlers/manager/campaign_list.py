"""All campaigns at a glance: what each is called, how it stands, what it brought so far."""

import re

from bot import wording
from bot.handlers.manager.asking import ManagerTurn
from bot.handlers.manager.campaign_words import state_of
from bot.messages import Choice, Reply, Table

COLUMNS = ("campaign", "state", "start", "sent", "replied", "converted")
MOST_BUTTONS = 6
_SEVERAL = re.compile(
    r"(?<![a-z])(?:campaigns|which campaign)(?![a-z])"
    r"|(?:哪些|哪个|哪几个|所有的?|全部的?|各个?|几[次个场])(?:营销)?活动|活动(?:列表|清单|都|有哪些)",
    re.IGNORECASE,
)
_STATES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"(?<![a-z])(?:running|active|live|ongoing|current)(?![a-z])|正在|进行|在跑"), ("running", "approved")),
    (re.compile(r"(?<![a-z])paused(?![a-z])|暂停"), ("paused",)),
    (re.compile(r"(?<![a-z])drafts?(?![a-z])|草稿"), ("draft",)),
)


def asks_for_several(text: str) -> bool:
    """Whether campaigns are spoken of, and not one of them."""
    return _SEVERAL.search(text) is not None


def listed(turn: ManagerTurn) -> Reply:
    """The newest campaigns, or those in the state that is named, with a button to the report of each."""
    text = turn.understanding.text.lower()
    states = next((states for pattern, states in _STATES if pattern.search(text)), ())
    found = [one for one in turn.store.campaigns.overview() if not states or one.campaign.state in states]
    if not found:
        return turn.reply("campaigns.none_running" if states else "campaigns.none")
    rows = tuple(
        (
            one.campaign.name, state_of(turn, one.campaign),
            wording.day(one.campaign.starts_at, turn.language, turn.speaker.zone) if one.campaign.starts_at else "–",
            str(one.sent), str(one.replied), str(one.converted),
        )
        for one in found
    )  # fmt: skip
    columns = tuple(turn.say(f"campaigns.columns.{name}") for name in COLUMNS)
    choices = tuple(
        Choice(label=one.campaign.name[:60], value=f"campaign_report:show:{one.campaign.id}")
        for one in found[:MOST_BUTTONS]
    )
    text = turn.say("campaigns.listed", count=len(found))
    return Reply(text=text, table=Table(columns=columns, rows=rows), choices=choices)
