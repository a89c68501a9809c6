"""Makes the pictures of docs/digests.md: the weekly digest in the playground, as a letter, in Telegram; both languages.

    python -m tests.browser.digest_pictures docs/images/digests

Needs chromium. The sample business is made anew, so that the figures are those of the day on which this runs.
"""

import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pylopdf_fonts_zh_cn
from playwright.sync_api import Browser, Page, sync_playwright

from bot.channels.email_format import html
from bot.channels.telegram_format import parts
from bot.digest import digest_reply, draw, gather
from bot.digest_plan_words import footer
from bot.figures import FigureWords
from bot.files import Files
from bot.messages import Outgoing, Reply
from bot.phrases import Phrases
from config.settings import PROJECT
from crm_core.database import open_store
from crm_core.digest_plans import Due, period_of
from crm_core.models import DigestPlan
from tests.browser.conftest import CHROMIUM_FLAGS

ASKED = {"en": "weekly digest please, now", "zh": "周报，现在就要"}
PHONE, DESK, LETTER = 390, 1280, 720
ZONE = "Asia/Shanghai"
TELEGRAM = """<!doctype html><meta charset="utf-8"><style>
body{{margin:0;padding:12px;background:#cfd9c0;font:15px/1.4 system-ui,'Noto Sans CJK SC',sans-serif;width:{width}px;
box-sizing:border-box}}
div{{background:#fff;border-radius:12px;padding:9px 12px;margin-bottom:8px;max-width:560px;white-space:pre-wrap;
overflow-wrap:anywhere}} img{{display:block;width:100%;border-radius:8px}}
pre{{margin:0;font-size:12px;overflow:hidden}}
</style>{messages}"""


@dataclass(frozen=True)
class Message:
    """A digest as one channel gets it, with the bytes of its pictures."""

    reply: Reply
    pictures: dict[int, bytes]
    language: str


def main(folder: Path) -> None:
    """Make them all."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        data = Path(place)
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS, env={**os.environ, **fonts(data)}
        )
        with running(data) as address:
            for language in ASKED:
                for width in (DESK, PHONE):
                    in_playground(chromium, address, language, width, folder)
        for language in ASKED:
            for width in (DESK, PHONE):
                shown(
                    chromium, as_letter(made(data, "email", language)), width, folder / f"email-{language}-{width}.png"
                )
                page = as_telegram(made(data, "telegram", language), width)
                shown(chromium, page, width, folder / f"telegram-{language}-{width}.png")
        chromium.close()


def fonts(folder: Path) -> dict[str, str]:
    """Fonts as screens have them; of Chinese ones, which few servers have, that of the charts."""
    ours = folder / "fonts"
    ours.mkdir()
    for path in (pylopdf_fonts_zh_cn.sans_path(), *Path("/usr/share/fonts").rglob("*Sans*.ttf")):
        (ours / Path(path).name).symlink_to(path)
    listed = f"<fontconfig><dir>{ours}</dir><cachedir>{folder}/seen</cachedir></fontconfig>"
    (folder / "fonts.conf").write_text(listed)
    return {"FONTCONFIG_FILE": str(folder / "fonts.conf")}


@contextmanager
def running(data: Path) -> Iterator[str]:
    """The product as `make run` starts it; yields its address."""
    models = PROJECT / ".cache" / "models"
    if models.exists():
        shutil.copytree(models, data / "models")
    given = {"RAPPORT_DATA_DIR": str(data), "RAPPORT_WEB__PORT": "0", "PYTHONPATH": str(PROJECT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "bot"], cwd=data, env={**os.environ, **given}, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    for line in process.stderr:
        if found := re.search(r"http://localhost:\d+/", line):
            break
    else:
        raise SystemExit("the product did not start")
    yield found.group()
    process.terminate()
    process.communicate()


def in_playground(chromium: Browser, address: str, language: str, width: int, folder: Path) -> None:
    """Ask in the manager's pane and take its picture."""
    context = chromium.new_context(viewport={"width": width, "height": 3000}, locale="en-GB", reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    page.locator("#live-text").wait_for()
    if width == PHONE:
        page.get_by_role("tab").nth(2).click()
    pane = page.locator("#pane-manager")
    before = pane.locator(".message:not(.own)").count()
    pane.locator("textarea:visible").fill(ASKED[language])
    pane.locator("textarea:visible").press("Enter")
    answer = pane.locator(".message:not(.own)").nth(before)
    answer.wait_for(timeout=60_000)
    answer.locator("img").nth(1).wait_for(timeout=60_000)
    page.wait_for_load_state("networkidle")
    measured(page, width)
    answer.screenshot(path=folder / f"playground-{language}-{width}.png")
    context.close()


def made(data: Path, channel: str, language: str) -> Message:
    """The digest that a manager's plan would send there."""
    store = open_store(f"sqlite:///{data / 'rapport.sqlite'}", data, None)
    phrases, now = Phrases(), datetime.now(UTC)
    words = FigureWords(phrases, language)
    plan = DigestPlan(
        kind="weekly", every="week", interval=1, weekdays=[0], month_day=1, minute=540, zone=ZONE, language=language,
        channel=channel, parts=[], since=now,
    )  # fmt: skip
    files = Files(store, data / "files", lambda name, attachment: b"", lambda: now)
    with store.read() as session:
        gathered = gather(session, period_of(plan, Due(now.date(), now)), None, words, names=False)
    drawn = draw(gathered, data)
    with store.write() as session:
        foot = footer(plan, phrases, language)
        reply = digest_reply(session, drawn, files, words, offer=False, channel=channel, foot=foot)
    pictures = {file.attachment_id: files.read(file.attachment_id) for file in reply.files}
    store.close()
    return Message(reply, pictures, language)


def as_letter(message: Message) -> str:
    """The page that is sent, its pictures written into it."""
    names = {number: f"<{number}>" for number in message.pictures}
    page = html(message.reply, message.language, "", names)
    for number, content in message.pictures.items():
        page = page.replace(f"cid:{number}", _inline(content))
    return page


def as_telegram(message: Message, width: int) -> str:
    """Its messages, as the texts that the channel hands over."""
    outgoing = Outgoing(
        channel="telegram", account="1", chat_id="1", language=message.language, reply=message.reply
    )  # fmt: skip
    told = []
    for part in parts(outgoing):
        if part.file:
            told.append(
                f'<div><img src="{_inline(message.pictures[part.file.attachment_id])}">{escape(part.text)}</div>'
            )
        else:
            told.append(f"<div>{part.html}</div>")
    return TELEGRAM.format(width=min(width, LETTER), messages="".join(told))


def _inline(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def shown(chromium: Browser, content: str, width: int, path: Path) -> None:
    """The whole page at one width."""
    page = chromium.new_page(viewport={"width": min(width, LETTER), "height": 600})
    page.set_content(content)
    measured(page, width)
    page.screenshot(path=path, full_page=True)
    page.close()


def measured(page: Page, width: int) -> None:
    """Nothing may run out of the screen sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        raise SystemExit(f"{wide} px run out of the screen at {width} px")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
