"""The customers of the sample business: who they are, where they live, when they came, how they buy."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from crm_core.crypto import Vault
from crm_core.models import Company, Consent, Customer, CustomerTag, Identity
from crm_core.sample.content import Character, City, Country, Language, People
from crm_core.sample.rows import DAYS, Rows, Timeline, pick

ACCOUNT = "sample"
"""The account on every channel through which the sample's customers wrote."""
COMPANY_SHARE = 0.08
FIRST_NUMBER = 10001
SCATTER = 3947
"""Step between telephone numbers given out one after the other; no common factor with 10."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer with what the generator knows about them. Positions and spans are in days."""

    id: int
    number: int
    name: str
    """How to address them."""
    language: Language
    city: City
    country: Country
    company: bool
    persona: str
    since: float
    rate: float
    """Orders a day while they are a customer."""
    leaving: float
    """Chance that an order was their last."""
    habit: float
    """0: buys when the mood strikes; above: buys in a rhythm, so many times the shortest span of what they use up."""
    channel: str
    identity_id: int
    chat_id: str
    address: str


class Population:
    """Makes customers one after the other, oldest first, so that numbers grow with time."""

    def __init__(self, people: People, line: Timeline, vault: Vault, known: list[Character]) -> None:
        self._people = people
        self._line = line
        self._vault = vault
        self._reserved = {character.number for character in known}
        self._reserved_names = {character.name_latin for character in known} | {character.name for character in known}
        self._reserved_phones = {character.phone for character in known}
        self._phones: Counter[str] = Counter()
        self._cities = {city.en: city.weight for city in people.cities}
        self._personas = {name: persona.weight for name, persona in people.personas.items()}
        self.last_number = FIRST_NUMBER - 1

    def customers(self, rng: random.Random, rows: Rows, count: int) -> Iterator[Buyer]:
        """Make `count` customers, of them 8 % companies, spread evenly."""
        companies = 0
        for index in range(count):
            since = self._since(rng, (index + rng.random()) / count)
            if round((index + 1) * COMPANY_SHARE) > companies:
                yield self._company(rng, rows, since, companies)
                companies += 1
            else:
                yield self._person(rng, rows, since)

    def _since(self, rng: random.Random, share: float) -> float:
        """A third were customers from the first months on; then growth gets a little faster every month."""
        position = share * 0.25 / 0.33 if share < 0.33 else 0.25 + 0.75 * ((share - 0.33) / 0.67) ** 0.9
        return min(position, 0.996) * DAYS * 0.998 + rng.random() * 0.5

    def _person(self, rng: random.Random, rows: Rows, since: float) -> Buyer:
        city = self._people.by_city[pick(rng, self._cities)]
        language: Language = "zh" if rng.random() < city.zh_share else "en"
        name, latin = self._name(rng, city, language)
        number = self._next_number()
        email = f"{latin.replace(' ', '.').replace(chr(39), '').replace('ü', 'u').lower()}{number % 10000}@"
        email += rng.choice(self._people.email_domains)
        habit = rng.uniform(0.85, 1.7) if rng.random() < 0.3 else 0.0
        return self._add(
            rng, rows, since, number, name, language, city, email, None,
            persona=pick(rng, self._personas), rate=min(rng.gammavariate(0.7, 1 / 45), 1 / 9), habit=habit,
        )  # fmt: skip

    def _company(self, rng: random.Random, rows: Rows, since: float, index: int) -> Buyer:
        entries = self._people.companies
        entry, again = entries[index % len(entries)], index // len(entries)
        city = self._people.by_city[entry["city"]]
        language: Language = "zh" if city.country == "CN" else "en"
        suffix = f" {again + 1}" if again else ""
        name = entry[language] + suffix
        slug = "".join(letter for letter in entry["en"].lower() if letter.isascii() and letter.isalnum()) + suffix[1:]
        domain = f"{slug}.example.org"
        at = self._line.at(since)
        company_id = rows.add(Company, at, name=name, domain=domain, city=city.en, country=city.country)
        return self._add(
            rng, rows, since, self._next_number(), name, language, city, f"orders@{domain}", company_id,
            persona=rng.choice(["coffee", "coffee", "coffee", "tea", "both"]), rate=rng.gammavariate(1.6, 1 / 45),
            habit=rng.uniform(1.0, 2.2) if rng.random() < 0.6 else 0.0,
        )  # fmt: skip

    def _add(
        self, rng: random.Random, rows: Rows, since: float, number: int, name: str, language: Language, city: City,
        email: str, company_id: int | None, *, persona: str, rate: float, habit: float,
    ) -> Buyer:  # fmt: skip
        country = self._people.countries[city.country]
        at = self._line.at(since)
        phone = self._phone(city.country)
        customer_id = rows.add(
            Customer, at, number=number, kind="company" if company_id else "person", company_id=company_id, name=name,
            email=email, email_index=self._vault.blind_index("email", email),
            phone=phone, phone_index=self._vault.blind_index("phone", phone), city=city.en, country=city.country,
            language=language, zone=city.zone, tier="wholesale" if company_id else "regular", first_seen_at=at,
            updated_at=at,
        )  # fmt: skip
        channel = "telegram" if rng.random() < 0.7 else "web"
        chat_id = str(8_000_000_000 + number) if channel == "telegram" else f"sample-{number}"
        handle = f"{email.split('@', maxsplit=1)[0].replace('.', '_')[:12]}{rng.choice(self._people.handles)}"
        identity_id = rows.add(
            Identity, at, customer_id=customer_id, channel=channel, account=ACCOUNT, external_id=chat_id,
            handle=handle if channel == "telegram" else None, display_name=name, first_seen_at=at, verified_at=at,
            verified_how="order",
        )  # fmt: skip
        self._add_extras(rng, rows, customer_id, since, company=company_id is not None)
        called = name if company_id else name.split(" ", maxsplit=1)[0]
        return Buyer(
            id=customer_id, number=number, name=called, language=language, city=city, country=country,
            company=company_id is not None, persona=persona, since=since, rate=rate, leaving=rng.betavariate(1.1, 7),
            habit=habit, channel=channel, identity_id=identity_id, chat_id=chat_id,
            address=self._street(rng, city, language),
        )  # fmt: skip

    def _add_extras(self, rng: random.Random, rows: Rows, customer_id: int, since: float, *, company: bool) -> None:
        at = self._line.at(since)
        if rng.random() < 0.9:
            granted = rng.random() < 0.63
            rows.add(
                Consent, at, customer_id=customer_id, kind="marketing", granted=granted, how="checkout", occurred_at=at
            )
        tags = [tag for tag, share in self._people.tags.items() if rng.random() < share]
        for tag in [*tags, *(["wholesale"] if company else [])]:
            later = min(at + timedelta(days=rng.randrange(1, 40)), self._line.until)
            rows.add(CustomerTag, later, customer_id=customer_id, tag=tag, created_at=later)

    def _name(self, rng: random.Random, city: City, language: Language) -> tuple[str, str]:
        """A name as it is kept, and in Latin letters; never that of a known character."""
        while True:
            name, latin = self._any_name(rng, city, language)
            if latin not in self._reserved_names:
                return name, latin

    def _any_name(self, rng: random.Random, city: City, language: Language) -> tuple[str, str]:
        chinese, english = self._people.names_zh, self._people.names_en
        surname = rng.choices(list(chinese.surnames), weights=range(len(chinese.surnames) + 8, 8, -1))[0]
        given = rng.choice(list(chinese.given))
        latin = f"{chinese.surnames[surname]} {chinese.given[given]}"
        if language == "zh":
            return (f"{surname}{given} {latin}" if rng.random() < 0.3 else surname + given), latin
        family = rng.choice(english[city.country]) if city.country in english else chinese.surnames[surname]
        name = f"{rng.choice(english['given'])} {family}"
        return name, name

    def _street(self, rng: random.Random, city: City, language: Language) -> str:
        street, number = rng.choice(city.streets), rng.randrange(1, 400)
        if city.country == "CN":
            return f"{city.zh}市{street}{number}号" if language == "zh" else f"{number} {street}, {city.en}"
        return f"{number} {street}, {city.en}"

    def _next_number(self) -> int:
        self.last_number += 1
        while self.last_number in self._reserved:
            self.last_number += 1
        return self.last_number

    def _phone(self, country: str) -> str:
        """The country's next number; they repeat only when its ranges are used up."""
        patterns = self._people.countries[country].phones
        while True:
            index, self._phones[country] = self._phones[country], self._phones[country] + 1
            pattern = patterns[index % len(patterns)]
            places = pattern.count("#")
            tail = f"{(index // len(patterns) * SCATTER + 17) % 10**places:0{places}d}"
            if pattern[:-places] + tail not in self._reserved_phones:
                return pattern[:-places] + tail
