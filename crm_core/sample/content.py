"""What the sample business is made of, read from `config/sample/*.yml` and checked on the way in."""

from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.settings import FOLDER
from crm_core.errors import CrmError

Language = Literal["en", "zh"]
Entry = TypeVar("Entry", bound=BaseModel)


class SampleProblem(CrmError):
    """The sample business cannot be loaded: its files are wrong, or the database is not empty."""


class Part(BaseModel):
    """Frozen part of the content; a misspelt name is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ProductEntry(Part):
    """One product; `price` in yuan, `every_days` (shortest, longest) for what is used up and bought again."""

    sku: str
    category: str
    name_en: str
    name_zh: str
    aliases: list[str]
    """What people call it, in both languages."""
    price: int = Field(gt=0)
    stock: int = Field(ge=0)
    weight: float = 1
    wholesale: float = 0.2
    every_days: tuple[int, int] | None = None
    season: dict[str, float] = {}
    goes_with: list[str] = []
    attributes: dict[str, Any] = {}
    description_en: str
    description_zh: str

    def name(self, language: str) -> str:
        """What people call it: its first alias in that language."""
        return next(alias for alias in self.aliases if alias.isascii() == (language == "en"))


class Catalogue(Part):
    categories: dict[str, dict[str, str]]
    products: list[ProductEntry]

    @cached_property
    def by_sku(self) -> dict[str, ProductEntry]:
        """Products by their sku."""
        return {product.sku: product for product in self.products}


class City(Part):
    en: str
    zh: str
    country: str
    zone: str
    weight: float
    zh_share: float
    streets: list[str]


class Courier(Part):
    name: str
    prefix: str
    digits: int
    weight: float


class Country(Part):
    """Where parcels go: `shipping` and `free_from` in yuan, `days` on the way (shortest, longest)."""

    phones: list[str]
    shipping: int
    free_from: int
    days: tuple[int, int]
    couriers: list[Courier]


class Persona(Part):
    weight: float
    categories: dict[str, float]


class Season(Part):
    """A part of the year: either from-to (MM-DD), or so many days before moving feasts (first, last)."""

    en: str
    zh: str
    start: str = Field("", alias="from")
    end: str = Field("", alias="to")
    before: tuple[int, int] | None = None
    days: list[date] = []
    boost: dict[str, float]
    discount: int = 0

    def spans(self, first: date, last: date) -> list[tuple[date, date]]:
        """The season's spans (both days included) that touch first … last."""
        if self.before:
            early, late = (timedelta(days=days) for days in self.before)
            spans = [(feast - early, feast - late) for feast in self.days]
        else:
            spans = [self._yearly(year) for year in range(first.year - 1, last.year + 1)]
        return [span for span in spans if span[1] >= first and span[0] <= last]

    def _yearly(self, year: int) -> tuple[date, date]:
        turn = year + 1 if self.end < self.start else year
        return date.fromisoformat(f"{year}-{self.start}"), date.fromisoformat(f"{turn}-{self.end}")


class ChineseNames(Part):
    surnames: dict[str, str]
    given: dict[str, str]


class People(Part):
    names_zh: ChineseNames
    names_en: dict[str, list[str]]
    cities: list[City]
    countries: dict[str, Country]
    email_domains: list[str]
    handles: list[str]
    personas: dict[str, Persona]
    seasons: dict[str, Season]
    companies: list[dict[str, str]]
    tags: dict[str, float]
    notes: dict[str, list[str]]
    tasks: dict[str, list[str]]

    @cached_property
    def by_city(self) -> dict[str, City]:
        """Cities by their English name."""
        return {city.en: city for city in self.cities}


class SaidLine(Part):
    """One line of a dialogue. `by`: customer, bot, agent (whoever is on duty) or a staff key; `mood` in milli."""

    by: str
    say: str
    intent: str | None = None
    mood: int = Field(0, ge=-1000, le=1000)
    strong: bool = False


class Dialogue(Part):
    key: str
    lang: Language
    needs: Literal["none", "placed", "transit", "late", "delivered", "refund"]
    categories: list[str] = []
    weight: float = 1
    topic: str
    mixed: bool = False
    handover: bool = False
    optout: bool = False
    case: tuple[str, str] | None = None
    csat: list[int] = []
    lines: list[SaidLine]


