"""What is said about the list shown last."""

import pytest

from bot.following import EXPORTS, NARROWS


@pytest.mark.parametrize(
    "text",
    ["export it", "Export this list as csv please", "download that", "导出", "把这个名单导出一下", "导出成 excel"],
)
def test_the_list_shall_become_a_file(text: str) -> None:
    assert EXPORTS.fullmatch(text)


@pytest.mark.parametrize(
    "text", ["export 10482", "export everything on Wang Fang", "导出王芳的全部资料", "save the date"]
)
def test_a_customer_is_no_list(text: str) -> None:
    assert not EXPORTS.fullmatch(text)


@pytest.mark.parametrize("text", ["only those with open cases", "just the ones in Paris", "只要 VIP", "其中有投诉的"])
def test_less_of_the_list(text: str) -> None:
    assert NARROWS.search(text)
