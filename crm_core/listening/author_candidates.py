"""Who an author may be, with the reasons: what they wrote, what their network says of them, what accounts they have.

Two reasons are rules. The customer gave it themself: the author's name stands in their own record, in a field that is
called as the network is. Or the network itself gives the author's e-mail address or number, and it is that of one
customer who proved who they are. Everything else is for a person to look at.
"""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core import public_names
from crm_core.contact_details import normalised_email, normalised_phone
from crm_core.crypto import Vault
from crm_core.errors import NotPossible
from crm_core.listening import authors
from crm_core.listening.pictures import orders_of
from crm_core.models import AuthorTie, Customer, Identity, Order, Post, PostRecord
from crm_core.names import NameIndex

GIVEN = "given"
STRONG = ("email", "phone", "order", "handle")
"""Reasons for which nobody need ask: a person is shown them at once."""
RECENT = timedelta(days=7)
MOST_AUTHORS = 200
MOST_FOUND = 3
SHORTEST_HANDLE = 4
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}", re.ASCII)
_PHONE = re.compile(r"(?<![\w.-])\+?\d[\d ()-]{6,18}\d(?!\w)")
_ORDER = re.compile(r"(?<![\w-])[A-Z]{1,4}-?\d{4,10}(?!\w)", re.IGNORECASE)
_PROFILES = (("account",), ("author",), ("user",), ("from",))
"""Where in a record the author is."""
_OF_PROFILE = ("note", "description", "display_name", "displayName", "name", "screen_name", "acct", "username")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer who may be the author."""

    customer_id: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a network says of an author: what they say of themself, and their names."""

    told: str
    names: tuple[str, ...]


def candidates(
    session: Session, post: Post, names: NameIndex | None, region: str, handles: Mapping[str, set[int]] | None = None
) -> list[Candidate]:
    """Customers who may have written a post, those with the most reasons first.

    Args:
        handles: what `handles_of_customers` gave, where many posts are looked at.
    """
    handles = handles_of_customers(session) if handles is None else handles
    vault: Vault = session.info["vault"]
    profile = _profile(session, post)
    found: dict[int, list[str]] = defaultdict(list)
    for customer_id, reason in _by_contact(session, vault, f"{post.text or ''}\n{profile.told}", region):
        found[customer_id].append(reason)
    shown = " ".join(orders_of(session, post.id))
    for customer_id in _by_order(session, f"{post.text or ''} {shown}"):
        found[customer_id].append("order")
    for customer_id in handles.get(_short(post.author or ""), ()):
        found[customer_id].append("handle")
    for name in profile.names if names else ():
        for one in names.mentioned(name, 2) if names else []:
            found[one.customer_id].append("name")
    ranked = sorted(found.items(), key=lambda each: (-len(set(each[1])), each[0]))
    return [Candidate(key, tuple(dict.fromkeys(reasons))) for key, reasons in ranked[:MOST_FOUND]]


def tie_by_name(session: Session, now: datetime, without: Collection[str] = ()) -> int:
    """Tie the authors whose names customers gave themselves; returns how many. What a person took back stays so.

    Args:
        without: connectors of which this rule is not to be used.
    """
    vault: Vault = session.info["vault"]
    made = 0
    for index, customer_id in _given(session, vault, without).items():
        if not index or authors.erased(session, [index]) or authors.tied(session, [index]):
            continue
        query = select(Post).where(Post.author_index == index, Post.customer_id.is_(None), Post.own.is_(False))
        post = session.scalars(query.limit(1)).first()
        made += _tied(session, post, customer_id, GIVEN, now) if post else 0
    return made


def tie_by_address(session: Session, told: Iterable[tuple[Post, str, str]], region: str, now: datetime) -> int:
    """Tie authors by what the network itself says of them; returns how many. What a person took back stays so.

    Args:
        told: posts, each with the e-mail address and the number of its author, "" where there is none.
    """
    vault: Vault = session.info["vault"]
    made = 0
    for post, email, phone in told:
        if post.own or post.customer_id is not None or post.author_index is None:
            continue
        if authors.erased(session, [bytes(post.author_index)]):
            continue
        owners = {
            kind: _verified(session, column, vault.blind_index(kind, value))
            for kind, column, value in (
                ("email", Customer.email_index, normalised_email(email)),
                ("phone", Customer.phone_index, normalised_phone(phone, region)),
            )
            if value
        }  # fmt: skip
        found = {owner for each in owners.values() for owner in each}
        if len(found) == 1:
            kind = next(kind for kind, each in owners.items() if each)
            made += _tied(session, post, found.pop(), f"own_{kind}", now)
    return made


def _tied(session: Session, post: Post, customer_id: int, reason: str, now: datetime) -> bool:
    tie = authors.suggest(session, post, customer_id, (reason,), now)
    if tie is None:
        return False
    tie.reasons = [reason]
    authors.make(session, tie, "rule", now)
    return True


