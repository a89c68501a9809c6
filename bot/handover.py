"""Customer conversation <-> hand-over thread. What staff write in the thread stays inside unless they send it.

A conversation is bot, waiting (for a person), person, snoozed or resolved; every change names who and why in the
timeline. While a person has it the bot is silent; after `resolved` it answers the next message, and asks for a rating.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.cards import customer_card
from bot.desk_files import came_along, came_before
from bot.messages import Card, Choice, IncomingMessage, Reply
from bot.outbox import queue_reply, queue_to_desk, queue_to_queue
from bot.phrases import Phrases
from bot.query_words import worded
from bot.telling import own_chat, tell
from bot.turns import Memory, Question, Speaker
from crm_core.customers import profile
from crm_core.models import Conversation, Customer, Interaction, Order, OutboxMessage, Rating, Staff
from crm_core.playbooks import Service, service_of
from crm_core.staff.notifications import may_ping
from nlu.understanding import Language

SUMMARY_LINES = 6
EARLIER, EARLIER_LINES = timedelta(days=2), 60
"""How far back a hand-over looks for what was said before the last words."""
SNOOZE = timedelta(hours=4)
WITH_PEOPLE = ("waiting", "person", "snoozed")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the queue is: the channel and chat in which hand-over threads open."""

    channel: str
    account: str
    chat_id: str
    language: str = "en"


