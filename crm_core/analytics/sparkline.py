"""A row of small bars as PNG, written without any library: a customer's card must not wait for a drawing process."""

import struct
import zlib
from collections.abc import Sequence

WIDTH, GAP, HEIGHT, MARGIN = 16, 6, 96, 10
"""Dots: of a bar, between two, of the highest bar, around all of it."""
LEAST = 4
"""Dots of the smallest bar that is not nothing."""
PAPER, LINE, BAR, LAST = range(4)
COLOURS = (0xFFFFFF, 0xE4E9E7, 0x9CC3BB, 0x2B7A6C)
"""Of paper, the line that the bars stand on, bars, and the last bar."""


def sparkline(values: Sequence[int]) -> bytes:
    """The values as bars from left to right, the last one marked; nothing and less is no bar."""
    top = max([1, *values])
    heights = [max(LEAST, round(HEIGHT * value / top)) if value > 0 else 0 for value in values]
    rows = [_row(heights, above) for above in range(HEIGHT + MARGIN, 0, -1)]
    line = bytes([PAPER] * MARGIN + [LINE] * (_width(len(values)) - 2 * MARGIN) + [PAPER] * MARGIN)
    blank = bytes(_width(len(values)))
    return _png([*rows, line, line, *[blank] * MARGIN])


def _width(count: int) -> int:
    return 2 * MARGIN + max(1, count * (WIDTH + GAP) - GAP)


def _row(heights: Sequence[int], above: int) -> bytes:
    """The dots `above` the line."""
    last = len(heights) - 1
    bars = [
        bytes([(LAST if place == last else BAR) if height >= above else PAPER]) * WIDTH
        for place, height in enumerate(heights)
    ]
    edge = bytes(MARGIN)
    return edge + (bytes(GAP).join(bars) or bytes(1)) + edge


def _png(rows: Sequence[bytes]) -> bytes:
    """Rows of palette places as an indexed PNG of eight bits."""
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 3, 0, 0, 0)
    palette = b"".join(colour.to_bytes(3, "big") for colour in COLOURS)
    dots = zlib.compress(b"".join(b"\x00" + row for row in rows), 9)
    parts = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", dots), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(name, content) for name, content in parts)


def _part(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
