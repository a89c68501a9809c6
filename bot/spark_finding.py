"""What the doctor says of Spark, when the settings name it: the library, Java, and whether the cluster answers."""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from bot.finding import Finding
from crm_core.analytics.spark_master import silent

NAME = "spark"
LEAST_JAVA = 17
SECONDS = 10


def examine_spark(master: str) -> Finding:
    """Look at what `settings.analytics.engine` needs."""
    if find_spec("pyspark") is None:
        return Finding(NAME, False, "pyspark is not installed", "Run `make scale`.")
    java = _java()
    if java is None or java < LEAST_JAVA:
        seen = "Java is not installed" if java is None else f"Java is too old ({java})"
        fix = "apt-get install default-jre-headless, or point JAVA_HOME at Java 17 or newer."
        return Finding(NAME, False, seen, fix)
    if missing := silent(master):
        fix = "Start the master, open its port, or correct RAPPORT_ANALYTICS__ENGINE."
        return Finding(NAME, False, f"nothing answers at {', '.join(missing)}", fix)
    return Finding(NAME, True, f"{master}, Java {java}")


def _java() -> int | None:
    """The version that Spark would start; 8 and older call themselves 1.8."""
    home = os.environ.get("JAVA_HOME")
    path = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    if path is None:
        return None
    try:
        told = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=SECONDS, check=True).stderr  # noqa: S603 - the operator's Java
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(found[1]) if found else None
