"""Trains and serves a real Rasa for the tests marked `rasa`, and records what it answers for those that are not.

It lives in an environment of its own on Python 3.10, `.venv-rasa`, made by `make rasa`.
`python -m tests.peers.rasa` trains from config/nlu and writes the answers to tests/payloads/rasa/ again.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from nlu.rasa_export import NAME_FILE, as_rasa_sees, write
from tests.peers.telemelya import free_port

ROOT = Path(__file__).parents[2]
PAYLOADS = ROOT / "tests" / "payloads" / "rasa"
PYTHON = ROOT / ".venv-rasa" / "bin" / "python"
TOKEN = "a-token-of-the-tests"
TRAIN_S, READY_S = 3600, 600
QUIET = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "SANIC_ACCESS_LOG": "false"}
RECORDED = {
    "order_en": as_rasa_sees("where is my order"),
    "order_zh": as_rasa_sees("我的订单到哪了"),
    "mixed": as_rasa_sees("帮我查一下 order 到哪了"),
    "outside": as_rasa_sees("what is the capital of mongolia"),
    "emoji": as_rasa_sees("👋"),
    "unknown_script": as_rasa_sees("ტექსტი"),
    "slash": "/data_erase",
}
"""Name of the file -> what the customers' Rasa was asked."""


def train(folder: Path) -> Path:
    """Train what was exported into a folder as the documents say, and return the model."""
    name = (folder / NAME_FILE).read_text("utf-8").strip()
    command = [PYTHON, "-m", "rasa", "train", "nlu", "--fixed-model-name", name]
    told = subprocess.run(
        command, cwd=folder, env={**os.environ, **QUIET}, capture_output=True, text=True, timeout=TRAIN_S, check=False
    )
    model = folder / "models" / f"{name}.tar.gz"
    assert model.exists(), told.stdout + told.stderr
    return model


@contextmanager
def serving(folder: Path, model: Path | None, token: str = TOKEN) -> Iterator[str]:
    """A running server, until the block ends; without a model, in an empty folder, one that has none loaded."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [PYTHON, "-m", "rasa", "run", "--enable-api", "-i", "127.0.0.1", "--port", str(port)]
    command += ["-m", str(model or folder / "nothing"), "--auth-token", token]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env={**os.environ, **QUIET}, stdout=log, stderr=log)
    try:
        _wait(url, server)
        yield url
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end and server.poll() is None:
        try:
            httpx.get(f"{url}/version", timeout=5, trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.2)
    raise RuntimeError(f"Rasa does not answer; its exit code is {server.poll()}")


def _save(name: str, answer: httpx.Response) -> None:
    kept = {"status": answer.status_code, "content_type": answer.headers["content-type"], "body": answer.json()}
    text = json.dumps(kept, ensure_ascii=False, indent=1)
    (PAYLOADS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def record(folder: Path, model: Path) -> None:
    """Ask a real server everything that the tests need, and keep the answers as they are."""
    PAYLOADS.mkdir(parents=True, exist_ok=True)
    allowed: dict[str, Any] = {"token": TOKEN}
    with serving(folder, model) as url, httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        for name, text in RECORDED.items():
            _save(f"parse_{name}", client.post("/model/parse", params=allowed, json={"text": text}))
        _save("version", client.get("/version"))
        _save("status", client.get("/status", params=allowed))
        _save("refused", client.get("/status", params={"token": "wrong"}))
        _save("bad_request", client.post("/model/parse", params=allowed, content=b"{"))
    with tempfile.TemporaryDirectory() as empty, serving(Path(empty), None) as url:
        _save("no_model", httpx.get(f"{url}/status", params=allowed, timeout=30, trust_env=False))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        where = write(ROOT / "config" / "nlu", Path(made))["customer"]
        record(where, train(where))
