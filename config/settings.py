"""One frozen settings object: secrets from the environment or `.env`, the rest from `config/settings.yml`."""

import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource

FOLDER = Path(__file__).parent
PROJECT = FOLDER.parent

Role = Literal["agent", "manager", "admin"]
Audience = Literal["customer", "agent", "manager"]

MASTER = re.compile(
    r"local|local\[(\*|[1-9]\d*)\]|local-cluster\[[1-9]\d*,[1-9]\d*,[1-9]\d*\]"
    r"|spark://[\w.-]+:[1-9]\d{0,4}(,[\w.-]+:[1-9]\d{0,4})*",
    re.ASCII,
)
"""This machine without Spark, threads of it, processes of it (executors, cores, megabytes), or servers of a cluster."""


class Part(BaseModel):
    """Frozen group of settings; a misspelt name is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Database(Part):
    url: str = ""
    """Empty: SQLite in the data folder. Otherwise `postgresql+psycopg://user:password@host/name`."""
    keys_url: str = ""
    """Where the keystore lives. Empty: `keys.sqlite` beside the database; on PostgreSQL the schema `keystore`."""


class Web(Part):
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: str = ""
    chat: bool = False
    """Serve the embeddable chat when tokens are set. Without tokens the playground always has it."""
    embed_origins: tuple[str, ...] = ()
    """Sites (https://shop.example) that may show the chat in a frame."""
    shop_token: SecretStr | None = None
    """What a shop system sends as `Authorization: Bearer …` to post orders. Unset: the route is off."""


class Telegram(Part):
    token: SecretStr | None = None
    base_url: str = "https://api.telegram.org"
    base_file_url: str = "https://api.telegram.org"
    webhook_secret: SecretStr | None = None


class Slack(Part):
    bot_token: SecretStr | None = None
    app_token: SecretStr | None = None
    signing_secret: SecretStr | None = None
    base_url: str = "https://slack.com/api/"
    support_channel: str = "support"
    """Name or id of the queue's channel, where hand-over threads open; personal data may be shown there."""
    digest_channel: str = ""
    """Where the daily digest goes. Empty: the support channel."""
    customers: bool = False
    """Guests, and people of other workspaces (Slack Connect), who write to the app directly are customers."""


class Smtp(Part):
    """Where e-mail is handed in. Without an address of a server none is sent."""

    url: SecretStr | None = None
    """`smtps://user:password@host` (encrypted from the start) or `smtp://…:587`; @ and : in them as %40 and %3A."""
    sender: str = ""
    """The address that letters come from, and that answers go to."""
    reply_to: str = ""
    """Where answers go instead."""
    starttls: bool = True
    """Over smtp:// encrypt before anything is said; no only for a server on this machine or network."""
    seconds_between: float = Field(default=0.2, ge=0, le=3600)
    """Least time between two letters: what the server allows."""

    @field_validator("url")
    @classmethod
    def url_is_a_server(cls, given: SecretStr | None) -> SecretStr | None:
        """Refuse what is no address of a mail server, without showing it: it holds a password."""
        if given is None or not given.get_secret_value():
            return None
        try:
            parts = urlsplit(given.get_secret_value())
            fits = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            fits = False
        if not fits or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("not an address of a mail server; write smtps://user:password@mail.example.com")
        return given

    @model_validator(mode="after")
    def whole(self) -> "Smtp":
        """A server alone sends nothing, and a password is not said in the open."""
        if self.url is None:
            return self
        if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", self.sender):
            raise ValueError("sender: the address that letters come from is missing; set RAPPORT_SMTP__SENDER")
        parts = urlsplit(self.url.get_secret_value())
        if parts.username and parts.scheme == "smtp" and not self.starttls and not _is_this_machine(parts.hostname):
            raise ValueError("starttls: with a user and password the connection has to be encrypted; leave it on")
        return self


def _is_this_machine(host: str | None) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")


class Understanding(Part):
    engine: Literal["builtin", "rasa"] = "builtin"
    encoder: Literal["light", "rich"] = "light"
    rasa_url: str | dict[Audience, str] = ""
    """Rasa servers, one an audience: {"customer": "http://127.0.0.1:5005", …}. An address alone is the customers'."""
    rasa_token: SecretStr | None = None
    """What these servers were started with as --auth-token."""

    @field_validator("rasa_url")
    @classmethod
    def rasa_url_is_an_address(cls, given: str | dict[Audience, str]) -> str | dict[Audience, str]:
        """Refuse what is no address at start, and not at the first message."""
        for url in given.values() if isinstance(given, dict) else [given] if given else []:
            if not _is_address(url):
                raise ValueError(
                    "not an address of a server; write one such as http://127.0.0.1:5005, or a JSON object with one "
                    "for each of customer, agent and manager"
                )
        return given

    @property
    def rasa_urls(self) -> dict[Audience, str]:
        """Audience -> address; the others are understood by the built-in engine."""
        if isinstance(self.rasa_url, dict):
            return self.rasa_url
        return {"customer": self.rasa_url} if self.rasa_url else {}


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
            and not (parts.query or parts.fragment or " " in url)
        )
    except ValueError:  # a port that is no number, an address in brackets that is none
        return False


