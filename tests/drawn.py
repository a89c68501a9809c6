"""Pictures as customers send them: text drawn with the font that the product ships, then turned, blurred and so on."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import pylopdf_fonts_zh_cn
from PIL import Image, ImageDraw, ImageFont


def drawn(lines: Sequence[str], size: int = 26) -> Image.Image:
    """Lines of text, dark on white."""
    font = ImageFont.truetype(str(pylopdf_fonts_zh_cn.sans_path()), size)
    picture = Image.new("RGB", (700, 40 + len(lines) * (size + 18)), "white")
    pen = ImageDraw.Draw(picture)
    for place, line in enumerate(lines):
        pen.text((30, 20 + place * (size + 18)), line, font=font, fill=(20, 20, 20))
    return picture


def noisy(picture: Image.Image, strength: float = 25.0) -> Image.Image:
    """As in bad light."""
    shown = np.asarray(picture).astype(float)
    shown = shown + np.random.default_rng(1).normal(0, strength, shown.shape)
    return Image.fromarray(shown.clip(0, 255).astype("uint8"))


def saved(picture: Image.Image, kind: str = "PNG", **options: int) -> bytes:
    """The bytes of a picture file."""
    target = BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()
