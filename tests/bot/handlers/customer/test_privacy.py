"""Who they are, what they may be sent, which language."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.handlers.customer import preference_words
from bot.messages import IncomingAttachment
from crm_core import consent, preferences
from crm_core.database import Store
from crm_core.models import (
    AuditEntry,
    Case,
    Consent,
    Conversation,
    Customer,
    Identity,
    Interaction,
    OutboxMessage,
)
from tests.bot.shop import Shop, add_customer, add_order
from tests.bot.turns import Chat, everything, phrase, values
from tests.conftest import Clock

Opened = Callable[..., Chat]
BOTH = pytest.mark.parametrize("language", ["en", "zh"])
MEI = "8613800138001"


def contact(phone: str, user_id: object) -> IncomingAttachment:
    details = {"phone": phone, "first_name": "x"} | ({"user_id": user_id} if user_id is not None else {})
    return IncomingAttachment(kind="contact", details=details)


# --- linking --------------------------------------------------------------------------------------------------------
@BOTH
@pytest.mark.parametrize("user_id", ["7001", 7001])
def test_ones_own_contact_links(
    store: Store, shop: Shop, stranger: Opened, clock: Clock, language: str, user_id: object
) -> None:
    add_order(store, shop, "mei", "SO-1001", "shipped", {"MILL": 1}, clock(), expected_in=1)
    chat = stranger(language)
    with store.read() as session:
        visitor_id = session.get_one(Identity, chat.identity_id).customer_id
    chat.say("complaint", "something that the visitor wrote")
    chat.say("unsubscribe", "stop")
    reply = chat.say("out_of_scope", "", attachments=[contact(MEI, user_id)])
    assert reply.text == phrase("customer.link.done_name", language, name="李梅")
    mei = shop.customers["mei"]
    with store.read() as session:
        identity = session.get_one(Identity, chat.identity_id)
        assert (identity.customer_id, identity.verified_at, identity.verified_how) == (mei, clock.now, "own contact")
        assert session.get_one(Conversation, chat.conversation_id).customer_id == mei
        assert session.get(Customer, visitor_id) is None
        case = session.execute(select(Case)).scalar_one()
        assert (case.customer_id, case.title) == (mei, "something that the visitor wrote")
        assert session.execute(select(Consent.customer_id)).scalars().all() == [mei]
        note = session.execute(select(Interaction).where(Interaction.kind == "link")).scalar_one()
        assert (note.customer_id, note.direction) == (mei, "internal")
        entry = session.execute(select(AuditEntry)).scalar_one()
        assert (entry.action, entry.reason) == ("identity.link", "own contact")
    assert "SO-1001" in chat.say("order_status", "where is my order").text
    store.vault.forget(mei)
    with store.read() as session:
        assert session.execute(select(Case)).scalar_one().title == ""  # erased together with the customer


@BOTH
@pytest.mark.parametrize("user_id", [None, "", "9999", 0])
def test_another_persons_contact_is_refused(
    store: Store, shop: Shop, stranger: Opened, language: str, user_id: object
) -> None:
    chat = stranger(language)
    reply = chat.say("out_of_scope", "", attachments=[contact(MEI, user_id)])
    assert reply.text == phrase("customer.link.not_own_contact", language)
    assert reply.request_contact
    with store.read() as session:
        assert session.get_one(Identity, chat.identity_id).verified_at is None


@BOTH
def test_an_unknown_number_is_told_what_else_works(store: Store, stranger: Opened, language: str) -> None:
    chat = stranger(language)
    reply = chat.say("link_identity", "", attachments=[contact("+8613900000000", "7001")])
    assert reply.text == phrase("customer.link.unknown", language)
    assert values(reply) == ["talk_to_human:link"]


@BOTH
def test_a_number_of_two_customers_goes_to_a_person(
    store: Store, shop: Shop, stranger: Opened, clock: Clock, language: str
) -> None:
    with store.write() as session:
        add_customer(session, store, "Twin", "twin@example.com", f"+{MEI}", clock())
    chat = stranger(language)
    reply = chat.say("link_identity", "", attachments=[contact(MEI, "7001")])
    assert reply.text == phrase("customer.link.unclear", language)
    assert chat.outcome.hand_over == "link"
    with store.read() as session:
        assert session.get_one(Identity, chat.identity_id).verified_at is None


def test_an_account_of_another_customer_is_not_moved(store: Store, shop: Shop, known: Opened, clock: Clock) -> None:
    chat = known(who="tom", external_id="7001")
    chat.say("link_identity", "", attachments=[contact(MEI, "7001")])
    assert chat.outcome.hand_over == "link"
    with store.read() as session:
        assert session.get_one(Identity, chat.identity_id).customer_id == shop.customers["tom"]


def test_sharing_twice_changes_nothing(store: Store, shop: Shop, stranger: Opened) -> None:
    chat = stranger()
    chat.say("link_identity", "", attachments=[contact(MEI, "7001")])
    again = chat.say("link_identity", "", attachments=[contact(MEI, "7001")])
    assert again.text == phrase("customer.link.already", "en")
    with store.read() as session:
        assert len(session.execute(select(AuditEntry)).all()) == 1


@BOTH
def test_nobody_is_linked_on_a_sentence(
    store: Store, shop: Shop, stranger: Opened, clock: Clock, language: str
) -> None:
    add_order(store, shop, "mei", "SO-1001", "shipped", {"MILL": 1}, clock(), expected_in=1)
    add_order(store, shop, "mei", "SO-1002", "paid", {"BOX": 1}, clock(), age_days=1)
    chat = stranger(language)
    reply = chat.say("link_identity", "I am li.mei@example.com", email="li.mei@example.com")
    assert reply.text == phrase("customer.link.not_by_words", language)
    assert reply.request_contact
    opened = chat.say("", "SO-1001", answers=True, order_id="SO-1001")
    assert "SO-1001" in opened.text
    with store.read() as session:
        assert session.get_one(Identity, chat.identity_id).verified_at is None
    assert "SO-1002" not in everything(chat.say("order_status", "all my orders"))


@BOTH
def test_how_to_be_known(stranger: Opened, known: Opened, language: str) -> None:
    assert stranger(language).say("link_identity", "I am a customer").text == phrase("customer.link.how", language)
    assert known(language).say("link_identity", "I am a customer").text == phrase("customer.link.already", language)


# --- groups ---------------------------------------------------------------------------------------------------------
@BOTH
def test_nothing_personal_where_others_read_along(
    store: Store, shop: Shop, known: Opened, clock: Clock, language: str
) -> None:
    add_order(store, shop, "mei", "SO-1001", "shipped", {"MILL": 1}, clock(), expected_in=1)
    chat = known(language)
    chat.direct = False
    for intent in ("order_status", "cancel_order", "refund_status", "unsubscribe", "link_identity", "data_access"):
        assert chat.say(intent, "x", order_id="SO-1001").text == phrase("customer.private_only", language)
    for intent in ("greeting", "product_recommend", "faq"):
        shown = everything(chat.say(intent, "like last time"))
        assert "李梅" not in shown
        for mill in ("Travel mill", "旅行磨豆机"):
            assert phrase("customer.recommend.like", language, name=mill) not in shown
    chat.direct, chat.sender_id = True, "somebody else"
    assert chat.say("order_status", "x").text == phrase("customer.private_only", language)


# --- consent --------------------------------------------------------------------------------------------------------
def _queue(store: Store, customer_id: int, purpose: str, state: str, clock: Clock) -> int:
    with store.write() as session:
        row = OutboxMessage(
            customer_id=customer_id,
            purpose=purpose,
            channel="telegram",
            account="bot",
            chat_id="7002",
            state=state,
            queued_at=clock(),
            reply="{}",
        )
        session.add(row)
        return row.id


@BOTH
def test_unsubscribing_works_at_once(store: Store, shop: Shop, known: Opened, clock: Clock, language: str) -> None:
    mei, tom = shop.customers["mei"], shop.customers["tom"]
    with store.write() as session:
        session.add(
            Consent(
                customer_id=mei, kind="marketing", channel="telegram", granted=True, how="shop",
                occurred_at=clock() - timedelta(days=9),
            )
        )  # fmt: skip
    rows = {
        "queued ad": (_queue(store, mei, "proactive", "queued", clock), "cancelled"),
        "held ad": (_queue(store, mei, "proactive", "held", clock), "cancelled"),
        "sent ad": (_queue(store, mei, "proactive", "sent", clock), "sent"),
        "answer": (_queue(store, mei, "reply", "queued", clock), "queued"),
        "another's ad": (_queue(store, tom, "proactive", "queued", clock), "queued"),
    }
    chat = known(language)
    assert chat.say("unsubscribe", "stop").text == phrase("customer.unsubscribe.done", language)
    with store.read() as session:
        assert {name: session.get_one(OutboxMessage, row).state for name, (row, _) in rows.items()} == {
            name: state for name, (_, state) in rows.items()
        }
        newest = (
            session.execute(select(Consent).order_by(Consent.occurred_at.desc(), Consent.id.desc())).scalars().first()
        )
        assert newest is not None
        assert (newest.customer_id, newest.kind, newest.channel, newest.granted) == (mei, "marketing", "", False)
    chat.now += timedelta(minutes=1)
    assert chat.say("unsubscribe", "stop").text == phrase("customer.unsubscribe.again", language)
    with store.read() as session:
        assert len(session.execute(select(Consent).where(Consent.granted.is_(False))).all()) == 1


def _agreed(store: Store, customer_id: int, clock: Clock) -> int:
    """Somebody who said yes to marketing a while ago and is about to get some; the row that waits."""
    with store.write() as session:
        before = clock() - timedelta(days=9)
        session.add(Consent(customer_id=customer_id, kind="marketing", granted=True, how="shop", occurred_at=before))
    return _queue(store, customer_id, "proactive", "queued", clock)


def _word(store: Store, customer_id: int) -> Consent | None:
    with store.read() as session:
        return consent.newest(session, customer_id)


def _opens(chat: Chat, store: Store, shop: Shop, clock: Clock) -> None:
    chat.say("order_status", "SO-1001", order_id="SO-1001", email="li.mei@example.com")
    assert chat.memory.shown("opened")


@pytest.mark.parametrize(("intent", "text"), [("unsubscribe", "no more ads"), ("set_preferences", "no promotions")])
def test_a_no_reaches_whose_order_was_opened_here(
    store: Store, shop: Shop, stranger: Opened, clock: Clock, intent: str, text: str
) -> None:
    mei, tom = shop.customers["mei"], shop.customers["tom"]
    add_order(store, shop, "mei", "SO-1001", "shipped", {"MILL": 1}, clock(), expected_in=1)
    waits, others = _agreed(store, mei, clock), _agreed(store, tom, clock)
    chat = stranger("en")
    _opens(chat, store, shop, clock)
    chat.now += timedelta(days=3)  # the order may not be shown any more; whose chat it is was proven all the same
    chat.say(intent, text)
    said = _word(store, mei)
    assert said is not None
    assert (said.granted, said.channel, said.how) == (False, "", "said in telegram, order SO-1001")
    with store.read() as session:
        assert session.get_one(OutboxMessage, waits).state == "cancelled"
        assert session.get_one(OutboxMessage, others).state == "queued"
    chat.say("set_preferences", "send me promotions")
    assert getattr(_word(store, mei), "granted", None) is False, "a yes does not travel"


def test_a_forged_proof_refuses_for_nobody(store: Store, shop: Shop, stranger: Opened, clock: Clock) -> None:
    add_order(store, shop, "mei", "SO-1001", "shipped", {"MILL": 1}, clock(), expected_in=1)
    _agreed(store, shop.customers["mei"], clock)
    chat, other = stranger("en"), stranger("en", "7005")
    _opens(chat, store, shop, clock)
    other.memory.show("opened", chat.memory.shown("opened"))
    other.say("unsubscribe", "stop")
    assert getattr(_word(store, shop.customers["mei"]), "granted", None) is True


@pytest.mark.parametrize("later_yes", [False, True])
def test_a_no_before_the_order_is_opened_counts_unless_they_said_yes_since(
    store: Store, shop: Shop, stranger: Opened, clock: Clock, later_yes: bool
) -> None:
    mei = shop.customers["mei"]
    add_order(store, shop, "mei", "SO-1001", "shipped", {"MILL": 1}, clock(), expected_in=1)
    _agreed(store, mei, clock)
    chat = stranger("en")
    chat.say("unsubscribe", "stop")
    if later_yes:
        with store.write() as session:
            since = chat.now + timedelta(minutes=1)
            session.add(Consent(customer_id=mei, kind="marketing", granted=True, how="shop", occurred_at=since))
    chat.now += timedelta(minutes=2)
    _opens(chat, store, shop, clock)
    assert getattr(_word(store, mei), "granted", None) is later_yes


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "please send me news and offers"), ("en", "subscribe me to your newsletter"),
     ("en", "I want to receive your promotions again"), ("zh", "我想接收你们的优惠消息"), ("zh", "请给我发特别优惠")],
)  # fmt: skip
def test_a_wish_for_offers_is_a_yes_even_if_taken_for_the_opposite(
    store: Store, shop: Shop, known: Opened, language: str, text: str
) -> None:
    chat = known(language)
    chat.say("unsubscribe", "stop")
    chat.now += timedelta(minutes=1)
    reply = chat.say("unsubscribe", text)
    kinds = phrase("customer.preferences.kinds.marketing", language)
    assert phrase("customer.preferences.wanted", language, kinds=kinds) in reply.text
    assert getattr(_word(store, shop.customers["mei"]), "granted", None) is True


@pytest.mark.parametrize(
    "text",
    ["I don't want your newsletter", "why do you send me offers", "you keep sending me offers", "take me off the list",
     "I want out of your newsletter", "别再给我发广告", "你们天天给我发优惠", "请帮我退订促销短信",
     "stop telling me about deals"],
)  # fmt: skip
def test_what_may_mean_the_opposite_stays_a_no(store: Store, shop: Shop, known: Opened, text: str) -> None:
    known("en").say("unsubscribe", text)
    assert getattr(_word(store, shop.customers["mei"]), "granted", None) is False


@pytest.mark.parametrize(("language", "text"), [("en", "resume marketing emails"), ("zh", "恢复营销邮件")])
def test_mail_that_is_wanted_again_is_no_wish_for_mail_alone(
    store: Store, shop: Shop, known: Opened, language: str, text: str
) -> None:
    chat = known(language)
    chat.say("unsubscribe", "stop")
    chat.now += timedelta(minutes=1)
    reply = chat.say("set_preferences", text)
    kinds = phrase("customer.preferences.kinds.marketing", language)
    mail = phrase("customer.preferences.channels.email", language)
    assert phrase("customer.preferences.on", language, kinds=kinds, channel=mail) in reply.text
    with store.read() as session:
        assert preferences.read(session, shop.customers["mei"]).channel is None
    word = _word(store, shop.customers["mei"])
    assert word is not None
    assert (word.granted, word.channel) == (True, "email")


@pytest.mark.parametrize(
    ("text", "changes"),
    [("email me offers please", {"kinds": {"marketing": True}, "on": "email"}),
     ("only email me", {"channel": "email"}), ("no more marketing emails", {"kinds": {"marketing": False}}),
     ("turn my emails back on", {}), ("只用微信联系我", {"channel": "wechat"}), ("use email", {"channel": "email"}),
     ("order updates by email please", {"kinds": {"orders": True}, "channel": "email"})],
)  # fmt: skip
def test_a_channel_is_for_everything_or_for_what_is_named(text: str, changes: dict[str, object]) -> None:
    assert preference_words.read(text).changes == changes


# --- language -------------------------------------------------------------------------------------------------------
def test_switching_the_language(stranger: Opened) -> None:
    chat = stranger("en")
    assert chat.say("switch_language", "可以讲中文吗", language="zh").text == phrase("customer.language.done", "zh")
    assert chat.outcome.language == "zh"
    assert chat.press("switch_language:en").text == phrase("customer.language.done", "en")
    french = chat.say("switch_language", "parlez-vous français", language="fr")
    assert french.text == phrase("customer.language.other", "en")
    assert chat.outcome.language is None
    assert values(chat.say("switch_language", "another language")) == ["switch_language:en", "switch_language:zh"]


# --- names in public ------------------------------------------------------------------------------------------------
@BOTH
def test_a_name_in_public_is_kept_after_a_yes_and_forgotten_at_a_word(
    store: Store, shop: Shop, known: Opened, language: str
) -> None:
    chat, mei = known(language), shop.customers["mei"]
    said, forget = {"en": ("my weibo is @tea", "forget my weibo"), "zh": ("我的微博叫tea", "忘掉我的微博")}[language]
    network = phrase("public.networks.weibo", language)
    assert chat.say("link_identity", said).text == phrase(
        "customer.public_name.sure", language, network=network, name="@tea"
    )
    assert chat.say("", "no", answers=True, confirmed=False).text == phrase("customer.public_name.kept_out", language)
    with store.read() as session:
        assert "weibo" not in session.get_one(Customer, mei).custom
    chat.say("link_identity", said)
    kept = chat.say("", "yes", answers=True, confirmed=True)
    assert kept.text == phrase("customer.public_name.kept", language, network=network, name="@tea")
    with store.read() as session:
        assert session.get_one(Customer, mei).custom["weibo"] == "@tea"
    forgotten = chat.say("link_identity", forget)
    assert forgotten.text == phrase("customer.public_name.forgotten", language, network=network)
    assert chat.say("link_identity", forget).text == phrase("customer.public_name.unknown", language, network=network)
    with store.read() as session:
        assert "weibo" not in session.get_one(Customer, mei).custom
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert [each for each in actions if each.startswith("identity")] == ["identity.link", "identity.unlink"]


@BOTH
def test_a_stranger_s_name_in_public_is_not_kept(store: Store, stranger: Opened, language: str) -> None:
    chat = stranger(language)
    reply = chat.say("link_identity", "my weibo is @tea")
    network = phrase("public.networks.weibo", language)
    assert reply.text == phrase("customer.public_name.who", language, network=network)
    assert chat.question is None