class Voice(Part):
    """Recordings that customers send."""

    model: str = ""
    """Folder with a Whisper model for faster-whisper (the extra `voice`). Empty: recordings are left to people."""
    most_seconds: int = Field(default=120, ge=1, le=600)
    """Longer recordings are left to people."""


class Analytics(Part):
    engine: str = "local"
    """Where the heavy part of the night is computed: `local`, or on Spark: `spark://host:7077`, `local[2]`."""

    @field_validator("engine")
    @classmethod
    def engine_is_known(cls, given: str) -> str:
        """Refuse what Spark would refuse, at start and not at night."""
        if not MASTER.fullmatch(given):
            raise ValueError(
                f"{given!r} is neither `local` nor a Spark master; write spark://host:7077 for a cluster, or local[2] "
                "for Spark on two threads of this machine"
            )
        return given


class StaffEntry(Part):
    """Somebody who may see customers: exactly one of `slack_user` and `slack_group`."""

    slack_user: str = ""
    slack_group: str = ""
    role: Role = "agent"
    name: str = ""
    aliases: tuple[str, ...] = ()
    """Other names colleagues call them by, such as the one in the other script."""
    language: Literal["en", "zh"] = "en"
    zone: str = ""
    email: str = Field(default="", pattern=r"^$|^[^@\s<>]+@[^@\s<>]+$")
    """Where their digests and alerts may go by e-mail; nobody can name another address in chat."""
    telegram: str = Field(default="", pattern=r"^\d{0,20}$")
    """Their Telegram user id: their digests may go there, once they have started the bot."""


class Business(Part):
    name_en: str = "Rapport"
    name_zh: str = "Rapport"
    zone: str = "Asia/Shanghai"
    region: str = "CN"
    """Country whose telephone numbers may be written without a prefix (ISO 3166)."""
    currency: str = "CNY"
    brands: tuple[str, ...] = ()
    """What people call the business and what it makes, besides its names."""
    cancel_window_hours: int = 0
    """How long after ordering a customer may cancel by chat; 0: until it ships."""

    @field_validator("zone")
    @classmethod
    def zone_exists(cls, zone: str) -> str:
        """Refuse a zone the clock does not know, at start and not at the first digest."""
        try:
            return ZoneInfo(zone).key
        except (KeyError, ValueError) as error:
            raise ValueError(f"{zone!r} is no time zone; write a name such as Asia/Shanghai") from error


class Proactive(Part):
    """What holds for every message to a customer that nobody asked for."""

    quiet_from: int = Field(default=21 * 60, ge=0, lt=24 * 60)
    """Minute of the customer's own day, or a time such as "21:00": from then on nothing is sent to those who never said
    when they want to be left alone."""
    quiet_until: int = Field(default=9 * 60, ge=0, lt=24 * 60)
    most_a_day: int = Field(default=1, ge=1)
    """Of one local day of the customer's."""
    most_a_week: int = Field(default=3, ge=1)
    """Of any seven local days in a row."""

    @field_validator("quiet_from", "quiet_until", mode="before")
    @classmethod
    def minute_of_the_day(cls, given: object) -> object:
        """A time of the day as its minute."""
        return _minute(given)


class Suggestions(Part):
    """What is suggested to staff as their next actions."""

    most_a_day: int = Field(default=5, ge=0, le=20)
    """For one person; 0: none are made."""
    most_a_week: int = Field(default=2, ge=1)
    """About one customer, in any seven days; what is a matter of service comes on top."""
    card_from: int = Field(default=9 * 60, ge=0, lt=24 * 60)
    """Minute of the person's own day, or a time such as "9:00", from which their card of the day comes."""
    watch_days: int = Field(default=14, ge=1, le=90)
    """How long a purchase counts as an outcome."""
    held_percent: int = Field(default=10, ge=0, le=50)
    """Share of customers about whom nothing that sells is suggested, to tell what suggestions change."""

    @field_validator("card_from", mode="before")
    @classmethod
    def minute_of_the_day(cls, given: object) -> object:
        """A time of the day as its minute."""
        return _minute(given)


def _minute(given: object) -> object:
    time = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", given) if isinstance(given, str) else None
    return int(time[1]) * 60 + int(time[2]) if time else given


