"""The browser, and the applications that its tests open."""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bot.web.app import create_app
from config.settings import PROJECT
from nlu.interpreter import Interpreter
from tests.bot.web.live import serving
from tests.browser.echo_app import EchoAssistant, echo_assistant

CHROMIUM_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]


@dataclass(frozen=True)
class Echo:
    """The pages in front of the stand-in of `echo_app`, with the stand-in itself."""

    url: str
    assistant: EchoAssistant


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser a file: as long as it is open, Playwright keeps an event loop running in the tests' thread."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh browser profile on a desktop screen; fails the test on any error that the page itself reports."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB", reduced_motion="reduce")
    errors: list[str] = []
    fresh = context.new_page()
    fresh.on("pageerror", lambda error: errors.append(str(error)))
    yield fresh
    context.close()
    assert errors == []


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    assistant = echo_assistant(tmp_path / "spool")
    with serving(create_app(assistant.services()), assistant.web, assistant.receive) as url:
        yield Echo(url, assistant)


@pytest.fixture(scope="module")
def running_app(interpreter: Interpreter, models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The product as `make run` starts it, in a process of its own; yields the address it prints."""
    folder = tmp_path_factory.mktemp("playground")
    shutil.copytree(models_dir, folder / "models")
    settings = {"RAPPORT_DATA_DIR": str(folder), "RAPPORT_WEB__PORT": "0", "PYTHONPATH": str(PROJECT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "bot"], cwd=folder, env={**os.environ, **settings}, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if found := re.search(r"http://localhost:\d+/", line):
            break
    else:
        pytest.fail(f"The product did not start:\n{said}")
    threading.Thread(target=process.stderr.read, daemon=True).start()  # so that its log never fills the pipe
    yield found.group()
    process.terminate()
    assert process.wait(60) == 0
