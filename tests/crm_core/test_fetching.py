"""What is fetched from outside, and everything that is not."""

import asyncio
import gzip
import socket
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from crm_core.connectors.fetching import Answer, Fetcher, Forbidden, Unreachable, is_public, xml_of
from crm_core.connectors.limits import pause_after, wait
from tests.conftest import NOW
from tests.contracts.networks import Network, Told, served

PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "127.0.0.1", "127.255.0.1", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.8", "192.0.0.170", "192.0.2.1", "192.168.0.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1",
    "::127.0.0.1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1",
    "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:db8::1", "2002:7f00:1::",
    "2002:a00:1::", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
    "localhost", "nonsense",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"]
WRITTEN_OTHERWISE = ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "１２７.0.0.1", "127.0.0.1.", "localhost"]
NO_ADDRESS = [
    "", "feed.xml", "//example.com/x", "file:///etc/passwd", "ftp://example.com/x", "gopher://example.com/_x",
    "http://", "https:///x", "http://user@example.com/", "http://user:password@example.com/", "http://[::1/",
    "javascript:alert(1)", "http://example.com:22/", "http://example.com:8080/", "http://exa mple.com/",
    "http://example.com/" + "a" * 5000,
]  # fmt: skip


@pytest.fixture
def network() -> Iterator[Network]:
    with served(Network(lambda network, asked: Told("hello"))) as one:
        yield one


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address: str):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are(address: str):
    assert is_public(address)


@pytest.mark.parametrize("host", [*WRITTEN_OTHERWISE, "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"])
def test_this_machine_is_not_reached_however_it_is_written(network: Network, host: str, monkeypatch: Any):
    monkeypatch.setattr("crm_core.connectors.fetching.PORTS", (int(network.url.rpartition(":")[2]),))
    with Fetcher() as fetcher, pytest.raises((Forbidden, Unreachable)):
        fetcher.get(f"http://{host}:{network.url.rpartition(':')[2]}/")
    assert network.asked == []


@pytest.mark.parametrize("url", NO_ADDRESS)
def test_what_is_no_plain_web_address_is_refused(url: str):
    with Fetcher() as fetcher, pytest.raises(Forbidden):
        fetcher.get(url)


def test_a_name_that_changes_its_address_leads_nowhere(network: Network, monkeypatch: pytest.MonkeyPatch):
    """Public when it is looked at, this machine when it is called: only the first answer is ever used."""
    port = int(network.url.rpartition(":")[2])
    asked: list[str] = []
    connected: list[Any] = []

    async def resolved(loop: Any, host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        address = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    async def connect(remote_host: str, **_: Any) -> Any:
        connected.append(remote_host)
        raise OSError

    monkeypatch.setattr("crm_core.connectors.fetching.PORTS", (port,))
    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolved)
    monkeypatch.setattr("anyio.connect_tcp", connect)
    with Fetcher() as fetcher, pytest.raises(Unreachable):
        fetcher.get(f"http://rebinding.example:{port}/")
    assert asked == ["rebinding.example"]
    assert connected == ["93.184.216.34"]
    assert network.asked == []


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch):
    async def resolved(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in ("93.184.216.34", "10.0.0.1")]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolved)
    with Fetcher() as fetcher, pytest.raises(Forbidden, match="allow_private"):
        fetcher.get("http://both.example/")


def test_a_redirect_is_checked_like_any_address(network: Network):
    network.voice = lambda network, asked: Told("", 302, {"Location": "file:///etc/passwd"})
    with Fetcher(allow_private=True) as fetcher, pytest.raises(Forbidden):
        fetcher.get(network.url)


def test_redirects_end_and_tokens_stay_with_whom_they_are_for(network: Network):
    with served(Network(lambda network, asked: Told("there"))) as other:
        network.voice = lambda network, asked: Told("", 302, {"Location": f"{other.url}/landed"})
        with Fetcher(allow_private=True) as fetcher:
            answer = fetcher.get(network.url, {"Authorization": "Bearer secret", "X-Wish": "kept"})
        assert (answer.body, answer.url) == (b"there", f"{other.url}/landed")
        assert "authorization" in network.asked[0].headers
        assert "authorization" not in other.asked[0].headers
        assert other.asked[0].headers["x-wish"] == "kept"
        assert other.asked[0].headers["host"] == other.url.removeprefix("http://")
    network.voice = lambda network, asked: Told("", 302, {"Location": "/again"})
    network.asked.clear()
    with Fetcher(allow_private=True) as fetcher, pytest.raises(Forbidden, match="redirects"):
        fetcher.get(network.url)
    assert len(network.asked) == 4


@pytest.mark.parametrize(
    ("packed", "name"),
    [
        (gzip.compress(b"hello" * 100, mtime=0), "gzip"),
        (zlib.compress(b"hello" * 100), "deflate"),
        (zlib.compress(b"hello" * 100)[2:-4], "deflate"),
    ],
)
def test_packed_answers_are_unpacked(network: Network, packed: bytes, name: str):
    network.voice = lambda network, asked: Told(packed, 200, {"Content-Encoding": name})
    with Fetcher(allow_private=True) as fetcher:
        assert fetcher.get(network.url).body == b"hello" * 100


