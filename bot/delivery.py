"""Takes what waits in the outbox to the platforms: in order within a chat, paced, tried again, its fate recorded.

Replies go at least once: a crash between sending and recording repeats the one in flight. Proactive messages go at
most once: they are claimed before sending, which asks anew whether they may go at all (`crm_core/proactive.py`), and
one whose fate is unclear waits for a person.
"""

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.channels.base import DeliveryFailed, Pace, Refused, RetryLater, Unclear
from bot.messages import Outgoing, Reply
from bot.outbox import DESK_THREAD, remember_queued, take_queued
from config.settings import Proactive
from crm_core import proactive
from crm_core.database import DatabaseUnavailable, Store
from crm_core.models import Conversation, Identity, OutboxMessage

log = structlog.get_logger(__name__)

Send = Callable[[Outgoing], str]
ChatKey = tuple[str, str, str]
TRIES = 12
LONGEST_WAIT = 300.0
KEEPS_TRYING = timedelta(hours=24)
"""How long a platform that asks to wait, or cannot be reached, is tried again."""
FAILED_HOLD = 5.0
"""Seconds before the database is asked again after it could not record a fate."""


@dataclass(slots=True)
class _Chat:
    """What waits for one chat; `sending` while a thread is busy with its first row."""

    rows: deque[int] = field(default_factory=deque)
    scheduled: bool = False
    next_at: float = 0.0


