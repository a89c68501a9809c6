"""The pages themselves, in front of a stand-in for the application."""

import re
import wave
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Echo
from tests.browser.echo_app import chart

pytestmark = pytest.mark.browser


def pane(page: Page, name: str) -> Locator:
    return page.locator(f"#pane-{name}")


def write(where: Locator, text: str) -> None:
    where.locator("textarea:visible").fill(text)
    where.locator("textarea:visible").press("Enter")


@pytest.fixture
def playground(page: Page, echo: Echo) -> Page:
    page.goto(echo.url)
    expect(page.locator("#live-text")).to_have_text("Live")
    return page


def test_a_reply_with_card_link_and_buttons(playground: Page, echo: Echo) -> None:
    customer = pane(playground, "customer")
    customer.get_by_role("button", name="Where is my order SO-20931?").click()
    card = customer.locator(".card")
    expect(card.locator("h4")).to_have_text("Order SO-20931")
    expect(card.locator("dd").first).to_have_text("In transit")
    track = customer.get_by_role("link", name="Track it")
    expect(track).to_have_attribute("rel", re.compile("noopener"))
    button = customer.get_by_role("button", name="Something is wrong")
    button.click()
    expect(button).to_be_disabled()
    expect(customer.locator(".message").last).to_contain_text("You said: Something is wrong")
    assert echo.assistant.received[-1].button == "delivery_problem"


def test_what_was_understood_is_shown_and_opens_into_the_trace(playground: Page) -> None:
    customer = pane(playground, "customer")
    write(customer, "Where is SO-20931")
    insight = customer.locator(".own .insight")
    expect(insight.locator(".intent")).to_have_text("order_status")
    expect(insight.locator(".sure")).to_contain_text("93%")
    expect(insight.locator(".entity")).to_have_text("order_id SO-20931")
    insight.locator("button").first.click()
    expect(insight.locator(".path li")).to_have_count(4)
    expect(insight.locator(".path")).to_contain_text("Delivered")
    expect(insight.locator(".bars code")).to_have_text(["order_status", "delivery_problem", "faq"])


def test_text_from_outside_never_becomes_markup(playground: Page) -> None:
    customer = pane(playground, "customer")
    write(customer, "hostile <img src=x onerror=alert(1)>")
    reply = customer.locator(".message:not(.own)").last
    expect(reply.locator(".text")).to_contain_text("<b>bold</b>")
    expect(reply.locator(".text a")).to_have_attribute("href", "https://shop.example/a?b=1")
    assert customer.locator("img, b:not(.entity b)").count() == 0
    assert playground.title() == "Rapport"


def test_a_message_survives_a_server_that_cannot_store_for_a_moment(playground: Page, echo: Echo) -> None:
    echo.assistant.fail_next = 2
    customer = pane(playground, "customer")
    write(customer, "keep me")
    expect(customer.locator(".message:not(.own)")).to_contain_text("You said: keep me")
    expect(customer.locator(".own")).to_have_count(1)
    assert [message.text for message in echo.assistant.received] == ["keep me"]


def test_what_is_refused_says_so_and_can_be_tried_again(playground: Page, echo: Echo) -> None:
    customer = pane(playground, "customer")
    playground.route(
        "**/api/panes/customer/messages",
        lambda route: route.fulfill(status=400, json={"error": {"fix": "Shorten it."}}),
    )
    write(customer, "too much")
    expect(customer.locator(".own.rejected")).to_contain_text("Not sent. Shorten it.")
    playground.unroute("**/api/panes/customer/messages")
    customer.get_by_role("button", name="Try again").click()
    expect(customer.locator(".message:not(.own)")).to_contain_text("You said: too much")
    expect(customer.locator(".own.rejected")).to_have_count(0)


def test_an_own_message_is_edited_in_its_place(playground: Page, echo: Echo) -> None:
    customer = pane(playground, "customer")
    write(customer, "helo")
    expect(customer.locator(".message:not(.own)")).to_have_count(1)
    customer.locator("textarea").press("ArrowUp")
    expect(customer.locator("textarea")).to_have_value("helo")
    write(customer, "hello")
    expect(customer.locator(".own .text")).to_have_text("hello")
    expect(customer.locator(".own .meta")).to_contain_text("edited")
    expect(customer.locator(".message:not(.own)")).to_have_count(2)
    first, second = echo.assistant.received
    assert (second.kind, second.message_id, second.revision > 0) == ("edit", first.message_id, True)


def test_a_voice_message_is_recorded_sent_and_played(playground: Page, echo: Echo) -> None:
    customer = pane(playground, "customer")
    customer.get_by_role("button", name="Record a voice message").click()
    expect(customer.locator(".composer")).to_contain_text(re.compile("Recording 0:0[1-9]"))
    customer.get_by_role("button", name="Stop recording").click()
    expect(customer.locator(".pending")).to_contain_text("voice.webm")
    customer.get_by_role("button", name="Send", exact=True).click()
    expect(customer.locator(".own audio")).to_have_count(1)
    expect(customer.locator(".message:not(.own)")).to_contain_text("voice.webm")
    kept = echo.assistant.received[0].attachments[0]
    assert (kept.kind, kept.media_type) == ("audio", "audio/webm")


