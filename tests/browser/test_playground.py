"""The four things that the playground is for, in a browser, whatever application answers behind it."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

ANSWER_MILLISECONDS = 30_000


def write(where: Locator, text: str) -> None:
    where.locator("textarea:visible").fill(text)
    where.locator("textarea:visible").press("Enter")


@pytest.fixture
def playground(page: Page, running_app: str) -> Page:
    page.set_default_timeout(ANSWER_MILLISECONDS)
    page.goto(running_app)
    expect(page.locator("#live-text")).to_have_text("Live")
    return page


def test_a_customer_s_question_is_answered_and_its_understanding_shown(playground: Page) -> None:
    customer = playground.locator("#pane-customer")
    write(customer, "Where is my order SO-20931?")
    expect(customer.locator(".message:not(.own)").first).to_be_visible(timeout=ANSWER_MILLISECONDS)
    insight = customer.locator(".own .insight")
    expect(insight.locator(".intent")).to_have_text("order_status", timeout=ANSWER_MILLISECONDS)
    insight.locator("button").first.click()
    expect(insight.locator(".path")).to_contain_text("Stored")


def test_what_was_understood_is_corrected_with_two_clicks_and_taken_back(playground: Page) -> None:
    customer = playground.locator("#pane-customer")
    write(customer, "do you sell kettles")
    correction = customer.locator(".own .insight .correction")
    expect(correction.locator("select")).to_be_visible(timeout=ANSWER_MILLISECONDS)
    correction.locator("select").select_option("complaint")
    expect(correction).to_contain_text("Meant: Complaint")
    correction.get_by_role("button", name="Take back").click()
    expect(correction.locator("select")).to_be_visible()


def test_a_complaint_opens_the_agent_s_thread_and_the_sent_reply_reaches_the_customer(playground: Page) -> None:
    customer, agent = playground.locator("#pane-customer"), playground.locator("#pane-agent")
    write(customer, "我要投诉！你们的包裹摔坏了，太差劲了")
    expect(agent.locator(".thread-head")).to_be_visible(timeout=ANSWER_MILLISECONDS)
    expect(agent.locator(".message:not(.own)").first).to_be_visible()
    write(agent, "内部：先核对一下照片")
    expect(agent.locator(".own.note").first).to_contain_text("先核对一下照片")
    agent.locator(".mode").get_by_role("button", name="Send to customer").click()
    write(agent, "非常抱歉，我们马上为您补发。")
    expect(customer.locator(".log")).to_contain_text("我们马上为您补发", timeout=ANSWER_MILLISECONDS)
    expect(agent.locator(".own:not(.note) .meta .good").first).to_be_visible(timeout=ANSWER_MILLISECONDS)
    expect(customer.locator(".log")).not_to_contain_text("先核对")


def test_the_manager_s_digest_shows_its_charts(playground: Page) -> None:
    manager = playground.locator("#pane-manager")
    write(manager, "digest now")
    charts = manager.locator(".picture img")
    expect(charts).to_have_count(3, timeout=60_000)  # messages, revenue, wishes
    for place in range(3):
        charts.nth(place).scroll_into_view_if_needed()
        expect(charts.nth(place)).to_have_js_property("complete", True)
        assert charts.nth(place).evaluate("image => image.naturalWidth") > 200


def test_an_agent_s_list_names_the_conditions_it_applied(playground: Page) -> None:
    agent = playground.locator("#pane-agent")
    write(agent, "VIP customers in Shanghai who haven't ordered in 90 days")
    reply = agent.locator(".message:not(.own)").first
    expect(reply).to_contain_text(re.compile("Shanghai|90"), timeout=ANSWER_MILLISECONDS)
