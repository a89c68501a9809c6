"""What people talk about, in public or with us: topics that were found; until there are any, the intents of chats."""

from dataclasses import replace
from typing import Any

from bot import wording
from bot.figures import FigureWords
from bot.handlers.agent.asking import argument, hushed
from bot.handlers.manager.asking import ManagerTurn, named_period, words_of
from bot.handlers.manager.charted import Answer, Asking
from bot.handlers.manager.explaining import PUBLIC
from bot.handlers.manager.metrics import always
from bot.handlers.manager.queries import Query, Spoken, narrowed_lines, read
from bot.handlers.manager.topic_names import LISTED, button, is_naming, named
from bot.mention_words import links, said
from bot.messages import Choice, Reply, Table
from bot.turns import Handler, Memory, Prepare, Preparing
from crm_core.analytics.charts import ChartSpec
from crm_core.models import Topic
from crm_core.reports.metrics import Figure
from crm_core.reports.periods import last_days
from crm_core.reports.topics import COUNTED, SAMPLES, TopicFigures, found_until, samples, topics_of
from crm_core.staff.posts import POSTS_RIGHT

DAYS = 7
SHOWN = 10
OFFERED = 4
"""Topics whose texts a button shows."""
TEXTS = "texts"
OTHER = {"posts": "chats", "chats": "posts"}


def top_topics(asking: Asking) -> Answer:
    """The topics of posts or of chats in a period: texts, share, change, mood, and which are new or rise."""
    words, source = asking.words, _source(asking.spoken, asking.memory, again=asking.again)
    until = found_until(asking.session, source)
    query = _query(asking, source)
    if until is None or query.period.start >= until:
        return Answer(Reply(text=words.say("topics.not_yet", period=words.period(query.period))))
    if until < query.period.end:
        query = replace(query, period=replace(query.period, until=until))
    found, counted = topics_of(asking.session, source, query.period, query.compared, query.only, query.without)
    total = int(counted.value or 0)
    title = words.say(f"topics.{source}", period=words.period(query.period), count=f"{total:,}")
    lines = [title, *narrowed_lines(query, words)]
    choices = (_other(source, words),)
    if not found:
        return Answer(Reply(text="\n".join([*lines, words.say("topics.none")]), choices=choices), query=query)
    shown = sorted(found, key=lambda each: each.texts, reverse=not query.ascending)[: query.limit or SHOWN]
    lines += _marks(found, words)
    offered = tuple(
        Choice(
            label=words.say("topics.show", name=words.part("topic", each.name))[:60],
            value=f"top_topics:{TEXTS}:{each.topic_id}",
        )
        for each in shown[:OFFERED]
    )
    reply = Reply(
        text="\n".join(lines), table=_table(shown, counted, query, words), choices=(*offered, *choices)
    )  # fmt: skip
    return Answer(reply, ((words.say("topics.file"), _chart(shown, total, query, words)),), query, ("topics",))


def or_intents(handler: Handler) -> Handler:
    """The handler; one topic, where it is named or its button is pressed; intents of chats while nothing is found."""

    def handle(turn: ManagerTurn) -> Reply:
        renamed = named(turn, _texts)
        if renamed is not None:
            return renamed
        chosen = argument(turn, TEXTS)
        if chosen is not None:
            return _texts(turn, int(chosen) if chosen.isdigit() and len(chosen) <= 19 else 0)
        if _source(turn, turn.memory) == "posts" or found_until(turn.store.session, "chats"):
            reply, texts = handler(turn), f"top_topics:{TEXTS}:"
            offered = [each.value.removeprefix(texts) for each in reply.choices if each.value.startswith(texts)]
            turn.memory.show(LISTED, offered)
            return reply
        intents, public = always("top_intents")(turn), found_until(turn.store.session, "posts")
        more = (_other("chats", words_of(turn)),) if public else ()
        return intents.model_copy(update={"choices": (*intents.choices, *more)})

    return handle


def if_found(prepare: Prepare) -> Prepare:
    """What prepares it, where there are topics to draw."""

    def made(given: Preparing) -> Any:
        with given.store.read() as session:
            known = found_until(session, _source(given, given.memory))
        one = given.argument.startswith(TEXTS) or is_naming(given.understanding.text, given.argument)
        return prepare(given) if known and not one else None

    return made


def _source(spoken: Spoken, memory: Memory, *, again: bool = False) -> str:
    """Posts or chats: what is said, else, when the last answer is changed, what that was about."""
    if spoken.message.kind == "button":
        return spoken.argument if spoken.argument in COUNTED else "chats"
    last = memory.shown("figures")
    kept = again and isinstance(last, dict) and last["metric"] == COUNTED["posts"][0]
    return "posts" if kept or PUBLIC.search(spoken.understanding.text[:600]) else "chats"


