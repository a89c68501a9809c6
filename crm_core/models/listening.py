"""What is said in public, and how far each source of it is read."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.models.base import Base, customer_key
from crm_core.sealed import Sealed, personal

UNSENSED = text("sensed_at IS NULL")
UNSEEN = text("looked_at IS NULL")


class Post(Base):
    """Something said in public. `about`: us, or the competitor's name; `kind`: post, comment or reaction.

    `parent_id`: the `external_id` of what a comment is about. `source` is the one that brought it, `seen_at` when a
    walk of the network last showed it.

    What is made of it is there once `sensed_at` is set; an edit takes it away again. `need`: buy, ask, complain,
    praise, compare, leave or other. `products`: SKUs; `competitors`: their names as the settings have them. A post that
    says again what an earlier one said has that one in `duplicate_of_id`, whose id is lower and which says nothing
    again itself: it counts as volume, but not as an opinion.

    `own`: the business itself said it. `author_index`: keyed fingerprint of network and author, see `authors`.
    """

    __tablename__ = "posts"
    __table_args__ = (
        UniqueConstraint("connector", "external_id"),
        Index("ix_posts_unsensed", "id", sqlite_where=UNSENSED, postgresql_where=UNSENSED),
    )
    connector: Mapped[str] = mapped_column(String(20))
    external_id: Mapped[str]
    customer_id: Mapped[int | None] = customer_key()
    author_sealed: Mapped[bytes | None] = personal(LargeBinary, kind="contact")
    text_sealed: Mapped[bytes | None] = personal(LargeBinary)
    url: Mapped[str | None] = personal(String(500), kind="identifier")
    kind: Mapped[str] = mapped_column(String(10), default="post")
    about: Mapped[str] = mapped_column(String(60), index=True)
    language: Mapped[str | None] = mapped_column(String(2))
    sentiment_milli: Mapped[int | None]
    topic: Mapped[str | None] = mapped_column(String(60))
    likes: Mapped[int] = mapped_column(default=0)
    replies: Mapped[int] = mapped_column(default=0)
    shares: Mapped[int] = mapped_column(default=0)
    occurred_at: Mapped[datetime] = mapped_column(index=True)
    source: Mapped[str | None] = mapped_column(String(60))
    parent_id: Mapped[str | None]
    edited_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    need: Mapped[str | None] = mapped_column(String(12))
    products: Mapped[list[str]] = mapped_column(default=list)
    competitors: Mapped[list[str]] = mapped_column(default=list)
    brand_named: Mapped[bool] = mapped_column(default=False)
    duplicate_of_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="SET NULL"), index=True)
    spam: Mapped[bool] = mapped_column(default=False)
    spam_reasons: Mapped[list[str]] = mapped_column(default=list)
    sensed_at: Mapped[datetime | None]
    author_index: Mapped[bytes | None] = personal(LargeBinary, kind="contact", index=True)
    own: Mapped[bool] = mapped_column(default=False)
    author = Sealed("author_sealed")
    text = Sealed("text_sealed")


class PostBand(Base):
    """A keyed hash of a part of what a recent post says; posts that share one may say the same."""

    __tablename__ = "post_bands"
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    band: Mapped[int] = mapped_column(index=True)


class PostRecord(Base):
    """What the network sent of a post, as it came; kept for a week, for looking into what was made of it."""

    __tablename__ = "post_records"
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), unique=True)
    customer_id: Mapped[int | None] = customer_key()
    record_sealed: Mapped[bytes | None] = personal(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(index=True)
    record = Sealed("record_sealed")


class PostPicture(Base):
    """A picture that a post carries: where it is, and once it was looked at, what it shows. The picture is not kept.

    `alt`: what its author says it shows. `text`: what is written in it. `products`: SKUs, and `orders`: numbers of
    ours, that either of them names. `looks`: as of attachments. `problem`: why it could not be looked at.
    """

    __tablename__ = "post_pictures"
    __table_args__ = (
        Index("ix_post_pictures_unseen", "id", sqlite_where=UNSEEN, postgresql_where=UNSEEN),
        UniqueConstraint("post_id", "place"),
    )
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    customer_id: Mapped[int | None] = customer_key()
    place: Mapped[int]
    address: Mapped[str] = personal(String(2000), kind="identifier")
    alt_sealed: Mapped[bytes | None] = personal(LargeBinary)
    text_sealed: Mapped[bytes | None] = personal(LargeBinary)
    products: Mapped[list[str]] = mapped_column(default=list)
    orders: Mapped[list[str]] = mapped_column(default=list)
    looks: Mapped[int | None]
    looked_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None] = mapped_column(String(300))
    alt = Sealed("alt_sealed")
    text = Sealed("text_sealed")


class Pull(Base):
    """How far a source is read. A walk begins at `began_at` and ends at `floor_at`, or where the network ends.

    `cursor`: where to go on after an interruption. `keep`: what the connector wants to know next time. `mark_at`: the
    newest post of the last walk that was finished. `newest_at` and `oldest_at`: of the walk itself, its progress.
    """

    __tablename__ = "pulls"
    __table_args__ = (UniqueConstraint("connector", "source"),)
    connector: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(60))
    cursor: Mapped[str | None] = mapped_column(Text)
    keep: Mapped[str | None] = mapped_column(Text)
    mark_at: Mapped[datetime | None]
    began_at: Mapped[datetime | None]
    floor_at: Mapped[datetime | None]
    newest_at: Mapped[datetime | None]
    oldest_at: Mapped[datetime | None]
    pages: Mapped[int] = mapped_column(default=0)
    posts: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None] = mapped_column(String(300))
