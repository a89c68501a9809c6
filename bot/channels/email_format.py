"""Replies as letters: plain text and HTML side by side, pictures inside, files attached, headers nobody can add to."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from html import escape
from pathlib import Path

from bot.channels.base import ReadFile, Refused
from bot.messages import Card, Choice, Outgoing, OutgoingFile, Reply, Table

LARGEST = 20 * 1024 * 1024
LONGEST_SUBJECT = 150
POLICY = SMTP.clone(raise_on_defect=False)
INLINE = frozenset({"image/png", "image/jpeg", "image/gif"})
"""What mail readers show; other pictures are attached."""
NOT_WANTED = {"en": "You do not want such letters? Unsubscribe", "zh": "不想再收到此类邮件？退订"}
FONT = "-apple-system,'Segoe UI',Roboto,'Helvetica Neue','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif"
PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light"><title>{subject}</title></head>
<body style="margin:0;padding:0;background:#f4f3ef;-webkit-text-size-adjust:100%">
<div style="max-width:640px;margin:0 auto;padding:20px 12px">
<div style="background:#fff;border:1px solid #e4e1d8;border-radius:10px;padding:20px 18px;{font}">
{body}
</div>
<p style="margin:14px 6px;color:#6b675d;font-size:12px;{face}">{foot}</p>
</div></body></html>
"""
TEXT = f"font:15px/1.5 {FONT};color:#22211d;overflow-wrap:anywhere"


class InvalidAddress(ValueError):
    """No letter can be sent to it."""


@dataclass(frozen=True)
class Letterhead:
    """Who writes. `unsubscribe` makes the address (https) at which a receiver stops promotional letters, or ""."""

    sender: Address
    reply_to: str = ""
    unsubscribe: Callable[[str], str] = lambda mailbox: ""


def address_of(spec: str, name: str = "") -> Address:
    """An address, its domain as DNS has it.

    Raises:
        InvalidAddress: it is none.
    """
    local, at, domain = spec.strip().rpartition("@")
    try:
        plain = domain.encode("idna").decode("ascii")
        address = Address(display_name=_line(name), addr_spec=f"{local}@{plain}")
    except (MessageError, ValueError, IndexError, UnicodeError) as error:
        raise InvalidAddress("what is on record is no e-mail address") from error
    if not (at and local and re.fullmatch(r"[A-Za-z0-9.-]+", plain)) or re.search(r"[\s<>\x00-\x1f]", local):
        raise InvalidAddress("what is on record is no e-mail address")
    return address


def composed(
    outgoing: Outgoing, address: str, letterhead: Letterhead, read_file: ReadFile, now: datetime
) -> EmailMessage:
    """The whole letter. The same outbox row makes the same Message-ID, so that a repeat is known as one."""
    reply, language = outgoing.reply, outgoing.language
    letter = EmailMessage(policy=POLICY)
    letter["Subject"] = subject_of(reply)
    letter["From"] = letterhead.sender
    letter["To"] = address_of(address)
    letter["Date"] = now
    domain = letterhead.sender.domain
    number = outgoing.outbox_id
    letter["Message-ID"] = f"<rapport.{number}@{domain}>" if number else make_msgid(domain=domain)
    if letterhead.reply_to:
        letter["Reply-To"] = address_of(letterhead.reply_to)
    letter["Content-Language"] = "zh-CN" if language == "zh" else "en"
    letter["Auto-Submitted"] = "auto-generated"
    stop = letterhead.unsubscribe(outgoing.chat_id) if reply.promotional else ""
    if reply.promotional:
        by_mail = f"<mailto:{letterhead.sender.addr_spec}?subject=unsubscribe>"
        letter["List-Unsubscribe"] = f"<{stop}>, {by_mail}" if stop else by_mail
        if stop:
            letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    _fill(letter, reply, language, stop, read_file)
    return letter


def subject_of(reply: Reply) -> str:
    """What the reply calls itself, else how it begins."""
    lines = [reply.subject, *reply.text.splitlines(), *(card.title for card in reply.cards)]
    said = next((clean for line in lines if (clean := _line(line))), "…")
    return said if len(said) <= LONGEST_SUBJECT else f"{said[: LONGEST_SUBJECT - 1]}…"