class Desk:
    """Where people take over. `place` is None while no staff channel is connected.

    Args:
        place: asked each time, because a channel knows its ids only once it is connected.
        telling: the few of many sentences that say most, of what was said before the last words.
    """

    def __init__(
        self,
        place: Callable[[], Place | None],
        phrases: Phrases,
        zone: str,
        telling: Callable[[list[str]], list[str]] = lambda texts: [],
    ) -> None:
        self._place = place
        self._telling = telling
        self.phrases = phrases
        self.zone = zone

    def place(self) -> Place | None:
        """Where the queue is now."""
        return self._place()

    def is_queue(self, message: IncomingMessage) -> bool:
        """Whether a message was written in the queue's channel."""
        place = self._place()
        here = (message.channel, message.account, message.chat_id)
        return place is not None and here == (place.channel, place.account, place.chat_id)

    # --- from the customer's side -----------------------------------------------------------------------------------
    def hand_over(self, session: Session, conversation: Conversation, reason: str, now: datetime) -> bool:
        """Put a conversation into the queue and tell staff who it is and why. False when nobody can be told."""
        if conversation.state in ("waiting", "person"):
            return True
        place = self._place()
        if place is None:
            return False
        since = conversation.state_since
        set_state(session, conversation, "waiting", now, by="bot", why=reason)
        opens = _opens(session, conversation, place)
        queue_to_desk(
            session,
            conversation,
            self._announcement(session, conversation, reason, place.language, now),
            now=now,
            language=place.language,
            opens=opens,
        )
        if reason != "moved":
            self._show_files(session, conversation, since, place.language, now)
        self._tell_whom_it_concerns(session, conversation, reason, now)
        return True

    def _show_files(
        self, session: Session, conversation: Conversation, since: datetime, language: str, now: datetime
    ) -> None:
        """Show in the thread what the customer sent before people had the conversation."""
        say = self._say(language)
        files, notes = came_before(session, conversation, since, say, language, self.zone)
        if files:
            reply = Reply(text="\n".join([say("desk.customer_sent"), *notes]), files=files)
            queue_to_desk(session, conversation, reply, now=now, language=language)

    def _tell_whom_it_concerns(self, session: Session, conversation: Conversation, reason: str, now: datetime) -> None:
        """Tell managers in their own chats of a customer whom they are to answer themselves."""
        service = service_of(session, conversation.customer_id)
        role = service.playbook.answered_by
        if service.segment is None or role == "agent" or reason in ("staff", "moved"):
            return
        urgent = service.playbook.priority == "urgent"
        query = select(Staff).where(Staff.active, Staff.role == role).order_by(Staff.id)
        for staff in session.execute(query).scalars():
            chat = own_chat(session, staff.id) if may_ping(staff, "case", now, urgent=urgent) == "now" else None
            if chat is None:
                continue
            say = self._say(chat.language or "en")
            text = say(
                "desk.playbook.for_you", segment=service.segment.said(chat.language or "en"),
                reason=say(f"desk.reasons.{reason}"), minutes=service.playbook.first_answer_minutes,
            )  # fmt: skip
            take = Choice(label=say("desk.take"), value=f"desk:take:{conversation.id}", style="primary")
            tell(session, chat, Reply(text=text, choices=(take,)), now)

    @property
    def language(self) -> Language:
        """What is spoken at the desk."""
        place = self._place()
        return "zh" if place and place.language == "zh" else "en"

    def show(self, session: Session, conversation: Conversation, reply: Reply, now: datetime) -> bool:
        """Show staff something about a conversation in its thread, opened where there is none; the bot goes on.

        False when nobody can be told.
        """
        place = self._place()
        if place is None:
            return False
        opens = _opens(session, conversation, place)
        if opens and conversation.customer_id:
            known = profile(session, conversation.customer_id, now)
            cards = (customer_card(known, self.phrases, place.language, self.zone),) if known else ()
            take = Choice(label=self.phrases("desk.take", place.language), value=f"desk:take:{conversation.id}")
            reply = reply.model_copy(update={"cards": (*cards, *reply.cards), "choices": (*reply.choices, take)})
        queue_to_desk(session, conversation, reply, now=now, language=place.language, opens=opens)
        return True

    def announce(self, session: Session, key: str, now: datetime, /, **values: object) -> bool:
        """Tell all staff something that belongs to no thread. False when nobody can be told."""
        place = self._place()
        if place is None:
            return False
        reply = Reply(text=self.phrases(key, place.language, **values))
        queue_to_queue(session, place.channel, place.account, place.chat_id, reply, now=now, language=place.language)
        return True

    def forward(self, session: Session, conversation: Conversation, message: Interaction, now: datetime) -> None:
        """Show staff what the customer wrote, with files; an edit shows the old text and the new."""
        place = self._place()
        if place is None:
            return
        if not _is_at(conversation, place):  # the queue has moved: its people go on there, nobody else sees it
            conversation.state = "bot"
            self.hand_over(session, conversation, "moved", now)
        say = self._say(place.language)
        text = message.text or ""
        if message.kind == "edit":
            before = previous_text(session, message)
            line = say("desk.edited", old=before, new=text) if before else say("desk.edited_unseen", new=text)
        else:
            line = say("desk.customer_said", text=text) if text else say("desk.customer_sent")
        files, notes = came_along(session, message, say, place.language, self.zone)
        reply = Reply(text="\n".join([line, *notes]), files=files)
        queue_to_desk(session, conversation, reply, now=now, language=place.language)

    # --- from the staff's side --------------------------------------------------------------------------------------
    def conversation_of(self, session: Session, message: IncomingMessage) -> Conversation | None:
        """The customer conversation that a message in a hand-over thread belongs to."""
        if not message.thread_id:
            return None
        query = (
            select(Conversation)
            .where(
                Conversation.desk_channel == message.channel,
                Conversation.desk_chat_id == message.chat_id,
                Conversation.desk_thread_id == message.thread_id,
            )
            .order_by(Conversation.id.desc())
            .limit(1)
        )
        return session.execute(query).scalar_one_or_none()

    def take(self, session: Session, conversation: Conversation, speaker: Speaker, now: datetime) -> None:
        """A person takes the conversation; the bot falls silent."""
        conversation.assignee_id = speaker.staff_id
        set_state(session, conversation, "person", now, by=speaker.name, why="take", staff_id=speaker.staff_id)

    def send(
        self,
        session: Session,
        conversation: Conversation,
        reply: Reply,
        speaker: Speaker,
        origin: IncomingMessage,
        now: datetime,
    ) -> OutboxMessage:
        """Send what a person wrote to the customer; it is ticked in the thread once it arrived."""
        if conversation.state != "person" or conversation.assignee_id != speaker.staff_id:
            self.take(session, conversation, speaker, now)
        return queue_reply(
            session,
            conversation,
            reply,
            now=now,
            author="staff",
            staff_id=speaker.staff_id,
            language=conversation.language or "en",
            origin={
                "channel": origin.channel,
                "account": origin.account,
                "chat_id": origin.chat_id,
                "thread_id": origin.thread_id,
                "message_id": origin.reply_to or origin.message_id,
            },
        )

    def correct(self, session: Session, message: IncomingMessage, text: str, now: datetime) -> bool:
        """Carry a staff member's edit of a sent message over to the customer. False when it was never sent."""
        sent = sent_from(session, message)
        if sent is None or sent.conversation_id is None:
            return False
        conversation = session.get_one(Conversation, sent.conversation_id)
        if sent.platform_message_id is None:  # still waiting to go out: change it in place
            sent.reply = Reply(text=text).model_dump_json(exclude_defaults=True)
            return sent.state == "queued"
        edit = Reply(text=text, edit=True, target=sent.platform_message_id)
        queue_reply(session, conversation, edit, now=now, author="staff", language=conversation.language or "en")
        return True

    def tell(
        self, session: Session, conversation: Conversation, key: str, now: datetime, /, **values: object
    ) -> OutboxMessage:
        """Tell the customer how a matter ended, in their language."""
        language = conversation.language or "en"
        reply = Reply(text=self.phrases(key, language, **values))
        return queue_reply(session, conversation, reply, now=now, language=language)

    def resolve(self, session: Session, conversation: Conversation, speaker: Speaker, now: datetime) -> None:
        """The matter is settled: the customer is asked once for a rating, then the bot answers again."""
        set_state(session, conversation, "resolved", now, by=speaker.name, why="resolve", staff_id=speaker.staff_id)
        language = conversation.language or "en"
        rating = Rating(conversation_id=conversation.id, customer_id=conversation.customer_id, asked_at=now)
        rating.staff_id = speaker.staff_id
        session.add(rating)
        conversation.question = Question("csat_rating", "rating", {"rating_id": rating.id}).dump(now)
        choices = tuple(Choice(label="★" * n, value=f"csat_rating:{n}") for n in range(1, 6))
        ask = Reply(text=self.phrases("desk.rate_us", language), choices=choices)
        queue_reply(session, conversation, ask, now=now, language=language)

    def give_back(self, session: Session, conversation: Conversation, speaker: Speaker, now: datetime) -> None:
        """Back to the bot, without a rating."""
        set_state(session, conversation, "bot", now, by=speaker.name, why="return", staff_id=speaker.staff_id)

    def snooze(self, session: Session, conversation: Conversation, speaker: Speaker, now: datetime) -> None:
        """Leave it for later; the customer's next message wakes it."""
        conversation.snoozed_until = now + SNOOZE
        set_state(session, conversation, "snoozed", now, by=speaker.name, why="snooze", staff_id=speaker.staff_id)

    def wake(self, session: Session, conversation: Conversation, now: datetime) -> None:
        """Its time has come: it waits for a person again, and its thread says so."""
        place = self._place()
        if place is not None and not _is_at(conversation, place):
            conversation.state = "bot"
            self.hand_over(session, conversation, "moved", now)
            return
        conversation.snoozed_until = None
        set_state(session, conversation, "waiting", now, by="clock", why="snooze_over")
        if place is None:
            return
        owner = session.get(Staff, conversation.assignee_id) if conversation.assignee_id else None
        say = self._say(place.language)
        choices = (
            Choice(label=say("desk.take"), value=f"desk:take:{conversation.id}", style="primary"),
            Choice(label=say("desk.resolve"), value=f"desk:resolve:{conversation.id}"),
            Choice(label=say("desk.snooze"), value=f"desk:snooze:{conversation.id}"),
        )
        text = say("desk.woke_for", name=owner.name) if owner else say("desk.woke")
        queue_to_desk(session, conversation, Reply(text=text, choices=choices), now=now, language=place.language)

    # --- what the thread shows --------------------------------------------------------------------------------------
    def _announcement(
        self, session: Session, conversation: Conversation, reason: str, language: str, now: datetime
    ) -> Reply:
        say = self._say(language)
        known = profile(session, conversation.customer_id, now) if conversation.customer_id else None
        order, owner = _opened(session, conversation, now)
        if known and known.kind == "visitor" and owner:
            known = replace(known, name=owner)
        cards: tuple[Card, ...] = ()
        if known:
            cards = (customer_card(known, self.phrases, language, self.zone),)
        lines = [
            say(
                "desk.opened",
                reason=say(f"desk.reasons.{reason}"),
                channel=worded("channels", conversation.channel, self.phrases, language),
            ),
            *([say("desk.by_order", number=order, name=owner or "–")] if order else []),
            say("desk.speaks", language=say(f"desk.languages.{conversation.language or 'en'}")),
            *_as_played(service_of(session, conversation.customer_id), say, language),
            *self._earlier(session, conversation, language, now),
            *(f"> {line}" for line in last_words(session, conversation)),
            say("desk.how_to_send"),
        ]
        choices = (
            Choice(label=say("desk.take"), value=f"desk:take:{conversation.id}", style="primary"),
            Choice(label=say("desk.suggest"), value=f"desk:suggest:{conversation.id}"),
            Choice(label=say("desk.resolve"), value=f"desk:resolve:{conversation.id}"),
            Choice(label=say("desk.snooze"), value=f"desk:snooze:{conversation.id}"),
            Choice(label=say("desk.give_back"), value=f"desk:return:{conversation.id}"),
            Choice(label=say("agent.meaning.wrong"), value=f"correct:of:{conversation.id}"),
        )
        return Reply(text="\n".join(lines), cards=cards, choices=choices)

    def _earlier(self, session: Session, conversation: Conversation, language: str, now: datetime) -> list[str]:
        """What the customer said before the last words, in the sentences that say most of it."""
        before = last_words(session, conversation, EARLIER_LINES, skipped=SUMMARY_LINES, since=now - EARLIER)
        told = self._telling(before) if before else []
        say = self._say(language)
        return (
            [say("desk.earlier", count=len(before)), *(f"> {line}" for line in told), say("desk.last")] if told else []
        )

    def _say(self, language: str) -> Callable[..., str]:
        return partial(_phrase, self.phrases, language)


