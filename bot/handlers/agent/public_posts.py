"""What is said in public: posts with what can be done about them, our own with their response, and speaking there.

Nothing is said before its writer has seen it as it will be read, and said yes.
"""

import re
from collections.abc import Callable, Sequence

from sqlalchemy import func, select

from bot import wording
from bot.handlers.agent.asking import StaffTurn, confirming, declined, hushed
from bot.messages import Card, Choice, Reply
from crm_core.errors import NotPossible
from crm_core.listening import publishing
from crm_core.models import Post, Publication

SHOWN = 5
TEXT_SHOWN = 500
HIGHEST_ID = 2**63 - 1
_NETWORKS = {
    "mastodon": "mastodon", "bluesky": "bluesky", "facebook": "facebook", "脸书": "facebook", "x": "x", "twitter": "x",
    "推特": "x", "linkedin": "linkedin", "领英": "linkedin", "weibo": "weibo", "微博": "weibo",
}  # fmt: skip
_TO = re.compile(
    rf"\s*(?:(?:please )?(?:post|publish)\s+(?:this\s+)?(?:to|on)\s+|(?:请)?(?:发布|发)(?:到|在)?)?\s*"
    rf"(?P<network>{'|'.join(_NETWORKS)})\s*上?\s*[:：]\s*(?P<text>.+)",
    re.IGNORECASE | re.DOTALL,
)
_REPLY = re.compile(
    r"\s*(?:(?:public )?reply|reply publicly|(?:公开)?回复)\s*[:：]\s*(?P<text>.+)", re.IGNORECASE | re.DOTALL
)


def public_post(turn: StaffTurn) -> Reply:
    """A button below a post, the answer to a question of ours, or a line that begins with "reply:" or "post on …:"."""
    if turn.question is not None:
        return _answered(turn)
    if turn.message.kind == "button":
        word, _, rest = turn.argument.partition(":")
        act = _BUTTONS.get(word)
        return act(turn, rest) if act else _overview(turn)
    said = turn.argument or turn.understanding.text
    to, reply = _TO.fullmatch(said), _REPLY.fullmatch(said)
    if to:
        return _preview(turn, to["text"], None, _NETWORKS[to["network"].casefold()])
    if reply:
        post = _post(turn, turn.memory.shown("post"))
        return _preview(turn, reply["text"], post) if post else turn.reply("public.which")
    return _overview(turn)


# --- speaking -------------------------------------------------------------------------------------------------------
def _asked_to_reply(turn: StaffTurn, rest: str) -> Reply:
    post = _post(turn, rest)
    if post is None:
        return turn.reply("public.gone")
    turn.store.permit("public.reply", f"post:{post.id}")
    if post.connector not in _writable(turn):
        return turn.reply("public.not_writable", network=_network(turn, post.connector))
    turn.memory.show("post", post.id)
    turn.ask("prose", "public_post", post=post.id)
    return turn.reply("public.what_reply", author=post.author or "–", text=_short(post.text or ""))


def _asked_to_post(turn: StaffTurn, rest: str) -> Reply:
    networks = _writable(turn)
    if rest not in networks:
        choices = [_button(turn, "on", f"new:{name}", network=_network(turn, name)) for name in networks]
        return Reply(text=turn.say("public.where" if networks else "public.nowhere"), choices=tuple(choices))
    turn.store.permit("public.write", f"network:{rest}")
    turn.ask("prose", "public_post", network=rest)
    return turn.reply("public.what_post", network=_network(turn, rest))


def _answered(turn: StaffTurn) -> Reply:
    slots = turn.slots
    if declined(turn):
        return turn.reply("public.not_said")
    post = _post(turn, slots.get("post"))
    if slots.get("post") and post is None:
        return turn.reply("public.gone")
    if "text" in slots and turn.understanding.first("confirmed"):
        return _queued(turn, slots["text"], post, slots.get("network", ""))
    return _preview(turn, turn.understanding.text, post, slots.get("network", ""))


def _preview(turn: StaffTurn, text: str, post: Post | None, network: str = "") -> Reply:
    """The text as it will be read, how long it is there, and the question whether to say it."""
    network = post.connector if post else network
    turn.store.permit("public.reply" if post else "public.write", f"network:{network}", ("text",))
    connectors = turn.services.settings.connectors
    try:
        seen = publishing.preview(turn.store.session, connectors, network, text, post, turn.now)
    except NotPossible:
        return turn.reply("public.not_writable", network=_network(turn, network))
    slots: dict[str, object] = {"post": post.id} if post else {"network": network}
    length = turn.say("public.length", length=seen.length, most=seen.most)
    if not seen.fits:
        turn.ask("prose", "public_post", **slots)
        return turn.reply("public.too_long", length=length, network=_network(turn, network))
    turn.ask("confirm", "public_post", text=text, **slots)
    account = connectors[network].writes_as
    head = turn.say("public.preview", network=_network(turn, network), account=account)
    below = [turn.say("public.below", author=post.author or "–", text=_short(post.text or ""))] if post else []
    quoted = "\n".join(f"> {line}" for line in seen.text.split("\n"))
    return Reply(text="\n".join([head, *below, quoted, length]), choices=confirming(turn))


def _queued(turn: StaffTurn, text: str, post: Post | None, network: str) -> Reply:
    name = post.connector if post else network
    try:
        row = publishing.queue(
            turn.store, turn.services.settings.connectors, name, text, post,
            conversation_id=turn.conversation_id, language=turn.language,
        )  # fmt: skip
    except NotPossible:
        return turn.reply("public.not_writable", network=_network(turn, name))
    said = turn.say("public.queued", network=_network(turn, name))
    return Reply(text=said, choices=(_button(turn, "cancel", f"cancel:{row.id}"),))


