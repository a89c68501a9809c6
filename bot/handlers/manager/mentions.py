"""What is said in public, for managers: with a chart, narrowed by what is said next, with the posts behind it."""

from dataclasses import replace
from datetime import date
from typing import Any

from bot.handlers.agent.mentions import DAYS, SAID_BY, author, feelings, posts_by, said_about
from bot.handlers.manager.asking import ManagerTurn
from bot.handlers.manager.charted import Answer, Asking
from bot.handlers.manager.queries import Query, read
from bot.mention_words import about, mentions_reply
from bot.messages import Choice, Reply
from bot.turns import Handler, Prepare, Preparing
from crm_core.analytics.charts import ChartSpec
from crm_core.reports.mentions import mentions
from crm_core.reports.metrics import measure
from crm_core.reports.periods import last_days
from crm_core.staff.posts import POSTS_RIGHT

MOST_DAYS = 92
"""A longer period is drawn by weeks."""


def social_mentions(asking: Asking) -> Answer:
    """What is said in public about us, a competitor or a product, over the last 7 days or those that were named."""
    words, query = asking.words, _query(asking)
    found = mentions(asking.session, query.period, query.compared, query.only, query.without)
    reply = mentions_reply(found, query.period, query.compared, query.only, query.without, words)
    more = (
        Choice(label=words.say("market.offers.show_evidence"), value="show_evidence"),
        Choice(label=words.say("mentions.topics"), value="top_topics:posts"),
    )
    charts = ((words.say("market.spike_file"), _chart(asking, query)),) if found.count.figure.value else ()
    reply = reply.model_copy(update={"choices": (*reply.choices, *more)})
    return Answer(reply, charts, query, ("posts",), names_people=True, rights=(POSTS_RIGHT,))


def of_whom(handler: Handler) -> Handler:
    """The handler, unless it is asked what a customer posted: then only their own posts are shown."""

    def handle(turn: ManagerTurn) -> Reply:
        who = author(turn)
        if who is None:
            return handler(turn)
        return who if isinstance(who, Reply) else posts_by(turn, who)

    return handle


def unless_of_somebody(prepare: Prepare) -> Prepare:
    """What prepares it, unless somebody is named or a page is turned."""

    def made(given: Preparing) -> Any:
        named = any(given.understanding.first(name) for name in SAID_BY)
        return None if named or given.argument else prepare(given)

    return made


def _query(asking: Asking) -> Query:
    said = read(asking.spoken, asking.session)
    understanding = asking.spoken.understanding
    if asking.again:
        felt = feelings(understanding)
        new = {name: values for name, values in said_about(understanding).items() if name in ("product", "brand")}
        named = new if understanding.first("product") or understanding.first("competitor") else {}
        said = replace(said, only={**said.only, **named, **({"feeling": felt} if felt else {})})
    else:
        period = said.period or last_days(asking.today, DAYS, asking.zone, asking.now)
        said = replace(said, period=period, only=said_about(understanding))
    return replace(asking.query("voice", replace(said, metric="voice")), group_by=None)


def _chart(asking: Asking, query: Query) -> ChartSpec:
    """Posts by day or week; the mood of those below, unless they were chosen by it."""
    words, unit = asking.words, "week" if query.period.days > MOST_DAYS else "day"
    given: dict[str, Any] = {"only": query.only, "without": query.without}
    counts = measure(asking.session, "voice", query.period, unit, **given)
    chosen = "feeling" in {*query.only, *query.without}
    moods = () if chosen else measure(asking.session, "voice_mood", query.period, unit, **given).rows
    by_key = {row.key: row.value for row in moods}
    return ChartSpec(
        kind="days", title=words.say("market.days_chart", brand=about(query.only, words)),
        labels=[words.short_day(date.fromisoformat(row.key or "")) for row in counts.rows],
        values=[row.value for row in counts.rows],
        line=[None if (mood := by_key.get(row.key)) is None else mood / 1000 for row in counts.rows],
        line_title=words.say("digest.mood_title"), ends=(words.say("digest.low"), words.say("digest.high")),
    )  # fmt: skip
