"""What people talk about: topics, how they went week by week, and which text is about which."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.models.base import Base


class Topic(Base):
    """Something people talk about in public (`source` posts) or write to us about (chats), in one language.

    It keeps its name while its words go on to be much the same. `words`: [word, weight in thousandths], the greatest
    first; a word of chats was written by three customers at least. Weeks are named by their Monday in the business's
    zone. `name` is in its own language, or what a person calls it (`renamed`); `names`: language -> name, where words
    of it are known in both.
    """

    __tablename__ = "topics"
    source: Mapped[str] = mapped_column(String(6))
    language: Mapped[str] = mapped_column(String(2))
    name: Mapped[str]
    names: Mapped[dict[str, Any]] = mapped_column(default=dict)
    renamed: Mapped[bool] = mapped_column(default=False)
    words: Mapped[list[Any]] = mapped_column(default=list)
    first_week: Mapped[date]
    last_week: Mapped[date] = mapped_column(index=True)

    def called(self, language: str) -> str:
        """Its name for a reader of a language; of texts in another one, their own words stand beside it."""
        if self.renamed or language == self.language or language not in self.names:
            return self.name
        return f"{self.names[language]} ({self.name})"


class TopicWeek(Base):
    """A topic in one week. `is_new`: hardly anybody spoke of it until lately; `rising`: more did than before."""

    __tablename__ = "topic_weeks"
    __table_args__ = (UniqueConstraint("topic_id", "week"),)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id", ondelete="CASCADE"))
    week: Mapped[date] = mapped_column(index=True)
    texts: Mapped[int]
    share_milli: Mapped[int]
    mood_milli: Mapped[int | None]
    is_new: Mapped[bool] = mapped_column(default=False)
    rising: Mapped[bool] = mapped_column(default=False)
    computed_at: Mapped[datetime]


class TopicText(Base):
    """A post or a message that is about a topic. `fit_milli`: how much of it.

    `alike`: how many texts of that week say much the same as this one; None for those, which are not shown.
    """

    __tablename__ = "topic_texts"
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id", ondelete="CASCADE"), index=True)
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), unique=True)
    interaction_id: Mapped[int | None] = mapped_column(ForeignKey("interactions.id", ondelete="CASCADE"), unique=True)
    week: Mapped[date] = mapped_column(index=True)
    fit_milli: Mapped[int]
    alike: Mapped[int | None]
