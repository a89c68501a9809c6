"""The digest on demand, and what its buttons show. Its figures and charts are made before the transaction begins."""

import re
from datetime import date, timedelta

from bot.digest import Drawn, digest_reply, draw, gather
from bot.digest_parts import PARTS, RECORDS_SHOWN
from bot.figures import FigureWords
from bot.handlers.manager.asking import ManagerTurn, asked_periods, named_period, words_of
from bot.handlers.manager.digest_plans import digest_change
from bot.handlers.manager.digest_reading import LISTING
from bot.handlers.manager.evidence import show_evidence
from bot.handlers.manager.metrics import answered
from bot.handlers.manager.queries import Query, Spoken
from bot.messages import Choice, Reply
from bot.turns import Preparing
from crm_core.reports.digest import DRIVERS, yesterday
from crm_core.reports.metrics import METRICS
from crm_core.reports.periods import Period

SHOWN = ("name", "spend", "mood")
"""What a digest shows of a customer."""
_TOO = re.compile(r"(?<![a-z])(?:too|as well|also)(?![a-z])|也(?:发|给)")
REGULAR = {"7d": ("weekly", "周报"), "30d": ("monthly", "月报")}
"""Words that ask for more than yesterday, and the days they mean."""


def prepare_digest(given: Preparing) -> Drawn | Period | None:
    """Gather and draw it; a period that has not begun comes back as it is."""
    if _is_regular(given):
        return None
    settings = given.services.settings
    zone = settings.business.zone
    asked = asked_periods(given.understanding, given.now, zone)
    button = named_period(given.argument, given.now, zone) if given.message.kind == "button" else None
    period = button or asked.period or _regular(given) or yesterday(given.now, zone)
    if period.start >= given.now:
        return period
    with given.store.read() as session:
        words = FigureWords(given.services.phrases, given.language)
        gathered = gather(session, period, asked.compared, words, parts=said_parts(given.understanding.text))
    return draw(gathered, settings.data_dir)


def _is_regular(given: Spoken) -> bool:
    """Whether it asks which ones come, or for one that a colleague is to get, too."""
    text = given.understanding.text.lower()[:600]
    return given.message.kind != "button" and bool(LISTING.search(text) or _TOO.search(text))


def _regular(given: Preparing) -> Period | None:
    """The weekly or the monthly digest, when that is what was asked for."""
    text = given.understanding.text.lower()[:300]
    days = next((days for days, words in REGULAR.items() if any(word in text for word in words)), None)
    return named_period(days, given.now, given.services.settings.business.zone) if days else None


def digest_now(turn: ManagerTurn) -> Reply:
    """Show the digest: yesterday's, or of the period that was named; or change what comes regularly."""
    if _is_regular(turn):
        return digest_change(turn)
    words = words_of(turn)
    prepared = turn.prepared
    if isinstance(prepared, Period):
        return Reply(text=words.say("figures.ahead", period=words.period(prepared)))
    assert isinstance(prepared, Drawn)
    turn.store.permit("digest.read", "customers", SHOWN)
    private = not turn.message.direct
    return digest_reply(turn.store.session, prepared, turn.services.files, words, private=private)


def said_parts(text: str) -> tuple[str, ...]:
    """The parts of a digest that a sentence names; none means all."""
    folded = text.lower()[:600]
    return tuple(name for name, part in PARTS.items() if part.words.search(folded))


# --- what its buttons show ------------------------------------------------------------------------------------------
def digest_more(turn: ManagerTurn) -> Reply:
    """A line of a digest, looked at closely: "revenue:2026-11-16:7" is that figure of the seven days from then on."""
    query = _query(turn.argument, turn.services.settings.business.zone)
    if query is None:
        return Reply(text=turn.say("manager.refine.nothing_yet"))
    turn.store.permit("metric.read", "figures", (query.metric,))
    turn.memory.show("figures", query.kept())
    turn.memory.show("answer", "figures")
    if query.metric in RECORDS_SHOWN:
        return show_evidence(turn)
    reply = answered(turn, query)
    next_steps = (
        Choice(label=turn.say("manager.digest.records"), value="show_evidence"),
        Choice(label=turn.say("manager.digest.export"), value="export_report:xlsx"),
    )
    return reply.model_copy(update={"choices": (*reply.choices, *next_steps)})


def _query(argument: str, zone: str) -> Query | None:
    metric, _, rest = argument.strip().partition(":")
    first, _, days = rest.partition(":")
    try:
        begins, count = date.fromisoformat(first), int(days)
    except ValueError:
        return None
    if metric not in METRICS or not 0 < count <= 366:
        return None
    period = Period(begins, begins + timedelta(days=count), zone)
    by = DRIVERS.get(metric, "day") if metric not in RECORDS_SHOWN else None
    return Query(metric, period, period.before(), group_by=by)