class Competitor(Part):
    """Somebody who sells to the same people."""

    name: str = Field(min_length=1, max_length=60)
    """As it is shown, and as sources say in `about`."""
    aliases: tuple[str, ...] = ()
    """What else people call it, in any language."""


class Campaigns(Part):
    """What the optimiser of campaigns reckons with where a manager says nothing else."""

    margin_percent: int = Field(default=40, ge=1, le=100)
    """What is left of an order before its discount."""
    budget: int = Field(default=5000, ge=0)
    """For the discounts and the sending of one campaign, in whole units of the business's currency."""
    most_messages: int = Field(default=5000, ge=1)
    message_minor: dict[str, float] = {}
    """What one message costs by channel, in minor units; nothing where it is not named."""


class Source(Part):
    """Something that a connector reads: a feed, an account, a tag, a search, a page, a file."""

    name: str = Field(pattern=r"^[\w.-]{1,60}$")
    """What it is called in the record of what was read; a new name begins anew."""
    of: str = Field(min_length=1, max_length=1000)
    """Address, account, #tag, words to search for, or path: what the connector says."""
    about: str = Field(default="us", min_length=1, max_length=60)
    """`us`, or the competitor that is spoken about."""
    select: dict[str, str] = {}
    """Of an HTML page or a file: where in it, or in which column, a part of a post is."""


class ConnectorSettings(Part):
    """One social network. Without sources it is not read."""

    base_url: str = ""
    """Empty: the network's own address, if it has one for all."""
    token: SecretStr | None = None
    sources: tuple[Source, ...] = ()
    writes_as: str = Field(default="", max_length=200)
    """Our own account, by which the network knows it. Without it nothing is written there."""
    write_url: str = ""
    """Where to write, if not where is read."""
    write_token: SecretStr | None = None
    """What lets us write; from the environment alone. Without it `token`."""
    most_characters: int = Field(default=0, ge=0, le=100_000)
    """How long a post may be where the server says otherwise than most of its kind; 0: as most."""
    tie_by_name: bool = True
    """Rule: an author whose name a customer gave themself is that customer."""
    tie_by_address: bool = True
    """Rule: so is one whose e-mail address or number, given by the network, is that of one verified customer."""
    history_days: int = Field(default=30, ge=1, le=3650)
    """How far back the first walk goes."""
    recheck_days: int = Field(default=3, ge=0, le=90)
    """How old posts may be to be read again, for edits, deletions and counters."""
    pictures: bool = True
    """Fetch the pictures that posts carry, to read what is written in them and to find those that look alike."""
    allow_private: bool = False
    """Also fetch from addresses that are not public: an intranet, a server on this machine."""

    @field_validator("sources")
    @classmethod
    def names_are_unique(cls, given: tuple[Source, ...]) -> tuple[Source, ...]:
        """Two of one name would go on where the other stopped."""
        names = [source.name for source in given]
        if len(set(names)) < len(names):
            raise ValueError(f"two sources of one name among {', '.join(names)}; give each its own")
        return given


class Settings(BaseSettings):
    """Everything an operator can say. Environment: `RAPPORT_` + name, groups joined by `__`."""

    model_config = SettingsConfigDict(
        env_prefix="RAPPORT_",
        env_nested_delimiter="__",
        env_file=".env",
        env_file_encoding="utf-8",
        frozen=True,
        extra="ignore",
        yaml_file=FOLDER / "settings.yml",
        yaml_file_encoding="utf-8",
    )
    data_dir: Path = Path("data")
    master_key: SecretStr | None = None
    database: Database = Database()
    web: Web = Web()
    telegram: Telegram = Telegram()
    slack: Slack = Slack()
    smtp: Smtp = Smtp()
    nlu: Understanding = Understanding()
    voice: Voice = Voice()
    analytics: Analytics = Analytics()
    business: Business = Business()
    proactive: Proactive = Proactive()
    suggestions: Suggestions = Suggestions()
    competitors: tuple[Competitor, ...] = ()
    """Whose names are found in what people write."""
    campaigns: Campaigns = Campaigns()
    staff: tuple[StaffEntry, ...] = ()
    channels: dict[str, bool] = {}
    """Which channels may start; one whose tokens are missing stays off anyway."""
    connectors: dict[str, ConnectorSettings] = {}
    """Social networks that are read, by name. Their tokens belong into the environment."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then environment, then `.env`, then YAML; secrets in YAML are refused below."""
        return init_settings, env_settings, dotenv_settings, YamlConfigSettingsSource(settings_cls)

    @property
    def database_url(self) -> str:
        """The URL of the main database, the default filled in."""
        return self.database.url or f"sqlite:///{(self.data_dir / 'rapport.sqlite').absolute()}"

    @property
    def has_tokens(self) -> bool:
        """True once a real platform is connected: the playground is then gone."""
        return bool(self.telegram.token or self.slack.bot_token)
