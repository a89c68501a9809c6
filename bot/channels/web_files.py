"""What a page uploads: names made harmless, types told by the bytes instead of by the browser."""

import re
from dataclasses import dataclass

from bot.messages import AttachmentKind, IncomingAttachment

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_SOUNDS = (
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\x1aE\xdf\xa3", "audio/webm"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypisom", "audio/mp4"),
    (4, b"ftypiso5", "audio/mp4"),
    (4, b"ftypmp42", "audio/mp4"),
    (8, b"WAVE", "audio/wav"),
)
"""Where the mark of a kind of recording stands, and which."""
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,80}", re.ASCII)
_INVISIBLE = re.compile("[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")


@dataclass(frozen=True)
class Upload:
    """A file as the browser sent it."""

    name: str
    media_type: str
    content: bytes


def picture_type(content: bytes) -> str:
    """Return the media type of a picture that is safe to show in a page, "" for everything else.

    >>> picture_type(b"GIF89a..."), picture_type(b"<svg onload=alert(1)>")
    ('image/gif', '')
    """
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for start, media_type in _SIGNATURES if content.startswith(start)), "")


def sound_type(content: bytes) -> str:
    """Return the media type of a recording that a page may play, "" for everything else.

    >>> sound_type(b"OggS\\x00"), sound_type(b"RIFF....WAVEfmt "), sound_type(b"<script>")
    ('audio/ogg', 'audio/wav', '')
    """
    return next((kind for place, mark, kind in _SOUNDS if content[place:].startswith(mark)), "")


def shown_name(name: str) -> str:
    """Return a file name without folders and without characters that hide or reverse what follows.

    >>> shown_name("C:\\\\temp\\\\gnp.\\u202eexe.txt")
    'gnp.exe.txt'
    """
    last = re.split(r"[/\\]", _INVISIBLE.sub("", name))[-1].strip(" .")
    return last[-120:] or "file"


def attachment_of(upload: Upload, reference: str) -> IncomingAttachment:
    """Return the attachment that `reference` names, with its kind and type checked against the bytes."""
    picture = picture_type(upload.content)
    declared = upload.media_type.split(";")[0].strip().lower()
    if picture or declared.startswith("image/") or not _MEDIA_TYPE.fullmatch(declared):
        declared = picture or "application/octet-stream"
    kinds: dict[str, AttachmentKind] = {"image": "photo", "audio": "audio", "video": "video"}
    return IncomingAttachment(
        kind=kinds.get(declared.split("/")[0], "document"),
        name=shown_name(upload.name),
        media_type=declared,
        size=len(upload.content),
        reference=reference,
    )
