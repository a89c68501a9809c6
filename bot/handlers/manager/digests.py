"""The digest on demand. Its figures and charts are made before the transaction begins."""

from bot.digest import Drawn, digest_reply, draw
from bot.figures import FigureWords
from bot.handlers.manager.asking import ManagerTurn, asked_periods, named_period, words_of
from bot.messages import Reply
from bot.turns import Preparing
from crm_core.reports.digest import build_digest, yesterday
from crm_core.reports.periods import Period

SHOWN = ("name", "spend", "mood")
"""What a digest shows of a customer."""
REGULAR = {"7d": ("weekly", "周报"), "30d": ("monthly", "月报")}
"""Words that ask for more than yesterday, and the days they mean."""


def prepare_digest(given: Preparing) -> Drawn | Period:
    """Gather and draw it; a period that has not begun comes back as it is."""
    settings = given.services.settings
    zone = settings.business.zone
    asked = asked_periods(given.understanding, given.now, zone)
    button = named_period(given.argument, given.now, zone) if given.message.kind == "button" else None
    period = button or asked.period or _regular(given) or yesterday(given.now, zone)
    if period.start >= given.now:
        return period
    with given.store.read() as session:
        digest = build_digest(session, period, asked.compared)
    return draw(digest, FigureWords(given.services.phrases, given.language), settings.data_dir)


def _regular(given: Preparing) -> Period | None:
    """The weekly or the monthly digest, when that is what was asked for."""
    text = given.understanding.text.lower()[:300]
    days = next((days for days, words in REGULAR.items() if any(word in text for word in words)), None)
    return named_period(days, given.now, given.services.settings.business.zone) if days else None


def digest_now(turn: ManagerTurn) -> Reply:
    """Show the digest: yesterday's, or of the period that was named."""
    words = words_of(turn)
    prepared = turn.prepared
    if isinstance(prepared, Period):
        return Reply(text=words.say("figures.ahead", period=words.period(prepared)))
    assert isinstance(prepared, Drawn)
    turn.store.permit("digest.read", "customers", SHOWN)
    private = not turn.message.direct
    return digest_reply(turn.store.session, prepared, turn.services.files, words, private=private)
