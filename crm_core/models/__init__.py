"""The records of the product. These typed classes are the domain objects; nothing wraps them.

Ids are made before a row is written (see `ids`). `personal(...)` marks personal data; `Sealed` values are encrypted at
rest. Money is integer minor units beside a currency; sentiment is milli (-1000 … 1000); all times are UTC.
"""

from crm_core.models.base import Base, UtcDateTime
from crm_core.models.campaigns import Campaign, CampaignContact
from crm_core.models.digests import Alert, DigestEdition, DigestPlan
from crm_core.models.forecasts import KeptForecast
from crm_core.models.insight import Bundle, Need, RecommendedProducts, Score, Segment, SegmentMember
from crm_core.models.knowledge import ChangedCustomer, CustomerFeatures, FeatureRun
from crm_core.models.listening import Post, PostBand, PostPicture, PostRecord, Pull
from crm_core.models.people import Company, Customer, Identity, LinkAttempt, Staff, StaffGrant
from crm_core.models.publishing import AuthorTie, Publication
from crm_core.models.suggestions import Suggestion, SuggestionWish
from crm_core.models.system import AuditEntry, Counter, ErasedMark, JobRun
from crm_core.models.talk import Attachment, Conversation, Correction, Delivery, Interaction, OutboxMessage, Rating
from crm_core.models.topics import Topic, TopicText, TopicWeek
from crm_core.models.trade import InvoiceRequest, Order, OrderLine, Product, Refund, Shipment
from crm_core.models.work import Case, CaseChange, Consent, ContactPreference, CustomerTag, Merge, Note, Task

__all__ = [
    "Alert",
    "Attachment",
    "AuditEntry",
    "AuthorTie",
    "Base",
    "Bundle",
    "Campaign",
    "CampaignContact",
    "Case",
    "CaseChange",
    "ChangedCustomer",
    "Company",
    "Consent",
    "ContactPreference",
    "Conversation",
    "Correction",
    "Counter",
    "Customer",
    "CustomerFeatures",
    "CustomerTag",
    "Delivery",
    "DigestEdition",
    "DigestPlan",
    "ErasedMark",
    "FeatureRun",
    "Identity",
    "Interaction",
    "InvoiceRequest",
    "JobRun",
    "KeptForecast",
    "LinkAttempt",
    "Merge",
    "Need",
    "Note",
    "Order",
    "OrderLine",
    "OutboxMessage",
    "Post",
    "PostBand",
    "PostPicture",
    "PostRecord",
    "Product",
    "Publication",
    "Pull",
    "Rating",
    "RecommendedProducts",
    "Refund",
    "Score",
    "Segment",
    "SegmentMember",
    "Shipment",
    "Staff",
    "StaffGrant",
    "Suggestion",
    "SuggestionWish",
    "Task",
    "Topic",
    "TopicText",
    "TopicWeek",
    "UtcDateTime",
]