def test_files_are_shown_sent_and_still_there_after_a_reload(playground: Page, echo: Echo, tmp_path: Path) -> None:
    picture = tmp_path / "cup.png"
    picture.write_bytes(chart([10, 40], (0, 0, 0)))
    customer = pane(playground, "customer")
    customer.locator("input[type=file]").set_input_files([picture])
    expect(customer.locator(".pending")).to_contain_text("cup.png")
    write(customer, "broken")
    expect(customer.locator(".message:not(.own)")).to_contain_text("I have kept cup.png")
    assert echo.assistant.received[0].attachments[0].media_type == "image/png"
    playground.reload()
    shown = pane(playground, "customer").locator(".own img")
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("image => image.naturalWidth") == 560


def test_recordings_are_played_where_they_stand(playground: Page, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "voice.wav"), "wb") as recording:
        recording.setparams((1, 2, 8000, 0, "NONE", ""))
        recording.writeframes(b"\x00\x10" * 8000)
    customer = pane(playground, "customer")
    customer.locator("input[type=file]").set_input_files([tmp_path / "voice.wav"])
    write(customer, "listen")
    expect(customer.locator(".message:not(.own)")).to_contain_text("I have kept voice.wav")
    playground.reload()
    player = pane(playground, "customer").locator(".own audio")
    player.evaluate("player => player.load()")
    expect(player).to_have_js_property("duration", 1)


def test_a_file_over_the_limit_is_refused_before_it_travels(playground: Page, tmp_path: Path) -> None:
    big = tmp_path / "big.bin"
    big.write_bytes(b"0" * (10 * 1024 * 1024 + 1))
    customer = pane(playground, "customer")
    customer.locator("input[type=file]").set_input_files([big])
    expect(customer.get_by_role("alert")).to_contain_text("larger than 10 MB")
    expect(customer.locator(".pending")).to_have_count(0)


def test_a_second_tab_shows_the_same_and_a_reload_keeps_it(playground: Page, echo: Echo) -> None:
    write(pane(playground, "customer"), "one")
    second = playground.context.new_page()
    second.goto(echo.url)
    expect(pane(second, "customer").locator(".message")).to_have_count(2)
    write(pane(second, "customer"), "two")
    expect(pane(playground, "customer").locator(".message")).to_have_count(4)
    playground.reload()
    texts = pane(playground, "customer").locator(".text")
    expect(texts).to_have_text(["one", "You said: one", "two", "You said: two"])


def test_tables_keep_figures_to_the_right_and_their_note(playground: Page) -> None:
    agent = pane(playground, "agent")
    agent.get_by_role("button", name=re.compile("VIP customers")).click()
    expect(agent.locator("th.figure")).to_have_text(["Spent", "Days"])
    expect(agent.locator("tbody tr")).to_have_count(3)
    expect(agent.locator(".table-note")).to_contain_text("Applied: segment VIP")
    assert agent.locator(".table").evaluate("table => table.scrollWidth <= table.clientWidth"), "the last column is cut"


@pytest.mark.parametrize("width", [1280, 390])
def test_a_table_with_very_long_words_is_seen_whole(playground: Page, width: int) -> None:
    playground.set_viewport_size({"width": width, "height": 900})
    if width == 390:
        playground.get_by_role("tab").nth(2).click()
    manager = pane(playground, "manager")
    write(manager, "digest now")
    table = manager.locator(".table")
    expect(table.locator("tbody tr")).to_have_count(2)
    assert table.evaluate("table => table.scrollWidth <= table.clientWidth"), "the last column is cut"
    money = table.locator("tbody tr").first.locator("td").nth(1)
    lines = "cell => { const all = new Range(); all.selectNodeContents(cell); return all.getClientRects().length }"
    assert money.evaluate(lines) == 1, "an amount is broken in two"


def test_notes_stay_inside_and_sent_lines_carry_a_tick_or_the_reason(playground: Page, echo: Echo) -> None:
    write(pane(playground, "customer"), "我要投诉")
    agent = pane(playground, "agent")
    expect(agent.locator(".thread-head .state")).to_have_text("waiting")
    write(agent, "she has been patient")
    expect(agent.locator(".own.note")).to_contain_text("Internal: only your team")
    agent.get_by_role("button", name="Send to customer").click()
    write(agent, "A refund is on its way.")
    expect(agent.locator(".own:not(.note) .meta")).to_contain_text("Delivered to the customer")
    write(agent, "this will fail")
    expect(agent.locator(".own.failed .meta")).to_contain_text("Blocked by the customer.")
    customer = pane(playground, "customer")
    expect(customer.locator(".log")).to_contain_text("A refund is on its way.")
    expect(customer.locator(".log")).not_to_contain_text("patient")
    agent.get_by_role("button", name="Internal note").click()
    write(agent, "@crm what is she worth")
    expect(agent.locator(".ephemeral")).to_contain_text("Only you can see this")
    agent.get_by_role("button", name="Take").click()
    expect(agent.locator(".thread-head .state")).to_have_text("with a person")