class PostEntry(Part):
    about: str
    lang: Language
    mood: int = Field(ge=-1000, le=1000)
    topic: str
    text: str
    wave: tuple[int, int] | None = None


class Posts(Part):
    networks: dict[str, float]
    about: dict[str, float]
    names: dict[str, dict[str, str]]
    openings: dict[str, list[str]]
    endings: dict[str, list[str]]
    posts: list[PostEntry]


class StaffPerson(Part):
    key: str
    external_id: str
    name: str
    name_zh: str
    role: Literal["agent", "manager", "admin"]
    language: Language
    zone: str
    email: str


class FixedRefund(Part):
    status: Literal["requested", "approved", "received", "paid", "refused"]
    age: float
    reason: str
    lines: list[str]


class FixedOrder(Part):
    """An order of a known character; `late`: days it came after the day it was expected on."""

    number: str
    age: float
    state: Literal["paid", "shipped", "delivered"]
    courier: str = ""
    tracking: str = ""
    expected_in: int = 0
    late: int = 0
    lines: list[tuple[str, int]]
    refund: FixedRefund | None = None


class FixedDialogue(Part):
    age: float
    handover: bool = False
    open: bool = False
    csat: int | None = None
    lines: list[SaidLine]


class FixedCase(Part):
    number: int
    age: float
    title: str
    topic: str
    priority: Literal["low", "normal", "high", "urgent"]
    owner: str
    order: str


class FixedNote(Part):
    age: float
    by: str
    text: str


class GivenReason(Part):
    """A fact of the feature table with what it adds, as a model would write it (`crm_core/analytics/reasons.py`)."""

    fact: str
    value: int
    usual: int
    effect_milli: int


class Character(Part):
    """Somebody whom demonstrations and tests know by name."""

    key: str
    number: int
    kind: Literal["person", "company"] = "person"
    name: str
    name_latin: str
    language: Language
    city: str
    tier: str
    email: str
    phone: str
    channel: str = ""
    handle: str = ""
    telegram: str = ""
    company: str = ""
    since: int
    address: str = ""
    tags: list[str] = []
    consent: bool | None = None
    scores: dict[str, tuple[int, list[GivenReason]]] = {}
    orders: list[FixedOrder]
    case: FixedCase | None = None
    note: FixedNote | None = None
    dialogues: list[FixedDialogue] = []

    @property
    def full_name(self) -> str:
        """The Chinese name followed by how it is written in Latin letters, where they differ."""
        return self.name if self.name == self.name_latin else f"{self.name} {self.name_latin}"


class CompanyEntry(Part):
    name: str
    domain: str
    city: str
    country: str


class Characters(Part):
    characters: list[Character]
    companies: dict[str, CompanyEntry]


class Content(Part):
    """All of the sample business's text."""

    catalogue: Catalogue
    people: People
    dialogues: list[Dialogue]
    posts: Posts
    staff: list[StaffPerson]
    known: Characters


def read_content(folder: Path = FOLDER / "sample") -> Content:
    """Read and check the content.

    Raises:
        SampleProblem: a file is missing or wrong; the text names file and place.
    """

    class Dialogues(Part):
        dialogues: list[Dialogue]

    class StaffList(Part):
        staff: list[StaffPerson]

    return Content(
        catalogue=_read(folder / "products.yml", Catalogue),
        people=_read(folder / "people.yml", People),
        dialogues=_read(folder / "conversations.yml", Dialogues).dialogues,
        posts=_read(folder / "posts.yml", Posts),
        staff=_read(folder / "staff.yml", StaffList).staff,
        known=_read(folder / "characters.yml", Characters),
    )


def _read(path: Path, shape: type[Entry]) -> Entry:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return shape.model_validate(yaml.load(path.read_text("utf-8"), Loader=loader))  # noqa: S506 - a safe loader
    except FileNotFoundError:
        raise SampleProblem(f"{path} is missing. Restore the folder config/sample from the repository.") from None
    except yaml.YAMLError as error:
        raise SampleProblem(f"{path} is not YAML: {error}. Correct this place.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = " > ".join(str(step) for step in first["loc"])
        raise SampleProblem(f"{path}, at {where}: {first['msg']}. Correct this entry.") from error