def _cancelled(turn: StaffTurn, rest: str) -> Reply:
    return turn.reply("public.cancelled" if publishing.cancel(turn.store, _id(rest)) else "public.too_late")


# --- showing --------------------------------------------------------------------------------------------------------
def post_card(turn: StaffTurn, post: Post, said: str = "") -> Card:
    """One post with its response and what can be done about it; `said`: what it says, where more than its text is."""
    facts = [(turn.say("public.said"), said or _short(post.text or "", TEXT_SHOWN))]
    counts = turn.say("public.counts", likes=post.likes, replies=post.replies, shares=post.shares)
    facts.append((turn.say("public.response"), counts))
    owner = turn.store.briefs([post.customer_id]) if post.customer_id else []
    if owner:
        facts.append((turn.say("public.customer"), f"{owner[0].name} #{owner[0].number}"))
    when = wording.moment(post.occurred_at, turn.language, turn.speaker.zone)
    title = turn.say("public.ours") if post.own else post.author or "–"
    subtitle = " · ".join([_network(turn, post.connector), when])
    return Card(title=title, subtitle=subtitle, facts=tuple(facts), choices=post_choices(turn, post))


def post_choices(turn: StaffTurn, post: Post) -> tuple[Choice, ...]:
    """The buttons below a post, wherever it is shown."""
    choices = []
    if post.connector in _writable(turn) and post.kind != "reaction":
        choices.append(_button(turn, "reply", f"reply:{post.id}"))
    if post.own and post.replies:
        choices.append(_button(turn, "answers", f"answers:{post.id}"))
    if not post.own and post.customer_id is None and post.author:
        choices.append(Choice(label=turn.say("public.buttons.who"), value=f"author_tie:who:{post.id}"))
    if post.url:
        choices.append(
            Choice(label=turn.say("public.buttons.open"), value=f"public_post:show:{post.id}", link=post.url)
        )
    return tuple(choices)


def _overview(turn: StaffTurn) -> Reply:
    """Our own newest posts with their response, and what became of what was written from here."""
    turn.store.permit("public.read", "posts", ("own",))
    session = turn.store.session
    own = select(Post).where(Post.own, Post.kind == "post").order_by(Post.occurred_at.desc()).limit(SHOWN)
    posts = session.scalars(own).all()
    rows = session.scalars(select(Publication).order_by(Publication.id.desc()).limit(SHOWN)).all()
    lines = [turn.say("public.own" if posts else "public.none")]
    lines += [told(row, turn.say, turn.speaker.zone, turn.language) for row in rows]
    waiting = [_button(turn, "cancel", f"cancel:{row.id}") for row in rows if row.state == "queued"][:1]
    new = [_button(turn, "new", "new")] if _writable(turn) else []
    cards = tuple(post_card(turn, post) for post in posts)
    return hushed(turn, Reply(text="\n".join(lines), cards=cards, choices=(*new, *waiting)))


def _shown(turn: StaffTurn, rest: str) -> Reply:
    post = _post(turn, rest)
    if post is None:
        return turn.reply("public.gone")
    turn.store.permit("public.read", f"post:{post.id}", ("text",))
    turn.memory.show("post", post.id)
    return hushed(turn, Reply(cards=(post_card(turn, post),)))


def _answers(turn: StaffTurn, rest: str) -> Reply:
    """What people said below one of our posts, the newest first, with how they feel about it."""
    post = _post(turn, rest)
    if post is None:
        return turn.reply("public.gone")
    turn.store.permit("public.read", f"post:{post.id}", ("answers",))
    below = (Post.connector == post.connector, Post.parent_id == post.external_id)
    mood = turn.store.session.execute(select(func.avg(Post.sentiment_milli)).where(*below)).scalar_one()
    rows = turn.store.session.scalars(select(Post).where(*below).order_by(Post.occurred_at.desc()).limit(SHOWN)).all()
    feeling = turn.say(f"moods.{wording.mood_key(None if mood is None else round(mood))}")
    return _cards(turn, rows, turn.say("public.below_ours", count=post.replies, mood=feeling))


def _cards(turn: StaffTurn, rows: Sequence[Post], text: str) -> Reply:
    if rows:
        turn.memory.show("post", rows[0].id)
    return hushed(turn, Reply(text=text, cards=tuple(post_card(turn, row) for row in rows)))


def told(row: Publication, say: Callable[..., str], zone: str, language: str) -> str:
    """What became of something written, in one line."""
    when = wording.moment(row.sent_at or row.queued_at, language, zone)
    text = _short(row.text or "", 60)
    network = say(f"public.networks.{row.connector}")
    reason = say(f"public.refusals.{row.refusal}", words=row.error or "").strip() if row.refusal else row.error or ""
    return say(f"public.states.{row.state}", network=network, text=text, url=row.url or "", reason=reason, when=when)


# --- words ----------------------------------------------------------------------------------------------------------
def _writable(turn: StaffTurn) -> list[str]:
    return publishing.writable(turn.services.settings.connectors)


def _network(turn: StaffTurn, name: str) -> str:
    key = f"public.networks.{name}"
    return turn.say(key) if turn.services.phrases.has(key) else name


def _button(turn: StaffTurn, name: str, value: str, **words: object) -> Choice:
    return Choice(label=turn.say(f"public.buttons.{name}", **words), value=f"public_post:{value}")


def _post(turn: StaffTurn, given: object) -> Post | None:
    return turn.store.session.get(Post, _id(str(given or "")))


def _id(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 20 and int(text) <= HIGHEST_ID else 0


def _short(text: str, most: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


_BUTTONS = {
    "reply": _asked_to_reply,
    "new": _asked_to_post,
    "cancel": _cancelled,
    "show": _shown,
    "answers": _answers,
}