def _line(text: str) -> str:
    """One line without control characters: nothing can begin another header."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _fill(letter: EmailMessage, reply: Reply, language: str, stop: str, read_file: ReadFile) -> None:
    contents = [(file, read_file(file.attachment_id)) for file in reply.files]
    if sum(len(content) for _, content in contents) > LARGEST:
        raise Refused("the files are larger than the 20 MB that mail servers commonly take: send a link instead")
    letter.set_content(plain(reply, language, stop), cte="base64")
    inside = {file.attachment_id: (file, content) for file, content in contents if file.media_type in INLINE}
    names = {number: make_msgid(domain="rapport.invalid") for number in inside}
    letter.add_alternative(html(reply, language, stop, names), subtype="html", cte="base64")
    page = letter.get_payload()[-1]  # type: ignore[index]
    for number, (file, content) in inside.items():
        page.add_related(content, *file.media_type.split("/"), cid=names[number], filename=_line(file.name))  # type: ignore[union-attr]
    for file, content in contents:
        if file.attachment_id not in inside:
            kind, _, subtype = file.media_type.partition("/")
            letter.add_attachment(
                content, maintype=kind or "application", subtype=subtype or "octet-stream", filename=_line(file.name)
            )


# --- plain text -----------------------------------------------------------------------------------------------------
def plain(reply: Reply, language: str, stop: str = "") -> str:
    """The letter for readers without HTML."""
    parts = [reply.text, *(_plain_card(card) for card in reply.cards)]
    if reply.table:
        rows = (" | ".join(row) for row in (reply.table.columns, *reply.table.rows))
        parts += ["\n".join(rows), reply.table.note]
    parts.append("\n".join(_plain_choice(choice) for choice in reply.choices if choice.link))
    if stop:
        parts.append(f"{NOT_WANTED[language]}: {stop}")
    return "\n\n".join(part for part in parts if part.strip()) + "\n"


def _plain_card(card: Card) -> str:
    facts = (f"{name}: {value}" for name, value in card.facts)
    links = (_plain_choice(choice) for choice in card.choices if choice.link)
    return "\n".join(line for line in (card.title, card.subtitle, *facts, *links) if line)


def _plain_choice(choice: Choice) -> str:
    return f"{choice.label}: {choice.link}"


# --- HTML -----------------------------------------------------------------------------------------------------------
def html(reply: Reply, language: str, stop: str, pictures: dict[int, str]) -> str:
    """The letter as a page that mail readers show: styles in place, one column, nothing fetched from anywhere."""
    parts = [_text(reply), *(_card(card) for card in reply.cards), _table(reply.table) if reply.table else ""]
    parts += [_picture(file, pictures[file.attachment_id]) for file in reply.files if file.attachment_id in pictures]
    parts.append("".join(_button(choice) for choice in reply.choices if choice.link))
    foot = f'<a href="{escape(stop)}" style="color:#6b675d">{escape(NOT_WANTED[language])}</a>' if stop else ""
    return PAGE.format(
        language=language,
        subject=escape(subject_of(reply)),
        font=TEXT,
        face=f"font-family:{FONT}",
        body="\n".join(part for part in parts if part),
        foot=foot,
    )


def _text(reply: Reply) -> str:
    lines = reply.text.splitlines()
    heading = ""
    if lines and reply.subject and lines[0] == reply.subject:
        heading = f'<h1 style="margin:0 0 12px;font-size:19px;line-height:1.3">{escape(lines.pop(0))}</h1>'
    paragraphs = "\n".join(lines).strip("\n").split("\n\n")
    told = (
        f'<p style="margin:0 0 12px">{"<br>".join(escape(line) for line in paragraph.splitlines())}</p>'
        for paragraph in paragraphs
        if paragraph.strip()
    )
    return heading + "\n".join(told)


def _card(card: Card) -> str:
    facts = "".join(
        f'<tr><td style="padding:2px 12px 2px 0;color:#6b675d;vertical-align:top">{escape(name)}</td>'
        f'<td style="padding:2px 0">{escape(value)}</td></tr>'
        for name, value in card.facts
    )
    subtitle = f'<div style="color:#6b675d;font-size:13px">{escape(card.subtitle)}</div>' if card.subtitle else ""
    table = f'<table role="presentation" style="border-collapse:collapse;margin-top:6px">{facts}</table>'
    return (
        '<div style="border-left:3px solid #b9812b;padding:2px 0 2px 12px;margin:0 0 14px">'
        f'<div style="font-weight:600">{escape(card.title)}</div>{subtitle}{table if facts else ""}'
        f"{''.join(_button(choice) for choice in card.choices if choice.link)}</div>"
    )


def _table(table: Table) -> str:
    def row(tag: str, cells: tuple[str, ...]) -> str:
        weight = "600" if tag == "th" else "400"
        told = (
            f'<{tag} style="padding:5px 6px 5px 0;border-bottom:1px solid #ece9e0;'
            f"{'text-align:right;overflow-wrap:normal' if n else 'text-align:left;min-width:84px'};"
            f'font-weight:{weight};vertical-align:top;font-size:12px">{escape(cell)}</{tag}>'
            for n, cell in enumerate(cells)
        )
        return f"<tr>{''.join(told)}</tr>"

    rows = "".join(row("td", cells) for cells in table.rows)
    note = f'<p style="margin:0 0 14px;color:#6b675d;font-size:12px">{escape(table.note)}</p>' if table.note else ""
    return (
        '<table style="border-collapse:collapse;width:100%;margin:4px 0 10px">'
        f"{row('th', table.columns)}{rows}</table>{note}"
    )


def _picture(file: OutgoingFile, content_id: str) -> str:
    told = escape(file.caption or Path(file.name).stem)
    return (
        f'<img src="cid:{content_id[1:-1]}" alt="{told}" width="600" '
        'style="display:block;width:100%;max-width:600px;height:auto;margin:6px 0 12px;border:0">'
    )


def _button(choice: Choice) -> str:
    return (
        f'<a href="{escape(choice.link)}" style="display:inline-block;margin:4px 8px 8px 0;padding:8px 14px;'
        'border:1px solid #1f5f56;border-radius:6px;color:#1f5f56;text-decoration:none;font-weight:600">'
        f"{escape(choice.label)}</a>"
    )