def _query(asking: Asking, source: str) -> Query:
    metric = COUNTED[source][0]
    said = read(asking.spoken, asking.session)
    if asking.spoken.message.kind == "button":
        last = asking.memory.shown("figures")
        kept = Query.of(last) if isinstance(last, dict) else None
        said = replace(said, metric=None, period=kept.period if kept else None)
    if said.period is None and not asking.again:
        said = replace(said, period=last_days(asking.today, DAYS, asking.zone, asking.now))
    query = asking.query(metric, replace(said, metric=metric))
    return replace(query, metric=metric, group_by="topic")


def _marks(found: list[TopicFigures], words: FigureWords) -> list[str]:
    told = []
    for key, marked in (
        ("new", [each.name for each in found if each.is_new]),
        ("rising", [each.name for each in found if each.rising and not each.is_new]),
    ):
        names = words.say("mentions.separator").join(words.part("topic", name) for name in marked)
        told += [words.say(f"topics.{key}", told=names)] if marked else []
    return told


def _table(shown: list[TopicFigures], counted: Figure, query: Query, words: FigureWords) -> Table:
    names = ("topic", "texts", "share", "change", "mood")
    rows = tuple(
        (
            f"{'🆕 ' if each.is_new else '📈 ' if each.rising else ''}{words.part('topic', each.name)}",
            f"{each.texts:,}",
            _share(each.texts, counted),
            words.signed(each.texts - each.before, 0) if each.texts != each.before else "±0",
            words.value("mood", each.mood_milli),
        )
        for each in shown
    )  # fmt: skip
    before = words.compared(query.compared)
    note = words.say("topics.note", before=before)
    return Table(columns=tuple(words.say(f"topics.columns.{name}") for name in names), rows=rows, note=note)


def _share(texts: int, counted: Figure) -> str:
    return f"{100 * texts / counted.value:.0f} %" if counted.value else "–"


def _chart(shown: list[TopicFigures], total: int, query: Query, words: FigureWords) -> ChartSpec:
    return ChartSpec(
        kind="bars", title=words.say("topics.chart"), subtitle=words.period(query.period),
        labels=[words.part("topic", each.name) for each in shown], values=[each.texts for each in shown],
        notes=[f"{each.texts:,} ({100 * each.texts / max(1, total):.0f} %)" for each in shown],
    )  # fmt: skip


def _other(source: str, words: FigureWords) -> Choice:
    other = OTHER[source]
    return Choice(label=words.say(f"topics.offers.{other}"), value=f"top_topics:{other}")


# --- the texts of one topic -----------------------------------------------------------------------------------------
def _texts(turn: ManagerTurn, topic_id: int) -> Reply:
    """What one topic is about: its words, and the texts that say most of it."""
    words, topic = words_of(turn), turn.store.session.get(Topic, topic_id)
    if topic is None:
        return Reply(text=words.say("topics.gone"))
    public = topic.source == "posts"
    turn.store.permit(*(POSTS_RIGHT if public else ("evidence.read", "topic", ("name", "messages"))))
    metric, kept = COUNTED[topic.source][0], turn.memory.shown("figures")
    query = Query.of(kept) if isinstance(kept, dict) and kept["metric"] == metric else None
    period = query.period if query else named_period(f"{DAYS}d", turn.now, turn.services.settings.business.zone)
    assert period is not None
    rows = samples(turn.store.session, topic, period)
    query = replace(query or Query(metric, period, period.before()), only={"topic": [topic.name]}, without={})
    turn.memory.show("figures", query.kept())
    turn.memory.show("answer", "evidence")
    turn.memory.show("topic", topic.id)
    said_of = ", ".join(word for word, _ in topic.words[:10])
    text = words.say("topics.about", name=topic.called(turn.language), words=said_of, period=words.period(period))
    names = ("when", "author" if public else "customer", "network" if public else "channel", "text")
    zone = turn.services.settings.business.zone
    table = Table(
        columns=tuple(words.say(f"evidence.columns.{name}") for name in names),
        rows=tuple(
            (wording.moment(row.at, turn.language, zone), row.customer or "–", words.part(names[2], row.channel),
             said(row, words))
            for row in rows
        ),
    )  # fmt: skip
    every = Choice(label=words.say("topics.all"), value="show_evidence")
    choices = (*links(rows[:SAMPLES], words), every, button(turn, topic.id))
    return hushed(turn, Reply(text=text, table=table if rows else None, choices=choices))
