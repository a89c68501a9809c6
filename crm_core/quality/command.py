"""What `python -m crm_core quality` does: look at files or at the database, and write what was found."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from config.settings import Business
from crm_core import audit
from crm_core.database import Store
from crm_core.errors import CrmError
from crm_core.importing.runs import ImportPlan
from crm_core.importing.values import Habits
from crm_core.quality import reporting
from crm_core.quality.files import keep_rejected, look_at_files
from crm_core.quality.stored import look_at_database

READ = ("external_id", "email", "phone", "name", "city", "country", "language", "zone", "tier")
FORMS = {".md": reporting.markdown, ".html": reporting.html}


def of_files(plans: Sequence[ImportPlan], rejected: Path | None) -> list[dict[str, Any]]:
    """What is found in files; rejected rows go to `rejected`, a folder, with their reasons."""
    sheets = []
    for plan, cleaned in look_at_files(plans):
        sheets.append(reporting.as_dict(cleaned, stored=False))
        if rejected is not None:
            rejected.mkdir(parents=True, exist_ok=True)
            keep_rejected(plan, cleaned, rejected / f"{plan.table.path.name}.rejected.csv")
    return sheets


def of_database(store: Store, business: Business, *, actor: str, now: datetime) -> list[dict[str, Any]]:
    """What is found in the database. That everybody's details were looked at is audited."""
    habits = Habits(ZoneInfo(business.zone), business.region, business.currency, now)
    with store.read() as session:
        sheets = [reporting.as_dict(cleaned, stored=True) for cleaned in look_at_database(session, habits)]
    with store.write() as session:
        audit.record(
            session, store.vault, actor=actor, action="quality", subject="customers", fields=READ, now=now
        )  # fmt: skip
    return sheets


def refuse_other_forms(path: Path | None) -> None:
    """Refuse a report that cannot be written, before anything is looked at.

    Raises:
        CrmError: neither .md nor .html.
    """
    if path and path.suffix not in FORMS:
        raise CrmError(f"{path} is neither .md nor .html. Name the report so.")


def report(sheets: Sequence[dict[str, Any]], language: reporting.Language, path: Path | None) -> str:
    """The report in words, written to `path` in the form that its name says."""
    text = FORMS[path.suffix if path else ".md"](sheets, language)
    if path:
        path.write_text(text, "utf-8")
    return text