def test_an_answer_that_unfolds_is_stopped(network: Network):
    import tracemalloc

    bomb = gzip.compress(bytes(200 * 1024 * 1024), 9, mtime=0)
    network.voice = lambda network, asked: Told(bomb, 200, {"Content-Encoding": "gzip"})
    tracemalloc.start()
    with Fetcher(allow_private=True) as fetcher, pytest.raises(Forbidden, match="more than 2048 KB"):
        fetcher.get(network.url)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * 1024 * 1024


@pytest.mark.parametrize("name", ["br", "zstd", "gzip, gzip", "compress"])
def test_other_packings_are_refused(network: Network, name: str):
    network.voice = lambda network, asked: Told(b"x", 200, {"Content-Encoding": name})
    with Fetcher(allow_private=True) as fetcher, pytest.raises(Forbidden):
        fetcher.get(network.url)


def test_garbage_that_calls_itself_packed_is_refused(network: Network):
    network.voice = lambda network, asked: Told(b"\xff" * 50, 200, {"Content-Encoding": "gzip"})
    with Fetcher(allow_private=True) as fetcher, pytest.raises(Forbidden):
        fetcher.get(network.url)


def test_a_large_answer_is_stopped(network: Network):
    network.voice = lambda network, asked: Told(bytes(3 * 1024 * 1024))
    with Fetcher(allow_private=True) as fetcher, pytest.raises(Forbidden, match="more than"):
        fetcher.get(network.url)


def test_a_server_that_drips_is_left_in_time():
    """Each byte is in time, all of them are not: the deadline is for everything."""
    over = threading.Event()

    def drip(listening: socket.socket) -> None:
        connection = listening.accept()[0]
        with connection, suppress(OSError):
            while not over.wait(0.02):
                connection.sendall(b"H")

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor() as threads:
        threads.submit(drip, listening)
        with Fetcher(allow_private=True, seconds=0.3) as fetcher, pytest.raises(Unreachable, match="TimeoutError"):
            fetcher.get(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        over.set()


def test_what_is_told_of_a_failure_names_no_path():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with Fetcher(allow_private=True) as fetcher, pytest.raises(Unreachable) as told:
        fetcher.get(f"http://127.0.0.1:{port}/private?token=secret")
    assert "secret" not in str(told.value)


FEED = "<rss version='2.0'><channel/></rss>"


def answer(text: str | bytes, content_type: str = "") -> Answer:
    body = text if isinstance(text, bytes) else text.encode()
    return Answer(200, {"content-type": content_type}, body, "https://example.com/feed")


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE rss>" + FEED,
        "<!doctype rss [<!ENTITY a 'b'>]>" + FEED,
        "<?xml version='1.0'?>\n<!-- hello --> <!DOCTYPE rss SYSTEM 'file:///etc/passwd'>" + FEED,
        ("<?xml version='1.0' encoding='utf-16'?><!DOCTYPE rss>" + FEED).encode("utf-16"),
        b"<?xml version='1.0' encoding='utf-7'?>+ADw-!DOCTYPE rss+AD4-" + FEED.encode(),
        "<!ENTITY a 'b'>" + FEED,
        "<!----><!DOCTYPE rss>" + FEED,
        "hello",
        "",
    ],
)
def test_documents_that_declare_something_are_refused(text: str | bytes):
    with pytest.raises(Forbidden):
        xml_of(answer(text))


def test_plain_documents_are_read_in_their_encoding():
    assert xml_of(answer(FEED)) == FEED
    said = "<?xml version='1.0' encoding='gbk'?><rss>茶</rss>"
    assert "茶" in xml_of(answer(said.encode("gbk")))
    assert "茶" in xml_of(answer("<rss>茶</rss>".encode("gb18030"), "text/xml; charset=GB18030"))
    assert "茶" in xml_of(answer("<rss>茶</rss>".encode("utf-16")))


def test_limits_that_say_nothing_useful_are_no_limits():
    for headers in (
        {}, {"retry-after": "soon"}, {"x-ratelimit-remaining": "3", "x-ratelimit-reset": "30"}, {"x-app-usage": "{"},
        {"x-app-usage": '{"call_count": 50}'}, {"x-app-usage": "[1]"}, {"ratelimit": "limit=100, remaining=3, reset=9"},
    ):  # fmt: skip
        assert wait(headers, NOW, refused=False) is None


def test_a_limit_is_never_below_a_second_nor_over_a_day():
    assert wait({"retry-after": "0"}, NOW, refused=True) == timedelta(seconds=1)
    assert wait({"retry-after": "Mon, 23 Nov 2026 03:00:00 GMT"}, NOW, refused=True) == timedelta(seconds=1)
    assert wait({"retry-after": "99999999"}, NOW, refused=True) == timedelta(hours=24)
    assert [pause_after(each) for each in (0, 1, 99)] == [timedelta(minutes=m) for m in (1, 2, 60)]
