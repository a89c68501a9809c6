"""Campaigns in the chat: made step by step or in one sentence, looked at, started after a yes, stopped, told of."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot import wording
from bot.campaign_orders import drops, started_name
from bot.campaigning import FIELDS, LONGEST, problem, unknown_fields
from bot.handlers.agent.asking import confirming, declined
from bot.handlers.manager.asking import ManagerTurn
from bot.handlers.manager.campaign_choice import ask_which, asked_action, chosen, named_or_spoken_of, with_id
from bot.handlers.manager.campaign_list import asks_for_several, listed
from bot.handlers.manager.campaign_reading import (
    KEYS,
    Form,
    audience_in,
    begins_anew,
    channels_in,
    is_chinese,
    is_everybody,
    is_order,
    read,
    says_all,
    texts_in,
)
from bot.handlers.manager.campaign_words import (
    audience_of,
    buttons,
    channels_of,
    experimented,
    previewed,
    reported,
    rules_of,
    start_of,
    state_of,
)
from bot.handlers.manager.segment_reading import in_words
from bot.messages import Choice, Reply
from bot.outbox import remember_queued
from crm_core.errors import NotPossible
from crm_core.models import Campaign
from crm_core.query.conditions import Conditions
from crm_core.staff.campaigns import Plan

CREATE, STOP, EXPERIMENT = "campaign_create", "campaign_stop", "experiment_result"
BEGUN = ("approved", "running", "paused", "done", "stopped")
ALIVE = ("draft", "approved", "running", "paused")
OTHER = {"en": "zh", "zh": "en"}
LONGEST_NO = 25
"""Characters of a no; the text of a campaign may begin with one, too."""


# --- making ---------------------------------------------------------------------------------------------------------
def campaign_create(turn: ManagerTurn) -> Reply:
    """Ask for what a sentence left out, show who would get it, and start it after a yes."""
    if turn.slots.get("language"):
        turn = replace(turn, language=turn.slots["language"])
    if turn.question:
        answered = _of_question(turn)
        if answered is not None:
            return answered
    action, _, rest = turn.argument.partition(":")
    if turn.message.kind == "button" and action in ("start", "discard"):
        return _pressed(turn, action, rest)
    begun = _start_of_one(turn) if turn.message.kind != "button" else None
    if begun is not None:
        return begun
    form, unused = read(turn)
    return _next(turn, form, unused if unused and form.conditions is None else ())


def _start_of_one(turn: ManagerTurn) -> Reply | None:
    """The reply to "start the campaign", "start Tea two"; None where a new one shall be made."""
    if asked_action(turn) == "start":
        meant = chosen(turn, CREATE, "start", lambda one: one.state == "draft")
        return meant if meant is None or isinstance(meant, Reply) else _start(turn, meant)
    said = started_name(turn.understanding.text)
    found = named_or_spoken_of(turn, said, lambda one: one.state == "draft") if said else []
    if len(found) > 1:
        return ask_which(turn, found, CREATE, "start")
    return _start(turn, found[0]) if found else None


def _start(turn: ManagerTurn, campaign: Campaign) -> Reply:
    """A draft is shown and asked about; one that is paused goes on, as it was approved before."""
    if campaign.state == "paused":
        return _act(turn, campaign, "resume")
    return _asked_to_start(turn, campaign, kept=True) if campaign.state == "draft" else _refused(turn, campaign)


def _of_question(turn: ManagerTurn) -> Reply | None:
    """The reply to what answers our question; None where a campaign is begun anew instead."""
    text = turn.understanding.text
    if declined(turn) and (len(text) <= LONGEST_NO or "campaign" in turn.slots):
        return _declined(turn)
    if "campaign" in turn.slots:
        return _started(turn, int(turn.slots["campaign"]))
    return _answered(turn, Form.load(turn.slots)) if "asked" in turn.slots and not begins_anew(text) else None


def _next(turn: ManagerTurn, form: Form, unused: tuple[str, ...] = ()) -> Reply:
    """Ask for the first part that is missing; with all of them, keep a draft and ask whether to start it."""
    connected = channels_of(turn)
    if not connected or set(form.channels) - set(connected):
        return _ask_instead(turn, form, connected)
    if form.conditions is None:
        words = turn.say("agent.query.quoted").join(unused)
        asked = turn.reply("campaigns.not_understood", words=words) if turn.slots and words else None
        return _ask(turn, form, "audience", asked or turn.reply("campaigns.ask_audience"), wants="text")
    if form.refused or not (form.en or form.zh):
        return _ask_texts(turn, form)
    if len(form.en) != len(form.zh):
        return _ask_other(turn, form)
    if not form.channels and len(connected) > 1:
        return _ask_channels(turn, form, connected)
    form.channels = form.channels or list(connected)
    return _drafted(turn, form)


def _ask(turn: ManagerTurn, form: Form, part: str, reply: Reply, wants: str = "prose") -> Reply:
    form.asked = part
    turn.ask(wants, CREATE, **form.dump())
    return reply


def _ask_texts(turn: ManagerTurn, form: Form) -> Reply:
    """For the texts; for one anew where something stood in braces that nobody can fill."""
    refused, form.refused = form.refused, []
    part = "texts" if bool(form.en) == bool(form.zh) else "zh" if form.en else "en"
    return _ask(turn, form, part, Reply(text=_braces(turn, refused)) if refused else turn.reply("campaigns.ask_text"))


def _braces(turn: ManagerTurn, refused: Sequence[str]) -> str:
    listed = (wording.listed(names, turn.language) for names in (refused, [f"{{{name}}}" for name in FIELDS]))
    return turn.say("campaigns.text_problem.braces", **dict(zip(("refused", "allowed"), listed, strict=True)))


def _ask_other(turn: ManagerTurn, form: Form) -> Reply:
    """The texts in the other language: as many as there are in the first."""
    known, missing = ("en", "zh") if len(form.en) >= len(form.zh) else ("zh", "en")
    told = turn.say(f"campaigns.languages.{missing}")
    if getattr(form, missing):
        first, second = len(getattr(form, known)), len(getattr(form, missing))
        setattr(form, missing, [])
        text = turn.say("campaigns.text_problem.count", first=first, second=second, language=told)
    else:
        text = turn.say("campaigns.ask_other", language=told)
    same = Choice(label=turn.say("campaigns.same_text"), value=f"{CREATE}:same")
    return _ask(turn, form, missing, Reply(text=text, choices=(same,)))


def _ask_channels(turn: ManagerTurn, form: Form, connected: tuple[str, ...]) -> Reply:
    choices = [Choice(label=turn.say("campaigns.all_channels"), value=f"{CREATE}:on:all", style="primary")]
    choices += [Choice(label=turn.say(f"campaigns.channels.{one}"), value=f"{CREATE}:on:{one}") for one in connected]
    reply = Reply(text=turn.say("campaigns.ask_channels"), choices=tuple(choices))
    return _ask(turn, form, "channels", reply, wants="text")


def _ask_instead(turn: ManagerTurn, form: Form, connected: tuple[str, ...]) -> Reply:
    """A channel that was named and is not set up is never replaced in silence."""
    if not connected:
        return turn.reply("campaigns.no_channel")
    missing = [turn.say(f"campaigns.channels.{one}") for one in form.channels if one not in connected]
    form.channels = []
    text = turn.say("campaigns.not_connected", channels=wording.listed(missing, turn.language))
    choices = tuple(
        Choice(label=turn.say(f"campaigns.channels.{one}"), value=f"{CREATE}:on:{one}") for one in connected
    )
    return _ask(turn, form, "channels", Reply(text=text, choices=choices), wants="text")


def _answered(turn: ManagerTurn, form: Form) -> Reply:
    """Put what was asked for into the form."""
    return _ANSWERS.get(form.asked, _texts_given)(turn, form)


def _audience_given(turn: ManagerTurn, form: Form) -> Reply:
    text = turn.understanding.text
    conditions = audience_in(turn, text)
    if conditions.all or is_everybody(text):
        form.conditions = conditions.dump()
    return _next(turn, form, conditions.unused)


def _channels_given(turn: ManagerTurn, form: Form) -> Reply:
    said, connected = turn.understanding.text or turn.argument, channels_of(turn)
    form.channels = channels_in(said)
    if not form.channels and says_all(said):
        form.channels = list(connected)
    return _next(turn, form)


def _texts_given(turn: ManagerTurn, form: Form) -> Reply:
    """Texts in the language in which they were written, or the same ones for both."""
    if turn.message.kind == "button" and turn.argument == "same":
        form.en, form.zh = form.en or form.zh, form.zh or form.en
        return _next(turn, form)
    texts = texts_in(turn.message.text or turn.understanding.text)
    wrong = next((found for text in texts if (found := problem(text))), "" if texts else "empty")
    wrong = "many" if len(texts) > len(KEYS) else "order" if len(texts) == 1 and is_order(texts[0]) else wrong
    if wrong == "braces":
        refused = list(dict.fromkeys(one for text in texts for one in unknown_fields(text)))
        return _ask(turn, form, form.asked, Reply(text=_braces(turn, refused)))
    if wrong:
        return _ask(turn, form, form.asked, turn.reply(f"campaigns.text_problem.{wrong}", most=LONGEST))
    wanted = form.asked if form.asked in OTHER else "zh" if is_chinese(texts[0]) else "en"
    if form.asked in OTHER and any(is_chinese(text) != (wanted == "zh") for text in texts):
        told = turn.say(f"campaigns.languages.{wanted}")
        same = Choice(label=turn.say("campaigns.same_text"), value=f"{CREATE}:same")
        reply = Reply(text=turn.say("campaigns.text_problem.language", language=told), choices=(same,))
        return _ask(turn, form, form.asked, reply)
    setattr(form, wanted, texts)
    return _next(turn, form)


_ANSWERS: dict[str, Callable[[ManagerTurn, Form], Reply]] = {"audience": _audience_given, "channels": _channels_given}


def _drafted(turn: ManagerTurn, form: Form) -> Reply:
    """Keep it as a draft, show it, and ask whether to start it."""
    assert form.conditions is not None
    conditions = Conditions.load(form.conditions)
    told = in_words(turn, conditions) if conditions.all else turn.say("campaigns.everybody")
    day = wording.day(turn.now, turn.language, turn.speaker.zone)
    name = form.name or turn.say("campaigns.auto_name", audience=told[:60], day=day)
    plan = Plan(name, conditions, form.variants, tuple(form.channels), form.start)
    campaign = turn.store.campaigns.draft(plan)
    return _asked_to_start(turn, campaign, conditions.unused)


def _asked_to_start(
    turn: ManagerTurn, campaign: Campaign, unused: tuple[str, ...] = (), *, kept: bool = False
) -> Reply:
    """Show a draft and ask whether to start it; after a no one that had been `kept` stays."""
    seen = turn.store.campaigns.preview(campaign, rules_of(turn))
    turn.memory.show("campaign", campaign.id)
    turn.ask("confirm", CREATE, campaign=campaign.id, size=seen.audience, language=turn.language, kept=kept)
    lines = [previewed(turn, campaign, seen)]
    if unused:
        lines.append(turn.say("agent.query.unused", words=turn.say("agent.query.quoted").join(unused)))
    return Reply(text="\n\n".join([*lines, turn.say("campaigns.confirm")]), choices=confirming(turn))


def _declined(turn: ManagerTurn) -> Reply:
    campaign = with_id(turn, turn.slots.get("campaign"))
    if campaign is not None and turn.slots.get("kept"):
        return Reply(text=turn.say("campaigns.stays", name=campaign.name), choices=buttons(turn, campaign))
    if campaign is not None and turn.store.campaigns.discard(campaign):
        return turn.reply("campaigns.discarded")
    return turn.reply("agent.nothing_done")


def _started(turn: ManagerTurn, campaign_id: int) -> Reply:
    campaign = with_id(turn, campaign_id)
    if campaign is None or not turn.understanding.first("confirmed"):
        return turn.reply("campaigns.gone" if campaign is None else "agent.nothing_done")
    try:
        turn.store.campaigns.start(campaign, int(turn.slots.get("size", 0)))
    except NotPossible:
        return _refused(turn, campaign)
    text = turn.say("campaigns.started", name=campaign.name, start=start_of(turn, campaign))
    return Reply(text=text, choices=buttons(turn, campaign))


def _pressed(turn: ManagerTurn, action: str, rest: str) -> Reply:
    campaign = with_id(turn, rest)
    if campaign is None:
        return turn.reply("campaigns.gone")
    if action == "start":
        return _start(turn, campaign)
    if campaign.state != "draft":
        return _refused(turn, campaign)
    turn.store.campaigns.discard(campaign)
    return turn.reply("campaigns.discarded")


# --- looking --------------------------------------------------------------------------------------------------------
def campaign_preview(turn: ManagerTurn) -> Reply:
    """Who would get a campaign, and how it reads; of customers that are only named, how many could be reached."""
    form, _ = read(turn)
    folded = turn.understanding.text.casefold()
    if form.conditions is not None and not any(name.casefold() in folded for name in turn.store.campaigns.names()):
        return _only_counted(turn, form)
    campaign = chosen(turn, "campaign_preview", "show", lambda one: one.state in ALIVE)
    if not isinstance(campaign, Campaign):
        return campaign or turn.reply("campaigns.none")
    turn.memory.show("campaign", campaign.id)
    seen = turn.store.campaigns.preview(campaign, rules_of(turn))
    return Reply(text=previewed(turn, campaign, seen), choices=buttons(turn, campaign))


def _only_counted(turn: ManagerTurn, form: Form) -> Reply:
    """Reach without a text: how many could be written to now."""
    assert form.conditions is not None
    plan = Plan("?", Conditions.load(form.conditions), (), tuple(form.channels or channels_of(turn)), form.start)
    sketch = turn.store.campaigns.sketched(plan)
    sketch.name = audience_of(turn, sketch)
    return Reply(text=previewed(turn, sketch, turn.store.campaigns.preview(sketch, rules_of(turn))))


def campaign_report(turn: ManagerTurn) -> Reply:
    """What a campaign brought, against those held out; all of them in a list where several are spoken of."""
    text = turn.understanding.text
    if turn.message.kind != "button" and asks_for_several(text) and not turn.store.campaigns.named(text):
        return listed(turn)
    campaign = chosen(turn, "campaign_report", "show", lambda one: one.state in BEGUN)
    if not isinstance(campaign, Campaign):
        return campaign or turn.reply("campaigns.none")
    turn.memory.show("campaign", campaign.id)
    return reported(turn, campaign, turn.store.campaigns.report(campaign))


def experiment_result(turn: ManagerTurn) -> Reply:
    """Whether one text beats the others."""
    several = chosen(turn, EXPERIMENT, "show", lambda one: one.state in BEGUN and len(one.variants) > 1)
    campaign = several or chosen(turn, EXPERIMENT, "show", lambda one: one.state in BEGUN)
    if not isinstance(campaign, Campaign):
        return campaign or turn.reply("campaigns.none")
    turn.memory.show("campaign", campaign.id)
    return experimented(turn, campaign, turn.store.campaigns.report(campaign))


# --- stopping -------------------------------------------------------------------------------------------------------
_PAUSING = (
    "pause",
    "on hold",
    "hold ",
    "interrupt",
    "suspend",
    "freeze",
    "暂停",
    "暫停",
    "先停一下",
    "先不发",
    "中断",
    "挂起",
)
_RESUMING = (
    "resume",
    "continue",
    "go on",
    "unpause",
    "carry on",
    "restart",
    "恢复",
    "恢復",
    "继续",
    "繼續",
    "重新开始",
)


def campaign_stop(turn: ManagerTurn) -> Reply:
    """Pause or resume a campaign at once; stop it for good after a yes."""
    if turn.question and "stop" in turn.slots:
        confirmed = bool(turn.understanding.first("confirmed"))
        return _act(turn, with_id(turn, turn.slots["stop"]), "stop") if confirmed else turn.reply("agent.nothing_done")
    pressed = turn.argument.partition(":")[0] if turn.message.kind == "button" else ""
    action = pressed or asked_action(turn) or _action(turn.understanding.text)
    if action == "discard":
        return _thrown_away(turn)
    states = ("paused",) if action == "resume" else ("running", "approved", "paused")
    meant = chosen(turn, STOP, action, lambda one: one.state in states)
    if isinstance(meant, Reply):
        return meant
    if meant is None:
        return turn.reply("campaigns.gone" if pressed else "campaigns.none_running")
    if action != "stop":
        return _act(turn, meant, action)
    turn.ask("confirm", STOP, stop=meant.id)
    return Reply(text=turn.say("campaigns.confirm_stop", name=meant.name), choices=confirming(turn, danger=True))


def _thrown_away(turn: ManagerTurn) -> Reply:
    """A draft that is named goes at once; nothing that was begun can be thrown away."""
    meant = chosen(turn, STOP, "discard", lambda one: one.state == "draft")
    if not isinstance(meant, Campaign):
        return meant or turn.reply("campaigns.no_draft")
    return turn.reply("campaigns.discarded") if turn.store.campaigns.discard(meant) else _refused(turn, meant)


def _action(text: str) -> str:
    folded = text.casefold()
    if drops(text):
        return "discard"
    if any(word in folded for word in _RESUMING):
        return "resume"
    return "pause" if any(word in folded for word in _PAUSING) else "stop"


def _act(turn: ManagerTurn, campaign: Campaign | None, action: str) -> Reply:
    if campaign is None:
        return turn.reply("campaigns.gone")
    try:
        if action == "resume":
            rows = turn.store.campaigns.resume(campaign)
            for row in rows:
                remember_queued(turn.store.session, row)
            key, count = "resumed", len(rows)
        elif action == "pause":
            key, count = "paused", turn.store.campaigns.pause(campaign)
        else:
            key, count = "stopped", turn.store.campaigns.stop(campaign)
    except NotPossible:
        return _refused(turn, campaign)
    turn.memory.show("campaign", campaign.id)
    text = turn.say(f"campaigns.{key}" if count else f"campaigns.none_waited.{key}", name=campaign.name, count=count)
    return Reply(text=text, choices=buttons(turn, campaign))


def _refused(turn: ManagerTurn, campaign: Campaign) -> Reply:
    turn.memory.show("campaign", campaign.id)
    text = turn.say("campaigns.not_possible", name=campaign.name, state=state_of(turn, campaign))
    return Reply(text=text, choices=buttons(turn, campaign))
