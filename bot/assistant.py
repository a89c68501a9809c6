"""The flow of a message, on one screen: who speaks, what is meant, who answers, what is remembered."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import reduce
from itertools import zip_longest
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.calling import besides, wanted_besides, without_refusal
from bot.commands import forced_intent
from bot.following import follow_up
from bot.handlers import HANDLERS, PREPARATIONS
from bot.handover import WITH_PEOPLE, set_state
from bot.hearing import (
    Heard,
    customer_speaker,
    has_words,
    is_about_reach,
    is_hopeless,
    is_outdated,
    remember_meaning,
    take_up,
)
from bot.messages import IncomingMessage, Reply, joined
from bot.offer_words import asks_for_range
from bot.outbox import FAREWELL, queue_reply, take_queued
from bot.picture_reading import Pictures
from bot.staff import StaffRoll
from bot.stopping import stops
from bot.turns import Handler, Memory, Outcome, Prepare, Preparing, Question, Services, Speaker, Turn
from bot.voice_reading import Voices
from crm_core import audit
from crm_core.access import Actor
from crm_core.customer_store import CustomerStore
from crm_core.database import DatabaseUnavailable, Store
from crm_core.errors import CrmError, NotAllowed
from crm_core.models import Conversation, Identity, Interaction, OutboxMessage
from crm_core.staff.store import StaffStore
from nlu.intents import OUT_OF_SCOPE
from nlu.interpreter import UNSURE_BELOW, Interpreter
from nlu.understanding import Audience, Language, Understanding

log = structlog.get_logger(__name__)

LATER = "later"
"""In the memory of a conversation: what else was wished for, while we wait for the answer to a question of ours."""
PATIENCE = 2
"""How often it may be unsure, or the customer angry, before a person is brought in."""
IN_PUBLIC = frozenset(
    {"greeting", "goodbye", "thanks", "help", "praise", "switch_language", "business_hours", "faq", "stock_check"}
    | {"price_question", "product_question", "product_recommend", "unsubscribe"}
)
"""What is answered in a group; for all else, which may touch a record, people are asked to write privately."""
WITH_PERSON_TOO = ("unsubscribe", "csat_rating")
"""What is answered even while a person has the conversation."""


class Assistant:
    """Answers messages.

    Args:
        interpreter: gives the present interpreter (its names are refreshed from the records).
        deliver: takes the outbox rows of a finished answer.
        answered: told of each answered message (for live views); must not raise.
    """

    def __init__(
        self,
        store: Store,
        interpreter: Callable[[], Interpreter],
        services: Services,
        roll: StaffRoll,
        deliver: Callable[[Iterable[OutboxMessage]], None],
        clock: Callable[[], datetime],
        *,
        pictures: Pictures,
        voices: Voices,
        handlers: Mapping[str, Mapping[str, Handler]] = HANDLERS,
        preparations: Mapping[str, Mapping[str, Prepare]] = PREPARATIONS,
        answered: Callable[[IncomingMessage], None] = lambda message: None,
    ) -> None:
        self._store = store
        self._interpreter = interpreter
        self._services = services
        self._roll = roll
        self._deliver = deliver
        self._clock = clock
        self._pictures = pictures
        self._voices = voices
        self._handlers = handlers
        self._preparations = preparations
        self._answered = answered

    # --- the flow ---------------------------------------------------------------------------------------------------
    def answer_all(self, conversation_id: int) -> bool:
        """Answer what waits in a conversation, in order. False: the database failed, call again later."""
        try:
            for interaction_id in self._waiting(conversation_id):
                self.answer(interaction_id)
        except DatabaseUnavailable as error:
            log.error("answer_postponed", reason=str(error))
            return False
        except Exception:  # the thread must live; what still waits is tried again
            log.exception("answer_failed", conversation_id=conversation_id)
            return False
        return True

    def answer(self, interaction_id: int) -> None:
        """Answer one message: fetch its files, understand it, let its handler act, remember and queue the reply."""
        heard: Heard | None = None
        try:
            heard = self._hear(interaction_id)
            with self._store.write() as session:
                self._respond(session, heard)
                queued = take_queued(session)
        except DatabaseUnavailable:
            raise
        except Exception:
            log.exception("handler_failed", interaction_id=interaction_id)
            queued = self._apologise(interaction_id)
        self._deliver(queued)
        if heard:
            self._answered(heard.message)

    def unanswered(self, channels: Iterable[str]) -> list[int]:
        """Conversations on these channels with messages that were stored and not answered, oldest first."""
        with self._store.read() as session:
            query = (
                select(Interaction.conversation_id)
                .where(Interaction.status == "received", Interaction.channel.in_(list(channels)))
                .order_by(Interaction.id)
            )
            return list(dict.fromkeys(session.execute(query).scalars()))

    def _waiting(self, conversation_id: int) -> list[int]:
        """What waits now; for what arrives meanwhile, dispatch calls again."""
        with self._store.read() as session:
            query = select(Interaction.id).where(
                Interaction.conversation_id == conversation_id, Interaction.status == "received"
            )
            return list(session.execute(query.order_by(Interaction.id)).scalars())

    # --- hear -------------------------------------------------------------------------------------------------------
    def _hear(self, interaction_id: int) -> Heard:
        with self._store.read() as session:
            row = session.get_one(Interaction, interaction_id)
            message = IncomingMessage.model_validate_json(row.incoming or "{}").model_copy(
                update={"text": row.text or ""}
            )
        if message.attachments:
            self._services.files.fetch(interaction_id)
            message = self._voices.with_words(interaction_id, message)
        with self._store.read() as session:
            stopping = stops(session, session.get_one(Conversation, row.conversation_id), message, self._clock())
        audience = self._audience(message)
        known = self._handlers[audience]
        intent, argument = ("unsubscribe", message.text) if stopping else forced_intent(message, audience, known)
        text = argument if intent and message.kind != "button" else message.text
        if audience == "customer":
            text = without_refusal(text) or text
        understanding = self._interpreter().understand(
            text,
            audience,
            now=self._clock(),
            zone=self._zone(message),
            region=self._services.settings.business.region,
        )
        if message.attachments and audience == "customer":
            understanding = self._pictures.added(interaction_id, understanding, self._interpreter())
        if intent:
            understanding = understanding.model_copy(update={"intent": intent, "confidence": 1.0, "engine": "command"})
        elif audience == "customer" and asks_for_range(text):
            understanding = understanding.model_copy(update={"intent": "product_recommend", "confidence": 1.0})
        one_by_one = [
            self._prepare(row.conversation_id, message, meant, argument, audience)
            for meant in understanding.wishes or (understanding,)
        ]
        prepared = one_by_one if understanding.wishes else one_by_one[0]
        return Heard(row, message, understanding, argument, prepared)

    def _prepare(
        self,
        conversation_id: int,
        message: IncomingMessage,
        understanding: Understanding,
        argument: str,
        audience: Audience,
    ) -> Any:
        """Make what takes seconds before the transaction begins, so that no other writer has to wait for it."""
        prepare = self._preparations.get(audience, {}).get(understanding.intent)
        if prepare is None or understanding.confidence < UNSURE_BELOW:
            return None
        with self._store.read() as session:
            conversation = session.get_one(Conversation, conversation_id)
            language, memory = self._language(conversation, understanding), Memory(conversation.context)
        return prepare(
            Preparing(
                message, understanding, argument, language, self._zone(message), memory, self._store, self._services,
                self._clock(),
            )
        )  # fmt: skip

    def _zone(self, message: IncomingMessage) -> str:
        """Where "tomorrow at ten" is said: staff have a zone of their own."""
        entry = self._roll.entry(message) if message.side == "staff" else None
        return (entry.zone if entry else "") or self._services.settings.business.zone

    def _audience(self, message: IncomingMessage) -> Audience:
        if message.side == "customer":
            return "customer"
        entry = self._roll.entry(message)
        return "manager" if entry and entry.role in ("manager", "admin") else "agent"

    # --- respond ----------------------------------------------------------------------------------------------------
    def _respond(self, session: Session, heard: Heard) -> None:
        now = self._clock()
        claimed = session.execute(
            update(Interaction)
            .where(Interaction.id == heard.row.id, Interaction.status == "received")
            .values(status="answered", answered_at=now, incoming_sealed=None)
            .execution_options(synchronize_session=False)
            .returning(Interaction.id)
        ).first()
        if claimed is None:
            return  # another process was faster
        row = session.merge(heard.row, load=False)
        if heard.message.attachments and heard.message.text != (row.text or ""):
            row.text = heard.message.text  # with what was said in a recording
        conversation = session.get_one(Conversation, row.conversation_id, with_for_update=True)
        conversation.last_message_at = now
        remember_meaning(row, heard.understanding)
        respond = self._to_customer if heard.message.side == "customer" else self._to_staff
        respond(session, conversation, row, heard, now)

    def _to_customer(
        self, session: Session, conversation: Conversation, row: Interaction, heard: Heard, now: datetime
    ) -> None:
        identity = session.get_one(Identity, conversation.identity_id)
        if is_about_reach(heard.message, identity, now):
            return
        if row.kind == "edit" and is_outdated(session, row):
            if conversation.state in WITH_PEOPLE:
                self._services.desk.forward(session, conversation, row, now)
            return
        question = Question.load(conversation.question, now)
        heard, question = take_up(heard, question)
        if question and row.intent == OUT_OF_SCOPE:
            row.intent = question.intent  # what looks like nothing by itself answers what we asked
        language = self._language(conversation, heard.understanding)
        if self._is_for_a_person(session, conversation, row, heard, now):
            return
        speaker = customer_speaker(session, identity, self._services.settings.business.zone)
        store = CustomerStore(
            session,
            self._store.vault,
            customer_id=identity.customer_id,
            identity_id=identity.id,
            conversation_id=conversation.id,
            now=now,
            business=self._services.settings.business,
        )
        turn = self._turn(row, conversation, heard, speaker, language, store, question, now)
        if not heard.message.direct and heard.understanding.intent not in IN_PUBLIC:
            self._conclude(session, conversation, turn, [turn.reply("desk.write_privately")], now)
            return
        reply = reduce(joined, self._answers(session, turn))
        if conversation.state in WITH_PEOPLE:
            reply = reply.model_copy(update={"choices": ()})
        else:
            reply = self._care(session, conversation, turn, reply, now)
        for shown in turn.outcome.for_desk:
            self._services.desk.show(session, conversation, shown, now)
        if turn.outcome.erases is not None:
            self._services.desk.announce(
                session, "desk.erased", now, number=turn.outcome.erases, channel=conversation.channel
            )
        self._conclude(session, conversation, turn, [reply], now)

    def _is_for_a_person(
        self, session: Session, conversation: Conversation, row: Interaction, heard: Heard, now: datetime
    ) -> bool:
        """Show it to the people who have the conversation; True when the bot keeps silent."""
        intent = heard.understanding.intent
        if conversation.state == "resolved" and intent != "csat_rating":
            set_state(session, conversation, "bot", now, by="customer", why="wrote_again")
        if conversation.state not in WITH_PEOPLE:
            return False
        if conversation.state == "snoozed":
            set_state(session, conversation, "waiting", now, by="customer", why="wrote_again")
        self._services.desk.forward(session, conversation, row, now)
        return intent not in WITH_PERSON_TOO

    def _to_staff(
        self, session: Session, conversation: Conversation, row: Interaction, heard: Heard, now: datetime
    ) -> None:
        language = self._language(conversation, heard.understanding)
        speaker = self._roll.speaker(session, heard.message, now)
        if speaker is None:
            refusal = Reply(text=self._services.phrases("common.refused", language), private=True)
            recipient = heard.message.sender.external_id
            queue_reply(
                session, conversation, refusal, now=now, answers_id=row.id, language=language, recipient=recipient
            )
            return
        row.staff_id, conversation.audience = speaker.staff_id, speaker.audience
        question = Question.load(conversation.question, now)
        heard, question = take_up(heard, question)
        if question and row.intent == OUT_OF_SCOPE:
            row.intent = question.intent  # what looks like nothing by itself answers what we asked
        actor = Actor(speaker.staff_id or 0, speaker.role, speaker.name, speaker.external_id)
        store = StaffStore(session, self._store.vault, actor=actor, now=now, business=self._services.settings.business)
        heard = heard if question else follow_up(heard, Memory(conversation.context), speaker, store)
        turn = self._turn(row, conversation, heard, speaker, language, store, question, now)
        self._conclude(session, conversation, turn, self._answers(session, turn), now)

    def _turn(
        self,
        row: Interaction,
        conversation: Conversation,
        heard: Heard,
        speaker: Speaker,
        language: Language,
        store: Any,
        question: Question | None,
        now: datetime,
    ) -> Turn[Any]:
        return Turn(
            message=heard.message,
            interaction_id=row.id,
            conversation_id=conversation.id,
            understanding=heard.understanding,
            speaker=speaker,
            language=language,
            store=store,
            memory=Memory(conversation.context),
            now=now,
            services=self._services,
            question=question,
            argument=heard.argument,
            prepared=heard.prepared,
        )

    def _answers(self, session: Session, turn: Turn[Any]) -> list[Reply]:
        """Answer every wish of the message; what must wait for the answer to our own question is taken up after it."""
        waiting = turn.memory.shown(LATER)
        turn.memory.forget(LATER)
        wishes = turn.understanding.wishes
        if wishes and turn.question is None:
            return self._one_after_the_other(session, turn, wishes, turn.prepared or [])
        reply = self._handled(session, replace(turn, prepared=None) if wishes else turn)
        if not waiting or turn.question is None or turn.outcome.hand_over:
            return [reply]
        if turn.outcome.question:  # one question led to the next
            turn.memory.show(LATER, waiting)
            return [reply]
        business = self._services.settings.business
        heard = self._interpreter().understand(
            waiting, turn.speaker.audience, now=turn.now, zone=self._zone(turn.message), region=business.region
        )
        wishes = heard.wishes or (heard,)
        made = [self._prepare(turn.conversation_id, turn.message, wish, "", turn.speaker.audience) for wish in wishes]
        return [reply, *self._one_after_the_other(session, turn, wishes, made)]

    def _one_after_the_other(
        self, session: Session, turn: Turn[Any], wishes: Sequence[Understanding], prepared: Sequence[Any]
    ) -> list[Reply]:
        replies = []
        for wish, made in zip_longest(wishes, prepared):
            own = replace(turn, understanding=wish, question=None, argument="", prepared=made, outcome=Outcome())
            replies.append(self._handled(session, own))
            turn.outcome.take_over(own.outcome)
            rest = wishes[len(replies) :]
            if own.outcome.question and rest:  # one question at a time
                turn.memory.show(LATER, "\n".join(one.text for one in rest))
                replies[-1] = joined(replies[-1], turn.reply("common.then_the_rest"))
                break
        return replies

    def _handled(self, session: Session, turn: Turn[Any]) -> Reply:
        """The handler's reply. What a handler did before it found that it cannot be done is taken back."""
        known = self._handlers[turn.speaker.audience]
        understanding = turn.understanding
        unsure = understanding.confidence < UNSURE_BELOW and turn.question is None
        name = "out_of_scope" if unsure else understanding.intent
        handler = known.get(name, known["out_of_scope"])
        try:
            with session.begin_nested():
                reply = handler(turn)
            return self._given_up(turn) if is_hopeless(turn.outcome.question) else reply
        except NotAllowed as error:
            who, what = f"staff:{turn.speaker.staff_id}", f"intent:{name}"
            audit.record(
                session, self._store.vault, actor=who, action="refused", subject=what, allowed=False, now=turn.now
            )
            if error.action:
                return turn.reply("common.not_allowed", right=turn.say(f"rights.{error.action}"))
            return turn.reply("common.not_possible", reason=str(error))
        except CrmError as error:  # the text is fit for a person: the record's state or the speaker's rights forbid it
            return turn.reply("common.not_possible", reason=str(error))

    def _given_up(self, turn: Turn[Any]) -> Reply:
        """Leave a question that nobody answers as we need it; a customer gets a person."""
        turn.outcome.question = None
        if turn.speaker.audience == "customer":
            turn.outcome.hand_over = "unsure"
        return turn.reply("common.left")

    def _care(
        self, session: Session, conversation: Conversation, turn: Turn[Any], reply: Reply, now: datetime
    ) -> Reply:
        """Bring in a person when one is wanted, or when it does not go well."""
        outcome, understanding = turn.outcome, turn.understanding
        conversation.unsure_count = conversation.unsure_count + 1 if outcome.unsure else 0
        angry = understanding.strong and understanding.sentiment < 0
        if angry:
            conversation.angry_count += 1
        reason = outcome.hand_over
        if not reason and (wanted := wanted_besides(turn, angry=angry)):
            reason, reply = wanted, besides(turn, reply, angry=angry)
        if not reason and conversation.angry_count >= PATIENCE:
            reason = "angry"
        if not reason and conversation.unsure_count >= PATIENCE:
            reason = "unsure"
        if not reason:
            return reply
        conversation.language = turn.language
        told = self._services.desk.hand_over(session, conversation, reason, now)
        if not told:  # nobody can come: say so once and carry on
            conversation.unsure_count = conversation.angry_count = 0
            return reply.model_copy(update={"text": f"{reply.text}\n{turn.say('desk.nobody_there')}".strip()})
        outcome.question = None
        said = "" if outcome.unsure else reply.text
        return reply.model_copy(update={"text": f"{said}\n{turn.say('desk.customer_told')}".strip(), "choices": ()})

    def _conclude(
        self, session: Session, conversation: Conversation, turn: Turn[Any], replies: Sequence[Reply], now: datetime
    ) -> None:
        outcome: Outcome = turn.outcome
        if outcome.language:
            conversation.language_chosen = True
        conversation.language = outcome.language or turn.language
        if outcome.question:
            conversation.question = outcome.question.dump(now)
        elif conversation.state != "resolved" or turn.question:
            conversation.question = None
        conversation.context = turn.memory.dump()
        for reply in replies:
            if reply == Reply():
                continue
            queue_reply(
                session,
                conversation,
                reply,
                now=now,
                answers_id=turn.interaction_id,
                purpose="reply" if outcome.erases is None else FAREWELL,
                language=conversation.language or "en",
                recipient=turn.message.sender.external_id if turn.message.side == "staff" else "",
            )

    def _language(self, conversation: Conversation, understanding: Understanding) -> Language:
        """The one the customer chose, else that of their words; an address or a number alone says nothing about it."""
        told = understanding.engine != "command" and has_words(understanding)
        if conversation.language and (conversation.language_chosen or not told):
            return "zh" if conversation.language == "zh" else "en"
        return understanding.language

    def _apologise(self, interaction_id: int) -> list[OutboxMessage]:
        """A handler failed: say so, bring in a person, and keep the message."""
        with self._store.write() as session:
            row = session.get_one(Interaction, interaction_id)
            conversation = session.get_one(Conversation, row.conversation_id)
            now, language = self._clock(), conversation.language or "en"
            row.status, row.answered_at = "failed", now
            text = self._services.phrases("desk.sorry", language)
            if conversation.state in WITH_PEOPLE:  # they see it themselves; the bot keeps silent
                self._services.desk.forward(session, conversation, row, now)
                return take_queued(session)
            if conversation.audience == "customer" and conversation.customer_id:
                told = self._called_for_help(session, conversation, now)
                text += "\n" + self._services.phrases("desk.customer_told" if told else "desk.nobody_there", language)
            queue_reply(session, conversation, Reply(text=text), now=now, answers_id=row.id, language=language)
            return take_queued(session)

    def _called_for_help(self, session: Session, conversation: Conversation, now: datetime) -> bool:
        """Hand over after a failure; what failed may fail here again, and the apology goes out all the same."""
        try:
            with session.begin_nested():
                return self._services.desk.hand_over(session, conversation, "failed", now)
        except Exception:
            log.exception("hand_over_failed", conversation_id=conversation.id)
            return False
