"""What is in a picture that a stranger sent. Runs in a child process of `looking`, under limits of its own.

Reads one JSON object from standard input ({"picture": base64, "reads": whether to look for text}) and writes one.
"""

import base64
import json
import sys
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

KINDS = ("JPEG", "PNG", "WEBP", "GIF")
MOST_PIXELS = 50_000_000
"""What good telephones take; to be read, a picture is made smaller first."""
SIDE = 1600
MOST_MEMORY = 3 << 30
MOST_CPU_SECONDS = 40
SURE = 0.6
"""How sure a line has to be to count."""
MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
"""What the wheel carries: where lines are, which way up they stand, what they say."""
MOST_TEXT = 2000
LINE = 200
GRAY = 32
BITS = 8
FLAT = 2.0
"""Grey levels within which a picture is of one colour."""


class Unseeable(Exception):
    """No picture that we look at."""


def opened(content: bytes) -> Image.Image:
    """The picture upright, in colours, at most SIDE pixels long. What is too large is refused before it is decoded."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        picture = Image.open(BytesIO(content), formats=KINDS)
        if picture.width * picture.height > MOST_PIXELS:
            raise Unseeable(f"It has more than {MOST_PIXELS // 10**6} million pixels.")
        picture.draft("RGB", (SIDE, SIDE))  # a large JPEG is decoded at a half, a quarter or an eighth
        picture.thumbnail((SIDE, SIDE))
        return _on_white(ImageOps.exif_transpose(picture))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Unseeable(f"It has more than {MOST_PIXELS // 10**6} million pixels.") from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, MemoryError) as error:
        raise Unseeable(f"It is no picture that can be opened ({type(error).__name__}).") from error


def _on_white(picture: Image.Image) -> Image.Image:
    """What shows through is white, as in every chat."""
    if picture.mode not in ("RGBA", "LA", "PA") and "transparency" not in picture.info:
        return picture.convert("RGB")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")


def looks(picture: Image.Image) -> int | None:
    """64 bits: which of the slowest waves of its grey levels (cosine transform) are above their median."""
    gray = np.asarray(picture.convert("L").resize((GRAY, GRAY), Image.Resampling.LANCZOS), dtype=float)
    if gray.std() < FLAT:
        return None
    places = np.arange(GRAY)
    waves = np.cos(np.pi / GRAY * np.outer(places, places + 0.5))
    slowest = (waves @ gray @ waves.T)[:BITS, :BITS].ravel()
    bits = slowest > np.median(slowest[1:])
    return int.from_bytes(np.packbits(bits).tobytes(), "big", signed=True)


def text(picture: Image.Image) -> str:
    """The lines that are written in a picture, as far as they can be read surely."""
    import rapidocr

    models = Path(rapidocr.__file__).parent / "models"
    # Models that are named are never fetched from anywhere.
    options: dict[str, Any] = {f"{part}.model_path": str(models / name) for part, name in MODELS.items()}
    options |= dict.fromkeys((f"EngineConfig.onnxruntime.{kind}_op_num_threads" for kind in ("intra", "inter")), 1)
    reader: Any = rapidocr.RapidOCR(params={**options, "Global.log_level": "critical", "Global.text_score": SURE})
    found = reader(np.asarray(picture)[:, :, ::-1])
    lines = [_plain(line)[:LINE] for line in found.txts or ()]
    return "\n".join(line for line in lines if line)[:MOST_TEXT]


def _plain(line: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in line).split())


def see(asked: dict[str, Any]) -> dict[str, Any]:
    """What is in the picture, or why it is not looked at."""
    try:
        picture = opened(base64.b64decode(asked["picture"]))
    except Unseeable as problem:
        return {"problem": str(problem)}
    return {"looks": looks(picture), "text": text(picture) if asked["reads"] else None}


def _limit() -> None:
    """A picture that is made to be expensive ends this process, and nothing else."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_SECONDS, MOST_CPU_SECONDS))


def _main() -> None:
    _limit()
    answer = see(json.load(sys.stdin))
    json.dump(answer, sys.__stdout__ or sys.stdout)


if __name__ == "__main__":
    _main()
