"""Whose posts are whose: who an author may be and why, a person's word, and taking it back; erasing posts alone."""

from bot.handlers.agent.asking import StaffTurn, asked, confirming, declined, hushed, label, present, undo, whom
from bot.messages import Choice, Reply
from crm_core.errors import NotPossible
from crm_core.listening import author_candidates, authors
from crm_core.listening.author_candidates import Candidate
from crm_core.models import AuthorTie, Post

SHOWN_NOW = "shown"
"""The reason of whom the asker looked at last: they may know more than the records."""


def author_tie(turn: StaffTurn) -> Reply:
    """A button: who:<post>, yes:<tie>, no:<tie> or undo:<tie>."""
    word, _, digits = turn.argument.partition(":")
    key = int(digits) if digits.isdecimal() and len(digits) < 20 else 0
    try:
        if word == "who":
            return _who(turn, key)
        if word in ("yes", "no"):
            return _decided(turn, authors.decide(turn.store, key, word == "yes"))
        if word == "undo":
            tie = authors.take_back(turn.store, key)
            return turn.reply("public.tie.taken_back", author=tie.author or "–", who=_whose(turn, tie))
    except NotPossible as error:
        return turn.reply(f"public.tie.{error.reason}")
    return turn.reply("public.gone")


def _who(turn: StaffTurn, post_id: int) -> Reply:
    """Who it may be, each with the reasons and two buttons."""
    post = turn.store.session.get(Post, post_id)
    if post is None:
        return turn.reply("public.gone")
    turn.store.permit("identity.link", f"post:{post.id}", ("author",))
    if post.customer_id is not None:
        owner = turn.store.briefs([post.customer_id])
        return hushed(turn, turn.reply("public.tie.known", who=label(turn, owner[0]) if owner else "–"))
    business = turn.services.settings.business
    found = author_candidates.candidates(turn.store.session, post, turn.services.names, business.region)
    looked_at = present(turn)
    if looked_at and looked_at.kind != "visitor" and looked_at.customer_id not in [one.customer_id for one in found]:
        found = [*found, Candidate(looked_at.customer_id, (SHOWN_NOW,))]
    ties = [authors.suggest(turn.store.session, post, each.customer_id, each.reasons, turn.now, anew=True)
            for each in found]  # fmt: skip
    kept = [tie for tie in ties if tie is not None]
    if not kept:
        return hushed(turn, turn.reply("public.tie.nobody", author=post.author or "–"))
    lines = [turn.say("public.tie.who", author=post.author or "–"), *(reasoned(turn, tie) for tie in kept)]
    choices = tuple(choice for tie in kept for choice in _buttons(turn, tie))
    return hushed(turn, Reply(text="\n".join(lines), choices=choices))


def reasoned(turn: StaffTurn, tie: AuthorTie) -> str:
    """A customer with the reasons why it may be them."""
    reasons = "; ".join(turn.say(f"public.tie.reasons.{reason}") for reason in tie.reasons)
    return turn.say("public.tie.may_be", who=_whose(turn, tie), reasons=reasons)


def _buttons(turn: StaffTurn, tie: AuthorTie) -> tuple[Choice, ...]:
    who = _whose(turn, tie)
    return (
        Choice(label=turn.say("public.tie.yes", who=who), value=f"author_tie:yes:{tie.id}", style="primary"),
        Choice(label=turn.say("public.tie.no", who=who), value=f"author_tie:no:{tie.id}"),
    )


def _decided(turn: StaffTurn, tie: AuthorTie) -> Reply:
    key = "public.tie.tied" if tie.state == "tied" else "public.tie.rejected"
    text = turn.say(key, author=tie.author or "–", who=_whose(turn, tie))
    return hushed(turn, Reply(text=text, choices=undo(turn, f"author_tie:undo:{tie.id}")))


def _whose(turn: StaffTurn, tie: AuthorTie) -> str:
    owner = turn.store.briefs([tie.customer_id])
    return f"{owner[0].name} #{owner[0].number}" if owner else "–"


def public_erase(turn: StaffTurn) -> Reply:
    """Delete what a customer said in public and nothing else, once that was confirmed."""
    if declined(turn):
        return turn.reply("agent.nothing_done")
    number = turn.slots.get("number")
    if turn.question is not None and isinstance(number, int):
        who = turn.store.numbered(number)
        if who is None:
            return turn.reply("agent.whom.none", said=f"#{number}")
        gone = authors.erase_posts(turn.store, who.customer_id)
        return hushed(turn, turn.reply("public.erased", who=label(turn, who), posts=gone.posts, authors=gone.authors))
    found = whom(turn, asked(turn))
    if isinstance(found, Reply):
        return found
    turn.store.permit("public.erase", f"customer:{found.number}", noted="public.read")
    if not turn.store.posts.of_customer(found.customer_id, None, limit=1).total:
        return hushed(turn, turn.reply("public.none_of", name=found.name))
    turn.ask("confirm", "public_erase", number=found.number)
    text = turn.say("public.erase_sure", who=label(turn, found))
    return hushed(turn, Reply(text=text, choices=confirming(turn, danger=True)))
