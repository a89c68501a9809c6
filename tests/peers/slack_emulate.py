"""Starts `emulate`, a Slack that nobody of this project wrote."""

import contextlib
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.peers import node_programs

HERE = Path(__file__).parent
PROGRAM = node_programs.MODULES / "emulate" / "dist" / "index.js"


def missing() -> str:
    """What prevents starting it, in words for a skipped test; empty when nothing does."""
    return node_programs.missing("emulate")


@contextlib.contextmanager
def emulate() -> Iterator[str]:
    """Run it on a free port; gives its address."""
    node = shutil.which("node")
    assert node is not None, missing()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        node,
        str(PROGRAM),
        "start",
        "--service",
        "slack",
        "--port",
        str(port),
        "--seed",
        str(HERE / "slack_seed.yaml"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError(f"emulate ended with {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("emulate did not start in 20 s")
