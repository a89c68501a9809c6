"""Campaigns in the chat: asked for what is missing, shown with counts, started after a yes, stopped, told of."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.campaigning import Office, run
from crm_core import access
from crm_core.database import Store
from crm_core.models import AuditEntry, Campaign, CampaignContact, Consent, Conversation, OutboxMessage
from crm_core.query.conditions import Conditions
from tests.bot.handlers.agent_turns import NOW, Colleague, Floor, buttons
from tests.bot.shop import add_order
from tests.bot.turns import PHRASES, SETTINGS, phrase

CREATE = "campaign_create"
WHOLE = 'email and telegram campaign called "tea week" to everyone: "Hi {name}, tea week!" "{name}，茶周到了！"'


@pytest.fixture
def floor(store: Store, tmp_path: Path) -> Floor:
    """Mei may be written to on Telegram; Tom never said so."""
    floor = Floor(store, tmp_path / "files")
    add_order(store, floor.shop, "mei", "SO-1", "delivered", {"MILL": 1}, NOW, age_days=90)
    floor.chat(floor.shop.customers["mei"], external_id="7001")
    floor.chat(floor.shop.customers["tom"], external_id="7002")
    with store.write() as session:
        session.add(
            Consent(
                customer_id=floor.shop.customers["mei"], kind="marketing", granted=True, how="shop",
                occurred_at=NOW - timedelta(days=60),
            )
        )  # fmt: skip
    return floor


@pytest.fixture(params=["en", "zh"])
def manager(request: pytest.FixtureRequest, floor: Floor) -> Colleague:
    return Colleague(floor, role="manager", staff_id=2, language=request.param)


def only(floor: Floor) -> Campaign:
    (campaign,) = floor.rows(Campaign)
    return campaign


def sent(floor: Floor, hours: float = 0) -> int:
    office = Office(floor.store, PHRASES, SETTINGS, ("telegram", "email"), lambda rows: None)
    return run(office, NOW + timedelta(hours=hours))["queued"]


def started(manager: Colleague, text: str = WHOLE) -> Campaign:
    manager.says(CREATE, text)
    manager.says("answer", "yes", confirmed=True)
    return only(manager.floor)


def test_one_sentence_is_enough_and_nothing_goes_before_a_yes(manager: Colleague) -> None:
    asked = manager.says(CREATE, WHOLE)
    assert "tea week" in asked.text
    assert phrase("campaigns.reasons.no_consent", manager.language, count=1) in asked.text
    assert "Hi Anna, tea week!" in asked.text
    assert "林悦，茶周到了！" in asked.text
    assert "STOP" in asked.text
    assert "退订" in asked.text
    assert (only(manager.floor).state, sent(manager.floor)) == ("draft", 0)
    done = manager.says("answer", "yes", confirmed=True)
    assert "tea week" in done.text
    campaign = only(manager.floor)
    assert (campaign.state, campaign.approved_by_id, campaign.channels) == ("approved", 2, ["email", "telegram"])
    assert sent(manager.floor) + len([one for one in manager.floor.rows(CampaignContact) if one.held_out]) == 1
    noted = {(row.action, row.subject) for row in manager.floor.rows(AuditEntry)}
    assert {("campaign.write", "campaign:tea week"), ("campaign.read", "campaign:tea week")} <= noted


def test_step_by_step_it_asks_for_what_is_missing(floor: Floor) -> None:
    manager = Colleague(floor, role="manager", staff_id=2)
    assert manager.says(CREATE, "create a campaign").text == phrase("campaigns.ask_audience", "en")
    assert "florp" in manager.answers("florp glumps").text
    assert manager.answers("spent over 300").text == phrase("campaigns.ask_text", "en")
    refused = manager.answers("call {phone}").text
    assert "cannot fill {phone}. In braces only {name}, {business}" in refused
    other = manager.answers("Hello {name}\n---\nHi {name}")
    assert other.text == "And in Chinese? The same number of texts, in the same order, with --- between them."
    assert "2" in manager.answers("你好，{name}").text
    channels = manager.answers("你好，{name}\n---\n{name}，嗨")
    assert "campaign_create:on:telegram" in buttons(channels)
    shown = manager.says("answer", "only telegram")
    assert "2 texts" in shown.text
    assert "B · Chinese" in shown.text
    campaign = only(floor)
    assert campaign.channels == ["telegram"]
    assert campaign.variants[1] == {"key": "B", "en": "Hi {name}", "zh": "{name}，嗨"}
    assert manager.says("answer", "no", confirmed=False).text == phrase("campaigns.discarded", "en")
    assert floor.rows(Campaign) == []


@pytest.mark.parametrize(
    "text",
    [
        "给所有客户做活动“茶周二”：“Hi {name}, tea!” “{name}，喝茶！”",
        'create a campaign "Tea Tuesday" for everybody on telegram: "Hi {name}, tea!" "{name}，喝茶！"',
    ],
)
def test_what_a_campaign_is_called_is_none_of_its_texts(floor: Floor, text: str) -> None:
    manager = Colleague(floor, role="manager", staff_id=2)
    manager.says(CREATE, text)
    if manager.question and "asked" in manager.question.slots:
        manager.says("answer", "only telegram")
    assert only(floor).name in ("茶周二", "Tea Tuesday")
    assert only(floor).variants == [{"key": "A", "en": "Hi {name}, tea!", "zh": "{name}，喝茶！"}]


def test_a_text_in_the_wrong_language_is_asked_about_and_a_new_wish_begins_anew(floor: Floor) -> None:
    manager = Colleague(floor, role="manager", staff_id=2)
    manager.says(CREATE, 'create a campaign for everybody: "Hi {name}"')
    assert "not in Chinese" in manager.answers("Hello {name}").text
    again = manager.answers("create a campaign")
    assert again.text == phrase("campaigns.ask_audience", "en")
    assert floor.rows(Campaign) == []


@pytest.mark.parametrize("text", ["preview", "start it", "预览一下", "开始"])
def test_an_order_is_no_text_for_customers(floor: Floor, text: str) -> None:
    manager = Colleague(floor, role="manager", staff_id=2)
    manager.says(CREATE, "create a campaign for everybody")
    assert manager.answers(text).text == phrase("campaigns.text_problem.order", "en")
    assert manager.answers("Preview our new teas!").text.startswith("And in Chinese?")


def test_a_channel_that_is_not_set_up_is_said_and_not_replaced(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.handlers.manager.campaigns.channels_of", lambda turn: ("web",))
    manager = Colleague(floor, role="manager", staff_id=2)
    asked = manager.says(CREATE, 'email campaign to all customers: "Hi" "你好"')
    assert "Not set up here: e-mail" in asked.text
    assert floor.rows(Campaign) == []
    manager.says("answer", "web chat")
    assert only(floor).channels == ["web"]


def test_what_nobody_can_fill_is_refused_in_one_sentence_too(floor: Floor) -> None:
    manager = Colleague(floor, role="manager", staff_id=2)
    asked = manager.says(CREATE, 'telegram campaign to everyone: "Hi {name}, is {email} yours?" "{name}，喝茶！"')
    assert "cannot fill {email}" in asked.text
    assert floor.rows(Campaign) == []
    manager.answers("Hi {name}, tea!")
    assert only(floor).variants == [{"key": "A", "en": "Hi {name}, tea!", "zh": "{name}，喝茶！"}]


def kept(floor: Floor, **states: str) -> dict[str, int]:
    """Campaigns with two texts, in these states; the last one is the newest."""
    with floor.store.write() as session:
        said = {**Conditions().dump(), "said_at": NOW.isoformat()}
        rows = {
            name: Campaign(
                name=name.replace("_", " "), state=state, channels=["telegram"], conditions=[said],
                variants=[{"key": key, "en": "Hi", "zh": "好"} for key in "AB"],
                created_at=NOW + timedelta(minutes=number),
            )
            for number, (name, state) in enumerate(states.items())
        }  # fmt: skip
        session.add_all(rows.values())
        session.flush()
        return {name: row.id for name, row in rows.items()}


def test_the_one_that_is_named_or_spoken_of_is_meant_and_of_several_it_is_asked_which(manager: Colleague) -> None:
    ids = kept(manager.floor, Tea_one="done", Tea_two="running", Mugs="paused", Sale="draft")
    which = phrase("campaigns.which", manager.language)
    assert manager.says("campaign_report", "how did TEA TWO do").text.startswith("Tea two")
    assert manager.says("experiment_result", "did a beat b").text.startswith("Tea two")
    manager.memory.forget("campaign")
    asked = manager.says("experiment_result", "did a beat b")
    assert (asked.text, buttons(asked)) == (
        which,
        [f"experiment_result:show:{ids[n]}" for n in ("Mugs", "Tea_two", "Tea_one")],
    )
    assert manager.says("experiment_result", "tea one").text.startswith("Tea one")
    asked = manager.says("campaign_report", "the tea campaign")
    assert buttons(asked) == [f"campaign_report:show:{ids[name]}" for name in ("Tea_two", "Tea_one")]
    assert manager.says("campaign_report", "the second one", ordinal=2).text.startswith("Tea one")
    assert manager.says("campaign_report", "how did the last campaign do").text.startswith("Mugs")
    manager.memory.forget("campaign")
    asked = manager.says("campaign_stop", "pause the campaign")
    assert asked.text == which or "Tea two" in asked.text


def test_a_draft_is_started_by_its_name_and_stays_after_a_no(manager: Colleague) -> None:
    ids = kept(manager.floor, Sale="draft", Mugs="paused", Tea_two="running")
    for said in ("start the campaign", "start sale", "launch the draft"):
        shown = manager.says(CREATE, said)
        assert phrase("campaigns.confirm", manager.language) in shown.text
        no = manager.says("answer", "no", confirmed=False)
        assert no.text == phrase("campaigns.stays", manager.language, name="Sale")
    assert "Tea two" in manager.says(CREATE, "start tea two").text
    assert manager.says(CREATE, "start mugs").text == phrase(
        "campaigns.none_waited.resumed", manager.language, name="Mugs"
    )
    kept(manager.floor, Sale_again="draft")
    manager.memory.forget("campaign")
    asked = manager.says(CREATE, "start the campaign")
    assert f"{CREATE}:start:{ids['Sale']}" in buttons(asked)
    assert phrase("campaigns.confirm", manager.language) in manager.says(CREATE, "sale again").text
    assert manager.says("answer", "yes", confirmed=True).text.count("Sale again") == 1
    assert manager.says(CREATE, "start a campaign").text == phrase("campaigns.ask_audience", manager.language)


def test_all_of_them_in_a_list_and_a_draft_is_thrown_away_by_name(manager: Colleague) -> None:
    ids = kept(manager.floor, Tea_one="done", Tea_two="running", Sale="draft")
    told = manager.says("campaign_report", "which campaigns are running")
    assert told.table is not None
    assert [row[0] for row in told.table.rows] == ["Tea two"]
    told = manager.says("campaign_report", "有哪些活动")
    assert told.table is not None
    assert [row[0] for row in told.table.rows] == ["Sale", "Tea two", "Tea one"]
    assert buttons(told)[1] == f"campaign_report:show:{ids['Tea_two']}"
    refused = manager.says("campaign_stop", "delete tea two")
    assert "Tea two" in refused.text
    assert manager.says("campaign_stop", "discard the sale draft").text == phrase(
        "campaigns.discarded", manager.language
    )
    assert {row.name for row in manager.floor.rows(Campaign)} == {"Tea one", "Tea two"}


def test_a_time_is_kept_and_nothing_goes_before(floor: Floor) -> None:
    manager = Colleague(floor, role="manager", staff_id=2)
    campaign = started(manager, WHOLE + " tomorrow 10am")
    assert campaign.starts_at is not None
    assert campaign.starts_at > NOW
    assert sent(floor) == 0


def test_who_would_get_it_can_be_asked_without_a_text(manager: Colleague) -> None:
    told = manager.says("campaign_preview", "who would get a campaign to everyone")
    assert phrase("campaigns.reasons.no_consent", manager.language, count=1) in told.text
    assert manager.floor.rows(Campaign) == []


def test_pausing_resuming_and_stopping(manager: Colleague) -> None:
    campaign = started(manager)
    with manager.floor.store.write() as session:
        session.get_one(Campaign, campaign.id).held_out_milli = 0
    assert sent(manager.floor) == 1
    paused = manager.says("campaign_stop", "pause the campaign")
    assert paused.text == phrase("campaigns.paused", manager.language, name="tea week", count=1)
    assert f"campaign_stop:resume:{campaign.id}" in buttons(paused)
    resumed = manager.presses(f"campaign_stop:resume:{campaign.id}")
    assert resumed.text == phrase("campaigns.resumed", manager.language, name="tea week", count=1)
    asked = manager.says("campaign_stop", "stop tea week")
    assert asked.text == phrase("campaigns.confirm_stop", manager.language, name="tea week")
    assert only(manager.floor).state == "approved"
    stopped = manager.says("answer", "yes", confirmed=True)
    assert stopped.text == phrase("campaigns.stopped", manager.language, name="tea week", count=1)
    assert [row.state for row in manager.floor.rows(OutboxMessage) if row.purpose == "proactive"] == ["cancelled"]
    again = manager.presses(f"campaign_stop:pause:{campaign.id}")
    assert "tea week" in again.text
    assert only(manager.floor).state == "stopped"


def test_the_report_says_when_it_is_too_early(manager: Colleague) -> None:
    manager.says(
        CREATE, 'campaign called "ab" on telegram to everyone: "One {name}" "Two {name}" "一 {name}" "二 {name}"'
    )
    manager.says("answer", "yes", confirmed=True)
    sent(manager.floor)
    told = manager.says("campaign_report", "how did ab do")
    assert told.table is not None
    assert [row[0] for row in told.table.rows] == ["A", "B"]
    assert phrase("campaigns.too_early", manager.language) in told.text
    split = manager.says("experiment_result", "did a beat b")
    assert "50 %" in split.text or "49 %" in split.text or "51 %" in split.text
    assert phrase("campaigns.too_early", manager.language) in split.text


def test_what_did_not_arrive_is_told_at_once_with_the_reason(manager: Colleague) -> None:
    started(manager)
    with manager.floor.store.write() as session:
        session.execute(update(Campaign).values(held_out_milli=0))
    sent(manager.floor)
    with manager.floor.store.write() as session:
        row = session.execute(select(OutboxMessage).where(OutboxMessage.purpose == "proactive")).scalar_one()
        row.state, row.error = "failed", "There is no such chat."
    told = manager.says("campaign_report", "how did tea week do")
    assert told.table is not None
    columns = ("variant", "sent", "failed", "waiting")
    assert dict(zip(columns, told.table.rows[0], strict=False)) == {
        "variant": "A", "sent": "0", "failed": "1", "waiting": "0",
    }  # fmt: skip
    assert "There is no such chat." in told.text


def test_a_web_chat_that_nobody_opened_reaches_nobody(floor: Floor) -> None:
    with floor.store.write() as session:
        for chat in session.execute(select(Conversation).where(Conversation.channel == "telegram")).scalars():
            chat.channel = "web"
    manager = Colleague(floor, role="manager", staff_id=2)
    seen = manager.says(CREATE, WHOLE.replace("email and telegram", "web"))
    assert "minute: 0" in seen.text
    with floor.store.write() as session:
        for chat in session.execute(select(Conversation).where(Conversation.channel == "web")).scalars():
            chat.chat_id = f"visitor-{chat.id:032d}"
        session.execute(update(Campaign).values(held_out_milli=0))
    assert "minute: 1" in manager.says("campaign_preview", "who would get tea week").text


def test_there_may_be_none(manager: Colleague) -> None:
    for intent, key in (
        ("campaign_report", "none"), ("experiment_result", "none"), ("campaign_preview", "none"),
        ("campaign_stop", "none_running"),
    ):  # fmt: skip
        assert manager.says(intent, "the campaign").text == phrase(f"campaigns.{key}", manager.language)


def test_agents_may_not(floor: Floor) -> None:
    for right in ("campaign.read", "campaign.write"):
        assert right in access.MANAGER_ACTIONS
        assert right not in access.AGENT_ACTIONS