def _opened(session: Session, conversation: Conversation, now: datetime) -> tuple[str, str]:
    """The order that was opened here with its number and e-mail address last, and whose it is; "" where none was."""
    passes = Memory(conversation.context).shown("opened") or []
    valid = [one["id"] for one in passes if datetime.fromisoformat(one["until"]) > now]
    order = session.get(Order, valid[-1]) if valid else None
    if order is None:
        return "", ""
    return order.number, session.get_one(Customer, order.customer_id).name or ""


def _as_played(service: Service, say: Callable[..., str], language: str) -> list[str]:
    """How the customer's segment wants them served, for whoever takes over."""
    if service.segment is None:
        return []
    book = service.playbook
    lines = [
        say(
            "desk.playbook.segment", segment=service.segment.said(language),
            priority=say(f"manager.priorities.{book.priority}"), role=say(f"desk.playbook.roles.{book.answered_by}"),
            minutes=book.first_answer_minutes,
        )
    ]  # fmt: skip
    tone, offer = book.tone, book.offer
    lines += [say("desk.playbook.tone", tone=tone.said(language))] if tone else []
    return lines + ([say("desk.playbook.offer", offer=offer.said(language))] if offer else [])


def _opens(session: Session, conversation: Conversation, place: Place) -> bool:
    """Whether a thread has to be opened at this place; the conversation then belongs there."""
    if _is_at(conversation, place):
        on_its_way = select(OutboxMessage.id).where(
            OutboxMessage.conversation_id == conversation.id,
            OutboxMessage.opens_desk,
            OutboxMessage.state.in_(("queued", "sending")),
        )
        return conversation.desk_thread_id is None and session.execute(on_its_way.limit(1)).first() is None
    conversation.desk_channel, conversation.desk_account = place.channel, place.account
    conversation.desk_chat_id, conversation.desk_thread_id = place.chat_id, None
    return True


