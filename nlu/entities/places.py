"""Places of the world in both languages, and the time that is kept there, read from the table `places.tsv`.

Values are English names. What the records call a place comes before these: names of the gazetteer are found first.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Table = Mapping[str, str]

_FILE = Path(__file__).with_name("places.tsv")
_NOT_MEANT = (
    "made in china|中国移动|中国银行|中国联通|中国邮政|中国风|大理石|中山装|和田玉|兰州拉面|北京烤鸭|扬州炒饭"
    "|重庆小面|法国梧桐|英国短毛猫"
    "|bone china|fine china|china cup|china tea set|new england|parma ham|汉堡包"
)
_STREET = re.compile(r"[东西南北中]?(?:路|街|大道|巷)| (?:road|rd|street|st|avenue|ave|lane)(?![a-z])")
"""What makes an address of a place's name: 南京路, Oxford Street."""
_OFFSET = re.compile(
    r"(?<![a-z])(?:utc|gmt) ?(?P<sign>[+-]|加|减) ?(?P<hours>1[0-4]|0?\d)(?::?(?P<minutes>00|30|45))?(?!\d)"
)
_OF_OFFSET = {
    "+5:30": "Asia/Kolkata",
    "+5:45": "Asia/Kathmandu",
    "+9:30": "Australia/Darwin",
    "-3:30": "America/St_Johns",
}
_IANA = re.compile(
    r"(?<![\w/])(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[A-Za-z_/-]{2,30}"
)


def _rows() -> Iterator[tuple[str, str, str]]:
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            value, zone, names = line.split("\t")
            yield value, zone, names


_ALSO_PEOPLE = frozenset(
    ("sofia", "florence", "adelaide", "austin", "dallas", "victoria", "santiago", "darwin", "stanley", "lima",
     "orlando", "washington", "cordoba", "salta", "norfolk", "chatham", "wallis", "grenada", "paris")
)  # fmt: skip
"""Places that people are called like: meant where a word says so."""
_PLACED = re.compile(
    r"(?<![a-z])(?:in|from|to|at|near|around|of|only|for|and|or|outside|ship to) $|[\u4e00-\u9fff]$|^$"
)


def meant(folded: str, start: int, end: int) -> bool:
    """Say whether a place's name stands for the place here: not in a street's name, and not for a person."""
    if _STREET.match(folded, end):
        return False
    return folded[start:end] not in _ALSO_PEOPLE or bool(_PLACED.search(folded[max(0, start - 10) : start]))


LOCATION: Table = {
    value: names if value.isascii() else f"{value}|{names}" for value, _, names in _rows() if not value.startswith("-")
} | {"": _NOT_MEANT}


def times() -> dict[str, str]:
    """Time zone -> what its time is called: "madrid time", 马德里时间."""
    return {
        zone: "|".join(f"{name} time" if name.isascii() else f"{name}时间" for name in names.split("|"))
        for _, zone, names in _rows()
        if zone
    }


def offsets(folded: str, text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, zone) of UTC+8, GMT-5, Asia/Tokyo."""
    for match in _OFFSET.finditer(folded):
        ahead = match["sign"] in {"+", "加"}
        hours, minutes = int(match["hours"]), match["minutes"] or "00"
        if minutes == "00":  # in these names the sign is the other way round
            yield *match.span(), f"Etc/GMT{'-' if ahead else '+'}{hours}" if hours else "UTC"
        elif zone := _OF_OFFSET.get(f"{'+' if ahead else '-'}{hours}:{minutes}"):
            yield *match.span(), zone
    for match in _IANA.finditer(text):
        try:
            yield *match.span(), ZoneInfo(match.group()).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
