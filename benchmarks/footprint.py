"""What the serving process needs: memory after many messages and a digest, time to be ready, size of the install."""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from benchmarks.messages import running, settle
from benchmarks.platform import message, questions, sample_app


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--part", choices=["memory"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == "memory":
        print(json.dumps(memory(options.messages)))
        return
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.footprint", "--part", "memory", "--messages", str(options.messages)],
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        sys.exit(ran.stderr)
    figures = {**json.loads(ran.stdout.splitlines()[-1]), "ready_s": ready(), "install_mb": installed()}
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:>24}  {value}")


def memory(count: int) -> dict[str, float]:
    """Resident megabytes of a process that answered `count` messages and made one digest."""
    with tempfile.TemporaryDirectory() as folder:
        app, _ = sample_app(Path(folder))
        with running(app):
            for number, text in enumerate(questions(app, count)):
                app.intake.receive(message(number, f"c{number % 200}", text))
                if number % 500 == 499:
                    settle(app)
            settle(app)
            from jobs import JOBS

            JOBS["daily_digest"](app, app.clock())
            settle(app)
            rss = psutil.Process().memory_info().rss / 2**20
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"rss_mb": round(rss, 1), "children_peak_rss_mb": round(children, 1), "messages": count}


def ready() -> float:
    """Seconds from starting the program to its health answering, once the models are trained and data is there."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_started(folder))
        return round(min(asyncio.run(_started(folder)) for _ in range(3)), 2)


async def _started(folder: str) -> float:
    environment = {**os.environ, "RAPPORT_DATA_DIR": folder, "RAPPORT_WEB__PORT": "8931"}
    begin = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    async with httpx.AsyncClient() as client:
        while process.returncode is None and time.monotonic() - begin < 300:
            try:
                if (await client.get("http://127.0.0.1:8931/health")).status_code == 200:
                    break
            except httpx.TransportError:
                await asyncio.sleep(0.02)
    took = time.monotonic() - begin
    process.terminate()
    await process.wait()
    return took


def installed() -> float:
    """Megabytes of the libraries that the product itself needs (what only tests need is left out)."""
    from importlib.metadata import distribution

    site = Path(sysconfig.get_paths()["purelib"])
    names = [
        line.split("==")[0]
        for line in Path("requirements/app.txt").read_text().splitlines()
        if "==" in line and not line.startswith((" ", "#"))
    ]
    total = 0
    for name in names:
        for file in distribution(name).files or []:
            path = site / str(file)
            total += path.stat().st_size if path.exists() else 0
    return round(total / 2**20, 1)


if __name__ == "__main__":
    main()
