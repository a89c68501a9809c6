"""Ratings with their reasons: how many of each score, and the ones asked for, newest first."""

from typing import Any

from bot import wording
from bot.figures import FigureWords
from bot.handlers.agent.asking import argument, hushed
from bot.handlers.manager.asking import ManagerTurn, words_of
from bot.handlers.manager.metrics import answered, compared
from bot.handlers.manager.queries import Query, narrowed_lines, read, whole
from bot.messages import Choice, Reply, Table
from crm_core.reports.digest import DigestLine
from crm_core.reports.metrics import NotMeasured, dimensions
from crm_core.reports.satisfaction import SCORES, Rated, Satisfaction, ratings, satisfaction

PAGE = 10
READ = ("score", "comment", "customer")
"""What of a rating is read, for the audit log."""


def csat_report(turn: ManagerTurn) -> Reply:
    """The scores of a period and the ratings behind them; split by something, the mean of each part."""
    offset = argument(turn, "more")
    kept = turn.memory.shown("ratings")
    if offset is not None and isinstance(kept, dict):
        page = int(offset) if offset.isdigit() and len(offset) < 7 else 0
        return _report(turn, Query.of(kept["query"]), tuple(kept["scores"]), page)
    said = read(turn, turn.store.session)
    query = whole(turn, "csat", said)
    if query.group_by:
        return answered(turn, query, said)
    return _report(turn, query, _scores(turn), 0)


def refined_ratings(turn: ManagerTurn) -> Reply:
    """The last report of ratings, narrowed as said now."""
    kept, said = turn.memory.shown("ratings") or {}, read(turn, turn.store.session)
    scores = _scores(turn)
    query = said.applied(Query.of(kept["query"]))
    if query.group_by or query.metric != "csat":
        return answered(turn, query, said)
    if not said.anything and scores == SCORES:
        words = words_of(turn)
        possible = wording.listed((words.say(f"dimensions.{name}") for name in dimensions("csat")), words.language)
        return Reply(text=words.say("figures.not_refined", metric=words.metric("csat"), possible=possible))
    return _report(turn, query, scores if scores != SCORES else tuple(kept["scores"]), 0)


def _scores(turn: ManagerTurn) -> tuple[int, ...]:
    """Which scores are asked for: below three, one star, all."""
    said = turn.understanding
    named = [value for value in said.all("rating") if isinstance(value, int | float)]
    if not named:
        return SCORES
    bound, sign = named[0], said.first("comparator")
    tests: dict[Any, Any] = {
        "<": lambda score: score < bound, "<=": lambda score: score <= bound,
        ">": lambda score: score > bound, ">=": lambda score: score >= bound,
    }  # fmt: skip
    fits = tests.get(sign, lambda score: score in named)
    return tuple(score for score in SCORES if fits(score))


def _report(turn: ManagerTurn, query: Query, scores: tuple[int, ...], offset: int) -> Reply:
    turn.store.permit("metric.read", "ratings", (*READ, *query.only, *query.without))
    words = words_of(turn)
    if query.period.start >= turn.now:
        return Reply(text=words.say("figures.ahead", period=words.period(query.period)))
    try:
        line = compared(turn, "csat", query)
    except NotMeasured as error:
        possible = wording.listed((words.say(f"dimensions.{name}") for name in error.possible), words.language)
        named = words.say(f"dimensions.{error.wanted}")
        text = words.say("figures.not_by", metric=words.metric("csat"), dimension=named, possible=possible)
        return Reply(text=text)
    session = turn.store.session
    given = satisfaction(session, query.period, query.only, query.without)
    rows, total = ratings(session, query.period, query.only, query.without, scores, offset=offset, limit=PAGE)
    turn.memory.show("ratings", {"query": query.kept(), "scores": list(scores)})
    turn.memory.show("answer", "ratings")
    text = "\n".join([*_headline(line, given, query, words), *narrowed_lines(query, words), *_which(scores, words)])
    if not rows:
        return Reply(text=f"{text}\n{words.say('ratings.none')}")
    table = ratings_table(
        turn, rows, words, words.say("evidence.note", first=offset + 1, last=offset + len(rows), total=total)
    )
    last = offset + len(rows)
    more = (Choice(label=turn.say("agent.lists.more"), value=f"csat_report:more:{last}"),) if last < total else ()
    return hushed(turn, Reply(text=text, table=table, choices=more))


def _headline(line: DigestLine, given: Satisfaction, query: Query, words: FigureWords) -> list[str]:
    period = words.period(query.period)
    if not given.answers:
        return [words.say("ratings.nothing", period=period, asked=given.asked)]
    told = " · ".join(f"{score}★ {count}" for score, count in given.given)
    value, before = words.value("rating", line.figure.value), words.value("rating", line.before.value)
    return [
        words.say("figures.one", metric=words.metric("csat"), period=period, value=value),
        words.say("figures.against", before=words.compared(query.compared), value=before, change=words.change(line)),
        words.say("ratings.scores", scores=told, answers=given.answers, asked=given.asked),
    ]


def _which(scores: tuple[int, ...], words: FigureWords) -> list[str]:
    if scores == SCORES:
        return []
    return [words.say("ratings.which", scores=wording.listed((f"{score}★" for score in scores), words.language) or "–")]


def ratings_table(turn: ManagerTurn, rows: list[Rated], words: FigureWords, note: str = "") -> Table:
    """Ratings with who gave them, whom they were for, and why."""
    columns = tuple(words.say(f"ratings.columns.{name}") for name in ("when", "score", "customer", "agent", "why"))
    zone = turn.services.settings.business.zone
    told = tuple(
        (
            wording.moment(row.at, turn.language, zone),
            f"{row.score}★",
            f"{row.customer or turn.say('cards.visitor')} #{row.number or '–'}",
            words.part("agent", str(row.staff_id)) if row.staff_id else words.say("ratings.bot"),
            row.comment or _about(row, words),
        )
        for row in rows
    )
    return Table(columns=columns, rows=told, note=note)


def _about(row: Rated, words: FigureWords) -> str:
    if not row.about:
        return words.say("ratings.no_reason")
    return words.say(
        "ratings.about", wishes=wording.listed((words.part("intent", intent) for intent in row.about), words.language)
    )
