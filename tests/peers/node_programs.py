"""Programs of Node that tests talk to: pinned, with hashes, in `package-lock.json`.

`python -m tests.peers.node_programs` installs them; after a change of `package.json` run
`npm install --package-lock-only --omit-lockfile-registry-resolved` in this folder.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = Path(os.environ.get("RAPPORT_TEST_NODE_DIR") or HERE)
MODULES = FOLDER / "node_modules"
FILES = ("package.json", "package-lock.json")
SQLITE = "better-sqlite3"
"""The one package that has to be compiled, or comes compiled where its makers can be reached."""
COMPILED = MODULES / SQLITE / "build" / "Release" / "better_sqlite3.node"
INSTALL = "python -m tests.peers.node_programs"


def missing(*packages: str) -> str:
    """What prevents starting these, in words for a skipped test; empty when nothing does."""
    if shutil.which("node") is None:
        return "Node is not installed"
    wanted = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    for name in packages or wanted:
        described = MODULES / name / "package.json"
        if not described.exists() or json.loads(described.read_text("utf-8"))["version"] != wanted[name]:
            return f"{name} {wanted[name]} is not installed: {INSTALL}"
    if (not packages or "@atproto/pds" in packages) and not COMPILED.exists():
        return f"{SQLITE} is not compiled: {INSTALL}"
    return ""


def install() -> None:
    """Install what is pinned, unless it is there. No program of a package runs, but what compiles the one."""
    if not missing():
        return
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        sys.exit("npm is missing: install Node 20 or later")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in FILES if FOLDER != HERE else ():
        shutil.copy(HERE / name, FOLDER / name)
    environment = dict(os.environ)
    headers = Path(node).resolve().parent.parent
    if (headers / "include" / "node" / "node.h").exists():  # else they are downloaded
        environment["npm_config_nodedir"] = str(headers)
    for command in (["ci", "--ignore-scripts"], ["rebuild", SQLITE]):
        subprocess.run([npm, *command, "--no-audit", "--no-fund"], cwd=FOLDER, check=True, env=environment)
    left = missing()
    if left:
        sys.exit(left)


if __name__ == "__main__":
    install()
