"""Starts `emulate`, a Slack that nobody of this project wrote. `python -m tests.peers.slack_emulate` installs it."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = Path(os.environ.get("RAPPORT_TEST_NODE_DIR") or HERE.parent.parent)
"""Where `node_modules` is."""
PROGRAM = FOLDER / "node_modules" / "emulate" / "dist" / "index.js"


def missing() -> str:
    """What prevents starting it, in words for a skipped test; empty when nothing does."""
    if shutil.which("node") is None:
        return "Node is not installed"
    if not PROGRAM.exists():
        return "emulate is not installed: python -m tests.peers.slack_emulate"
    return ""


def install() -> None:
    """Install the pinned packages into the folder, unless they are there."""
    if PROGRAM.exists():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is missing: install Node 20 or later")
    wanted = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    packages = [f"{name}@{version}" for name, version in wanted.items()]
    options = ["--prefix", str(FOLDER), "--no-save", "--no-package-lock", "--no-audit", "--no-fund"]
    subprocess.run([npm, "install", *options, *packages], cwd=FOLDER, check=True)


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


if __name__ == "__main__":
    install()
