"""Pictures that strangers sent: what is written in them, which look alike, and what is refused."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance
from sklearn.datasets import load_sample_images

from crm_core.pictures import looking, seeing
from crm_core.pictures.likeness import FAR, apart
from crm_core.pictures.looking import NotSeen, look, reads_text
from tests.drawn import drawn, noisy, saved

ENGLISH = ("Order SO-20931", "Clay teapot, 2 cups", "Total 59.00 USD", "The lid is broken")
CHINESE = ("订单号 SO-20702", "保温杯 蓝色 500毫升", "合计 128.00 元", "杯盖坏了，请换货")


@pytest.mark.skipif(not reads_text(), reason="the extra `ocr` is not installed")
@pytest.mark.parametrize(
    ("picture", "written"),
    [
        (saved(drawn(ENGLISH)), ENGLISH),
        (saved(drawn(CHINESE), "JPEG", quality=60), CHINESE),
        (saved(drawn(ENGLISH).rotate(7, expand=True, fillcolor="white")), ENGLISH),
        (saved(drawn(CHINESE).rotate(90, expand=True)), CHINESE),
        (saved(noisy(drawn(CHINESE)), "WEBP"), CHINESE),
    ],
    ids=["english", "chinese", "aslant", "on its side", "in bad light"],
)
def test_text_is_read(picture: bytes, written: tuple[str, ...], tmp_path: Path) -> None:
    seen = look(picture, tmp_path)
    assert seen.text is not None
    read = "".join(seen.text.split())
    assert [line for line in written if "".join(line.split()) not in read] == []


def test_without_what_reads_text_pictures_are_still_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "reads_text", lambda: False)
    seen = look(saved(drawn(ENGLISH)), tmp_path)
    assert seen.text is None
    assert seen.looks is not None


def test_what_is_too_much_or_no_picture_is_refused(tmp_path: Path) -> None:
    bomb = saved(Image.new("1", (30_000, 30_000)))
    assert len(bomb) < 200_000
    with pytest.raises(NotSeen, match="million pixels"):
        look(bomb, tmp_path)
    with pytest.raises(NotSeen, match="larger than"):
        look(b"\xff" * (looking.LARGEST + 1), tmp_path)
    with pytest.raises(NotSeen, match="took longer"):
        look(saved(drawn(ENGLISH)), tmp_path, timeout=0.01)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        saved(drawn(ENGLISH))[:400],
        saved(drawn(ENGLISH), "JPEG")[:300],
        b"%PDF-1.7 1 0 obj",
        saved(drawn(ENGLISH), "TIFF"),
        b"GIF89a\xff\xff\xff\xff" + b"\x00" * 40,
    ],
    ids=["empty", "text", "svg", "cut png", "cut jpeg", "pdf", "tiff", "wrong gif"],
)
def test_other_files_are_no_pictures(content: bytes) -> None:
    with pytest.raises(seeing.Unseeable):
        seeing.opened(content)


def test_pictures_are_upright_small_and_on_white() -> None:
    lying = Image.new("RGB", (3000, 1000), "red")
    turned = Image.Exif()
    turned[0x0112] = 6
    target = BytesIO()
    lying.save(target, "JPEG", exif=turned)
    upright = seeing.opened(target.getvalue())
    assert upright.height > upright.width
    assert max(upright.size) <= seeing.SIDE
    clear = seeing.opened(saved(Image.new("RGBA", (20, 20), (0, 0, 0, 0))))
    assert clear.getpixel((3, 3)) == (255, 255, 255)


def test_the_same_picture_looks_the_same_and_others_do_not() -> None:
    photos = [Image.fromarray(photo) for photo in load_sample_images().images]
    parts = [photo.crop((x, y, x + 213, y + 213)) for photo in photos for x in (0, 213, 426) for y in (0, 213)]
    looks = [seeing.looks(part) for part in parts]
    for part, own in zip(parts, looks, strict=True):
        again = seeing.opened(saved(ImageEnhance.Contrast(part.resize((140, 140))).enhance(0.8), "JPEG", quality=50))
        theirs = seeing.looks(again)
        assert own is not None
        assert theirs is not None
        assert apart(own, theirs) <= FAR
    known = [one for one in looks if one is not None]
    assert min(apart(a, b) for place, a in enumerate(known) for b in known[:place]) > FAR


def test_a_single_colour_looks_like_nothing() -> None:
    assert seeing.looks(Image.new("RGB", (300, 200), "green")) is None