def _is_at(conversation: Conversation, place: Place) -> bool:
    here = (conversation.desk_channel, conversation.desk_account, conversation.desk_chat_id)
    return here == (place.channel, place.account, place.chat_id)


def _phrase(phrases: Phrases, language: str, key: str, /, **values: object) -> str:
    return phrases(key, language, **values)


def set_state(
    session: Session,
    conversation: Conversation,
    state: str,
    now: datetime,
    *,
    by: str,
    why: str,
    staff_id: int | None = None,
) -> None:
    """Change a conversation's state; who and why goes into the timeline."""
    conversation.state, conversation.state_since = state, now
    conversation.unsure_count = conversation.angry_count = 0
    if state in ("bot", "resolved"):
        conversation.assignee_id = conversation.snoozed_until = None
    change = Interaction(
        conversation_id=conversation.id,
        customer_id=conversation.customer_id,
        staff_id=staff_id,
        direction="internal",
        author="staff" if staff_id else "system",
        kind="state",
        channel=conversation.channel,
        account=conversation.account,
        chat_id=conversation.chat_id,
        message_id="",
        text=f"{state}: {why} ({by})",
        topic=why[:60],
        status=state,
        occurred_at=now,
        received_at=now,
    )
    change.message_id = f"state-{change.id}"
    session.add(change)


