"""Which of our orders a picture shows the number of."""

import re
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.models import Order

_CODED = re.compile(
    r"(?<![A-Za-z0-9])(?P<letters>[A-Z]{1,6}) ?[-–—_] ?(?P<digits>[0-9OoQDIl|SBZ]{4,14})(?![A-Za-z0-9])"
)
_MISTAKEN = str.maketrans("OoQDIl|SBZ", "0000111582")
"""Letters that numbers are taken for."""
MOST = 20


def with_numbers_mended(text: str) -> str:
    """A text from a picture with numbers as they were meant, where letters and a dash stand before them.

    >>> with_numbers_mended("Order SO-2O93l")
    'Order SO-20931'
    """
    return _CODED.sub(lambda code: f"{code['letters']}-{code['digits'].translate(_MISTAKEN)}", text)


def known_numbers(session: Session, numbers: Sequence[str]) -> list[str]:
    """Those that orders of ours really have, in their order: what a picture shows may be anything."""
    wanted = list(dict.fromkeys(numbers))[:MOST]
    known = set(session.scalars(select(Order.number).where(Order.number.in_(wanted))))
    return [number for number in wanted if number in known]