def _verified(session: Session, column: Any, index: bytes) -> set[int]:
    """Customers with this address or number, if all of them have an account that was proven to be theirs."""
    query = select(Customer.id).where(column == index, Customer.merged_into_id.is_(None), Customer.kind != "visitor")
    owners = set(session.scalars(query.limit(MOST_FOUND)))
    proven = select(Identity.customer_id).where(Identity.customer_id.in_(owners), Identity.verified_at.is_not(None))
    return owners if owners <= set(session.scalars(proven)) else set()


def suggest_recent(session: Session, region: str, now: datetime) -> list[AuthorTie]:
    """Note who the authors of the last days may be, for strong reasons alone; returns what nobody was told of yet."""
    query = (
        select(Post)
        .where(Post.occurred_at > now - RECENT, Post.customer_id.is_(None), Post.own.is_(False), Post.about == "us")
        .where(Post.author_index.is_not(None), Post.spam.is_(False))
        .order_by(Post.id.desc())
        .limit(MOST_AUTHORS)
    )
    handles = handles_of_customers(session)
    for post in session.scalars(query).all():
        for one in candidates(session, post, None, region, handles):
            if set(one.reasons) & set(STRONG):
                authors.suggest(session, post, one.customer_id, one.reasons, now)
    fresh = select(AuthorTie).where(AuthorTie.state == "suggested", AuthorTie.told_at.is_(None))
    return list(session.scalars(fresh.order_by(AuthorTie.id).limit(MOST_FOUND)))


def _given(session: Session, vault: Vault, without: Collection[str]) -> dict[bytes, int]:
    """Author → customer, from fields of their own that are called as a network; names that two gave are left out."""
    found: dict[bytes, set[int]] = defaultdict(set)
    query = select(Customer.id, Customer.custom).where(Customer.merged_into_id.is_(None), Customer.kind != "visitor")
    for customer_id, custom in session.execute(query):
        for connector, name in public_names.given(custom):
            for written in public_names.written(name) if connector not in without else ():
                index = authors.index_of(vault, connector, written)
                found[index or b""].add(customer_id)
    return {index: next(iter(owners)) for index, owners in found.items() if len(owners) == 1}


def _by_contact(session: Session, vault: Vault, text: str, region: str) -> Iterator[tuple[int, str]]:
    """Whoever has an e-mail address or a telephone number that stands there."""
    emails = {address for found in _EMAIL.findall(text)[:5] if (address := normalised_email(found))}
    phones = {number for found in _PHONE.findall(text)[:5] if (number := normalised_phone(found, region))}
    for kind, column, values in (("email", Customer.email_index, emails), ("phone", Customer.phone_index, phones)):
        indexes = [vault.blind_index(kind, value) for value in values]
        if indexes:
            query = select(Customer.id).where(column.in_(indexes), Customer.merged_into_id.is_(None))
            yield from ((customer_id, kind) for customer_id in session.scalars(query.limit(MOST_FOUND)))


def _by_order(session: Session, text: str) -> list[int]:
    numbers = {found.upper() for found in _ORDER.findall(text)[:5]}
    if not numbers:
        return []
    query = select(Order.customer_id).where(Order.number.in_(numbers)).distinct().limit(MOST_FOUND)
    return list(session.scalars(query))


def handles_of_customers(session: Session) -> dict[str, set[int]]:
    """By what names customers go where they talk with us. Such names are sealed: all of them are opened."""
    found: dict[str, set[int]] = defaultdict(set)
    query = select(Identity).where(Identity.handle_sealed.is_not(None), Identity.account != authors.PUBLIC)
    for row in session.scalars(query):
        found[_short(row.handle or "")].add(row.customer_id)
    found.pop("", None)
    return found


def _short(author: str) -> str:
    """A name without its server; "" where it is so short that many go by it."""
    name = author.removeprefix("@").partition("@")[0].partition(".bsky.social")[0].casefold()
    return name if len(name) >= SHORTEST_HANDLE else ""


def _profile(session: Session, post: Post) -> Profile:
    """From the record as the network sent it, while it is kept."""
    record = session.scalars(select(PostRecord).where(PostRecord.post_id == post.id)).first()
    try:
        sent = json.loads(record.record or "{}") if record else {}
    except ValueError:
        sent = {}
    told: dict[str, str] = {}
    for (place,) in _PROFILES:
        part = sent.get(place) if isinstance(sent, dict) else None
        if isinstance(part, dict):
            told.update({key: str(part[key]) for key in _OF_PROFILE if part.get(key)})
    names = tuple(told[key] for key in ("display_name", "displayName", "name", "screen_name") if key in told)
    return Profile("\n".join(told.values()), names)


def named(session: Session, tie: AuthorTie) -> tuple[str, int]:
    """The name and number of a tie's customer.

    Raises:
        NotPossible("gone"): they were erased.
    """
    customer = session.get(Customer, tie.customer_id)
    if customer is None:
        raise NotPossible("gone")
    return customer.name or "", customer.number
