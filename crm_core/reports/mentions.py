"""What is said in public about something in a period: how much, where, with which mood and needs, and which posts."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from crm_core.reports.digest import DigestLine
from crm_core.reports.evidence import Row, behind
from crm_core.reports.metrics import Values, measure
from crm_core.reports.periods import Period

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Mentions:
    """`mood` is None where posts were chosen by it. `feelings` and `needs` count posts, `networks` with their before.

    `repeats`: posts that only say again what another one of these says.
    """

    count: DigestLine
    mood: DigestLine | None
    networks: DigestLine
    feelings: DigestLine
    needs: DigestLine
    repeats: int
    loudest: tuple[Row, ...]
    newest: tuple[Row, ...]


def mentions(session: Session, period: Period, compared: Period, only: Values, without: Values) -> Mentions:
    """What is said, narrowed by `only` and `without` as the figure `voice` is, against the period compared."""

    def line(metric: str, by: str | None = None) -> DigestLine:
        now, then = (measure(session, metric, each, by, only=only, without=without) for each in (period, compared))
        return DigestLine(now, then)

    count = line("voice")
    newest, loudest = (
        behind(session, "voice", period, only, without, limit=2 * SHOWN, loudest=loud) for loud in (False, True)
    )
    loud = tuple(row for row in loudest.rows if row.loud)[:SHOWN]
    return Mentions(
        count=count,
        mood=None if "feeling" in {*only, *without} else line("voice_mood"),
        networks=line("voice", "network"),
        feelings=line("voice", "feeling"),
        needs=line("voice", "need"),
        repeats=int(count.figure.value or 0) - newest.total,
        loudest=loud,
        newest=tuple(row for row in newest.rows if row not in loud)[:SHOWN],
    )
