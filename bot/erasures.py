"""Erases customers who asked for it themselves, once their last answer went out: before that it could not be sent."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import select

from bot.outbox import FAREWELL
from crm_core import privacy
from crm_core.database import Store
from crm_core.errors import CrmError, NotFound
from crm_core.models import Customer, OutboxMessage

log = structlog.get_logger(__name__)

SETTLED = ("sent", "failed", "cancelled", "unclear")


class Erasures:
    """Does what a farewell in the outbox promises. The row is the record of it, until it is erased with the rest.

    Args:
        files: the folder of sealed attachments.
        models: the folder of models, of which some may have learnt from the customer's lines.
    """

    def __init__(self, store: Store, files: Path, clock: Callable[[], datetime], models: Path | None = None) -> None:
        self._store = store
        self._files = files
        self._models = models
        self._clock = clock

    def delivered(self, row: OutboxMessage) -> None:
        """Called with every row whose fate was recorded; a failure is left to the next `run`."""
        if row.purpose == FAREWELL and row.customer_id and row.state in SETTLED:
            self._erase(row.customer_id)

    def run(self) -> int:
        """Erase whoever was said farewell to and is still there, because the process stopped in between."""
        with self._store.read() as session:
            query = select(OutboxMessage.customer_id).where(
                OutboxMessage.purpose == FAREWELL, OutboxMessage.state.in_(SETTLED)
            )
            waiting = sorted({key for key in session.execute(query).scalars() if key})
        return sum(self._erase(customer_id) for customer_id in waiting)

    def _erase(self, customer_id: int) -> bool:
        try:
            with self._store.read() as session:
                number = session.execute(select(Customer.number).where(Customer.id == customer_id)).scalar_one_or_none()
            privacy.erase_customer(
                self._store,
                customer_id,
                actor=f"customer:{number}",
                now=self._clock(),
                files=self._files,
                models=self._models,
                reason="asked and confirmed in the chat",
            )
        except NotFound:
            return False
        except CrmError as error:
            log.error("erasure_postponed", reason=str(error))
            return False
        return True
