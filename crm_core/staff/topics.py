"""Topics as one member of staff may see and name them."""

from collections.abc import Callable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.errors import CrmError, NotFound
from crm_core.models import Topic

Permit = Callable[[str, str, Sequence[str]], None]
LONGEST_NAME = 60


class TopicNameTaken(CrmError):
    """Another topic of the same source and language has this name."""


class StaffTopics:
    """What people talk about, and what it is called."""

    def __init__(self, session: Session, permit: Permit) -> None:
        self._session = session
        self._permit = permit

    def with_id(self, topic_id: int) -> Topic | None:
        """A topic; None once nobody spoke of it for half a year."""
        return self._session.get(Topic, topic_id)

    def said(self, text: str) -> Topic | None:
        """The topic whose name stands in a text: the longest, and of these the one last spoken of."""
        text = text.casefold()
        topics = self._session.scalars(select(Topic).order_by(Topic.last_week.desc(), Topic.id.desc()))
        named = [
            (len(name), topic)
            for topic in topics
            for name in {topic.name, *topic.names.values()}
            if name.casefold() in text
        ]
        return max(named, key=lambda each: each[0])[1] if named else None

    def rename(self, topic_id: int, name: str) -> Topic:
        """Give a topic a name that stays, whatever its words become.

        Raises:
            NotFound: nobody speaks of it any more.
            TopicNameTaken: another one is called so.
        """
        self._permit("topic.write", f"topic:{topic_id}", ("name",))
        topic = self.with_id(topic_id)
        if topic is None:
            raise NotFound("This topic is not kept any more.")
        alike = (Topic.source == topic.source, Topic.language == topic.language, Topic.id != topic_id)
        if self._session.scalar(select(Topic.id).where(*alike, func.lower(Topic.name) == name.lower())):
            raise TopicNameTaken(f"There is a topic called {name} already. Choose another name.")
        topic.name, topic.renamed = name, True
        return topic
