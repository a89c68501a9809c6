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


def prepare_digest(given: Preparing) -> Drawn | Period:
    """Gather and draw it; a period that has not begun comes back as it is."""
    settings = given.services.settings
    zone = settings.business.zone
    asked = asked_periods(given.understanding, given.now, zone)
    button = named_period(given.argument, given.now, zone) if given.message.kind == "button" else None
    period = button or asked.period or yesterday(given.now, zone)
    if period.start >= given.now:
        return period
    with given.store.read() as session:
        digest = build_digest(session, period, asked.compared)
    return draw(digest, FigureWords(given.services.phrases, given.language), settings.data_dir)


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
