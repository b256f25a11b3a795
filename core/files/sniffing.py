"""What a file is, by its first bytes; what its sender says it is does not count. Pure.

Above: `store`. Below: nothing. A text is called text and nothing more: HTML and SVG, which a
browser would run, are plain text here.
"""

from __future__ import annotations

from typing import Final

UNKNOWN: Final = "application/octet-stream"
TEXT: Final = "text/plain"
# How much of a file is looked at.
HEAD_BYTES: Final = 4_096
# What a browser may show in place: formats that hold no script.
SHOWN_IN_PLACE: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})

# Bytes at an offset; the first that fits decides.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (0, b"fLaC", "audio/flac"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"MZ", "application/x-msdownload"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"{\\rtf", "application/rtf"),
    (257, b"ustar", "application/x-tar"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {b"M4A": "audio/mp4", b"M4B": "audio/mp4", b"qt ": "video/quicktime",
           b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heif",
           b"avif": "image/avif"}  # fmt: skip
_OFFICE = {b"word/": "wordprocessingml.document", b"xl/": "spreadsheetml.sheet",
           b"ppt/": "presentationml.presentation"}  # fmt: skip
_ENDINGS = {
    "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp",
    "application/pdf": ".pdf", "audio/ogg": ".ogg", "audio/mpeg": ".mp3", "audio/mp4": ".m4a",
    "audio/wav": ".wav", "video/mp4": ".mp4", "video/webm": ".webm",
    "audio/webm": ".webm", "audio/aac": ".aac", "audio/flac": ".flac", "audio/amr": ".amr",
    TEXT: ".txt",
}  # fmt: skip


def sniff(head: bytes, *, voice: bool = False) -> str:
    """The media type of a file that begins with `head`. `voice`: it was recorded as speech, so a
    container that may hold film or sound holds sound."""
    for at, magic, media_type in _MAGIC:
        if head.startswith(magic, at):
            return "audio/webm" if voice and media_type == "video/webm" else media_type
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        brand = next((kind for mark, kind in _BRANDS.items() if head.startswith(mark, 8)), None)
        return brand or ("audio/mp4" if voice else "video/mp4")
    if head.startswith(b"PK\x03\x04"):
        return _zipped(head)
    return TEXT if _is_text(head) else UNKNOWN


def ending_of(media_type: str) -> str:
    """The usual end of such a file's name, or nothing."""
    return _ENDINGS.get(media_type, "")


def _zipped(head: bytes) -> str:
    if b"[Content_Types].xml" in head or b"_rels/" in head:
        for mark, kind in _OFFICE.items():
            if mark in head:
                return f"application/vnd.openxmlformats-officedocument.{kind}"
    if head[30:38] == b"mimetype" and b"opendocument" in head[38:120]:
        return "application/vnd.oasis.opendocument.text"
    return "application/zip"


def _is_text(head: bytes) -> bool:
    if not head or b"\x00" in head:
        return False
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # not only a character cut at the end
            return False
        text = head[: error.start].decode("utf-8")
    return not any(ord(char) < 32 and char not in "\t\n\r\f\x1b" for char in text)