def test_new_threads_wait_in_the_list_while_the_agent_is_busy(playground: Page) -> None:
    agent = pane(playground, "agent")
    agent.locator("textarea").fill("a question that is being typed")
    write(pane(playground, "customer"), "我要投诉")
    expect(playground.locator("#queue-tab .count.new")).to_have_text("1")
    playground.locator("#queue-tab").click()
    row = agent.locator(".thread")
    expect(row.locator(".dot")).to_be_visible()
    row.click()
    expect(agent.locator(".card h4")).to_contain_text("Mei Chen")
    agent.get_by_role("button", name="Back to the queue").click()
    expect(agent.locator(".thread .dot")).to_be_hidden()


def test_every_string_changes_language_and_stays_changed(playground: Page) -> None:
    playground.get_by_role("button", name="中文").click()
    expect(playground.locator("#title-agent")).to_have_text("客服")
    expect(playground.locator("#business")).to_have_text("鹤与杜松")
    expect(pane(playground, "customer").locator("textarea")).to_have_attribute("placeholder", "给商家发消息")
    playground.reload()
    expect(playground.locator("#title-agent")).to_have_text("客服")
    assert playground.locator("html").get_attribute("lang") == "zh-Hans"
    write(pane(playground, "customer"), "hello")
    expect(pane(playground, "customer").locator(".own .insight")).to_contain_text("把握 46%")


def test_the_page_goes_on_after_the_server_was_away(playground: Page, echo: Echo) -> None:
    write(pane(playground, "customer"), "before")
    expect(pane(playground, "customer").locator(".message")).to_have_count(2)
    echo.assistant.web.close_streams()
    write(pane(playground, "customer"), "after")
    expect(pane(playground, "customer").locator(".message")).to_have_count(4)
    expect(playground.locator("#live-text")).to_have_text("Live")


def test_on_a_phone_panes_are_tabs_and_everything_can_be_hit(browser: Browser, echo: Echo) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale="en-GB"
    )
    page = context.new_page()
    page.goto(echo.url)
    expect(pane(page, "customer")).to_be_visible()
    expect(pane(page, "agent")).to_be_hidden()
    pane(page, "customer").get_by_role("button", name="Where is my order").tap()
    expect(pane(page, "customer").locator(".card")).to_be_visible()
    pane(page, "customer").get_by_role("button", name="我要投诉").tap()
    tab = page.get_by_role("tab", name="Agent")
    expect(tab.locator(".dot")).to_be_visible()
    sizes = page.evaluate(
        """() => [...document.querySelectorAll("button, a, textarea")].filter((each) => each.offsetParent)
            .filter((each) => !each.closest(".insight, .meta"))
            .map((each) => [each.textContent || each.className, each.getBoundingClientRect()])
            .filter(([, box]) => box.height < 43.5 || box.width < 43.5).map(([name]) => name)"""
    )
    assert sizes == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tab.tap()
    expect(pane(page, "customer")).to_be_hidden()
    expect(page.locator(".thread-head .state")).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Browser, echo: Echo, scheme: Literal["light", "dark"]) -> None:
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme=scheme, locale="en-GB", reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(echo.url)
    for phrase in ("Where is my order SO-20931?", "我要投诉", "digest now"):
        page.get_by_role("button", name=phrase).click()
    agent = pane(page, "agent")
    expect(agent.locator(".thread-head")).to_be_visible()
    write(agent, "note")
    agent.get_by_role("button", name="Send to customer").click()
    write(agent, "sent")
    write(agent, "fail")
    expect(agent.locator(".own.failed")).to_be_visible()
    expect(page.locator(".insight .intent")).not_to_have_count(0)
    assert page.evaluate(CONTRAST) == []
    context.close()


CONTRAST = """() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => [r, g, b].map((c) => linear(c / 255))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = parse(getComputedStyle(each).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.offsetParent || element.disabled || element.closest("svg")) continue;
    const [one, two] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (ratio < 4.5) poor.push([element.className, element.textContent.slice(0, 20), ratio.toFixed(2)]);
  }
  return poor;
}"""


def test_the_chat_opens_from_one_line_on_another_page(browser: Browser, echo: Echo) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.route(
        f"{echo.url}/shop",
        lambda route: route.fulfill(content_type="text/html", body='<html lang="zh"><script src="/chat.js"></script>'),
    )
    page.goto(f"{echo.url}/shop")
    bubble = page.get_by_role("button", name="打开聊天")
    bubble.click()
    frame = page.frame_locator("#rapport-chat iframe")
    expect(frame.locator("h1")).to_have_text("Juniper & Crane")
    frame.locator("textarea").fill("你好")
    frame.locator("textarea").press("Enter")
    expect(frame.locator(".message:not(.own)")).to_contain_text("You said: 你好")
    expect(frame.locator(".insight")).to_have_count(0)
    frame.get_by_role("button", name="关闭").click()
    expect(page.locator("#rapport-chat iframe")).to_be_hidden()
    expect(bubble).to_be_focused()
    context.close()