class Delivery:
    """Delivers the outbox.

    Args:
        send: hands one message to its channel and waits; returns the platform's id of it. Raises `DeliveryFailed`.
        paces: how fast each channel may be used.
        delivered: called with each row whose fate was recorded (for live views); must not raise.
        retry_unit: seconds before the first retry; doubled with each further one.
        rules: what holds for proactive messages to customers; `zone`: of those whose own is not known.
    """

    def __init__(
        self,
        store: Store,
        send: Send,
        paces: Mapping[str, Pace],
        clock: Callable[[], datetime],
        *,
        delivered: Callable[[OutboxMessage], None] = lambda row: None,
        monotonic: Callable[[], float] = time.monotonic,
        senders: int = 4,
        retry_unit: float = 0.5,
        rules: Proactive | None = None,
        zone: str = "UTC",
    ) -> None:
        self._store = store
        self._send = send
        self._paces = paces
        self._clock = clock
        self._delivered = delivered
        self._monotonic = monotonic
        self._retry_unit = retry_unit
        self._rules = rules or Proactive()
        self._zone = zone
        self._chats: dict[ChatKey, _Chat] = {}
        self._due: list[tuple[float, int, ChatKey]] = []
        self._channel_next: dict[str, float] = {}
        self._unrecorded: dict[int, str] = {}
        """Rows that were sent, with the platform's id, while the database could not write that down."""
        self._count = itertools.count()
        lock = threading.RLock()
        self._changed = threading.Condition(lock)
        self._settled = threading.Condition(lock)
        self._stopping = False
        self._pending = 0
        self._threads = [threading.Thread(target=self._run, name=f"deliver-{n}", daemon=True) for n in range(senders)]

    def start(self) -> None:
        """Deliver what was left over, then what comes."""
        with self._store.write() as session:
            session.execute(
                update(OutboxMessage)
                .where(OutboxMessage.state == "sending", OutboxMessage.channel.in_(list(self._paces)))
                .values(state="unclear", error="The process stopped while this was being sent.")
            )
        with self._store.read() as session:
            ours = OutboxMessage.channel.in_(list(self._paces))
            query = select(OutboxMessage).where(OutboxMessage.state == "queued", ours).order_by(OutboxMessage.id)
            self.submit(session.execute(query).scalars())
        for thread in self._threads:
            thread.start()

    def submit(self, rows: Iterable[OutboxMessage]) -> None:
        """Deliver these committed rows, in this order within each chat."""
        with self._changed:
            for row in rows:
                chat = self._chats.setdefault((row.channel, row.account, row.chat_id), _Chat())
                chat.rows.append(row.id)
                self._pending += 1
                if row.not_before is not None:  # a platform's wait that a restart must not cut short
                    left = (row.not_before - self._clock()).total_seconds()
                    chat.next_at = max(chat.next_at, self._monotonic() + min(left, LONGEST_WAIT))
                if not chat.scheduled:
                    chat.scheduled = True
                    self._schedule((row.channel, row.account, row.chat_id), chat.next_at)
            self._changed.notify_all()

    def held(self) -> set[int]:
        """Ids of the rows that wait here or are being sent."""
        with self._changed:
            return {row_id for chat in self._chats.values() for row_id in chat.rows}

    def adopt(self, rows: Iterable[OutboxMessage]) -> int:
        """Deliver rows that another process queued; what became known here meanwhile is left alone. Returns how many.

        Each must still be queued: what was settled between reading it and now is not sent again.
        """
        held = self.held()
        orphans = [row.id for row in rows if row.id not in held]
        with self._store.read() as session:
            query = select(OutboxMessage).where(OutboxMessage.id.in_(orphans), OutboxMessage.state == "queued")
            fresh = list(session.execute(query.order_by(OutboxMessage.id)).scalars())
        self.submit(fresh)
        return len(fresh)

    def stop(self) -> None:
        """Finish what is being sent, then stop; what waits stays in the outbox."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=30)

    def idle(self, timeout: float) -> bool:
        """Wait until nothing is left to deliver; False when that took longer than `timeout` seconds."""
        with self._changed:
            return self._settled.wait_for(lambda: self._pending == 0, timeout)

    @property
    def depth(self) -> int:
        """How many messages wait or are being sent."""
        return self._pending

    # --- threads ---------------------------------------------------------------------------------------------------
    def _schedule(self, key: ChatKey, at: float) -> None:
        heapq.heappush(self._due, (at, next(self._count), key))

    def _run(self) -> None:
        while (key := self._next_chat()) is not None:
            chat = self._chats[key]
            try:
                wait = self._deliver(chat.rows[0])
            except DatabaseUnavailable as error:
                log.error("outbox_not_recorded", reason=str(error))
                wait = FAILED_HOLD
            except Exception:  # the thread must live: it serves all other chats, too
                log.exception("delivery_failed", outbox_id=chat.rows[0])
                wait = FAILED_HOLD
            self._after(key, chat, wait)

    def _next_chat(self) -> ChatKey | None:
        """Wait for a chat whose first row may be sent now; None when stopping."""
        with self._changed:
            while not self._stopping:
                now = self._monotonic()
                if not self._due:
                    self._changed.wait()
                    continue
                at, _, key = self._due[0]
                at = max(at, self._channel_next.get(key[0], 0.0))
                if at > now:
                    self._changed.wait(at - now)
                    continue
                heapq.heappop(self._due)
                self._channel_next[key[0]] = now + self._pace(key[0]).overall
                return key
            return None

    def _after(self, key: ChatKey, chat: _Chat, wait: float | None) -> None:
        """Let the chat go on: with its next row after its pace, or with the same row after `wait` seconds."""
        with self._changed:
            pause = self._pace(key[0]).per_chat if wait is None else wait
            if wait is None:
                chat.rows.popleft()
                self._pending -= 1
            chat.next_at = self._monotonic() + pause
            if chat.rows:
                self._schedule(key, chat.next_at)
            else:
                chat.scheduled = False
            self._changed.notify_all()
            if self._pending == 0:
                self._settled.notify_all()

    def _pace(self, channel: str) -> Pace:
        return self._paces.get(channel, Pace(0.0, 0.0))

    # --- one message -----------------------------------------------------------------------------------------------
    def _deliver(self, row_id: int) -> float | None:
        """Send one row and record its fate. Returns None once settled, else the seconds until it is tried again."""
        row = self._load(row_id)
        if row and row_id in self._unrecorded:  # it went out, only that could not be written down
            self._record_sent(row, self._unrecorded[row_id])
            return None
        if row is None or row.state != "queued" or (row.purpose == "proactive" and not self._claim(row)):
            return None  # erased, cancelled, put off, or taken by another process
        thread_id = self._desk_thread(row) if row.thread_id == DESK_THREAD else row.thread_id
        if thread_id is None:
            return self._not_sent(row, Refused("The hand-over thread could not be opened."))
        try:
            sent = self._send(_outgoing(row, thread_id))
        except DeliveryFailed as error:
            return self._not_sent(row, error)
        except Exception as error:  # a message that breaks its channel must not stop all others
            log.exception("send_failed", channel=row.channel, outbox_id=row.id)
            return self._not_sent(row, Unclear(type(error).__name__))
        self._record_sent(row, sent)
        return None

    def _record_sent(self, row: OutboxMessage, message_id: str) -> None:
        self._unrecorded[row.id] = message_id
        self._settle(row, "sent", message_id=message_id)
        del self._unrecorded[row.id]

    def _load(self, row_id: int) -> OutboxMessage | None:
        with self._store.read() as session:
            return session.get(OutboxMessage, row_id)

    def _not_sent(self, row: OutboxMessage, error: DeliveryFailed) -> float | None:
        if isinstance(error, RetryLater):
            too_old = self._clock() - row.queued_at > KEEPS_TRYING
            return self._retry(row, str(error), error.seconds, give_up=too_old)
        if isinstance(error, Refused):
            self._settle(row, "failed", error=str(error))
            return None
        if isinstance(error, Unclear) and row.purpose == "proactive":
            self._settle(row, "unclear", error=str(error))
            return None
        return self._retry(row, str(error), self._retry_unit, give_up=row.attempts + 1 >= TRIES)

    def _claim(self, row: OutboxMessage) -> bool:
        with self._store.write() as session:
            return proactive.claim(session, row.id, self._clock(), self._rules, self._zone)

    def _desk_thread(self, row: OutboxMessage) -> str | None:
        with self._store.read() as session:
            query = select(Conversation.desk_thread_id).where(Conversation.id == row.conversation_id)
            return session.execute(query).scalar_one_or_none()

    def _retry(self, row: OutboxMessage, reason: str, seconds: float, *, give_up: bool) -> float | None:
        row.attempts += 1
        if give_up:
            self._settle(row, "failed", error=f"Given up after {row.attempts} tries: {reason}")
            return None
        wait: float = min(max(seconds, self._retry_unit * 2 ** min(row.attempts, 10)), max(seconds, LONGEST_WAIT))
        with self._store.write() as session:
            session.execute(
                update(OutboxMessage)
                .where(OutboxMessage.id == row.id)
                .values(
                    state="queued",
                    sent_at=None,
                    attempts=row.attempts,
                    error=reason[:500],
                    not_before=self._clock() + timedelta(seconds=wait),
                )
            )
        return wait

    def _settle(self, row: OutboxMessage, state: str, message_id: str = "", error: str = "") -> None:
        now = self._clock()
        with self._store.write() as session:
            values: dict[str, object] = {"state": state, "platform_message_id": message_id or None}
            if state == "sent":
                values["sent_at"] = now
            if error:
                values["error"] = error[:500]
            session.execute(update(OutboxMessage).where(OutboxMessage.id == row.id).values(**values))
            if row.opens_desk and state == "sent":
                session.execute(
                    update(Conversation).where(Conversation.id == row.conversation_id).values(desk_thread_id=message_id)
                )
            if row.opens_desk and state == "failed":  # nobody was told: the bot goes on rather than leave silence
                session.execute(
                    update(Conversation)
                    .where(Conversation.id == row.conversation_id, Conversation.state == "waiting")
                    .values(state="bot", state_since=now)
                )
            if state == "failed" and row.customer_id:
                self._note_refusal(session, row, error, now)
            if row.origin:
                self._mark_origin(session, row, state, error, now)
            queued = take_queued(session)
        row.state, row.platform_message_id, row.error = state, message_id or None, error or row.error
        if state != "sent":
            log.warning("delivery_settled", state=state, channel=row.channel, outbox_id=row.id, reason=error)
        self._delivered(row)
        self.submit(queued)

    def _note_refusal(self, session: Session, row: OutboxMessage, error: str, now: datetime) -> None:
        """A person who blocked us is remembered as such, so that nobody keeps writing to them."""
        query = select(Conversation.identity_id).where(Conversation.id == row.conversation_id)
        identity_id = session.execute(query).scalar_one_or_none()
        if identity_id and "blocked" in error.lower():
            session.execute(update(Identity).where(Identity.id == identity_id).values(blocked_at=now))

    def _mark_origin(self, session: Session, row: OutboxMessage, state: str, error: str, now: datetime) -> None:
        """Tick or cross what a staff member wrote, where they wrote it."""
        origin = row.origin or {}
        mark = Reply(mark="sent" if state == "sent" else "failed", target=str(origin.get("message_id", "")), text=error)
        marked = OutboxMessage(
            conversation_id=row.conversation_id,
            customer_id=row.customer_id,
            channel=origin["channel"],
            account=origin["account"],
            chat_id=origin["chat_id"],
            thread_id=origin.get("thread_id", ""),
            language=row.language,
            reply=mark.model_dump_json(exclude_defaults=True),
            queued_at=now,
        )
        session.add(marked)
        remember_queued(session, marked)


def _outgoing(row: OutboxMessage, thread_id: str) -> Outgoing:
    return Outgoing(
        channel=row.channel,
        account=row.account,
        chat_id=row.chat_id,
        thread_id=thread_id,
        recipient=row.recipient,
        language=row.language,
        outbox_id=row.id,
        reply=Reply.model_validate_json(row.reply or "{}"),
    )
