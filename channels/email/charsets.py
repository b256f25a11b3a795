"""Bytes of a mail to text, whatever it says about itself. Pure; never raises.

Above: `headers`, `mime`, `parsing`. Below: Python's codecs, of which only those are used that turn
bytes into text (a mail may name `base64`, `idna` or `zlib` as its charset).
"""

from __future__ import annotations

import codecs

_ALIASES = {
    "ansi": "cp1252", "ascii": "utf-8", "us-ascii": "utf-8", "latin": "cp1252",
    "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8", "ks_c_5601-1987": "cp949", "gb2312": "gb18030",
    "gbk": "gb18030", "x-gbk": "gb18030", "x-sjis": "cp932", "shift_jis": "cp932",
    "x-mac-roman": "mac-roman", "x-mac-cyrillic": "mac-cyrillic", "x-mac-ce": "mac-latin2",
    "utf8mb4": "utf-8", "utf-8mb4": "utf-8", "unicode": "utf-8", "unicode-1-1-utf-8": "utf-8",
    "windows-874": "cp874", "dos-866": "cp866", "win-1251": "cp1251", "x-cp1251": "cp1251",
    "koi8r": "koi8-r", "x-windows-1250": "cp1250", "cp-1251": "cp1251", "cp-1250": "cp1250",
}  # fmt: skip
# Decoders of Python that do not give text, or give something else than what stands there.
_NEVER = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined",
                    "mbcs", "oem", "palmos"})  # fmt: skip


def decode_bytes(data: bytes, charset: str) -> str:
    """As the charset says; if it is unknown or wrong, as the bytes look."""
    name = _codec(charset)
    if name is None or name == "utf-8":
        return _guess(data)
    if name == "cp1252" and (text := _strict(data, "utf-8")) is not None and not data.isascii():
        return text  # says Latin, is UTF-8: the commonest lie
    text = _strict(data, name)
    if text is not None:
        return text
    if (text := _strict(data, "utf-8")) is not None:
        return text
    return data.decode(name, "replace")


def _codec(charset: str) -> str | None:
    """The name of a decoder, or None if there is none that is fit."""
    bare = charset.strip().strip("\"'").casefold()[:40]
    name = _ALIASES.get(bare, bare)
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):
        return None
    if info.name in _NEVER or not getattr(info, "_is_text_encoding", True):
        return None
    return info.name


def _strict(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeError, ValueError):
        return None


def _guess(data: bytes) -> str:
    """UTF-8 if it is; else Cyrillic if most of its letters would be, else Latin."""
    text = _strict(data, "utf-8")
    if text is not None:
        return text
    broken = data.decode("utf-8", "replace")
    if broken.count("\ufffd") * 20 < sum(byte > 127 for byte in data):
        return broken  # UTF-8 with a cut or mixed piece
    high = sum(byte >= 0xC0 for byte in data)
    plain = sum(65 <= (byte & 0xDF) <= 90 for byte in data if byte < 128)
    if high > plain:
        small = sum(byte >= 0xE0 for byte in data)
        # KOI8-R has its small letters where Windows has the capitals.
        return data.decode("cp1251" if small * 2 >= high else "koi8-r", "replace")
    # Bytes that are Czech letters in Windows-1250 and rare signs in 1252.
    czech = sum(data.count(byte) for byte in b"\x8a\x8d\x8e\x9a\x9d\x9e\xec\xf8\xf9\xef\xf2\xe8")
    western = sum(data.count(byte) for byte in b"\xe4\xf6\xfc\xdf\xf1\xbf\xa1\xe0\xea\xe7")
    return data.decode("cp1250" if czech > western else "cp1252", "replace")