def last_words(
    session: Session,
    conversation: Conversation,
    lines: int = SUMMARY_LINES,
    *,
    skipped: int = 0,
    since: datetime | None = None,
) -> list[str]:
    """What the customer wrote last, oldest first, each on one line; so many of the newest can be left out."""
    query = (
        select(Interaction)
        .where(
            Interaction.conversation_id == conversation.id, Interaction.direction == "in", Interaction.kind != "button"
        )
        .order_by(Interaction.id.desc())
        .offset(skipped)
        .limit(lines)
    )
    if since is not None:
        query = query.where(Interaction.occurred_at >= since)
    texts = [" ".join((row.text or "").split())[:300] for row in session.execute(query).scalars()]
    return [text for text in reversed(texts) if text]


def previous_text(session: Session, message: Interaction) -> str:
    """The text of a message before this revision of it."""
    query = (
        select(Interaction)
        .where(
            Interaction.channel == message.channel,
            Interaction.account == message.account,
            Interaction.chat_id == message.chat_id,
            Interaction.message_id == message.message_id,
            Interaction.direction == "in",
            Interaction.revision < message.revision,
        )
        .order_by(Interaction.revision.desc())
        .limit(1)
    )
    found = session.execute(query).scalar_one_or_none()
    return (found.text or "") if found else ""


def sent_from(session: Session, message: IncomingMessage) -> OutboxMessage | None:
    """What was sent to a customer from this staff message."""
    query = select(OutboxMessage).where(
        OutboxMessage.origin["message_id"].as_string() == message.message_id,
        OutboxMessage.origin["chat_id"].as_string() == message.chat_id,
    )
    return session.execute(query.order_by(OutboxMessage.id.desc()).limit(1)).scalar_one_or_none()
