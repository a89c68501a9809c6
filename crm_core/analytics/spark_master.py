"""Whether the servers of a Spark cluster answer: asked before Spark itself is, which tries for a minute and a half."""

import re
import socket

SECONDS = 10


def addresses(master: str) -> list[str]:
    """The servers that a master's address names; none where Spark runs on this machine."""
    return re.findall(r"[\w.-]+:\d+", master)


def silent(master: str) -> list[str]:
    """Those of them that do not answer."""
    return [address for address in addresses(master) if not _answers(address)]


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=SECONDS).close()
    except OSError:
        return False
    return True
